"""nascore: a Jupyter-first reproducible companion to five neural-architecture-search papers.

`import nascore as nc` is light: torch and torch_geometric are imported when something first needs them.
"""

from __future__ import annotations

import importlib

__version__ = "0.1.0"

_MODULES = (
    "bench",
    "checks",
    "benchmarks",
    "companion",
    "data",
    "networks",
    "paths",
    "proxies",
    "search",
    "spaces",
    "studies",
    "testing",
)
_NAMES = {"Oracle": "benchmarks", "Query": "benchmarks", "compare": "comparison", "run": "search"}

__all__ = [*_MODULES, *_NAMES]


def __getattr__(name: str):
    if name in _NAMES:
        return getattr(importlib.import_module(f".{_NAMES[name]}", __name__), name)
    if name in _MODULES:
        return importlib.import_module(f".{name}", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
