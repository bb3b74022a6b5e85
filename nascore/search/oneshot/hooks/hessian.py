"""Watching the curvature along theta, and stopping when it grows (Zela et al., 2020; Section 2.2 of the thesis)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from nascore import checks
from nascore.errors import SettingError
from nascore.search.oneshot.curvature import hessian, spectrum
from nascore.search.oneshot.hooks.base import Hook

if TYPE_CHECKING:
    from nascore.search.oneshot.run import Run


class HessianSpectrum(Hook):
    """Every `every` epochs the exact Hessian of the loss on `batches` with respect to theta (see `curvature`).

    Columns: hessian_max, the largest eigenvalue; hessian_min, the smallest; hessian_trace; NaN in the epochs between.
    """

    def __init__(self, batches: Sequence, every: int = 1):
        self.batches = checks.listed("batches", batches, "a list of batches")
        if not self.batches:
            raise SettingError("batches is empty: expected at least one")
        self.every = checks.whole("every", every, 1)

    def after_epoch(self, run: Run) -> dict[str, float]:
        if (run.epoch + 1) % self.every:
            return dict.fromkeys(("hessian_max", "hessian_min", "hessian_trace"), math.nan)
        found = spectrum(hessian(run, self.batches))
        return {
            "hessian_max": float(found[-1]),
            "hessian_min": float(found[0]),
            "hessian_trace": float(found.sum()),
        }


class StopOnCurvature(HessianSpectrum):
    """Ends the search when the largest eigenvalue has grown too much: mean over `window` measurements `distance`
    measurements ago / mean over the last `window` < `ratio` (0.75, 5 and 3 epochs in print).

    `stopped_at`: the epoch, from 1, whose architecture counts then, `distance` measurements before the last; None
    while the search goes on. The epochs are in the log's column arch.
    """

    def __init__(self, batches: Sequence, every: int = 1, *, ratio: float = 0.75, distance: int = 5, window: int = 3):
        super().__init__(batches, every)
        self.ratio = checks.number("ratio", ratio, above=0, below=1)
        self.distance, self.window = checks.whole("distance", distance, 1), checks.whole("window", window, 1)
        self.largest: list[float] = []
        self.stopped_at: int | None = None

    def after_epoch(self, run: Run) -> dict[str, float]:
        found = super().after_epoch(run)
        if not math.isnan(found["hessian_max"]):
            self.largest.append(found["hessian_max"])
            count, window = len(self.largest), self.window
            if count >= self.distance + window:
                now = sum(self.largest[-window:]) / window
                then = sum(self.largest[count - self.distance - window : count - self.distance]) / window
                if now > 0 and then / now < self.ratio:
                    self.stopped_at = run.epoch + 1 - self.distance * self.every
                    run.stop(f"largest eigenvalue from {then:.3g} to {now:.3g}")
        return found

    def state_dict(self) -> dict:
        return {"largest": list(self.largest), "stopped_at": self.stopped_at}

    def load_state_dict(self, state: Mapping) -> None:
        self.largest = [checks.number("largest", value) for value in state["largest"]]
        stopped = state["stopped_at"]
        self.stopped_at = None if stopped is None else checks.whole("stopped_at", stopped, 1)
