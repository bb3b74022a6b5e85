"""How to look: query-based searches (ask/tell), each paper's method in a folder of its own."""
from __future__ import annotations

import importlib

from .base import Search
from .loop import run
from .result import Result

# heavy imports (torch, torch_geometric, optuna) wait until a search is first used
_SEARCHES = {
    "GANAS": "ganas.ganas",
    "RLNAS": "ganas.rlnas",
    "RandomSearch": "random",
    "RegularizedEvolution": "evolution",
    "LocalSearch": "local",
    "Reinforce": "reinforce",
    "TPE": "tpe",
}

__all__ = ["Result", "Search", "available", "run", *_SEARCHES]


def available() -> list[str]:
    """Names of the query-based searches."""
    return sorted(_SEARCHES)


def __getattr__(name: str):
    if name in _SEARCHES:
        return getattr(importlib.import_module(f".{_SEARCHES[name]}", __name__), name)
    if name in ("ganas", "experiment", "oneshot"):
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
