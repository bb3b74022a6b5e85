"""Chains of blocks as networks: EfficientNet's and ProxylessNAS's (GA-NAS, Tables 12 and 13), and NAS-Bench-Macro's."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import nn

from nascore.networks.image import ArchNetwork
from nascore.networks.ops.inverted import ACTIVATIONS, InvertedBottleneck
from nascore.networks.ops.layers import Convolution, Norm
from nascore.networks.ops.registry import Layer, operation
from nascore.spaces.backbones import IDENTITY, BackboneSpace, Block
from nascore.spaces.base import Arch
from nascore.spaces.macro import NASBenchMacro


class ChainNetwork(ArchNetwork):
    """3x3 convolution of stride 2, the blocks, 1x1 convolution, mean over pixels, head; images (n, inputs, h, w) of any
    size to logits (n, classes).

    Strides of 2 round up, so that small images fit: 224 pixels become 7, and 32 become one. Paddings are symmetric
    (TensorFlow's EfficientNet pads one side more at stride 2; the weights are the same). `features`: before each block
    of stride 2, and before the 1x1 convolution.
    """

    def __init__(self, space: BackboneSpace, arch: Arch, *, classes: int = 1000, **options):
        super().__init__(space, arch, classes=classes, **options)
        backbone = space.backbone
        self._chain(list(space.blocks(arch)), backbone.stem, 2, backbone.head, backbone.activation)

    def _chain(self, blocks: list[Block], stem: int, stride: int, last: int, activation: str) -> None:
        """All layers; each block alone reads what the one before it wrote, so none has to be tried beside others."""
        generator, statistics, act = self.generator(), self.statistics, ACTIVATIONS[activation]
        self.halvings = (stride == 2) + sum(block.stride == 2 for block in blocks)
        self.stem = nn.Sequential(Convolution(self.inputs, stem, 3, stride, generator), Norm(stem, statistics), act())
        starts = [0, *[i for i, block in enumerate(blocks) if block.stride == 2 and i], len(blocks)]
        self.stages = nn.ModuleList(
            nn.Sequential(*[self._block(block, generator) for block in blocks[start:end]])
            for start, end in pairwise(starts)
        )
        outputs = blocks[-1].outputs
        self.last = nn.Sequential(Convolution(outputs, last, 1, 1, generator), Norm(last, statistics), act())
        self.finish(last, generator)

    def _block(self, block: Block, generator: torch.Generator) -> nn.Module:
        layer = Layer(block.inputs, block.outputs, block.stride, statistics=self.statistics, generator=generator)
        return operation(block.op).build(layer)

    def classify(self, x: torch.Tensor) -> torch.Tensor:
        return super().classify(self.last(x))


class MacroNetwork(ChainNetwork):
    """NAS-Bench-Macro's network (Su et al., 2021): 3x3 convolution to 32 channels, three stages of 2, 3 and 3 layers
    with 64, 128 and 256 channels whose first layers have stride 2, 1x1 convolution to 1,280, mean, head; ReLU
    throughout.

    "identity" is left out, but in a stage's first layer, which cannot be: there it is a 1x1 convolution of stride 2.
    """

    BLOCKS = {"mb3_k3": (3, 3), "mb6_k5": (6, 5)}  # expansion and kernel

    def __init__(self, space: NASBenchMacro, arch: Arch, **options):
        super(ChainNetwork, self).__init__(space, arch, **options)
        widths = [32 << stage for stage in range(len(space.STAGES) + 1)]
        blocks: list[Block] = []
        for inputs, outputs, layers in zip(widths, widths[1:], space.STAGES, strict=False):
            for layer in range(layers):
                op = space.ops[arch[len(blocks)]]
                blocks.append(Block(op, outputs if layer else inputs, outputs, 1 if layer else 2))
        self._chain(blocks, widths[0], 1, 1280, "relu")

    def _block(self, block: Block, generator: torch.Generator) -> nn.Module:
        if block.op == IDENTITY and block.stride == 2:
            return nn.Sequential(
                Convolution(block.inputs, block.outputs, 1, 2, generator), Norm(block.outputs, self.statistics)
            )
        layer = Layer(block.inputs, block.outputs, block.stride, statistics=self.statistics, generator=generator)
        if block.op == IDENTITY:
            return operation(block.op).build(layer)
        return InvertedBottleneck(layer, *self.BLOCKS[block.op], squeeze=False, activation="relu")
