"""What a notebook's first and last cells call: check the parameters, get the rows, show verdicts and provenance.

Everything returned here shows itself the same way on every machine (no dates or versions but those stored in the rows),
so that nbval can compare the published tables.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nascore.companion import compute, store
from nascore.errors import SettingError

if TYPE_CHECKING:
    import pandas as pd

MODES = ("cached", "recompute")


@dataclass(frozen=True)
class Settings:
    """A notebook's checked parameters."""

    mode: str = "cached"
    profile: str = "laptop"
    workers: int = 1

    def _repr_html_(self) -> str:
        return f"<p>mode = <b>{self.mode}</b>, profile = <b>{self.profile}</b></p>"

    def results(self, name: str) -> "pd.DataFrame":
        """Rows of one experiment under these settings, see :func:`results`."""
        return results(name, mode=self.mode, profile=self.profile, workers=self.workers)


def start(mode: str = "cached", profile: str = "laptop", workers: int = 1) -> Settings:
    """Check a notebook's parameters (papermill does not) and set the plot style.

    Raises :class:`SettingError` naming the value and what is allowed.
    """
    check(mode, profile, workers)
    from nascore.companion import plots

    plots.use_style()
    return Settings(mode, profile, workers)


def check(mode: Any, profile: Any, workers: Any) -> None:
    """Raise :class:`SettingError` for a mode, profile or number of workers that is not allowed."""
    if mode not in MODES:
        raise SettingError(f"unknown mode {mode!r}; choose one of {', '.join(MODES)}")
    store.check_profile(profile)
    compute.check_workers(workers)


def results(name: str, mode: str = "cached", profile: str = "laptop", workers: int = 1, **options: Any) -> "pd.DataFrame":
    """Rows of one experiment (:func:`nascore.companion.compute.rows`).

    ``mode="cached"`` renders what is stored; ``mode="recompute"`` first runs the profile's missing units
    (``options``: backend, scheduler, progress).
    """
    check(mode, profile, workers)
    if mode == "recompute":
        options.setdefault("progress", not os.environ.get("NASCORE_QUIET"))
        return compute.compute(name, profile, workers=workers, **options)
    return compute.rows(name, profile)
