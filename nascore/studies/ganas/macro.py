"""Macro search on NAS-Bench-Macro, the honest stand-in for Table 7 (EfficientNet and ProxylessNAS need ImageNet).

Task "best": unconstrained, as for ProxylessNAS. Task "seeded": the same with a known network in the first truth set.
Task "smaller": no more weights than the known network, as for EfficientNet-B0. The known network has the block
MB3_K3 everywhere.
"""

from __future__ import annotations

from nascore.benchmarks import Oracle
from nascore.benchmarks.nasbench_macro import canonical
from nascore.search.ganas.schedule import NASBENCH201
from nascore.search.loop import run as search
from nascore.studies.experiment import Experiment, Unit
from nascore.studies.ganas.constrained import WithinCosts, searcher
from nascore.studies.ganas.rows import data_label, load, search_row

SEEDS = range(20)
TASKS = ("best", "seeded", "smaller")
METHODS = ("GA-NAS", "RS", "REA")
KNOWN = (1,) * 8
SMALL = {"initial": 20, "base": 20, "iterations": 2, "rounds": 2, "episodes": 32}  # GA-NAS in the smoke profile


def facts(name: str) -> dict:
    """What the table says of the tasks: the known network, how much room is above it, and how much within its
    weights."""
    table = load(name)
    known = table.value(KNOWN)
    within = table.costs["params"] <= table.cost(KNOWN, "params")
    return {
        "macro_networks": len(table),
        "macro_distinct": len({tuple(row) for row in canonical(table.archs).tolist()}),
        "macro_best": round(table.best()[1], 4),
        "macro_known": round(known, 4),
        "macro_known_rank": table.rank(known),
        "macro_within": int(within.sum()),
        "macro_within_better": int((table.array[within] > known).sum()),
        "macro_within_best": round(float(table.array[within].max()), 4),
    }


def _units(profile: str) -> list[Unit]:
    small = profile == "smoke"
    name = "nasbench-macro-synthetic" if small else "nasbench-macro"
    return [
        Unit(
            {"benchmark": name, "task": task, "method": method, **({"small": True} if small else {})},
            seed,
            1 if small or method != "GA-NAS" else 6,
        )
        for task in TASKS
        for method in METHODS
        for seed in (SEEDS[:2] if small else SEEDS)
        if not (task == "seeded" and method != "GA-NAS")
    ]


def _run(config: dict, seed: int) -> dict:
    table = load(config["benchmark"])
    smaller = config["task"] == "smaller"
    limit = table.cost(KNOWN, "params")
    feasible = WithinCosts((limit,)) if smaller else None
    budget = 80 if config.get("small") else int(NASBENCH201.total)
    changes = SMALL if config.get("small") else {}
    if config["task"] == "seeded":  # GA-NAS alone
        changes = {**changes, "start": [KNOWN]}
    method = searcher(config["method"], table.space, seed, NASBENCH201, feasible, **changes)
    result = search(method, Oracle(table, budget, costs=["params"] if smaller else [], feasible=feasible))
    row = search_row(result, table)
    row["metrics"] |= {
        "known": round(table.value(KNOWN), 4),
        "known_params": limit,
        "gain": round(result.best_value - table.value(KNOWN), 4),
        "params": table.cost(result.best, "params"),
    }
    return row


MACRO = Experiment(
    "ganas/macro",
    1,
    "Macro search on NAS-Bench-Macro (stand-in for Table 7)",
    _units,
    _run,
    lambda config: data_label(config["benchmark"]),
    "ganas",
)
