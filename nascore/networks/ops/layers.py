"""What operations and skeletons are made of: convolution without bias, batch normalisation, initial weights."""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from nascore import checks
from nascore.errors import SettingError

BN_MOMENTUM, BN_EPS = 0.1, 1e-5
STATISTICS = ("batch", "running")


class Norm(nn.Module):
    """Batch normalisation, with gain and shift where `affine`.

    `statistics`: "batch": always by the batch, also in evaluation. "running": in training by the batch while averages
    are kept, in evaluation by the averages.
    """

    def __init__(self, channels: int, statistics: str, affine: bool = True):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(channels)) if affine else None
        self.shift = nn.Parameter(torch.zeros(channels)) if affine else None
        running = statistics == "running"
        self.register_buffer("mean", torch.zeros(channels) if running else None)
        self.register_buffer("var", torch.ones(channels) if running else None)

    def forward(self, x):
        by_batch = self.training or self.mean is None
        return F.batch_norm(x, self.mean, self.var, self.gain, self.shift, by_batch, BN_MOMENTUM, BN_EPS)


class Convolution(nn.Module):
    """Convolution without bias; `groups` of channels each read their own share of the inputs. Padded to keep the size
    at stride 1, unless `padding` says otherwise."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        stride: int,
        generator: torch.Generator | None,
        groups: int = 1,
        padding: int | None = None,
    ):
        super().__init__()
        self.weight, self.stride = kaiming(inputs // groups, outputs, kernel, generator), stride
        self.groups, self.padding = groups, kernel // 2 if padding is None else padding

    def forward(self, x):
        stride = self.stride
        if stride > 1 and self.weight.shape[-1] == 1 and not self.padding:
            # the same numbers; torch 2.13 writes outside its memory in the backward pass of a strided 1x1 convolution
            # on few channels with the channels last
            x, stride = x[:, :, ::stride, ::stride], 1
        return F.conv2d(x, self.weight, stride=stride, padding=self.padding, groups=self.groups)


class DepthwiseConvolution(nn.Module):
    """One K x K kernel per channel, without bias, padded to keep the size at stride 1."""

    def __init__(self, channels: int, kernel: int, stride: int, generator: torch.Generator | None, dilation: int = 1):
        super().__init__()
        self.weight, self.stride, self.dilation = kaiming(1, channels, kernel, generator), stride, dilation

    def forward(self, x):
        channels, _, kernel, _ = self.weight.shape
        padding = self.dilation * (kernel // 2)
        return F.conv2d(x, self.weight, stride=self.stride, padding=padding, dilation=self.dilation, groups=channels)


def odd(name: str, value: Any) -> int:
    """The side of a window that is padded so that an image keeps its size."""
    side = checks.whole(name, value, 1)
    if side % 2 == 0:
        raise SettingError(f"{name}={side}: expected an odd number, so that the image keeps its size")
    return side


def kaiming(inputs: int, outputs: int, kernel: int, generator: torch.Generator | None) -> nn.Parameter:
    """A convolution's weights, (outputs, inputs, kernel, kernel): Kaiming normal, fan in."""
    shape = outputs, inputs, kernel, kernel
    return nn.Parameter(torch.randn(shape, generator=generator) * math.sqrt(2 / (inputs * kernel * kernel)))
