"""The network around the cells: stem, stages with reductions between them, and the head."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterable, Sequence

import torch
import torch.nn.functional as F
from torch import nn

from nascore import checks
from nascore.errors import SettingError
from nascore.networks.image import ImageNetwork
from nascore.networks.ops.layers import Convolution, Norm, odd


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


class StackedCells(ImageNetwork):
    """Stem, stages of `cells` cells each with a reduction between stages, normalisation, ReLU, mean over pixels, head.

    `make_cell(width, generator)` gives a cell with `width` channels in and out; further arguments of `logits` and
    `features` go to every cell.

    Parameters
    ----------
    widths: channels of each stage. cells: cells per stage. stem: size of the first convolution.
    reduction: "residual" or "pooled". All others: see ImageNetwork.
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
        super().__init__(inputs=inputs, classes=classes, statistics=statistics, seed=seed, channels_last=channels_last)
        cells, stem = checks.whole("cells", cells, 1), odd("stem", stem)
        if not callable(make_cell):
            raise SettingError(f"make_cell={checks.shown(make_cell)}: expected a function of a width and a generator")
        widths = [checks.whole("widths", width, 1) for width in checks.listed("widths", widths, "(16, 32, 64)")]
        if not widths:
            raise SettingError("widths is empty: expected the channels of each stage")
        checks.one_of("reduction", reduction, tuple(REDUCTIONS))
        self.skeleton = {
            "widths": widths,
            "cells": cells,
            "stem": stem,
            "inputs": self.inputs,
            "classes": self.classes,
            "reduction": reduction,
            "statistics": self.statistics,
            "seed": self.seed,
            "channels_last": self.channels_last,
        }
        self.halvings, generator = len(widths) - 1, self.generator()
        self.stem = nn.Sequential(Convolution(self.inputs, widths[0], stem, 1, generator), Norm(widths[0], statistics))
        self.stages = nn.ModuleList(
            nn.ModuleList(make_cell(width, generator) for _ in range(cells)) for width in widths
        )
        self.reductions = nn.ModuleList(
            REDUCTIONS[reduction](a, b, statistics, generator) for a, b in zip(widths, widths[1:], strict=False)
        )
        self.last = Norm(widths[-1], statistics)
        self.finish(widths[-1], generator)

    def _features(self, images: torch.Tensor, *cell_arguments) -> tuple[torch.Tensor, ...]:
        return self.through(self.stages, images, *cell_arguments)  # type: ignore[arg-type]  # of ModuleLists

    def through(
        self, stages: Iterable[Iterable[Callable]], images: torch.Tensor, *cell_arguments
    ) -> tuple[torch.Tensor, ...]:
        """`features` with other cells in place of the network's own: a list for each stage."""
        x, found = self.stem(images.contiguous(memory_format=self.layout)), []
        for number, stage in enumerate(stages):
            if number:
                x = self.reductions[number - 1](x)
            for cell in stage:
                x = cell(x, *cell_arguments)
            found.append(x)
        return tuple(found)

    def classify(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(F.relu(self.last(x)).mean((2, 3)))

    def summary(self) -> str:
        shown = self.skeleton
        return f": {shown['cells']} cells in each stage of {shown['widths']} channels, {shown['classes']} classes"


_SIGNATURE = inspect.signature(StackedCells.__init__).parameters.values()
_OPTIONS = tuple(each.name for each in _SIGNATURE if each.kind is each.KEYWORD_ONLY)


def options(given: dict, but: Collection[str] = ()) -> dict:
    """`given`, if each is an option of StackedCells that the caller does not fix itself (`but`)."""
    known = [name for name in _OPTIONS if name not in but]
    for name in given:
        if name not in known:
            raise SettingError(f"{name}={checks.shown(given[name])}: unknown option{checks.suggest(name, known)}")
    return given
