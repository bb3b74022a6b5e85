"""Parameters and multiply-adds of any architecture's network, without drawing its weights or computing a value."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode

from nascore import checks
from nascore.errors import SettingError
from nascore.networks.building import build
from nascore.spaces.base import Arch, Space


def parameters(space: Space, arch: Arch, **options) -> int:
    """Trainable parameters of `networks.build(space, arch, **options)`."""
    with _undrawn():
        network = build(space, arch, **options)
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)


class Work(NamedTuple):
    """What a network does for one image: multiply-adds of convolutions and of linear layers, values that are
    normalised, values that go through an activation function, and pooling windows, each with its size."""

    convolutions: int
    linear: int
    normalised: int
    activated: int
    pooled: int


def flops(space: Space, arch: Arch, *, side: int = 32, **options) -> int:
    """Multiply-adds of `networks.build(space, arch, **options)` for one image of side x side pixels: each product that
    is added up is one. Convolutions and linear layers only, as is usual; `work` has the rest. For image networks."""
    found = work(space, arch, side=side, **options)
    return found.convolutions + found.linear


def work(space: Space, arch: Arch, *, side: int = 32, **options) -> Work:
    """All that is counted for `networks.build(space, arch, **options)` and one image of side x side pixels. Additions,
    copies, biases and the mean over the image are not. What cannot reach the output and is left out by the network is
    left out here."""
    side = checks.whole("side", side, 1)
    with _undrawn():
        network = build(space, arch, **options).eval()
        count = _Count()
        images = torch.zeros(()).expand(1, getattr(network, "inputs", 3), side, side)
        try:
            with torch.no_grad(), count:
                network(images)
        except (RuntimeError, TypeError, ValueError, IndexError, AttributeError) as error:
            why = f"{type(error).__name__}: {error}"
            raise SettingError(
                f"space={space.name}: its network does not take images of {side} pixels ({why})"
            ) from error
    return Work(**count.totals)


class _Undrawn(TorchFunctionMode):
    """Random numbers are not drawn: memory as it comes has the same shape."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if function is torch.randn:
            return torch.empty(*args, **{name: value for name, value in kwargs.items() if name != "generator"})
        if function in _KEPT or (function in _TIMES and isinstance(args[1], (int, float))):
            return args[0]  # nor scaled, copied or moved
        return function(*args, **kwargs)


_KEPT = {torch.Tensor.uniform_, torch.Tensor.normal_, torch.Tensor.copy_, torch.Tensor.to}
_TIMES = {torch.Tensor.mul, torch.Tensor.__mul__, torch.Tensor.__rmul__}


@contextmanager
def _undrawn() -> Iterator[None]:
    """Networks built inside have weights without meaning, and the global generator is as it was."""
    with torch.random.fork_rng(devices=[]), _Undrawn():
        yield


class _Count(TorchFunctionMode):
    """Adds up what a pass through a network costs; what is costly gives a value of the right shape, not computed."""

    def __init__(self):
        super().__init__()
        self.totals = dict.fromkeys(Work._fields, 0)

    def __torch_function__(self, function, types, args=(), kwargs=None):
        handler = _HANDLERS.get(function)
        if handler is None:
            return function(*args, **(kwargs or {}))
        shape, kind, cost = handler(*args, **(kwargs or {}))
        self.totals[kind] += cost
        return args[0].new_zeros(()).expand(shape)


Handler = Callable[..., tuple[tuple[int, ...], str, int]]


def _pair(value) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else tuple(value)


def _convolution(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    sides = [
        (size + 2 * pad - step * (kernel - 1) - 1) // stride + 1
        for size, kernel, stride, pad, step in zip(
            x.shape[2:], weight.shape[2:], _pair(stride), _pair(padding), _pair(dilation), strict=True
        )
    ]
    return (x.shape[0], weight.shape[0], *sides), "convolutions", x.shape[0] * weight.numel() * math.prod(sides)


def _linear(x, weight, bias=None):
    return (*x.shape[:-1], weight.shape[0]), "linear", math.prod(x.shape[:-1]) * weight.numel()


def _each(kind: str) -> Handler:
    return lambda x, *args, **kwargs: (tuple(x.shape), kind, x.numel())


def _pool(x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, *args, **kwargs):
    sides = []
    for size, kernel, step, pad in zip(
        x.shape[2:],
        _pair(kernel_size),
        _pair(kernel_size if stride in (None, []) else stride),
        _pair(padding),
        strict=True,
    ):
        whole = size + 2 * pad - kernel
        side = -(-whole // step) + 1 if ceil_mode else whole // step + 1
        sides.append(side - 1 if ceil_mode and (side - 1) * step >= size + pad else side)
    shape = (*x.shape[:2], *sides)
    return shape, "pooled", math.prod(shape) * math.prod(_pair(kernel_size))


def _average(x, kernel_size, stride=None, padding=0, ceil_mode=False, *args, **kwargs):
    return _pool(x, kernel_size, stride, padding, 1, ceil_mode)


_HANDLERS: dict[Callable, Handler] = {
    torch.conv2d: _convolution,
    F.linear: _linear,
    F.batch_norm: _each("normalised"),
    F.relu: _each("activated"),
    torch.relu: _each("activated"),
    F.hardtanh: _each("activated"),
    F.relu6: _each("activated"),
    F.silu: _each("activated"),
    torch.Tensor.relu: _each("activated"),
    F.max_pool2d: _pool,  # what calls it asks for this one, not for torch.max_pool2d
    torch.max_pool2d: _pool,
    F.avg_pool2d: _average,
}
