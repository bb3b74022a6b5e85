"""Parameters and multiply-adds of any architecture's network, without drawing its weights or computing a value."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch.overrides import TorchFunctionMode

from nascore import checks
from nascore.networks.building import build
from nascore.spaces.base import Arch, Space


def parameters(space: Space, arch: Arch, **options) -> int:
    """Trainable parameters of `networks.build(space, arch, **options)`."""
    with _undrawn():
        network = build(space, arch, **options)
    return sum(parameter.numel() for parameter in network.parameters() if parameter.requires_grad)


def flops(space: Space, arch: Arch, *, side: int = 32, elementwise: bool = False, **options) -> int:
    """Multiply-adds of `networks.build(space, arch, **options)` for one image of side x side pixels.

    Counted are convolutions and linear layers: each product that is added up is one. With `elementwise` also, as
    NAS-Bench-201's tool does, one per value of a ReLU, two per value of a batch normalisation, and the size of the
    window per value of a pooling's output; additions, copies and means over the image are never counted. For image
    networks.
    """
    side, elementwise = checks.whole("side", side, 1), checks.flag("elementwise", elementwise)
    with _undrawn():
        network = build(space, arch, **options).eval()
    count = _Count(elementwise)
    images = torch.zeros(()).expand(1, checks.whole("inputs", getattr(network, "inputs", 3), 1), side, side)
    with torch.no_grad(), count:
        network(images)
    return count.total


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

    def __init__(self, elementwise: bool):
        super().__init__()
        self.total, self.elementwise = 0, elementwise

    def __torch_function__(self, function, types, args=(), kwargs=None):
        handler = _HANDLERS.get(function)
        if handler is None:
            return function(*args, **(kwargs or {}))
        shape, cost, always = handler(*args, **(kwargs or {}))
        if always or self.elementwise:
            self.total += cost
        return args[0].new_zeros(()).expand(shape)


Handler = Callable[..., tuple[tuple[int, ...], int, bool]]


def _pair(value) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else tuple(value)


def _convolution(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    sides = [
        (size + 2 * pad - step * (kernel - 1) - 1) // stride + 1
        for size, kernel, stride, pad, step in zip(
            x.shape[2:], weight.shape[2:], _pair(stride), _pair(padding), _pair(dilation), strict=True
        )
    ]
    return (x.shape[0], weight.shape[0], *sides), x.shape[0] * weight.numel() * math.prod(sides), True


def _linear(x, weight, bias=None):
    return (*x.shape[:-1], weight.shape[0]), math.prod(x.shape[:-1]) * weight.numel(), True


def _each(values: int) -> Handler:
    return lambda x, *args, **kwargs: (tuple(x.shape), values * x.numel(), False)


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
    return shape, math.prod(shape) * math.prod(_pair(kernel_size)), False


def _average(x, kernel_size, stride=None, padding=0, ceil_mode=False, *args, **kwargs):
    return _pool(x, kernel_size, stride, padding, 1, ceil_mode)


_HANDLERS: dict[Callable, Handler] = {
    torch.conv2d: _convolution,
    F.linear: _linear,
    F.batch_norm: _each(2),
    F.relu: _each(1),
    torch.relu: _each(1),
    F.hardtanh: _each(1),
    F.relu6: _each(1),
    F.silu: _each(1),
    torch.Tensor.relu: _each(1),
    F.max_pool2d: _pool,  # what calls it asks for this one, not for torch.max_pool2d
    torch.max_pool2d: _pool,
    F.avg_pool2d: _average,
}
