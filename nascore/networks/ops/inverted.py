"""The mobile inverted bottleneck (Sandler et al., 2018): mbE_kK with expansion E and a K x K depthwise convolution.

mbE_kK is MobileNetV2's and ProxylessNAS's block (ReLU6); mbE_kK_se is EfficientNet's: swish, and squeeze-and-excitation
with a quarter of the block's input channels. "identity" is the block left out, where that keeps the shape.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from nascore.errors import SettingError
from nascore.networks.ops.layers import Convolution, DepthwiseConvolution, Norm, kaiming
from nascore.networks.ops.registry import Layer, Operation, register
from nascore.spaces.backbones import squeezed

ACTIVATIONS = {"relu": nn.ReLU, "relu6": nn.ReLU6, "swish": nn.SiLU}


class SqueezeExcitation(nn.Module):
    """Channels weighted by what their means over the pixels say (Hu et al., 2018); both layers have a bias."""

    def __init__(self, channels: int, middle: int, generator: torch.Generator | None):
        super().__init__()
        self.squeeze, self.excite = kaiming(channels, middle, 1, generator), kaiming(middle, channels, 1, generator)
        self.squeeze_bias = nn.Parameter(torch.zeros(middle))
        self.excite_bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        means = F.silu(F.conv2d(x.mean((2, 3), keepdim=True), self.squeeze, self.squeeze_bias))
        return x * torch.sigmoid(F.conv2d(means, self.excite, self.excite_bias))


class InvertedBottleneck(nn.Module):
    """1x1 to `expansion` times the channels (none where that is 1), depthwise, squeeze-and-excitation where `squeeze`,
    1x1 to the output, each normalised; a shortcut around it where the shape stays. `activation`: by default swish with
    squeeze-and-excitation, else ReLU6."""

    def __init__(self, layer: Layer, expansion: int, kernel: int, squeeze: bool, activation: str = ""):
        super().__init__()
        middle = expansion * layer.inputs
        act = ACTIVATIONS[activation or ("swish" if squeeze else "relu6")]
        steps: list[nn.Module] = []
        if expansion > 1:
            steps += [Convolution(layer.inputs, middle, 1, 1, layer.generator), self._norm(layer, middle), act()]
        depthwise = DepthwiseConvolution(middle, kernel, layer.stride, layer.generator)
        steps += [depthwise, self._norm(layer, middle), act()]
        if squeeze:
            steps.append(SqueezeExcitation(middle, squeezed(layer.inputs), layer.generator))
        steps += [Convolution(middle, layer.outputs, 1, 1, layer.generator), self._norm(layer, layer.outputs)]
        self.body, self.shortcut = nn.Sequential(*steps), layer.keeps_shape

    @staticmethod
    def _norm(layer: Layer, channels: int) -> Norm:
        return Norm(channels, layer.statistics, layer.affine)

    def forward(self, x):
        return x + self.body(x) if self.shortcut else self.body(x)


@register(r"mb([1-9])_k([3579])(_se)?", "mbE_kK or mbE_kK_se with odd K")
def inverted_bottleneck(name, match) -> Operation:
    expansion, kernel, squeeze = int(match[1]), int(match[2]), bool(match[3])
    return Operation(name, lambda layer: InvertedBottleneck(layer, expansion, kernel, squeeze), kernel=kernel)


def _left_out(layer: Layer) -> nn.Module:
    if not layer.keeps_shape:
        raise SettingError(
            f"identity from {layer.inputs} to {layer.outputs} channels at stride {layer.stride}: "
            "a block can only be left out where it keeps the shape"
        )
    return nn.Identity()


@register("identity", "identity")
def identity(name, match) -> Operation:
    return Operation(name, _left_out)
