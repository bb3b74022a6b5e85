"""The network around the cells: stem, stages with reductions between them, and the head."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Collection, Sequence

import torch
import torch.nn.functional as F
from torch import nn

from nascore import checks
from nascore.errors import SettingError
from nascore.networks.ops.layers import STATISTICS, Convolution, Norm, odd


class ResidualReduction(nn.Module):
    """NAS-Bench-201's basic block of stride 2: two ReLU-convolution-normalisation, and a pooled 1x1 path around.

    Both paths halve the image and round up, so that images of every size fit."""

    def __init__(self, inputs: int, outputs: int, statistics: str, generator: torch.Generator):
        super().__init__()
        self.path = nn.Sequential(
            nn.ReLU(),
            Convolution(inputs, outputs, 3, 2, generator),
            Norm(outputs, statistics),
            nn.ReLU(),
            Convolution(outputs, outputs, 3, 1, generator),
            Norm(outputs, statistics),
        )
        self.around = nn.Sequential(nn.AvgPool2d(2, 2, ceil_mode=True), Convolution(inputs, outputs, 1, 1, generator))

    def forward(self, x):
        return self.around(x) + self.path(x)


class PooledReduction(nn.Sequential):
    """digits201's: ReLU, average pooling to half the size (rounded up), 1x1 convolution, normalisation."""

    def __init__(self, inputs: int, outputs: int, statistics: str, generator: torch.Generator):
        super().__init__(
            nn.ReLU(),
            nn.AvgPool2d(2, 2, ceil_mode=True),
            Convolution(inputs, outputs, 1, 1, generator),
            Norm(outputs, statistics),
        )


REDUCTIONS = {"residual": ResidualReduction, "pooled": PooledReduction}


