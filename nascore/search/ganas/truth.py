"""The truth set: which of the evaluated architectures the generator should imitate (GA-NAS Algorithm 1, step 3)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nascore import checks
from nascore.errors import SettingError

Row = tuple[float, ...]


class TopK:
    """The k best architectures; with `feasible` (row -> bool) only those that satisfy a hard constraint (Section
    4.2)."""

    def __init__(self, k: int, feasible: Callable[[Row], bool] | None = None):
        if feasible is not None and not callable(feasible):
            raise SettingError(f"feasible={checks.shown(feasible)}: expected a callable row -> bool, or None")
        self.k, self.feasible = checks.whole("k", k, 2), feasible

    def __repr__(self) -> str:  # what a constraint allows cannot be told by looking at it
        return f"TopK({self.k}{'' if self.feasible is None else ', feasible=...'})"

    def select(self, rows: Sequence[Row], rng) -> list[int]:
        """Indices into `rows`; ties are ordered at random, as the paper's rankings are."""
        good = [i for i, row in enumerate(rows) if row[0] == row[0] and (self.feasible is None or self.feasible(row))]
        luck = rng.random(len(good))
        return [good[i] for i in sorted(range(len(good)), key=lambda i: (-rows[good[i]][0], luck[i]))[: self.k]]

    def levels(self, rows: Sequence[Row]) -> list[float]:
        """How good each row is, larger is better: its value, and -inf where it failed or violates the constraint."""
        good = (row[0] == row[0] and (self.feasible is None or self.feasible(row)) for row in rows)
        return [row[0] if fine else -np.inf for row, fine in zip(rows, good, strict=True)]


class ParetoFronts:
    """The first `fronts` Pareto fronts, peeled off one after the other (Appendix, "Pareto Front Search").

    `minimize` says which entries of a row are costs; by default all but the first.
    """

    def __init__(self, fronts: int = 4, minimize: Sequence[int] | None = None):
        self.fronts = checks.whole("fronts", fronts, 1)
        if minimize is not None and not isinstance(minimize, (list, tuple, set, frozenset, range, np.ndarray)):
            raise SettingError(f"minimize={checks.shown(minimize)}: expected a list of entries of a row, or None")
        self.minimize = None if minimize is None else {checks.whole("minimize", entry, 0) for entry in minimize}

    def __repr__(self) -> str:
        return f"ParetoFronts({self.fronts}{'' if self.minimize is None else f', minimize={sorted(self.minimize)}'})"

    def select(self, rows: Sequence[Row], rng) -> list[int]:
        good = [i for i, row in enumerate(rows) if row[0] == row[0]]
        if not good:
            return []
        points = np.array([list(rows[i]) for i in good], float)
        if points.ndim != 2 or points.shape[1] < 2:
            raise SettingError("a Pareto truth set needs rows (value, cost, ...): use Oracle(costs=[...])")
        costs = self.minimize if self.minimize is not None else set(range(1, points.shape[1]))
        if costs and max(costs) >= points.shape[1]:
            raise SettingError(f"minimize={sorted(costs)}: the rows have the entries 0 to {points.shape[1] - 1}")
        points = points * [1.0 if i in costs else -1.0 for i in range(points.shape[1])]
        left = np.flatnonzero(~np.isnan(points).any(1))
        chosen: list[int] = []
        for _ in range(self.fronts):
            if not len(left):
                break
            front = pareto_front(points[left])
            chosen += [good[i] for i in left[front]]
            left = np.delete(left, front)
        return chosen


def identity_of(truth_set: Any) -> str:
    """A truth set in words, as saved searches compare it; SettingError for what is none."""
    if isinstance(truth_set, type) or not callable(getattr(truth_set, "select", None)):
        raise SettingError(
            f"truth_set={checks.shown(truth_set)}: expected TopK(...), ParetoFronts(...), or an object with "
            "select(rows, rng)"
        )
    known = isinstance(truth_set, (TopK, ParetoFronts))
    return repr(truth_set) if known else type(truth_set).__name__


def pareto_front(points: np.ndarray) -> np.ndarray:
    """Indices of the points (n, objectives; smaller is better) that no other point dominates, in O(n log n) for two
    objectives; equal points all belong to the front."""
    order = np.lexsort(points.T[::-1])
    ranked = points[order]
    if points.shape[1] == 2:
        best_before = np.minimum.accumulate(np.concatenate([[np.inf], ranked[:-1, 1]]))
        keep = ranked[:, 1] < best_before
        equal = np.concatenate([[False], (ranked[1:] == ranked[:-1]).all(1)])
        for i in np.flatnonzero(equal):  # a copy of a front point is not dominated by it
            keep[i] = keep[i - 1]
        return np.sort(order[keep])
    front: list[int] = []
    for i in order:
        if not any((points[j] <= points[i]).all() and (points[j] < points[i]).any() for j in front):
            front.append(int(i))
    return np.sort(np.array(front))
