"""The further operations of the two-cell spaces: separable and dilated convolutions, products of a row and a column,
max pooling, and noise."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn

from nascore.networks.ops.layers import Convolution, DepthwiseConvolution, Norm
from nascore.networks.ops.registry import Layer, Operation, operation, register
from nascore.networks.ops.standard import Zero, keeps_channels


def _half(layer: Layer, kernel: int, stride: int, outputs: int, dilation: int) -> list[nn.Module]:
    """ReLU, depthwise convolution, 1x1 convolution, normalisation."""
    return [
        nn.ReLU(),
        DepthwiseConvolution(layer.inputs, kernel, stride, layer.generator, dilation),
        Convolution(layer.inputs, outputs, 1, 1, layer.generator),
        Norm(outputs, layer.statistics, layer.affine),
    ]


def _separable(kernel: int, dilation: int, twice: bool):
    def build(layer: Layer) -> nn.Module:
        if not twice:
            return nn.Sequential(*_half(layer, kernel, layer.stride, layer.outputs, dilation))
        first = _half(layer, kernel, layer.stride, layer.inputs, dilation)
        return nn.Sequential(*first, *_half(layer, kernel, 1, layer.outputs, dilation))

    return build


@register(r"sep_conv_([3579])x\1", "sep_conv_KxK")
def sep_conv(name, match) -> Operation:
    """Twice ReLU, depthwise, 1x1, normalisation; the first with the stride."""
    return Operation(name, _separable(int(match[1]), 1, twice=True), kernel=int(match[1]))


@register(r"dil_conv_([3579])x\1", "dil_conv_KxK")
def dil_conv(name, match) -> Operation:
    """Once, with every second pixel of a window twice as large."""
    return Operation(name, _separable(int(match[1]), 2, twice=False), kernel=int(match[1]))


@register(r"dil_sep_conv_([3579])x\1", "dil_sep_conv_KxK")
def dil_sep_conv(name, match) -> Operation:
    """Twice, both dilated."""
    return Operation(name, _separable(int(match[1]), 2, twice=True), kernel=int(match[1]))


@register(r"conv_([13579])x\1", "conv_KxK")
def conv(name, match) -> Operation:
    """NDS's name of nor_conv_KxK."""
    same = operation(f"nor_conv_{match[1]}x{match[1]}")
    return Operation(name, same.build, same.fused, same.kernel)


class Stripe(nn.Module):
    """A convolution over a row (1 x K) or a column (K x 1), without bias, stride along it."""

    def __init__(self, inputs: int, outputs: int, kernel: tuple[int, int], stride: int, generator):
        super().__init__()
        weight = torch.randn(outputs, inputs, *kernel, generator=generator)
        self.weight = nn.Parameter(weight * math.sqrt(2 / (inputs * max(kernel))))
        self.stride = tuple(stride if side > 1 else 1 for side in kernel)
        self.padding = tuple(side // 2 for side in kernel)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.conv2d(x, self.weight, stride=self.stride, padding=self.padding)


@register(r"conv_([3579])x1_1x\1", "conv_Kx1_1xK")
def conv_stripes(name, match) -> Operation:
    """ReLU, a convolution over rows, one over columns, normalisation."""
    kernel = int(match[1])

    def build(layer: Layer) -> nn.Module:
        return nn.Sequential(
            nn.ReLU(),
            Stripe(layer.inputs, layer.outputs, (1, kernel), layer.stride, layer.generator),
            Stripe(layer.outputs, layer.outputs, (kernel, 1), layer.stride, layer.generator),
            Norm(layer.outputs, layer.statistics, layer.affine),
        )

    return Operation(name, build, kernel=kernel)


@register(r"max_pool_([3579])x\1", "max_pool_KxK with odd K")
def max_pool(name, match) -> Operation:
    """The largest of the pixels inside the image."""
    kernel = int(match[1])

    def build(layer: Layer) -> nn.Module:
        keeps_channels(name, layer)
        return nn.MaxPool2d(kernel, layer.stride, kernel // 2)

    return Operation(name, build, kernel=kernel)


class Noise(Zero):
    """Standard normal numbers in the shape of the output, whatever comes in (S4 of RobustDARTS); drawn from torch's
    global generator of the device, anew each time."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x).normal_()


@register("noise", "noise")
def noise(name, match) -> Operation:
    return Operation(name, Noise)
