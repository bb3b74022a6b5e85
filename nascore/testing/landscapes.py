"""Small benchmarks with structure, for suites that need something to search."""

from __future__ import annotations

import functools

import numpy as np

from nascore import benchmarks, spaces
from nascore.benchmarks.table import TabularBenchmark
from nascore.spaces.choice import ChoiceSpace


def structured_table(space: ChoiceSpace, name: str) -> TabularBenchmark:
    """Each position adds its own amount per operation, and neighbouring positions interact; no ties. Synthetic."""
    rng = np.random.default_rng(7)
    archs = space.array().astype(int)
    own = rng.normal(size=(space.positions, len(space.ops)))
    pair = rng.normal(size=(space.positions, len(space.ops), len(space.ops))) * 0.5
    score = own[np.arange(space.positions), archs].sum(1)
    for i in range(1, space.positions):
        score += pair[i, archs[:, i - 1], archs[:, i]]
    values = dict(zip(map(tuple, archs.tolist()), (60 + 5 * score).tolist(), strict=True))
    return benchmarks.from_table(space, values, name=name, label="synthetic")


@functools.cache
def small(name: str) -> TabularBenchmark:
    """One of SMALL by name."""
    return structured_table(SMALL[name](), name)


# name -> space: a cell, a chain, and a cell whose edges hold different operations
SMALL = {
    "cell-4-4": lambda: spaces.CellSpace(4, ("a", "b", "c", "d")),
    "macro-5-3": lambda: spaces.MacroSpace(5, ("x", "y", "z")),
    "cell-4-mixed": lambda: spaces.CellSpace(
        4,
        ("a", "b", "c", "d"),
        "cell-4-mixed",
        [("a", "b"), ("a", "b", "c", "d"), ("c", "d"), ("b",), ("a", "b", "c", "d"), ("d", "a")],
    ),
}
