"""Residual and plain networks of NDS's ResNet, ResNeXt and Vanilla spaces."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from nascore import checks
from nascore.networks.image import ArchNetwork
from nascore.networks.ops.layers import Convolution, Norm
from nascore.spaces.base import Arch
from nascore.spaces.resnet import BASIC, BOTTLENECK, ResNetSpace, Stage

STEMS = ("cifar", "imagenet")


class ResNetNetwork(ArchNetwork):
    """Stem, stages of equal blocks, mean over pixels, head.

    stem: "cifar": a 3x3 convolution; "imagenet": what the entries on ImageNet have, a 7x7 convolution of stride 2 and
    max pooling for the spaces "-in", three 3x3 convolutions of stride 2, the first with half the channels, for ResNeXt.
    By default "imagenet" where the space's entries are from ImageNet. classes: 1,000 with "imagenet", else 10.
    Normalisation and ReLU follow every convolution, ReLU after the addition of a shortcut; the shortcut around a block
    that changes the shape is a 1x1 convolution, normalised.
    """

    def __init__(
        self, space: ResNetSpace, arch: Arch, *, stem: str | None = None, classes: int | None = None, **options
    ):
        stride = space.design.stride
        stem = checks.one_of("stem", ("imagenet" if stride > 1 else "cifar") if stem is None else stem, STEMS)
        classes = (1000 if stem == "imagenet" else 10) if classes is None else classes
        super().__init__(space, arch, classes=classes, **options)
        generator, width, stages = self.generator(), space.stem(arch), space.stages(arch)
        deep = space.design.block == BOTTLENECK
        self.halvings = len(stages) - 1 + (0 if stem == "cifar" else 3 if deep else 2)
        if stem == "cifar":
            self.stem = nn.Sequential(*self._convolution(self.inputs, width, 3, 1, generator))
        elif deep:
            widths = [self.inputs, max(1, width // 2), width, width]
            layers = [self._convolution(a, b, 3, 2, generator) for a, b in zip(widths, widths[1:], strict=False)]
            self.stem = nn.Sequential(*[step for layer in layers for step in layer])
        else:
            self.stem = nn.Sequential(*self._convolution(self.inputs, width, 7, 2, generator), nn.MaxPool2d(3, 2, 1))
        made = []
        for stage in stages:
            blocks: list[nn.Module] = []
            for place in range(stage.depth):
                stride = 1 if place else stage.stride
                blocks.append(self._block(space.design.block, width, stage, stride, generator))
                width = stage.width
            made.append(nn.Sequential(*blocks))
        self.stages = nn.ModuleList(made)
        self.finish(width, generator)

    def _convolution(
        self, inputs: int, outputs: int, kernel: int, stride: int, generator, groups: int = 1, relu: bool = True
    ) -> list[nn.Module]:
        steps = [Convolution(inputs, outputs, kernel, stride, generator, groups), Norm(outputs, self.statistics)]
        return [*steps, nn.ReLU()] if relu else steps

    def _block(self, kind: str, inputs: int, stage: Stage, stride: int, generator: torch.Generator) -> nn.Module:
        width, residual = stage.width, kind in (BASIC, BOTTLENECK)
        if kind == BOTTLENECK:
            inner = width // stage.ratio
            steps = [
                *self._convolution(inputs, inner, 1, 1, generator),
                *self._convolution(inner, inner, 3, stride, generator, stage.groups),
                *self._convolution(inner, width, 1, 1, generator, relu=False),
            ]
        else:
            steps = [
                *self._convolution(inputs, width, 3, stride, generator),
                *self._convolution(width, width, 3, 1, generator, relu=not residual),
            ]
        if not residual:
            return nn.Sequential(*steps)
        if inputs == width and stride == 1:
            return Residual(nn.Sequential(*steps), nn.Identity())
        around = self._convolution(inputs, width, 1, stride, generator, relu=False)
        return Residual(nn.Sequential(*steps), nn.Sequential(*around))


class Residual(nn.Module):
    """ReLU of the sum of a body and what goes around it."""

    def __init__(self, body: nn.Module, around: nn.Module):
        super().__init__()
        self.body, self.around = body, around

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(self.around(x) + self.body(x))
