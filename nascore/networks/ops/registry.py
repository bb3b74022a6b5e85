"""What an operation's name means: a builder of its module, and how a mixed cell may fuse it with others.

A new operation is one function, registered under the pattern of its names; cells, supernets and built networks then
know it:

    @register(r"sep_conv_(\\d)x\\1", "sep_conv_KxK")
    def separable(name, match):
        return Operation(name, lambda layer: SeparableConvolution(layer, int(match[1])))
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import nn

from nascore import checks
from nascore.errors import SettingError

COPY = re.compile(r"(?P<name>.+?)(\.\d+)?")


@dataclass(frozen=True)
class Layer:
    """Where an operation is placed: channels in and out, stride, whether its normalisation has gain and shift,
    `statistics` of the normalisation ("batch" or "running", see Norm), and the generator of its weights."""

    inputs: int
    outputs: int
    stride: int = 1
    affine: bool = True
    statistics: str = "running"
    generator: torch.Generator | None = None

    @property
    def keeps_shape(self) -> bool:
        return self.inputs == self.outputs and self.stride == 1


@dataclass(frozen=True)
class Operation:
    """`build(layer)`: the operation as a module, (n, inputs, h, w) to (n, outputs, h / stride, w / stride).

    `fused`: the form in which a mixed cell computes it without a module of its own: "none", "skip_connect", "nor_conv"
    (ReLU, convolution, batch normalisation) or "avg_pool" (over the pixels inside the image), "" where there is none.
    `kernel`: side of the window, odd.
    """

    name: str
    build: Callable[[Layer], nn.Module]
    fused: str = ""
    kernel: int = 1


Maker = Callable[[str, re.Match], Operation]
_makers: list[tuple[re.Pattern, str, Maker]] = []


def register(pattern: str, form: str) -> Callable[[Maker], Maker]:
    """Decorator: `maker(name, match)` makes the operation of every name that matches `pattern` as a whole.

    `form` is how error messages write these names. A name that two patterns match belongs to the later one.
    """
    compiled = re.compile(pattern)

    def add(maker: Maker) -> Maker:
        _makers.insert(0, (compiled, form, maker))
        operation.cache_clear()
        return maker

    return add


@lru_cache(maxsize=256)
def operation(name: str) -> Operation:
    """What an operation's name means; a suffix .2, .3, ... makes further ones of the same kind, with weights of their
    own: nor_conv_3x3.2. SettingError for every other name."""
    importlib.import_module("nascore.networks.ops.standard")
    bare = COPY.fullmatch(checks.text("operation", name))
    for pattern, _, maker in _makers:
        match = pattern.fullmatch(bare["name"]) if bare else None
        if match:
            return maker(name, match)
    forms = ", ".join(dict.fromkeys(form for _, form, _ in reversed(_makers)))
    raise SettingError(f"operation {name!r}: expected {forms}, and a suffix like .2 for another of the same kind")
