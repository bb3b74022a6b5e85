"""Supernets made of stacked cells: NAS-Bench-201's skeleton, and the smaller one of digits201."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from nascore import checks
from nascore.errors import SettingError
from nascore.networks.cells.mixed import MixedCell
from nascore.networks.choices import Choices
from nascore.networks.skeletons import StackedCells
from nascore.networks.skeletons import options as skeleton_options
from nascore.networks.supernets.images import ImageSupernet
from nascore.spaces.cell import CellSpace
from nascore.spaces.nasbench201 import NASBench201

DIGITS201_WIDTHS = (8, 16)  # channels of the two stages of digits201's networks


class CellSupernet(ImageSupernet, StackedCells):
    """Stacked cells that all follow one draw, see ImageSupernet.

    Parameters
    ----------
    space: nodes and operations of the cell (see `nascore.networks.ops` for names); with or without "none".
    widths, cells and all others: see StackedCells.
    """

    def __init__(self, space: CellSpace, widths: Sequence[int], cells: int, *, statistics: str = "batch", **skeleton):
        checks.instance("space", space, CellSpace, "a CellSpace")
        skeleton_options(skeleton, but=("statistics",))

        def make_cell(width: int, generator: torch.Generator) -> MixedCell:
            return MixedCell(space, width, statistics, generator)

        super().__init__(make_cell, widths, cells, statistics=statistics, **skeleton)
        self.space = space
        zero = space.ops.index("none") if "none" in space.ops else None
        self.choices = Choices(len(space.pairs), space.ops, zero, None if space.uniform else space.allowed)
        self.settings = {**space.identity(), "nodes": space.nodes, **self.skeleton}

    def summary(self) -> str:
        shown = self.skeleton
        return f" on {self.space.name}, {shown['cells']} cells in each stage of {shown['widths']} channels"


def nasbench201_supernet(
    channels: int = 16, cells: int = 5, classes: int = 10, space: CellSpace | None = None, **options
) -> CellSupernet:
    """NAS-Bench-201's skeleton: 3x3 stem, three stages of `cells` cells with channels, 2 and 4 times as many.

    `space` is the cell's (default: all of NAS-Bench-201's operations); AdvantageNAS searches `without_none()`.
    """
    channels = checks.whole("channels", channels, 1)
    widths = (channels, 2 * channels, 4 * channels)
    skeleton_options(options, but=("classes",))
    return CellSupernet(NASBench201() if space is None else space, widths, cells, classes=classes, **options)


def digits201_supernet(
    widths: Sequence[int] = DIGITS201_WIDTHS, space: CellSpace | None = None, **options
) -> CellSupernet:
    """The skeleton on which digits201's cells were trained: 1x1 stem, one cell per stage, pooled reductions.

    Stem and reductions are blind to space: only the cell can look around. `widths`: by default those of the table.
    """
    skeleton_options(options, but=("stem", "inputs", "reduction"))
    space = NASBench201() if space is None else space
    return CellSupernet(space, widths, 1, stem=1, inputs=1, reduction="pooled", **options)


def without_none(space: CellSpace | None = None) -> CellSpace:
    """The same cells without the operation "none" (AdvantageNAS, Section 5.2, removes it): each edge keeps the others
    that it may hold. SettingError where an edge keeps nothing."""
    space = NASBench201() if space is None else checks.instance("space", space, CellSpace, "a CellSpace")
    allowed = [[space.ops[op] for op in row if space.ops[op] != "none"] for row in space.allowed]
    for edge, row in enumerate(allowed):
        if not row:
            raise SettingError(f"space={space.name}: edge {edge} allows nothing but none")
    ops = tuple(op for op in space.ops if op != "none")
    return CellSpace(space.nodes, ops, f"{space.name}-without-none", None if space.uniform else allowed)
