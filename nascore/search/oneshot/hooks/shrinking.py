"""Progressive shrinking: fewer operations per edge as the search goes on (DrNAS, Section 3.2 of the thesis)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch

from nascore import checks
from nascore.errors import SettingError
from nascore.search.oneshot.hooks.base import Hook

if TYPE_CHECKING:
    from nascore.search.oneshot.run import Run


class ProgressiveShrinking(Hook):
    """Before the epochs that `at` names (from 0) every edge keeps its best operations by the strategy's scores.

    at: epoch -> how many operations of an edge stay, such as {50: 3} (DrNAS on NAS-Bench-201: 5 to 3 after half of 100
    epochs). Of equal scores the first operations stay. Edges that have fewer keep what they have.
    """

    def __init__(self, at: Mapping[int, int]):
        if not isinstance(at, Mapping) or not at:
            raise SettingError(f"at={checks.shown(at)}: expected epochs and numbers of operations, such as {{50: 3}}")
        pairs = [(checks.whole("epoch", epoch, 0), checks.whole("operations", kept, 1)) for epoch, kept in at.items()]
        self.at = dict(sorted(pairs))
        counts = list(self.at.values())
        if counts != sorted(counts, reverse=True):
            raise SettingError(
                f"at={checks.shown(at)}: operations that left do not come back; expected falling numbers"
            )

    def before_epoch(self, run: Run) -> None:
        if run.epoch in self.at:
            run.strategy.restrict(best(run.strategy.scores(), self.at[run.epoch]))


def best(scores: torch.Tensor, count: int) -> torch.Tensor:
    """The `count` best operations of each edge, bool (edges, ops)."""
    order = torch.sort(scores, dim=1, descending=True, stable=True).indices[:, :count]
    return torch.zeros_like(scores, dtype=torch.bool).scatter(1, order, True)
