"""Regularised (aging) evolution: Real et al., "Regularized Evolution for Image Classifier Architecture Search",
2019."""

from __future__ import annotations

from collections.abc import Sequence

from nascore import checks
from nascore.errors import SettingError
from nascore.search.base import Search, first
from nascore.search.state import archs as archs_of
from nascore.search.state import sequence
from nascore.spaces.base import Arch, Space

MOST = 1_000_000  # members of a population


class RegularizedEvolution(Search):
    """Fills a population at random; then the best of `sample` members drawn with replacement is mutated, and the child
    takes the place of the oldest member (Algorithm 1 of the paper).

    Several children may be pending. A failed evaluation (NaN) never enters the population. A child may repeat an
    earlier architecture, which the Oracle answers from its log. Done only where the space has a single architecture,
    and that has been proposed.
    """

    def __init__(self, space: Space, *, seed: int = 0, population: int = 50, sample: int = 10):
        super().__init__(space, seed=seed)
        population, sample = checks.whole("population", population, 1, MOST), checks.whole("sample", sample, 1)
        if sample > population:
            raise SettingError(f"sample={sample}: expected at most population={population}")
        self.population, self.sample = population, sample
        self._asked = 0
        self._alone = space.size == 1  # a space with nothing to mutate
        # a ring: the place that is written next holds the oldest member
        self._members: list[Arch] = []
        self._values: list[float] = []
        self._oldest = 0
        self._draw, self._mutate = self.rng.random, space.mutate

    def ask(self, n: int | None = None) -> list[Arch]:
        values = self._values
        count = len(values)
        # count < population happens with pending or failed first evaluations: go on from what has been answered
        if self._asked < self.population or not count or self._alone:
            wanted = 0 if self.done else n or 1
            self._asked += wanted
            return [self.space.sample(self.rng) for _ in range(wanted)]
        if n is None or n == 1:
            return [self._mutate(self._members[self._winner(values, count)], self.rng)]
        return [self._mutate(self._members[self._winner(values, count)], self.rng) for _ in range(n)]

    @property
    def done(self) -> bool:
        return self._alone and self._asked > 0

    def _winner(self, values: list[float], count: int) -> int:
        draw = self._draw
        winner = int(draw() * count)
        best = values[winner]
        for _ in range(self.sample - 1):
            other = int(draw() * count)
            if values[other] > best:
                winner, best = other, values[other]
        return winner

    def tell(self, archs: Sequence[Arch], values: Sequence) -> None:
        for arch, value in zip(archs, values, strict=True):
            if type(value) is not float:
                value = first(value)
            if value != value:  # NaN: the evaluation failed
                continue
            if len(self._values) < self.population:
                self._members.append(arch)
                self._values.append(value)
            else:
                oldest = self._oldest
                self._members[oldest], self._values[oldest] = arch, value
                self._oldest = (oldest + 1) % self.population

    def settings(self) -> dict:
        return super().settings() | {"population": self.population, "sample": self.sample}

    def state_dict(self) -> dict:
        return super().state_dict() | {
            "asked": self._asked,
            "members": list(self._members),
            "values": list(self._values),
            "oldest": self._oldest,
        }

    def load_state_dict(self, state: dict) -> None:
        super().load_state_dict(state)
        self._asked = checks.whole("asked", state["asked"], 0)
        self._members = archs_of(self.space, "members", state["members"])
        self._values = [checks.number("values", value) for value in sequence("values", state["values"])]
        if not len(self._members) == len(self._values) <= self.population:
            raise SettingError(
                f"{len(self._members)} members with {len(self._values)} values: expected as many, and at most "
                f"{self.population}"
            )
        self._oldest = checks.whole("oldest", state["oldest"], 0, self.population - 1)
