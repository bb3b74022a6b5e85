"""The companion: stored results, claims and verdicts, statistics, tables, plots and the notebook runner.

Light to import; the parts load when they are first used.
"""

from __future__ import annotations

import importlib
from typing import Any

_WHERE = {
    "results": "notebook",
    "start": "notebook",
    "verdicts": "notebook",
    "provenance_note": "notebook",
    "compare": "tables",
    "rows": "stored",
    "curves": "stored",
    "save_figure": "plots",
    "query_curves": "plots",
    "draw_cells": "drawing",
    "paper_value": "papers",
    "paper_table": "papers",
}
_MODULES = (
    "claims",
    "clouds",
    "comparisons",
    "compute",
    "drawing",
    "edge_drawing",
    "notebook",
    "palette",
    "panels",
    "papers",
    "plans",
    "plots",
    "provenance",
    "runner",
    "scoreboard",
    "scoreboard_tables",
    "series",
    "stats",
    "store",
    "stored",
    "summaries",
    "tables",
    "targets",
)
__all__ = [*_WHERE, *_MODULES]


def __getattr__(name: str) -> Any:
    if name in _MODULES:  # where a module and a function share a name, the module wins: compute.compute(...)
        return importlib.import_module(f"{__name__}.{name}")
    if name in _WHERE:
        return getattr(importlib.import_module(f"{__name__}.{_WHERE[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return list(__all__)
