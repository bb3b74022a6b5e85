"""How much an operation contributes to a supernet: what is lost where it is taken out (Section 3.1.1 of the thesis)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

import torch

from nascore import checks
from nascore.errors import SettingError
from nascore.networks.choices import Draw
from nascore.search.oneshot.moving import on

if TYPE_CHECKING:
    from nascore.search.oneshot.run import Run

T = TypeVar("T")
CRITERIA = {"accuracy": 1.0, "loss": -1.0}  # by what sign higher is better


class Strength:
    """Measures a supernet on fixed batches, as it is and without single operations; higher is better.

    run: of a search; the mixture is that of its strategy's probabilities over the live operations. batches: equally
    large ones. criterion: "accuracy" (percent) or "loss" (its negative), of those that the supernet measures, in
    evaluation mode: with the batch's own statistics where the supernet was made so, as in the authors' code.
    """

    def __init__(self, run: Run, batches: Sequence, criterion: str = "accuracy"):
        self.run, self.criterion = run, checks.one_of("criterion", criterion, tuple(CRITERIA))
        self.batches = [on(batch, run.device) for batch in checks.listed("batches", batches, "a list of batches")]
        if not self.batches:
            raise SettingError("batches is empty: expected at least one")

    @classmethod
    def on_first(cls, run: Run, data, batches: int | None, criterion: str = "accuracy") -> Strength:
        """Measured on the first `batches` of `data.val(0)` (None: on all)."""
        return cls(run, list(islice(data.val(0), batches)), criterion)

    def mixture(self) -> Draw:
        """All live operations, weighed by their probabilities."""
        live = self.run.strategy.live
        active = tuple(tuple(row.nonzero().flatten().tolist()) for row in live)
        return Draw(self.run.strategy.probabilities().masked_fill(~live, 0.0), active)

    def value(self, draw: Draw) -> float:
        """The mean over the batches, higher is better; SettingError where the supernet has no such measure."""
        found = [self.run.supernet.measures(batch, draw) for batch in self.batches]
        if self.criterion not in found[0]:
            name = type(self.run.supernet).__name__
            raise SettingError(f"criterion={self.criterion!r}: {name} measures {', '.join(found[0])}")
        return CRITERIA[self.criterion] * sum(each[self.criterion] for each in found) / len(found)

    def without(self, edge: int, whole: float | None = None) -> dict[int, float]:
        """Live operation of `edge` -> value of the mixture without it; the other weights stay as they are. Without
        "none", which adds nothing, it is that of the mixture itself: `whole`, where it is known."""
        mixture, zero = self.mixture(), self.run.supernet.choices.zero
        return {
            op: (self.value(mixture) if whole is None else whole)
            if op == zero
            else self.value(removed(mixture, edge, op))
            for op in mixture.active[edge]
        }

    def without_edge(self, edge: int) -> float:
        """Value of the mixture without all operations of an edge."""
        draw = self.mixture()
        weights = draw.weights.clone()
        weights[edge] = 0.0
        return self.value(Draw(weights, (*draw.active[:edge], (), *draw.active[edge + 1 :])))

    def strongest(self, edge: int, whole: float | None = None) -> tuple[int, dict[int, float]]:
        """The live operation of `edge` that is missed most (of equal ones the first), and all of `without`."""
        found = self.without(edge, whole) if int(self.run.strategy.live[edge].sum()) > 1 else {}
        if not found:
            return int(self.run.strategy.live[edge].nonzero()[0]), found
        return min(found, key=lambda op: (found[op], op)), found


def removed(draw: Draw, edge: int, op: int) -> Draw:
    """The draw without one operation; no other weight changes."""
    weights = draw.weights.clone()
    weights[edge, op] = 0.0
    left = tuple(each for each in draw.active[edge] if each != op)
    return Draw(weights, (*draw.active[:edge], left, *draw.active[edge + 1 :]))


def discretised(
    run: Run, edge: int, op: int, data, tune_steps: int, rate: float, batches: Sequence, criterion: str = "accuracy"
) -> float:
    """Discretisation accuracy at convergence (Section 2.3.1): the value of the supernet after `edge` has kept `op` only
    and everything else has been trained on for `tune_steps` steps at the learning rate `rate`. The run is afterwards
    as it was."""
    from nascore.search.oneshot.hooks.snapshots import kept

    tune_steps = checks.whole("tune_steps", tune_steps, 0)
    with kept(run):
        run.strategy.keep(edge, op)
        if tune_steps:
            run.train_weights(tune_steps, data, rate, architecture=True)
        strength = Strength(run, batches, criterion)
        return strength.value(strength.mixture())


def undecided(run: Run) -> list[int]:
    """Edges with more than one live operation."""
    return (run.strategy.live.sum(1) > 1).nonzero().flatten().tolist()


def first_learning_rate(run: Run) -> float:
    """Of the weights, before any schedule; SettingError where nothing of the supernet is trained."""
    if not run.weights.rates:
        raise SettingError(f"{type(run.supernet).__name__} has no trainable parameters: expected tune_steps=0")
    return run.weights.rates[0]


def shuffled(edges: Sequence[T], seed: int) -> list[T]:
    """The edges (or sets of edges) in a random order."""
    order = torch.randperm(len(edges), generator=torch.Generator().manual_seed(seed))
    return [edges[place] for place in order.tolist()]
