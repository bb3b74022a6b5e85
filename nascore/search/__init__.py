"""How to look: query-based searches (ask/tell) and one-shot search, each method under its own name."""

from __future__ import annotations

import importlib

from nascore.search.base import Search
from nascore.search.loop import run
from nascore.search.result import Result

# heavy imports (torch, torch_geometric, optuna) wait until a search is first used
_SEARCHES = {
    "GANAS": "ganas.ganas",
    "RLNAS": "ganas.rlnas",
    "RandomSearch": "baselines.random",
    "RegularizedEvolution": "baselines.evolution",
    "LocalSearch": "baselines.local",
    "Reinforce": "baselines.reinforce",
    "TPE": "baselines.tpe",
}
_MODULES = ("ganas", "oneshot", "predictors")

__all__ = ["Result", "Search", "available", "run", *_MODULES, *_SEARCHES]


def available() -> list[str]:
    """Names of the query-based searches."""
    return sorted(_SEARCHES)


def __getattr__(name: str):
    if name in _SEARCHES:
        return getattr(importlib.import_module(f"nascore.search.{_SEARCHES[name]}"), name)
    if name in _MODULES:
        return importlib.import_module(f"nascore.search.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
