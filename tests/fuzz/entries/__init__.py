"""What is tried, by part of the package. Importing a module adds its entries."""

import importlib

PARTS = (
    "spaces",
    "pools",
    "benchmarks",
    "searches",
    "oneshot",
    "networks",
    "data",
    "companion",
    "notebooks",
    "commands",
    "stored",
    "written",
)


def load() -> None:
    """Every part's entries."""
    for part in PARTS:
        importlib.import_module(f"{__name__}.{part}")
