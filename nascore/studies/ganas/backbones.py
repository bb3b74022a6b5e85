"""GA-NAS on the EfficientNet space (Table 12) under the printed constraint, with an objective that needs no training.

The paper asks for networks with no more weights than EfficientNet-B0. What is maximised here is the number of
multiply-adds at 224 x 224 pixels: it has a known optimum, since all 279,936 networks can be counted, and it pushes
against the limit. It says nothing of accuracy. The printed limit excludes only the heaviest of the networks, so a
second task, ours, allows four fifths of EfficientNet-B0's weights. Measured accuracies under such a limit: `macro`,
on NAS-Bench-Macro.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from nascore.benchmarks import Oracle
from nascore.benchmarks.index import TupleIndex
from nascore.benchmarks.table import TabularBenchmark
from nascore.networks.backbone_costs import chain_costs
from nascore.search.ganas.schedule import NASBENCH201
from nascore.search.loop import run as search
from nascore.spaces.backbones import EfficientNetMacro, ProxylessNASMacro
from nascore.studies.experiment import Experiment, Unit
from nascore.studies.ganas.constrained import WithinCosts, searcher
from nascore.studies.ganas.macro import SMALL
from nascore.studies.ganas.rows import complete

SEEDS = {"printed": range(10), "tight": range(10)}
TASKS = {"printed": 1.0, "tight": 0.8}  # the limit, in weights of EfficientNet-B0
METHODS = ("GA-NAS", "RS", "REA")
AXES = {"dataset": ("none",), "split": ("counted",), "epochs": ("none",), "seed": ("mean",)}


@lru_cache(maxsize=1)
def table() -> TabularBenchmark:
    """All networks of Table 12's space: million multiply-adds as the value, parameters as the cost."""
    space = EfficientNetMacro()
    archs = space.array()
    counted = chain_costs(space, archs)
    return TabularBenchmark(
        space=space,
        index=TupleIndex(archs),
        values=counted["multiply_adds"].astype(float)[:, None, None, None, None] / 1e6,
        axes=AXES,
        name="efficientnet-costs",
        about="million multiply-adds at 224 x 224 pixels, counted; no accuracy",
        costs={"params": counted["params"].astype(float)},
    )


def limit(task: str) -> float:
    """The largest number of weights that a task allows."""
    return TASKS[task] * table().cost(EfficientNetMacro.B0, "params")


@lru_cache(maxsize=len(TASKS))
def allowed(task: str) -> np.ndarray:
    """Million multiply-adds of every network that a task allows, ascending."""
    return np.sort(table().array[table().costs["params"] <= limit(task)])


def _units(profile: str) -> list[Unit]:
    small = profile == "smoke"
    counts = [Unit({"what": "counts"}, 0, 2)]
    return counts + [
        Unit(
            {"what": "search", "task": task, "method": method, **({"small": True} if small else {})},
            seed,
            10 if method == "GA-NAS" and not small else 2,
        )
        for task in TASKS
        for method in METHODS
        for seed in (range(2) if small else SEEDS[task])
    ]


def _run(config: dict, seed: int) -> dict:
    return {"metrics": counts()} if config["what"] == "counts" else _search(config, seed)


def counts() -> dict:
    """Parameters and multiply-adds of the published networks and of the ends of both spaces, and how many networks each
    limit allows."""
    bench, (lightest, heaviest) = table(), ((0,) * 21, (5,) * 21)
    found: dict = {
        "networks": len(bench),
        "fewest_params": int(bench.costs["params"].min()),
        "most_params": int(bench.costs["params"].max()),
        "most_madds_M": round(bench.best()[1], 4),
    }
    for task in TASKS:
        found |= {f"{task}_allowed": len(allowed(task)), f"{task}_optimum_M": round(float(allowed(task)[-1]), 4)}
    networks = {
        "b0": (EfficientNetMacro(), EfficientNetMacro.B0),
        "proxyless_gpu": (ProxylessNASMacro("gpu", identity=True), ProxylessNASMacro.GPU),
        "proxyless_mobile": (ProxylessNASMacro("mobile", identity=True), ProxylessNASMacro.MOBILE),
        "table13_lightest": (ProxylessNASMacro(), lightest),
        "table13_heaviest": (ProxylessNASMacro(), heaviest),
    }
    for name, (space, arch) in networks.items():
        cost = chain_costs(space, [arch])
        found |= {f"{name}_params": int(cost["params"][0])}
        found |= {f"{name}_madds_M": round(float(cost["multiply_adds"][0]) / 1e6, 4)}
    return found


def _search(config: dict, seed: int) -> dict:
    bench, task = table(), config["task"]
    feasible = WithinCosts((limit(task),))
    budget = 80 if config.get("small") else int(NASBENCH201.total)
    changes = SMALL if config.get("small") else {}
    method = searcher(config["method"], bench.space, seed, NASBENCH201, feasible, **changes)
    result = complete(search(method, Oracle(bench, budget, costs=["params"], feasible=feasible)))
    values, curve = allowed(task), result.curve(bench)
    best, arch = result.best_value, result.best
    assert arch is not None  # most networks are within either limit
    return {
        "metrics": {
            "best": round(best, 4),
            "gap": round(float(values[-1]) - best, 4),
            "rank": _rank(values, best),
            "queries": result.queries,
            "to_optimum": result.queries_to(float(values[-1])),
            "reached": int(best >= values[-1]),
            "feasible_share": round(float(result.history["feasible"].mean()), 4),
            "params": int(bench.cost(arch, "params")),
            "limit": round(limit(task), 1),
            "best_arch": bench.space.format(arch),
            "stopped": result.stopped,
        },
        # among what the task allows, where the table's own rank would count all networks
        "curve": {**curve, "rank": [_rank(values, value) for value in curve["best"]]},
    }


def _rank(ascending: np.ndarray, value: float) -> int:
    """Values above `value` (to the four digits that rows keep), plus 1."""
    return len(ascending) - int(np.searchsorted(ascending, value + 1e-4, side="right")) + 1


BACKBONES = Experiment(
    "ganas/backbones",
    1,
    "Tables 12 and 13: the two backbones counted, and the EfficientNet space searched for multiply-adds within a limit",
    _units,
    _run,
    lambda config: f"efficientnet-costs:{table().checksum}",
    "ganas",
)
