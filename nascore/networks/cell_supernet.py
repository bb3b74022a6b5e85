"""Supernets made of stacked cells: NAS-Bench-201's skeleton, and the smaller one of digits201."""
from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import nn

from ..errors import SettingError
from ..spaces.cell import CellSpace
from ..spaces.nasbench201 import NASBench201
from .choices import Choices, Draw
from .mixed_cell import BN_EPS, BN_MOMENTUM, STATISTICS, MixedCell, kaiming
from .supernet import Supernet


class Norm(nn.Module):
    """Batch normalisation with gain and shift; `statistics` as in MixedCell."""

    def __init__(self, channels: int, statistics: str):
        super().__init__()
        self.gain, self.shift = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))
        running = statistics == "running"
        self.register_buffer("mean", torch.zeros(channels) if running else None)
        self.register_buffer("var", torch.ones(channels) if running else None)

    def forward(self, x):
        by_batch = self.training or self.mean is None
        return F.batch_norm(x, self.mean, self.var, self.gain, self.shift, by_batch, BN_MOMENTUM, BN_EPS)


class Convolution(nn.Module):
    """Convolution without bias, padded to keep the size at stride 1."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, generator: torch.Generator):
        super().__init__()
        self.weight, self.stride = kaiming(inputs, outputs, kernel, generator), stride

    def forward(self, x):
        return F.conv2d(x, self.weight, stride=self.stride, padding=self.weight.shape[-1] // 2)


class ResidualReduction(nn.Module):
    """NAS-Bench-201's basic block of stride 2: two ReLU-convolution-normalisation, and a pooled 1x1 path around."""

    def __init__(self, inputs: int, outputs: int, statistics: str, generator: torch.Generator):
        super().__init__()
        self.path = nn.Sequential(nn.ReLU(), Convolution(inputs, outputs, 3, 2, generator), Norm(outputs, statistics),
                                  nn.ReLU(), Convolution(outputs, outputs, 3, 1, generator), Norm(outputs, statistics))
        self.around = nn.Sequential(nn.AvgPool2d(2, 2), Convolution(inputs, outputs, 1, 1, generator))

    def forward(self, x):
        return self.around(x) + self.path(x)


class PooledReduction(nn.Sequential):
    """digits201's: ReLU, average pooling to half the size (rounded up), 1x1 convolution, normalisation."""

    def __init__(self, inputs: int, outputs: int, statistics: str, generator: torch.Generator):
        super().__init__(nn.ReLU(), nn.AvgPool2d(2, 2, ceil_mode=True), Convolution(inputs, outputs, 1, 1, generator),
                         Norm(outputs, statistics))


REDUCTIONS = {"residual": ResidualReduction, "pooled": PooledReduction}


