"""Supernets made of stacked cells: NAS-Bench-201's skeleton, and the smaller one of digits201."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import nn

from nascore import checks
from nascore.errors import SettingError
from nascore.networks.cells.mixed import MixedCell
from nascore.networks.choices import Choices, Draw
from nascore.networks.skeletons import StackedCells
from nascore.networks.supernets.base import Supernet
from nascore.spaces.cell import CellSpace
from nascore.spaces.nasbench201 import NASBench201

DIGITS201_WIDTHS = (8, 16)  # channels of the two stages of digits201's networks


class CellSupernet(StackedCells, Supernet):
    """Stacked cells that all follow one draw.

    A batch is (images (n, inputs, h, w), labels (n,)); the loss is the cross-entropy.

    Parameters
    ----------
    space: nodes and operations of the cell (see `nascore.networks.ops` for names); with or without "none".
    widths, cells and all others: see StackedCells.
    """

    def __init__(self, space: CellSpace, widths: Sequence[int], cells: int, *, statistics: str = "batch", **skeleton):
        checks.instance("space", space, CellSpace, "a CellSpace")

        def make_cell(width: int, generator: torch.Generator) -> MixedCell:
            return MixedCell(space, width, statistics, generator)

        super().__init__(make_cell, widths, cells, statistics=statistics, **skeleton)
        self.space = space
        zero = space.ops.index("none") if "none" in space.ops else None
        self.choices = Choices(len(space.pairs), space.ops, zero, None if space.uniform else space.allowed)
        self.settings = {**space.identity(), "nodes": space.nodes, **self.skeleton}

    def forward(self, images: torch.Tensor, draw: Draw) -> torch.Tensor:
        """Logits (n, classes)."""
        if tuple(draw.weights.shape) != (self.choices.edges, len(self.choices.ops)):
            raise SettingError(
                f"the draw's weights have shape {tuple(draw.weights.shape)}: expected "
                f"{(self.choices.edges, len(self.choices.ops))}"
            )
        gradient = draw.weights.requires_grad and torch.is_grad_enabled()
        values = draw.weights.detach().tolist()
        plain = [[not gradient and w == 1.0 for w in row] for row in values]
        active = [[j for j in ops if gradient or row[j] != 0] for ops, row in zip(draw.active, values, strict=True)]
        return self.stacked(images, draw.weights.to(images.device), active, plain, gradient and draw.constants)

    def loss(self, batch, draw: Draw) -> torch.Tensor:
        images, labels = batch
        return F.cross_entropy(_full(self(images, draw)), labels)

    @torch.no_grad()
    def measures(self, batch, draw: Draw) -> dict[str, float]:
        """{"loss": cross-entropy, "accuracy": percent} in evaluation mode."""
        images, labels = batch
        with _evaluating(self):
            logits = _full(self(images, draw))
        return {
            "loss": float(F.cross_entropy(logits, labels)),
            "accuracy": 100 * float((logits.argmax(1) == labels).float().mean()),
        }


def _full(logits: torch.Tensor) -> torch.Tensor:
    """bfloat16 logits in float32; others as they are (float64 must stay float64)."""
    return logits.float() if logits.dtype in (torch.bfloat16, torch.float16) else logits


@contextmanager
def _evaluating(module: nn.Module) -> Iterator[None]:
    training = module.training
    module.eval()
    try:
        yield
    finally:
        module.train(training)


def nasbench201_supernet(
    channels: int = 16, cells: int = 5, classes: int = 10, space: CellSpace | None = None, **options
) -> CellSupernet:
    """NAS-Bench-201's skeleton: 3x3 stem, three stages of `cells` cells with channels, 2 and 4 times as many.

    `space` is the cell's (default: all of NAS-Bench-201's operations); AdvantageNAS searches `without_none()`.
    """
    channels = checks.whole("channels", channels, 1)
    widths = (channels, 2 * channels, 4 * channels)
    return CellSupernet(space or NASBench201(), widths, cells, classes=classes, **options)


def digits201_supernet(
    widths: Sequence[int] = DIGITS201_WIDTHS, space: CellSpace | None = None, **options
) -> CellSupernet:
    """The skeleton on which digits201's cells were trained: 1x1 stem, one cell per stage, pooled reductions.

    Stem and reductions are blind to space: only the cell can look around. `widths`: by default those of the table.
    """
    return CellSupernet(space or NASBench201(), widths, 1, stem=1, inputs=1, reduction="pooled", **options)


def without_none(space: CellSpace | None = None) -> CellSpace:
    """The same cells without the operation "none" (AdvantageNAS, Section 5.2, removes it)."""
    space = space or NASBench201()
    return CellSpace(space.nodes, tuple(op for op in space.ops if op != "none"), f"{space.name}-without-none")
