"""SGAS (Li et al., 2020): DARTS that decides one edge after another, the surest one first."""

from __future__ import annotations

from nascore import checks
from nascore.errors import SettingError
from nascore.networks.choices import Choices
from nascore.search.oneshot.strategies import greedy
from nascore.search.oneshot.strategies.darts import DARTS

PERIODS, KEPT = 50, 4  # distributions are noted so often in a search (its epochs in print); so many are compared


class SGAS(DARTS):
    """Dense like DARTS, but as the search goes on edges are decided: the undecided one of the highest score keeps its
    most probable operation other than "none".

    The score is the product of certainty, of importance where "none" can be chosen, and with `criterion=2` of
    stability (see `greedy`), each scaled to [0, 1] over all edges. The first edge is decided when the share `warm_up`
    of the search is over (9 of 50 epochs in the authors' code), the last one `last` before the end, the others at
    equal distances between. `choose`, where it is set, names the operation for an edge instead (SGAS+PT).
    """

    def __init__(self, choices: Choices, *, criterion: int = 1, warm_up: float = 0.18, last: float = 0.1, **settings):
        super().__init__(choices, **settings)
        self.criterion = checks.one_of("criterion", criterion, (1, 2))
        self.warm_up, self.last = checks.number("warm_up", warm_up, 0, 1), checks.number("last", last, 0, 1)
        if self.warm_up + self.last > 1:
            raise SettingError(f"last={self.last:g}: expected at most 1 together with warm_up={self.warm_up:g}")
        self.settings |= {"criterion": self.criterion, "warm_up": self.warm_up, "last": self.last}
        self.choose = None
        self.edges = int((choices.mask().sum(1) > 1).sum())  # that there is something to decide on
        self._noted: list = []

    def undecided(self) -> list[int]:
        """Edges that have more than one live operation."""
        return (self.live.sum(1) > 1).nonzero().flatten().tolist()

    def due(self) -> int:
        """How many edges shall be decided by now."""
        period, over = (1 - self.warm_up - self.last) / max(1, self.edges - 1), self.progress - self.warm_up + 1e-9
        return 0 if over < 0 else min(self.edges, 1 + int(over / period) if period else self.edges)

    def decide(self) -> tuple[int, int]:
        """Decide one more edge; (edge, operation). SettingError where all are decided."""
        p, zero, left, choice = self.probabilities(), self.choices.zero, self.undecided(), self.scores()
        if not left:
            raise SettingError("every edge is decided")
        scores = greedy.normalised(greedy.certainty(p, zero))
        if zero is not None:
            scores, choice[:, zero] = scores * greedy.normalised(greedy.importance(p, zero)), -1.0
        if self.criterion == 2:
            scores = scores * greedy.normalised(greedy.stability(p, [each for _, each in self._noted]))
        edge = max(left, key=lambda each: float(scores[each]))
        op = int(choice[edge].argmax()) if self.choose is None else self.choose(edge)
        self.keep(edge, op)
        return edge, op

    def update(self, draws, losses, evaluate=None) -> None:
        super().update(draws, losses, evaluate)
        while self.edges - len(self.undecided()) < self.due():
            self.decide()
        if self.criterion == 2 and (not self._noted or self.progress >= self._noted[-1][0] + 1 / PERIODS):
            self._noted = [*self._noted, (self.progress, self.probabilities())][-KEPT:]

    def extra_state(self) -> dict:
        return {"noted": [list(each) for each in self._noted]}

    def load_extra_state(self, state) -> None:
        noted = [(checks.number("noted", progress, 0, 1), p) for progress, p in state["noted"]]
        if any(p.shape != self.theta.shape or not p.isfinite().all() for _, p in noted):
            raise SettingError(f"noted: expected distributions of shape {tuple(self.theta.shape)}")
        self._noted = noted