class CellSupernet(Supernet):
    """Stem, stages of `cells` cells each with a reduction between stages, normalisation, ReLU, mean over pixels, head.

    A batch is (images (n, inputs, h, w), labels (n,)); the loss is the cross-entropy. All cells follow one draw.

    Parameters
    ----------
    space: nodes and operations of the cell (see `operations.operation` for names); with or without "none".
    widths: channels of each stage. cells: cells per stage. stem: size of the first convolution.
    reduction: "residual" or "pooled". statistics: "batch" or "running", see MixedCell. seed: of the weights.
    channels_last: the memory layout; 1.5 times faster on CPU, the same numbers.
    """

    def __init__(self, space: CellSpace, widths: Sequence[int], cells: int, *, stem: int = 3, inputs: int = 3,
                 classes: int = 10, reduction: str = "residual", statistics: str = "batch", seed: int = 0,
                 channels_last: bool = True):
        super().__init__()
        for name, value, least in (("cells", cells, 1), ("stem", stem, 1), ("inputs", inputs, 1), ("seed", seed, 0),
                                   ("classes", classes, 2), *(("widths", width, 1) for width in widths)):
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise SettingError(f"{name}={value!r}: expected a whole number of at least {least}")
        if not len(widths):
            raise SettingError("widths is empty: expected the channels of each stage")
        if not isinstance(space, CellSpace):
            raise SettingError(f"space={space!r}: expected a CellSpace")
        for name, value, allowed in (("reduction", reduction, REDUCTIONS), ("statistics", statistics, STATISTICS)):
            if value not in allowed:
                raise SettingError(f"{name}={value!r}: expected one of {', '.join(allowed)}")
        self.space = space
        zero = space.ops.index("none") if "none" in space.ops else None
        self.choices = Choices(len(space.pairs), space.ops, zero)
        self.settings = {"ops": list(space.ops), "nodes": space.nodes, "widths": list(widths), "cells": cells,
                         "stem": stem, "inputs": inputs, "classes": classes, "reduction": reduction,
                         "statistics": statistics, "seed": seed, "channels_last": channels_last}
        generator = torch.Generator().manual_seed(seed)
        self.layout = torch.channels_last if channels_last else torch.contiguous_format
        self.stem = nn.Sequential(Convolution(inputs, widths[0], stem, 1, generator), Norm(widths[0], statistics))
        self.stages = nn.ModuleList(nn.ModuleList(MixedCell(space, width, statistics, generator) for _ in range(cells))
                                    for width in widths)
        self.reductions = nn.ModuleList(REDUCTIONS[reduction](a, b, statistics, generator)
                                        for a, b in zip(widths, widths[1:], strict=False))
        self.last = Norm(widths[-1], statistics)
        self.head = nn.Linear(widths[-1], classes)
        with torch.no_grad():
            self.head.weight.copy_(torch.randn(classes, widths[-1], generator=generator) / math.sqrt(widths[-1]))
            self.head.bias.zero_()
        self.to(memory_format=self.layout)

    def forward(self, images: torch.Tensor, draw: Draw) -> torch.Tensor:
        """Logits (n, classes)."""
        if tuple(draw.weights.shape) != (self.choices.edges, len(self.choices.ops)):
            raise SettingError(f"the draw's weights have shape {tuple(draw.weights.shape)}: expected "
                               f"{(self.choices.edges, len(self.choices.ops))}")
        gradient = draw.weights.requires_grad and torch.is_grad_enabled()
        values = draw.weights.detach().tolist()
        plain = [[not gradient and w == 1.0 for w in row] for row in values]
        active = [[j for j in ops if gradient or row[j] != 0] for ops, row in zip(draw.active, values, strict=True)]
        weights = draw.weights.to(images.device)
        constants = gradient and getattr(draw, "constants", False)
        x = self.stem(images.contiguous(memory_format=self.layout))
        for number, stage in enumerate(self.stages):
            if number:
                x = self.reductions[number - 1](x)
            for cell in stage:
                x = cell(x, weights, active, plain, constants)
        return self.head(F.relu(self.last(x)).mean((2, 3)))

    def loss(self, batch, draw: Draw) -> torch.Tensor:
        images, labels = batch
        return F.cross_entropy(self(images, draw).float(), labels)

    @torch.no_grad()
    def measures(self, batch, draw: Draw) -> dict[str, float]:
        """{"loss": cross-entropy, "accuracy": percent} in evaluation mode."""
        images, labels = batch
        with _evaluating(self):
            logits = self(images, draw).float()
        return {"loss": float(F.cross_entropy(logits, labels)),
                "accuracy": 100 * float((logits.argmax(1) == labels).float().mean())}


@contextmanager
def _evaluating(module: nn.Module):
    training = module.training
    module.eval()
    try:
        yield
    finally:
        module.train(training)


def nasbench201_supernet(channels: int = 16, cells: int = 5, classes: int = 10, space: CellSpace | None = None,
                         **options) -> CellSupernet:
    """NAS-Bench-201's skeleton: 3x3 stem, three stages of `cells` cells with channels, 2 and 4 times as many.

    `space` is the cell's (default: all of NAS-Bench-201's operations); Section 5.2 searches `without_none()`.
    """
    return CellSupernet(space or NASBench201(), (channels, 2 * channels, 4 * channels), cells, classes=classes,
                        **options)


def digits201_supernet(widths: Sequence[int] | None = None, space: CellSpace | None = None, **options) -> CellSupernet:
    """The skeleton on which digits201's cells were trained: 1x1 stem, one cell per stage, pooled reductions.

    Stem and reductions are blind to space: only the cell can look around. `widths`: by default those of the table.
    """
    if widths is None:
        from ..benchmarks.digits201_training import RECIPE

        widths = RECIPE.widths
    return CellSupernet(space or NASBench201(), widths, 1, stem=1, inputs=1, reduction="pooled", **options)


def without_none(space: CellSpace | None = None) -> CellSpace:
    """The same cells without the operation "none" (Section 5.2 removes it)."""
    space = space or NASBench201()
    return CellSpace(space.nodes, tuple(op for op in space.ops if op != "none"), f"{space.name}-without-none")
