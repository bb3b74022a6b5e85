"""Watch, or replace, what a network computes, whatever it is made of: modules or calls of torch's functions.

No space and no module is known here: torch tells of every call while `Watching` is active.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode

Handler = Callable[[Callable, tuple, dict], Any]

# kind -> the calls that are of it; where one calls another, only the outer one is told
CALLS: dict[str, tuple] = {
    "relu": (F.relu, F.relu_, torch.relu, torch.relu_, torch.Tensor.relu, torch.Tensor.relu_, F.relu6, F.leaky_relu),
    "layer": (
        F.conv1d, F.conv2d, F.conv3d, torch.conv1d, torch.conv2d, torch.conv3d, F.linear,
    ),
    "batch_norm": (F.batch_norm, torch.batch_norm),
    "pooling": (F.adaptive_avg_pool2d, torch.mean, torch.Tensor.mean),
}  # fmt: skip


class Watching(TorchFunctionMode):
    """Inside, `handlers[kind](function, args, kwargs)` computes every call of that kind in its place."""

    def __init__(self, **handlers: Handler):
        super().__init__()
        self.handlers = {call: handler for kind, handler in handlers.items() for call in CALLS[kind]}

    def __torch_function__(self, function, types, args=(), kwargs=None):
        handler = self.handlers.get(function)
        return function(*args, **(kwargs or {})) if handler is None else handler(function, args, kwargs or {})


def first(args: tuple, kwargs: dict) -> torch.Tensor:
    """The input of a call."""
    return args[0] if args else kwargs["input"]


def weight_of(args: tuple, kwargs: dict) -> torch.Tensor:
    """The weights of a call of kind "layer"."""
    return args[1] if len(args) > 1 else kwargs["weight"]


def over_all_pixels(function: Callable, args: tuple, kwargs: dict) -> bool:
    """Whether a call of kind "pooling" averages each channel over the whole image."""
    x = first(args, kwargs)
    if not isinstance(x, torch.Tensor) or x.dim() != 4:
        return False
    given = args[1] if len(args) > 1 else kwargs.get("dim", kwargs.get("output_size"))
    if function is F.adaptive_avg_pool2d:
        return given in (1, (1, 1), [1, 1])
    return isinstance(given, (tuple, list)) and sorted(axis % 4 for axis in given) == [2, 3]
