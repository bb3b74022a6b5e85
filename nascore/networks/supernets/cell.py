"""Supernets made of stacked cells: NAS-Bench-201's skeleton, and the smaller one of digits201."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F

from nascore import checks
from nascore.errors import SettingError
from nascore.networks.cells.mixed import MixedCell
from nascore.networks.choices import Choices, Draw
from nascore.networks.skeletons import StackedCells
from nascore.networks.skeletons import options as skeleton_options
from nascore.networks.supernets.base import Supernet, evaluating, pair
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
        skeleton_options(skeleton, but=("statistics",))

        def make_cell(width: int, generator: torch.Generator) -> MixedCell:
            return MixedCell(space, width, statistics, generator)

        super().__init__(make_cell, widths, cells, statistics=statistics, **skeleton)
        self.space = space
        zero = space.ops.index("none") if "none" in space.ops else None
        self.choices = Choices(len(space.pairs), space.ops, zero, None if space.uniform else space.allowed)
        self.settings = {**space.identity(), "nodes": space.nodes, **self.skeleton}

    def forward(self, images: torch.Tensor, draw: Draw) -> torch.Tensor:  # type: ignore[override]
        """Logits (n, classes)."""
        if tuple(draw.weights.shape) != (self.choices.edges, len(self.choices.ops)):
            raise SettingError(
                f"the draw's weights have shape {tuple(draw.weights.shape)}: expected "
                f"{(self.choices.edges, len(self.choices.ops))}"
            )
        if self.choices.allowed is not None:
            self._permit(draw)
        gradient = draw.weights.requires_grad and torch.is_grad_enabled()
        values = draw.weights.detach().tolist()
        plain = [[not gradient and w == 1.0 for w in row] for row in values]
        try:
            active = [[j for j in ops if gradient or row[j] != 0] for ops, row in zip(draw.active, values, strict=True)]
        except (IndexError, TypeError, ValueError):
            raise SettingError(
                f"active={checks.shown(draw.active)}: expected for each of {self.choices.edges} edges some numbers "
                f"from 0 to {len(self.choices.ops) - 1}"
            ) from None
        return self.logits(images, draw.weights.to(images.device), active, plain, gradient and draw.constants)

    def loss(self, batch, draw: Draw) -> torch.Tensor:
        images, labels = pair(batch)
        logits = _full(self(images, draw))
        try:
            return F.cross_entropy(logits, labels)
        except (RuntimeError, IndexError, ValueError, TypeError) as error:  # torch's words do not name the labels
            raise self._labels_problem(logits, labels) or error from None

    def _labels_problem(self, logits: torch.Tensor, labels) -> SettingError | None:
        classes = len(self.head.bias)
        if not isinstance(labels, torch.Tensor) or labels.dtype != torch.long or labels.shape != logits.shape[:1]:
            what = f"{tuple(labels.shape)} of {labels.dtype}" if isinstance(labels, torch.Tensor) else type(labels)
            return SettingError(f"labels {what}: expected ({len(logits)},) of torch.int64")
        low, high = int(labels.min()), int(labels.max())
        if low < 0 or high >= classes:
            return SettingError(f"labels from {low} to {high}: the network has classes 0 to {classes - 1}")
        return None

    def _permit(self, draw: Draw) -> None:
        """SettingError where an edge shall compute what the space does not allow there."""
        for edge, (active, allowed) in enumerate(zip(draw.active, self.choices.allowed or (), strict=True)):
            for op in active:
                if op not in allowed:
                    raise SettingError(
                        f"the draw has operation {op} on edge {edge}, where the space allows {list(allowed)}"
                    )

    def summary(self) -> str:
        shown = self.skeleton
        return f" on {self.space.name}, {shown['cells']} cells in each stage of {shown['widths']} channels"

    def __repr__(self) -> str:
        return Supernet.__repr__(self)

    @torch.no_grad()
    def measures(self, batch, draw: Draw) -> dict[str, float]:
        """{"loss": cross-entropy, "accuracy": percent} in evaluation mode."""
        images, labels = pair(batch)
        with evaluating(self):
            logits = _full(self(images, draw))
        try:
            loss = float(F.cross_entropy(logits, labels))
        except (RuntimeError, IndexError, ValueError, TypeError) as error:
            raise self._labels_problem(logits, labels) or error from None
        return {
            "loss": loss,
            "accuracy": 100 * float((logits.argmax(1) == labels).float().mean()),
        }


def _full(logits: torch.Tensor) -> torch.Tensor:
    """bfloat16 logits in float32; others as they are (float64 must stay float64)."""
    return logits.float() if logits.dtype in (torch.bfloat16, torch.float16) else logits


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
