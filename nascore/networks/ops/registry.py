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
from nascore.networks.ops.layers import odd

FUSED = ("", "none", "skip_connect", "nor_conv", "avg_pool")
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

    def __post_init__(self):
        checks.text("name", self.name)
        if not callable(self.build):
            raise SettingError(f"build={checks.shown(self.build)}: expected a function of a Layer that gives a module")
        checks.one_of("fused", self.fused, FUSED)
        object.__setattr__(self, "kernel", odd("kernel", self.kernel))


Maker = Callable[[str, re.Match], Operation]
_makers: list[tuple[re.Pattern, str, Maker]] = []


def register(pattern: str, form: str) -> Callable[[Maker], Maker]:
    """Decorator: `maker(name, match)` makes the operation of every name that matches `pattern` as a whole.

    `form` is how error messages write these names. A name that two patterns match belongs to the later one.
    """
    try:
        compiled = re.compile(checks.text("pattern", pattern))
    except re.error as error:
        raise SettingError(f"pattern={pattern!r}: not a regular expression ({error})") from None
    checks.text("form", form)

    def add(maker: Maker) -> Maker:
        if not callable(maker):
            raise SettingError(f"maker={checks.shown(maker)}: expected a function of a name and its match")
        _makers.insert(0, (compiled, form, maker))
        operation.cache_clear()  # type: ignore[attr-defined]
        return maker

    return add


def operation(name: str) -> Operation:
    """What an operation's name means; a suffix .2, .3, ... makes further ones of the same kind, with weights of their
    own: nor_conv_3x3.2. SettingError for every other name."""
    return _known(checks.text("operation", name))


@lru_cache(maxsize=256)
def _known(name: str) -> Operation:
    for shelf in ("standard", "separable", "inverted", "vertex"):
        importlib.import_module(f"nascore.networks.ops.{shelf}")
    bare = COPY.fullmatch(name)
    for pattern, _, maker in _makers:
        match = pattern.fullmatch(bare["name"]) if bare else None
        if match:
            made = maker(name, match)
            if not isinstance(made, Operation):
                raise SettingError(f"operation {name!r}: its maker gives {checks.shown(made)}, expected an Operation")
            return made
    forms = ", ".join(dict.fromkeys(form for _, form, _ in reversed(_makers)))
    raise SettingError(f"operation {name!r}: expected {forms}, and a suffix like .2 for another of the same kind")


operation.cache_clear = _known.cache_clear  # type: ignore[attr-defined]
