"""Figure 4: the Pareto front of accuracy against training time on NAS-Bench-101, from the worst half of its cells."""

from __future__ import annotations

import numpy as np

from nascore.benchmarks import Oracle
from nascore.search.ganas.schedule import Schedule
from nascore.search.ganas.truth import ParetoFronts, pareto_front
from nascore.search.loop import run as search
from nascore.studies.experiment import Experiment, Unit
from nascore.studies.ganas.constrained import cost_names
from nascore.studies.ganas.nasbench101 import benchmark_name
from nascore.studies.ganas.rows import baseline, complete, data_label, load

SCHEDULE = Schedule(initial=2, base=500, increment=100, iterations=10, truth=2)  # Table 10, column Pareto
QUERIES = {"GA-NAS": 2_869, "RS": 3_000, "REA": 3_000}  # Appendix, "Pareto Front Search"; REA is our addition
SEEDS = range(5)


def worst_half(table, cost: str) -> np.ndarray:
    """Rows of the cells in the lower half in accuracy and in the slower half in training time."""
    return np.flatnonzero((table.array < np.median(table.array)) & (table.costs[cost] > np.median(table.costs[cost])))


def true_front(table, cost: str) -> np.ndarray:
    """Rows of the cells that no cell beats in both accuracy and training time."""
    return pareto_front(np.column_stack([-table.array.astype(float), table.costs[cost]]))


def hypervolume(points: np.ndarray, corner: tuple[float, float]) -> float:
    """Area that points (accuracy, time) dominate, up to the worst `corner` (accuracy, time)."""
    front = points[pareto_front(points * [-1, 1])]
    front = front[(front[:, 0] > corner[0]) & (front[:, 1] < corner[1])]
    ordered = front[np.argsort(front[:, 1])]
    right = np.append(ordered[1:, 1], corner[1])  # each point rules from its own time to the next slower point's
    return float(((ordered[:, 0] - corner[0]) * (right - ordered[:, 1])).sum())


def quality_curve(
    points: np.ndarray, on_front: np.ndarray, corner: tuple[float, float], whole: float, step: int = 20
) -> dict[str, list]:
    """Share of the true front's hypervolume and true-front cells found after every `step` queries, where they rose.

    points: (accuracy, time) of each query in order; on_front: whether that cell is on the true front; whole: the true
    front's hypervolume.
    """
    curve: dict[str, list] = {"query": [], "hypervolume": [], "front_found": []}
    last = None
    for end in sorted({*range(step, len(points), step), len(points)}):
        now = (round(hypervolume(points[:end], corner) / whole, 6), int(on_front[:end].sum()))
        if now != last:
            for name, value in zip(curve, (end, *now), strict=True):
                curve[name].append(value)
        last = now
    return curve


def _units(profile: str) -> list[Unit]:
    small = profile == "smoke"
    return [
        Unit(
            {"method": method, **({"small": True} if small else {})},
            seed,
            3 if small else 40 if method == "GA-NAS" else 2,
        )
        for method in QUERIES
        for seed in (SEEDS[:1] if small else SEEDS)
    ]


def _run(config: dict, seed: int) -> dict:
    table = load(benchmark_name(config))
    cost = cost_names(table)[1]
    budget = 150 if config.get("small") else QUERIES[config["method"]]
    if config["method"] == "GA-NAS":
        from nascore.search.ganas.ganas import GANAS

        start = worst_half(table, cost)
        known = {table.archs[i]: (float(table.array[i]), float(table.costs[cost][i])) for i in start.tolist()}
        small = {"base": 75, "iterations": 2, "rounds": 2, "episodes": 32} if config.get("small") else {}
        searcher = GANAS(table.space, seed=seed, schedule=SCHEDULE, truth_set=ParetoFronts(4), evaluated=known, **small)
    else:
        searcher = baseline(config["method"], table.space, seed)
    result = complete(search(searcher, Oracle(table, budget, costs=[cost])))
    rows = table.rows(result.history["arch"].tolist())
    front = true_front(table, cost)
    points = np.column_stack([table.array[rows].astype(float), table.costs[cost][rows]])
    corner = (float(np.median(table.array)), float(table.costs[cost].max()))
    whole = np.column_stack([table.array[front].astype(float), table.costs[cost][front]])
    mine = np.sort(pareto_front(points * [-1, 1]))
    return {
        "metrics": {
            "front_found": int(np.isin(front, rows).sum()),
            "front_size": len(front),
            "queries": result.queries,
            "start_size": len(worst_half(table, cost)),
            "hypervolume": round(hypervolume(points, corner) / hypervolume(whole, corner), 6),
            "own_front": len(mine),
        },
        "curve": quality_curve(points, np.isin(rows, front), corner, hypervolume(whole, corner)),
        "front": {
            "accuracy": [round(float(x), 4) for x in points[mine, 0]],
            "seconds": [round(float(x), 2) for x in points[mine, 1]],
        },
    }


PARETO = Experiment(
    "ganas/pareto",
    2,
    "Figure 4: Pareto front search",
    _units,
    _run,
    lambda config: data_label(benchmark_name(config)),
    "ganas",
)
