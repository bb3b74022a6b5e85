"""What verdicts there are, and how an interval gives one.

A claim is a region of the line: "a mean of at most 2.9", "a difference above 0". Its verdict looks at the interval of
what was measured, never at the point alone: inside the region is "reproduced"; outside is "not reproduced"; across
its edge is "inconclusive", whichever side the point is on. Where a claim states a weaker region (`weaker`), an
interval inside that is "trend only".
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from nascore.companion.stats import Estimate

VERDICTS = {
    "reproduced": "the interval of what was measured lies inside the claim, in the paper's own setting",
    "on a stand-in": "the same on a surrogate, on another benchmark or in a smaller setting than the paper's",
    "trend only": "the direction is clear, the claimed size is not reached or not comparable",
    "inconclusive": "the interval allows both, or there are fewer than five runs a side; more runs would decide",
    "not reproduced": "the interval excludes the claim",
    "by construction": "holds whatever the method does: nothing was tested",
    "not tested": "needs data or hardware that is not here; the reason is given",
    "not in our copy": "our copy of the paper lacks the numbers",
    "not yet": "no rows are stored, or the chapter is not written",
}
# of the parts of a claim (one for each data set, say) the last of these counts
WORSE = ("reproduced", "trend only", "inconclusive", "not reproduced")


class Region(NamedTuple):
    """What a claim allows: from `low` to `high`; `strict`: its ends do not belong to it."""

    low: float = -math.inf
    high: float = math.inf
    strict: bool = False

    def holds(self, found: Estimate) -> bool:
        """The whole interval lies inside."""
        if self.strict:
            return found.low > self.low and found.high < self.high
        return found.low >= self.low and found.high <= self.high

    def excluded(self, found: Estimate) -> bool:
        """The whole interval lies outside."""
        if self.strict:
            return found.high <= self.low or found.low >= self.high
        return found.high < self.low or found.low > self.high

    def edge(self, value: float) -> float:
        """How far `value` is from the nearest end."""
        return min(abs(value - self.low), abs(value - self.high))


def grade(found: Estimate, claim: Region, weaker: Region | None = None) -> str:
    """The verdict of an interval, one of WORSE; a point is an interval without width."""
    if claim.holds(found):
        return "reproduced"
    if weaker is not None and weaker.holds(found):
        return "trend only"
    return "not reproduced" if claim.excluded(found) else "inconclusive"


def label(verdict: str, exceeds: bool = False) -> str:
    """A verdict as shown: "reproduced, exceeds" where what was measured is clearly beyond the printed number."""
    return f"{verdict}, exceeds" if exceeds else verdict


@dataclass(frozen=True)
class Outcome:
    """Verdict and evidence of one test; `runs == 0` means that no row was selected.

    `exceeds`: the interval lies beyond the paper's own number. `needed`: about how many runs a side would decide, where
    the verdict is "inconclusive" (None: nobody can say).
    """

    verdict: str = ""
    measured: str = ""
    interval: object = None
    on: str = ""
    runs: int = 0
    reason: str = ""
    exceeds: bool = False
    needed: int | None = None
