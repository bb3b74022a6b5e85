"""EfficientNet's and ProxylessNAS's chain of blocks as a network (GA-NAS, Tables 12 and 13)."""

from __future__ import annotations

import math

import torch
from torch import nn

from nascore import checks
from nascore.errors import SettingError
from nascore.networks.ops.inverted import ACTIVATIONS
from nascore.networks.ops.layers import STATISTICS, Convolution, Norm
from nascore.networks.ops.registry import Layer, operation
from nascore.networks.skeletons import parameters_text
from nascore.spaces.backbones import BackboneSpace
from nascore.spaces.base import Arch


class ChainNetwork(nn.Module):
    """3x3 convolution of stride 2, the blocks, 1x1 convolution, mean over pixels, head; images (n, inputs, h, w) of any
    size to logits (n, classes).

    Five strides of 2 round up, so that small images fit: 224 pixels become 7, and 32 become one. Paddings are
    symmetric (TensorFlow's EfficientNet pads one side more at stride 2; the weights are the same).
    """

    def __init__(
        self,
        space: BackboneSpace,
        arch: Arch,
        *,
        classes: int = 1000,
        inputs: int = 3,
        statistics: str = "running",
        seed: int = 0,
    ):
        super().__init__()
        self.classes, self.inputs = checks.whole("classes", classes, 2), checks.whole("inputs", inputs, 1)
        checks.one_of("statistics", statistics, STATISTICS)
        generator = torch.Generator().manual_seed(checks.seed(seed))
        self.space, self.arch, backbone = space, arch, space.backbone
        activation = ACTIVATIONS[backbone.activation]
        last = backbone.stages[-1].outputs
        self.stem = nn.Sequential(
            Convolution(self.inputs, backbone.stem, 3, 2, generator), Norm(backbone.stem, statistics), activation()
        )
        self.blocks = nn.Sequential(
            *(
                # each block alone reads what the one before it wrote, so none has to be tried beside others
                operation(block.op).build(
                    Layer(block.inputs, block.outputs, block.stride, statistics=statistics, generator=generator)
                )
                for block in space.blocks(arch)
            )
        )
        self.last = nn.Sequential(
            Convolution(last, backbone.head, 1, 1, generator), Norm(backbone.head, statistics), activation()
        )
        self.head = nn.Linear(backbone.head, self.classes)
        with torch.no_grad():
            weights = torch.randn(self.head.weight.shape, generator=generator)
            self.head.weight.copy_(weights / math.sqrt(backbone.head))
            self.head.bias.zero_()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        if not isinstance(images, torch.Tensor):
            raise SettingError(f"images: expected a tensor (n, {self.inputs}, h, w), not {type(images).__name__}")
        if images.dim() != 4 or images.shape[1] != self.inputs or 0 in images.shape:
            raise SettingError(
                f"images of shape {tuple(images.shape)}: expected (n, {self.inputs}, h, w), none of them 0"
            )
        if self.training and len(images) == 1 and max(images.shape[2:]) <= 32:
            raise SettingError(
                "a batch of one image, which the strides make a single pixel: normalisation in training needs more"
            )
        return self.head(self.last(self.blocks(self.stem(images))).mean((2, 3)))

    def __repr__(self) -> str:
        """One line; `str` and `print` show torch's tree of modules."""
        shown = f"{self.space.name}, {self.space.format(self.arch)}: {self.classes} classes, {parameters_text(self)}"
        return f"<{type(self).__name__} of {shown}>"

    def __str__(self) -> str:
        return nn.Module.__repr__(self)
