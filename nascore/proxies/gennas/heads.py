"""Heads on a network's last stages: batch normalisation and a 1x1 convolution to a target's channels."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from nascore.errors import SettingError
from nascore.networks.ops.layers import Norm


class Head(nn.Module):
    """Features (n, inputs, h, w) to (n, outputs, side, side); the nearest pixels are taken before the normalisation.

    First weights and biases are PyTorch's own for a convolution, U(-1, 1) / sqrt(inputs).
    """

    def __init__(self, inputs: int, outputs: int, side: int, generator: torch.Generator):
        super().__init__()
        self.side, self.norm = side, Norm(inputs, "running")
        bound = 1 / math.sqrt(inputs)
        self.weight = nn.Parameter(torch.empty(outputs, inputs).uniform_(-bound, bound, generator=generator))
        self.bias = nn.Parameter(torch.empty(outputs).uniform_(-bound, bound, generator=generator))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        pixels = self.norm(nearest(x, self.side)).permute(0, 2, 3, 1)
        return F.linear(pixels, self.weight, self.bias).permute(0, 3, 1, 2)


def nearest(x: torch.Tensor, side: int) -> torch.Tensor:
    """(n, c, h, w) at the nearest side x side pixels."""
    height, width = x.shape[2:]
    if (height, width) == (side, side):
        return x
    if height % side == 0 and width % side == 0:
        return x[:, :, :: height // side, :: width // side].contiguous(memory_format=torch.channels_last)
    return F.interpolate(x, (side, side))


def heads(features: Sequence[torch.Tensor], channels: Sequence[int], side: int, seed: int) -> nn.ModuleList:
    """One head for each of the last `len(channels)` features; SettingError where there are fewer."""
    if len(features) < len(channels):
        raise SettingError(f"a network of {len(features)} stages: expected {len(channels)} or more")
    last = features[len(features) - len(channels) :]
    generator = torch.Generator().manual_seed(seed)
    made = [Head(x.shape[1], outputs, side, generator) for x, outputs in zip(last, channels, strict=True)]
    return nn.ModuleList(made).to(last[-1])
