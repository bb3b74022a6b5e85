"""Selections: from what a search has left behind to one architecture, one short file each."""

from __future__ import annotations

import importlib

from nascore import checks
from nascore.errors import SettingError
from nascore.search.oneshot.selections.base import Selection

# name in `log.derive(name)` -> (module, class)
_SELECTIONS = {"argmax": ("argmax", "Argmax"), "process_best": ("process_best", "ProcessBest")}


def selection(by: str | Selection) -> Selection:
    """A selection by its name, or as it is; SettingError for anything else."""
    if isinstance(by, Selection):
        return by
    if not isinstance(by, str) or by not in _SELECTIONS:
        names = ", ".join(map(repr, _SELECTIONS))
        raise SettingError(f"by={checks.shown(by)}: expected {names} or a Selection")
    module, name = _SELECTIONS[by]
    return getattr(importlib.import_module(f"{__name__}.{module}"), name)()
