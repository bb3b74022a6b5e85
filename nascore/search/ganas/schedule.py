"""How many architectures each iteration evaluates: |X_0|, then `base` and `increment` more each time (Table 10)."""

from __future__ import annotations

from dataclasses import dataclass

from nascore import checks
from nascore.errors import SettingError

MOST = 1_000_000  # architectures of one iteration, and iterations


@dataclass(frozen=True)
class Schedule:
    """|X_0| = initial, |X_t| = base + (t - 1) increment for t = 1 .. iterations (None: for ever), top `truth` kept."""

    initial: int
    base: int
    increment: int
    iterations: int | None
    truth: int

    def __post_init__(self):
        for name, least in (("initial", 2), ("base", 1), ("increment", 0), ("truth", 2), ("iterations", 0)):
            value = getattr(self, name)
            if not (name == "iterations" and value is None):
                object.__setattr__(self, name, checks.whole(name, value, least, MOST))

    def size(self, t: int) -> int:
        """|X_t|."""
        return self.initial if t == 0 else self.base + (t - 1) * self.increment

    @property
    def total(self) -> float:
        """Queries of a whole run, if every iteration finds as many new architectures as it should."""
        if self.iterations is None:
            return float("inf")
        return sum(self.size(t) for t in range(self.iterations + 1))

    def uniform(self) -> Schedule:
        """The ablation of Table 9: the same total, the same number in every iteration."""
        if not self.iterations:
            raise SettingError(f"iterations={self.iterations}: expected at least 1 to share the queries evenly")
        each = round(sum(self.size(t) for t in range(1, self.iterations + 1)) / self.iterations)
        return Schedule(self.initial, each, 0, self.iterations, self.truth)


# Section 4.1 and Table 10. NAS-Bench-201's iterations are blank there; 5 give 460 queries, which fits "< 500 a run".
NASBENCH201 = Schedule(initial=60, base=60, increment=10, iterations=5, truth=40)
SETUP1 = Schedule(initial=50, base=100, increment=50, iterations=10, truth=25)
SETUP2 = Schedule(initial=100, base=200, increment=100, iterations=10, truth=50)

# Ours: found the best cell with the fewest queries in the recorded tuning, and ends after 500. The default where the
# topology is fixed.
FEW_QUERIES = Schedule(initial=20, base=5, increment=0, iterations=96, truth=10)
