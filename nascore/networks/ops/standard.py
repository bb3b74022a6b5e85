"""The operations of NAS-Bench-201's cells: none, skip_connect, nor_conv_KxK and avg_pool_KxK, K = 1, 3, 5, 7 or 9."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from nascore.errors import SettingError
from nascore.networks.ops.layers import Convolution, Norm
from nascore.networks.ops.registry import Layer, Operation, register


class Zero(nn.Module):
    """Nothing: zeros of the output's shape."""

    def __init__(self, layer: Layer):
        super().__init__()
        self.outputs, self.stride = layer.outputs, layer.stride

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        height, width = (-(-side // self.stride) for side in x.shape[2:])
        return x.new_zeros(len(x), self.outputs, height, width)


def relu_conv_norm(layer: Layer, kernel: int) -> nn.Sequential:
    """ReLU, convolution, batch normalisation."""
    return nn.Sequential(
        nn.ReLU(),
        Convolution(layer.inputs, layer.outputs, kernel, layer.stride, layer.generator),
        Norm(layer.outputs, layer.statistics, layer.affine),
    )


def keeps_channels(name: str, layer: Layer) -> None:
    """SettingError where a pooling, which keeps the channels, should change them."""
    if layer.inputs != layer.outputs:
        raise SettingError(f"{name} from {layer.inputs} to {layer.outputs} channels: pooling keeps the channels")


class FactorizedReduction(nn.Module):
    """To half the size: ReLU, two 1x1 convolutions of stride 2, the second one pixel on; joined, normalised.

    An image of odd sides is padded by one row and column of zeros, so that both halves round up."""

    def __init__(self, layer: Layer):
        super().__init__()
        first = layer.outputs // 2
        if not first:
            raise SettingError(
                f"{layer.outputs} channels at stride {layer.stride}: expected at least 2 to halve the size"
            )
        self.near = Convolution(layer.inputs, first, 1, layer.stride, layer.generator)
        self.far = Convolution(layer.inputs, layer.outputs - first, 1, layer.stride, layer.generator)
        self.norm = Norm(layer.outputs, layer.statistics, layer.affine)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(x)
        return self.norm(torch.cat([self.near(x), self.far(self._shifted(x))], 1))

    def halves(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The pixels that the two convolutions read, of x behind the ReLU."""
        stride = self.near.stride
        return x[:, :, ::stride, ::stride], self._shifted(x)[:, :, ::stride, ::stride]

    @staticmethod
    def _shifted(x: torch.Tensor) -> torch.Tensor:
        height, width = x.shape[2:]
        return F.pad(x, (-1, width % 2, -1, height % 2)) if height % 2 or width % 2 else x[:, :, 1:, 1:]


def _skip(layer: Layer) -> nn.Module:
    if layer.stride == 2:
        return FactorizedReduction(layer)
    if not layer.keeps_shape:
        raise SettingError(
            f"skip_connect from {layer.inputs} to {layer.outputs} channels at stride {layer.stride}: "
            "it copies its input, so both must be the same and the stride 1 (at stride 2 it is DARTS's reduction)"
        )
    return nn.Identity()


@register("none", "none")
def none(name, match) -> Operation:
    return Operation(name, Zero, "none")


@register("skip_connect", "skip_connect")
def skip_connect(name, match) -> Operation:
    return Operation(name, _skip, "skip_connect")


@register(r"nor_conv_([13579])x\1", "nor_conv_KxK")
def nor_conv(name, match) -> Operation:
    """ReLU, convolution, batch normalisation."""
    kernel = int(match[1])
    return Operation(name, lambda layer: relu_conv_norm(layer, kernel), "nor_conv", kernel)


@register(r"avg_pool_([13579])x\1", "avg_pool_KxK with odd K")
def avg_pool(name, match) -> Operation:
    """Average over the pixels inside the image."""
    kernel = int(match[1])

    def build(layer: Layer) -> nn.Module:
        keeps_channels(name, layer)
        return nn.AvgPool2d(kernel, layer.stride, kernel // 2, count_include_pad=False)

    return Operation(name, build, "avg_pool", kernel)
