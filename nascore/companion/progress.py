"""A progress bar for runs of units that differ in length: the time left is what was estimated, corrected by how long
the finished units took on this machine."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Any

from nascore import bars


def duration(seconds: float) -> str:
    """Seconds in words: `"40 s"`, `"12 min"`, `"3.5 h"`."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


class Progress:
    """Units done, and the time left; silent for what is over within two seconds."""

    def __init__(self, seconds: Sequence[float], workers: int, show: bool):
        self.total = sum(max(s, 1e-3) for s in seconds)
        self.count, self.done = len(seconds), 0
        self.workers, self.show = workers, show
        self.finished = self.estimated = self.measured = 0.0
        self.start = time.perf_counter()
        self.bar: Any = None

    def __enter__(self) -> Progress:
        if self.show:
            layout = "{desc} {percentage:3.0f}%|{bar}| {elapsed} gone{postfix}"
            # short by the estimate: the bar waits for its two seconds; long: it is there before the first unit ends
            delay = 0.0 if self.total / self.workers > bars.DELAY_S else bars.DELAY_S
            self.bar = bars.bar(
                total=self.total, bar_format=layout, desc=f"0/{self.count} units", postfix=self.left, delay=delay
            )
        return self

    @property
    def left(self) -> str:
        """The time left in words. A unit takes its estimate times what the finished ones took of theirs, and never more
        units run at once than are left."""
        pace = self.measured / self.estimated if self.estimated else 1.0
        at_once = max(1, min(self.workers, self.count - self.done))
        return f"about {duration(max(self.total - self.finished, 0.0) * pace / at_once)} left"

    def step(self, seconds: float, wall: float | None = None) -> None:
        """One unit has ended; `wall`: the seconds that it took, where it says so."""
        seconds = max(seconds, 1e-3)
        if wall is not None:
            self.estimated, self.measured = self.estimated + seconds, self.measured + wall
        self.skip([seconds])

    def skip(self, seconds: Sequence[float]) -> None:
        """These units need not be waited for any more: they have ended, here or in another run."""
        self.done += len(seconds)
        amount = sum(max(each, 1e-3) for each in seconds)
        self.finished += amount
        if self.bar is not None and seconds:
            self.bar.set_description_str(f"{self.done}/{self.count} units", refresh=False)
            self.bar.set_postfix_str(self.left if self.done < self.count else "done", refresh=False)
            self.bar.update(min(amount, self.bar.total - self.bar.n))

    def note(self, text: str) -> None:
        """A line beside the bar."""
        if self.bar is not None:
            self.bar.write(text, file=sys.stderr)

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.close()
