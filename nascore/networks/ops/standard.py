"""The operations of NAS-Bench-201's cells: none, skip_connect, nor_conv_KxK and avg_pool_KxK, K = 1, 3, 5, 7 or 9."""

from __future__ import annotations

import torch
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


def _skip(layer: Layer) -> nn.Module:
    if not layer.keeps_shape:
        raise SettingError(
            f"skip_connect from {layer.inputs} to {layer.outputs} channels at stride {layer.stride}: "
            "it copies its input, so both must be the same and the stride 1"
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

    def build(layer: Layer) -> nn.Module:
        return nn.Sequential(
            nn.ReLU(),
            Convolution(layer.inputs, layer.outputs, kernel, layer.stride, layer.generator),
            Norm(layer.outputs, layer.statistics, layer.affine),
        )

    return Operation(name, build, "nor_conv", kernel)


@register(r"avg_pool_([13579])x\1", "avg_pool_KxK with odd K")
def avg_pool(name, match) -> Operation:
    """Average over the pixels inside the image."""
    kernel = int(match[1])

    def build(layer: Layer) -> nn.Module:
        if layer.inputs != layer.outputs:
            raise SettingError(f"{name} from {layer.inputs} to {layer.outputs} channels: pooling keeps the channels")
        return nn.AvgPool2d(kernel, layer.stride, kernel // 2, count_include_pad=False)

    return Operation(name, build, "avg_pool", kernel)
