"""The operations on the vertices of NAS-Bench-101's cells: convolution, normalisation, ReLU or max pooling."""

from __future__ import annotations

from torch import nn

from nascore.networks.ops.layers import Convolution, Norm
from nascore.networks.ops.registry import Layer, Operation, operation, register


def conv_norm_relu(layer: Layer, kernel: int) -> nn.Sequential:
    """Convolution, normalisation, ReLU."""
    return nn.Sequential(
        Convolution(layer.inputs, layer.outputs, kernel, layer.stride, layer.generator),
        Norm(layer.outputs, layer.statistics, layer.affine),
        nn.ReLU(),
    )


@register(r"conv([1357])x\1-bn-relu", "convKxK-bn-relu")
def conv_bn_relu(name, match) -> Operation:
    kernel = int(match[1])
    return Operation(name, lambda layer: conv_norm_relu(layer, kernel), kernel=kernel)


@register(r"maxpool([357])x\1", "maxpoolKxK")
def maxpool(name, match) -> Operation:
    same = operation(f"max_pool_{match[1]}x{match[1]}")
    return Operation(name, same.build, kernel=same.kernel)