class StackedCells(nn.Module):
    """Stem, stages of `cells` cells each with a reduction between stages, normalisation, ReLU, mean over pixels, head.

    `make_cell(width, generator)` gives a cell with `width` channels in and out; further arguments of `stacked` go to
    every cell. Images (n, inputs, h, w), logits (n, classes).

    Parameters
    ----------
    widths: channels of each stage. cells: cells per stage. stem: size of the first convolution.
    reduction: "residual" or "pooled". statistics: "batch" or "running", see Norm. seed: of the weights.
    channels_last: the memory layout; 1.5 times faster on CPU, the same numbers.
    """

    def __init__(
        self,
        make_cell: Callable[[int, torch.Generator], nn.Module],
        widths: Sequence[int],
        cells: int,
        *,
        stem: int = 3,
        inputs: int = 3,
        classes: int = 10,
        reduction: str = "residual",
        statistics: str = "batch",
        seed: int = 0,
        channels_last: bool = True,
    ):
        super().__init__()
        cells, stem = checks.whole("cells", cells, 1), odd("stem", stem)
        if not callable(make_cell):
            raise SettingError(f"make_cell={checks.shown(make_cell)}: expected a function of a width and a generator")
        inputs, classes = checks.whole("inputs", inputs, 1), checks.whole("classes", classes, 2)
        seed, channels_last = checks.seed(seed), checks.flag("channels_last", channels_last)
        widths = [checks.whole("widths", width, 1) for width in checks.listed("widths", widths, "(16, 32, 64)")]
        if not widths:
            raise SettingError("widths is empty: expected the channels of each stage")
        checks.one_of("reduction", reduction, tuple(REDUCTIONS))
        checks.one_of("statistics", statistics, STATISTICS)
        self.skeleton = {
            "widths": widths,
            "cells": cells,
            "stem": stem,
            "inputs": inputs,
            "classes": classes,
            "reduction": reduction,
            "statistics": statistics,
            "seed": seed,
            "channels_last": channels_last,
        }
        generator = torch.Generator().manual_seed(seed)
        self.layout = torch.channels_last if channels_last else torch.contiguous_format
        self.stem = nn.Sequential(Convolution(inputs, widths[0], stem, 1, generator), Norm(widths[0], statistics))
        self.stages = nn.ModuleList(
            nn.ModuleList(make_cell(width, generator) for _ in range(cells)) for width in widths
        )
        self.reductions = nn.ModuleList(
            REDUCTIONS[reduction](a, b, statistics, generator) for a, b in zip(widths, widths[1:], strict=False)
        )
        self.last = Norm(widths[-1], statistics)
        self.head = nn.Linear(widths[-1], classes)
        with torch.no_grad():
            self.head.weight.copy_(torch.randn(classes, widths[-1], generator=generator) / math.sqrt(widths[-1]))
            self.head.bias.zero_()
        self.to(memory_format=self.layout)  # type: ignore[call-overload]  # torch's stubs do not know it

    def stacked(self, images: torch.Tensor, *cell_arguments) -> torch.Tensor:
        """Logits (n, classes)."""
        try:
            x = self._features(images, *cell_arguments)[-1]
            return self.head(F.relu(self.last(x)).mean((2, 3)))
        except (RuntimeError, ValueError, TypeError, AttributeError) as error:  # torch's words do not name the images
            raise self.images_problem(images) or error from None

    def features(self, images: torch.Tensor, *cell_arguments) -> tuple[torch.Tensor, ...]:
        """The output of each stage's last cell, first to last: (n, width, h, w), half the sides after each reduction;
        the logits are normalisation, ReLU, mean over pixels and head of the last."""
        try:
            return self._features(images, *cell_arguments)
        except (RuntimeError, ValueError, TypeError, AttributeError) as error:
            raise self.images_problem(images) or error from None

    def _features(self, images: torch.Tensor, *cell_arguments) -> tuple[torch.Tensor, ...]:
        x, found = self.stem(images.contiguous(memory_format=self.layout)), []
        for number, stage in enumerate(self.stages):
            if number:
                x = self.reductions[number - 1](x)
            for cell in stage:  # type: ignore[attr-defined]  # a ModuleList
                x = cell(x, *cell_arguments)
            found.append(x)
        return tuple(found)

    def images_problem(self, images) -> SettingError | None:
        """What is wrong with a batch of images that the network could not take; None: nothing, the fault is another."""
        inputs, weight = self.skeleton["inputs"], self.head.weight
        if not isinstance(images, torch.Tensor):
            return SettingError(f"images: expected a tensor (n, {inputs}, h, w), not {type(images).__name__}")
        if images.dim() != 4 or images.shape[1] != inputs or 0 in images.shape:
            return SettingError(f"images of shape {tuple(images.shape)}: expected (n, {inputs}, h, w), none of them 0")
        if images.dtype != weight.dtype and not torch.is_autocast_enabled(images.device.type):
            return SettingError(f"images of {images.dtype}: the network computes in {weight.dtype}")
        if images.device != weight.device:
            return SettingError(f"images on {images.device}: the network is on {weight.device}")
        side = 2 ** len(self.reductions)
        if self.training and len(images) == 1 and max(images.shape[2:]) <= side:
            return SettingError(
                "a batch of one image, which the reductions make a single pixel: normalisation in training needs more"
            )
        return None

    def __repr__(self) -> str:
        """One line; `str` and `print` show torch's tree of modules."""
        return f"<{type(self).__name__}{self.summary()}, {parameters_text(self)}>"

    def summary(self) -> str:
        """What it is made of, for `repr`."""
        shown = self.skeleton
        return f": {shown['cells']} cells in each stage of {shown['widths']} channels, {shown['classes']} classes"

    def __str__(self) -> str:
        return nn.Module.__repr__(self)


def parameters_text(network: nn.Module) -> str:
    """How many parameters can be trained, in words."""
    count = sum(each.numel() for each in network.parameters() if each.requires_grad)
    return f"{count:,} parameters"


_SIGNATURE = inspect.signature(StackedCells.__init__).parameters.values()
_OPTIONS = tuple(each.name for each in _SIGNATURE if each.kind is each.KEYWORD_ONLY)


def options(given: dict, but: Collection[str] = ()) -> dict:
    """`given`, if each is an option of StackedCells that the caller does not fix itself (`but`)."""
    known = [name for name in _OPTIONS if name not in but]
    for name in given:
        if name not in known:
            raise SettingError(f"{name}={checks.shown(given[name])}: unknown option{checks.suggest(name, known)}")
    return given
