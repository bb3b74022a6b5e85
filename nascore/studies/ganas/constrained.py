"""Table 6: better cells than the hand-made ResNet and Inception cells within their weights and training time."""

from __future__ import annotations

from nascore.benchmarks import Oracle
from nascore.search.ganas.schedule import Schedule
from nascore.search.ganas.truth import TopK
from nascore.search.loop import run as search
from nascore.studies.experiment import Experiment, Unit
from nascore.studies.ganas.nasbench101 import benchmark_name
from nascore.studies.ganas.rows import baseline, complete, data_label, load, search_row

# Table 10, column Acc-Cons; its Iterations cell is blank: 5, as for NAS-Bench-201
SCHEDULE = Schedule(initial=100, base=200, increment=200, iterations=5, truth=50)
SEEDS = range(10)
CELLS = ("resnet", "inception")
METHODS = ("GA-NAS", "RS", "REA")


class WithinCosts:
    """row -> bool: no cost of the row exceeds its limit."""

    def __init__(self, limits: tuple[float, ...]):
        self.limits = limits

    def __call__(self, row) -> bool:
        return all(cost <= limit for cost, limit in zip(row[1:], self.limits, strict=True))


def reference(cell: str):
    """The hand-made cell of Table 6."""
    from nascore.benchmarks import handmade

    return getattr(handmade, f"{cell}_cell")()


def cost_names(table) -> tuple[str, str]:
    """Weights, and the training time: measured in the official table, modelled (ranks) in the surrogate."""
    return "params", "training_time" if "training_time" in table.costs else "train_seconds"


def _units(profile: str) -> list[Unit]:
    small = profile == "smoke"
    return [
        Unit(
            {"cell": cell, "method": method, **({"small": True} if small else {})},
            seed,
            2 if small else 20 if method == "GA-NAS" else 1,
        )
        for cell in CELLS
        for method in METHODS
        for seed in (SEEDS[:1] if small else SEEDS)
    ]


def _run(config: dict, seed: int) -> dict:
    table = load(benchmark_name(config))
    known = reference(config["cell"])
    costs = cost_names(table)
    limits = tuple(table.cost(known, name) for name in costs)
    feasible = WithinCosts(limits)
    budget = 60 if config.get("small") else int(SCHEDULE.total)
    small = {"initial": 30, "base": 15, "increment": 0, "iterations": 2, "rounds": 2, "episodes": 32}
    changes = small if config.get("small") else {}
    method = searcher(config["method"], table.space, seed, SCHEDULE, feasible, **changes)
    result = complete(search(method, Oracle(table, budget, costs=costs, feasible=feasible)))
    known_value = table.value(known)
    if result.best is None:
        return {
            "metrics": {"best": None, "queries": result.queries, "dominates": 0, "reference": round(known_value, 4)},
            "curve": {"query": [], "best": []},
        }
    row = search_row(result, table)
    row["metrics"] |= {
        "reference": round(known_value, 4),
        "gain": round(result.best_value - known_value, 4),
        "dominates": int(result.best_value > known_value),
        "feasible_share": round(float(result.history["feasible"].mean()), 4),
        **{name: round(table.cost(result.best, name), 2) for name in costs},
        **{f"{name}_limit": round(limit, 2) for name, limit in zip(costs, limits, strict=True)},
    }
    return row


def searcher(method: str, space, seed: int, schedule: Schedule, feasible=None, **ganas):
    """The search that the tables call `method`, under the hard constraint `feasible` (row -> bool; None: none);
    `ganas`: what GA-NAS takes besides."""
    if method == "GA-NAS":
        from nascore.search.ganas.ganas import GANAS

        return GANAS(space, seed=seed, schedule=schedule, truth_set=TopK(schedule.truth, feasible), **ganas)
    if method == "REA" and feasible is not None:
        return constrained_evolution(space, seed, feasible)
    return baseline(method, space, seed)


def constrained_evolution(space, seed: int, feasible):
    """Regularised evolution that takes an infeasible cell as a failed one."""
    from nascore.search.baselines.evolution import RegularizedEvolution

    class ConstrainedEvolution(RegularizedEvolution):
        def tell(self, archs, values):
            super().tell(archs, [row[0] if feasible(row) else float("nan") for row in values])

    return ConstrainedEvolution(space, seed=seed)


CONSTRAINED = Experiment(
    "ganas/constrained",
    2,
    "Table 6: constrained search from hand-made cells",
    _units,
    _run,
    lambda config: data_label(benchmark_name(config)),
    "ganas",
)
