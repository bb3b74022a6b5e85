"""REINFORCE with an independent distribution per decision, the policy-gradient baseline of the NAS-Bench-201 paper."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nascore import checks
from nascore.errors import SettingError
from nascore.search.base import Search, first
from nascore.search.state import array, decided, keys, mapping, sequence
from nascore.spaces.base import Arch, Space

_REJECTIONS = 10_000


class Reinforce(Search):
    """Samples each decision from its own softmax and follows the score-function gradient of the value (Williams, 1992).

    The advantage is the value less its moving average (`baseline_decay`); Adam with `learning_rate` makes the step
    independent of the unit of the values. Decisions that make no valid architecture (NAS-Bench-101) are drawn again.
    Failed evaluations change nothing. The policy may repeat itself, which the Oracle answers from its log; the search
    is done when it has settled, after `patience` answers in a row for architectures it already knew. The learning
    rate was chosen among 0.01, 0.02, 0.03 and 0.05 by NAS-Bench-201's 200-epoch validation accuracy, seeds 1000-1019.
    """

    def __init__(
        self,
        space: Space,
        *,
        seed: int = 0,
        learning_rate: float = 0.05,
        baseline_decay: float = 0.9,
        patience: int = 2000,
    ):
        super().__init__(space, seed=seed)
        self.learning_rate = checks.number("learning_rate", learning_rate, above=0)
        self.baseline_decay = checks.number("baseline_decay", baseline_decay, 0, below=1)
        self.patience, self._seen, self._repeats = checks.whole("patience", patience, 1), set(), 0
        self._decisions = space.decisions()
        sizes = self._decisions.sizes
        shape = (len(sizes), max(sizes))
        # logits of options that a decision does not have stay at -inf, so their probability is 0
        self._options = np.arange(shape[1]) < np.array(sizes)[:, None]
        self._logits = np.where(self._options, 0.0, -np.inf)
        self._mean, self._square, self._steps = np.zeros(shape), np.zeros(shape), 0
        self._baseline: float | None = None
        self._pending: dict[Arch, list[tuple[int, ...]]] = {}
        self._rows = np.arange(shape[0])

    def probabilities(self) -> np.ndarray:
        """The policy: float64 array (decision, option), each row sums to 1."""
        weights = np.exp(self._logits - self._logits.max(1, keepdims=True))
        return weights / weights.sum(1, keepdims=True)

    def ask(self, n: int | None = None) -> list[Arch]:
        cumulative = self.probabilities().cumsum(1)
        cumulative[:, -1] = 1.0
        archs: list[Arch] = []
        for _ in range(n or 1):
            for _ in range(_REJECTIONS):
                decisions = tuple((self.rng.random(len(cumulative))[:, None] >= cumulative).sum(1).tolist())
                arch = self._decisions.arch(decisions)
                if arch is not None:
                    break
            else:  # the policy has settled on decisions that make no architecture: only a fresh draw helps
                arch, decisions = self.space.sample(self.rng), None
            if decisions is not None:
                self._pending.setdefault(arch, []).append(decisions)
            archs.append(arch)
        return archs

    def tell(self, archs: Sequence[Arch], values: Sequence) -> None:
        """Architectures that were not asked for are ignored: their decisions are not known."""
        for arch, value in zip(archs, map(first, values), strict=True):
            key = self.space.key(arch)
            self._repeats = self._repeats + 1 if key in self._seen else 0
            self._seen.add(key)
            waiting = self._pending.get(arch)
            if not waiting:
                continue
            decisions = waiting.pop(0)
            if not waiting:
                del self._pending[arch]
            if value == value:
                self._update(decisions, value)

    @property
    def done(self) -> bool:
        return self._repeats >= self.patience

    def _update(self, decisions: tuple[int, ...], value: float) -> None:
        if self._baseline is None:  # the first value is its own average: no direction yet
            self._baseline = value
        advantage = value - self._baseline
        self._baseline += (1 - self.baseline_decay) * advantage
        gradient = -self.probabilities()
        gradient[self._rows, decisions] += 1.0
        gradient *= advantage
        self._steps += 1
        self._mean = 0.9 * self._mean + 0.1 * gradient
        self._square = 0.999 * self._square + 0.001 * gradient * gradient
        step = self._mean / (1 - 0.9**self._steps)
        scale = np.sqrt(self._square / (1 - 0.999**self._steps)) + 1e-8
        self._logits = self._logits + self.learning_rate * step / scale

    def settings(self) -> dict:
        return super().settings() | {
            "learning_rate": self.learning_rate,
            "baseline_decay": self.baseline_decay,
            "patience": self.patience,
        }

    def state_dict(self) -> dict:
        return super().state_dict() | {
            "logits": self._logits.copy(),
            "mean": self._mean.copy(),
            "square": self._square.copy(),
            "steps": self._steps,
            "baseline": self._baseline,
            "seen": sorted(self._seen),
            "repeats": self._repeats,
            "pending": {arch: list(waiting) for arch, waiting in self._pending.items()},
        }

    def load_state_dict(self, state: dict) -> None:
        super().load_state_dict(state)
        self._logits = array("logits", state["logits"], self._logits, finite=False)
        if not np.array_equal(np.isfinite(self._logits), self._options):
            raise SettingError("logits: expected finite ones for the options of each decision, -inf elsewhere")
        self._mean = array("mean", state["mean"], self._mean)
        self._square = array("square", state["square"], self._square)
        if (self._square < 0).any():
            raise SettingError("square: expected no negative numbers")
        self._steps = checks.whole("steps", state["steps"], 0)
        baseline = state["baseline"]
        self._baseline = None if baseline is None else checks.number("baseline", baseline)
        self._seen = keys(self.space, "seen", state["seen"])
        self._repeats = checks.whole("repeats", state["repeats"], 0)
        sizes = self._decisions.sizes
        self._pending = {
            self.space.validate(arch): [decided(sizes, "pending", each) for each in sequence("pending", waiting)]
            for arch, waiting in mapping("pending", state["pending"]).items()
        }
