"""Figure 2: GA-NAS, random search and evolution by the number of queries in the DARTS space.

The paper asks NAS-Bench-301 v0.9, whose weights are not here; our surrogate of its published predictions stands in.
Table 10's sizes, continued to the 6,000 queries that the text goes up to.
"""

from __future__ import annotations

import numpy as np

from nascore.benchmarks import Oracle
from nascore.search.ganas.schedule import Schedule
from nascore.search.loop import run as search
from nascore.studies.experiment import Experiment, Unit
from nascore.studies.ganas.constrained import searcher
from nascore.studies.ganas.rows import complete, data_label, load

NAME = "nasbench301-surrogate"
METHODS = ("GA-NAS", "RS", "REA")
SEEDS = range(10)
SCHEDULE = Schedule(initial=100, base=50, increment=50, iterations=15, truth=50)
AT = (500, 1000, 2000, 3000, 4000, 5000, 6000)  # queries
SMALL, SMALL_AT = {"initial": 20, "base": 10, "iterations": 2, "rounds": 2, "episodes": 16}, (20, 30)
SECONDS = {"GA-NAS": 1500, "RS": 15, "REA": 15}


def _units(profile: str) -> list[Unit]:
    small = profile == "smoke"
    return [
        Unit({"method": method, **({"small": True} if small else {})}, seed, 1 if small else SECONDS[method])
        for seed in (SEEDS[:2] if small else SEEDS)
        for method in METHODS
    ]


def _run(config: dict, seed: int) -> dict:
    """metrics: best (predicted accuracy, percent), best_Q (after Q queries), queries, found_at (query that found this
    run's best). curve: query, best at every improvement."""
    bench, small = load(NAME), config.get("small", False)
    places = SMALL_AT if small else AT
    method = searcher(
        config["method"], bench.space, seed, SCHEDULE, **(SMALL if small and "GA" in config["method"] else {})
    )
    result = complete(search(method, Oracle(bench, places[-1])))
    best = result.course["best"].to_numpy(float)
    metrics = {f"best_{place}": round(float(best[min(place, len(best)) - 1]), 4) for place in places}
    return {
        "metrics": {
            "best": round(float(best[-1]), 4),
            **metrics,
            "queries": result.queries,
            "found_at": int(np.argmax(best == best[-1])) + 1,
            "arch": bench.space.format(result.best),
        },
        "curve": result.curve(),
    }


NASBENCH301 = Experiment(
    "ganas/nasbench301",
    1,
    "Figure 2: the DARTS space by queries",
    _units,
    _run,
    lambda config: data_label(NAME),
    "ganas",
)
