"""Tables 1 and 2 and Figure 2: what seeds, first weights, batches and iterations change (A.3.1 to A.3.3).

One unit is one setting and one seed, asked about the same 60 cells of NAS-Bench-101, which no search for tasks saw.
Table 1 has networks of full size and the published task; the others small networks (`small`) and ten tasks of our own,
five that our searches found and five random ones: the paper's ten searched tasks are not printed one by one.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from nascore.studies.experiment import Experiment, Unit
from nascore.studies.gennas import small
from nascore.studies.gennas.ranking import SEED, agreement, short

if TYPE_CHECKING:
    from nascore.proxies.registry import Proxy

SEARCHED = tuple(f"searched-{k}" for k in range(5))
TASKS = (*SEARCHED, *(f"random-{k}" for k in range(small.RANDOM)))
SEEDS = range(10)
FIRST = tuple((weights, bias) for bias in ("default", "zero") for weights in ("default", "kaiming", "xavier"))
BATCH, ITERATIONS = 16, 100
BATCHES, STEPS = (1, 64, 256), (10, 25, 50, 200)  # beside 16 and 100, which part "weights" has
BATCH_TASKS, STEP_TASKS = SEARCHED[:2], SEARCHED
CLASSIFIED, OFTEN = range(2), range(10)  # seeds of the classification; with 16 images, where the verdict falls
SECONDS = {"full": 9.0, "small": 1.3, "smoke": 0.01}  # a cell, at 16 images and 100 iterations
GATE_TASKS = ("combo", "search-n")


def _unit(part: str, seed: int, **given) -> Unit:
    config = {
        "part": part,
        "task": "search-n",
        "size": "small",
        "batch": BATCH,
        "iterations": ITERATIONS,
        "weights": "default",
        "bias": "default",
    } | given
    share = max(config["batch"], 4) / BATCH * config["iterations"] / ITERATIONS
    return Unit(config, seed, max(1, SECONDS[config["size"]] * small.JUDGED * share))


def _units(profile: str) -> list[Unit]:
    if profile == "smoke":
        few = {"size": "smoke", "iterations": 1, "task": "random-0"}
        return [
            *(_unit("seeds", seed, **few) for seed in range(2)),
            *(_unit("weights", SEED, **few, weights=weights) for weights in ("default", "kaiming")),
            *(_unit("batch", SEED, **{**few, "batch": batch}) for batch in (4, 8)),
            *(_unit("iterations", SEED, **{**few, "iterations": steps}) for steps in (1, 2)),
            *(_unit("classification", SEED, **{**few, "task": "classification", "batch": batch}) for batch in (4, 8)),
        ]
    units = [_unit("gate", seed, task=task) for task in GATE_TASKS for seed in range(3)]
    units += [_unit("seeds", seed, size="full") for seed in SEEDS]
    ours = TASKS if small.found() == len(SEARCHED) else TASKS[len(SEARCHED) :]
    units += [_unit("weights", SEED, task=task, weights=weights, bias=bias) for task in ours for weights, bias in FIRST]
    units += [_unit("classification", seed, task="classification") for seed in OFTEN]
    units += [_unit("iterations", SEED, task=task, iterations=n) for task in STEP_TASKS if task in ours for n in STEPS]
    units += [_unit("batch", SEED, task=task, batch=b) for task in BATCH_TASKS if task in ours for b in BATCHES]
    units += [_unit("classification", seed, task="classification", batch=b) for seed in CLASSIFIED for b in BATCHES]
    if profile == "paper":
        units += [_unit("batch", SEED, task=task, batch=b, size="full") for task in ours for b in (16, *BATCHES, 1024)]
        units += [_unit("weights", SEED, task=t, weights=w, bias=b, size="full") for t in ours for w, b in FIRST]
    return units


def _proxy(config: dict) -> Proxy:
    from nascore import proxies
    from nascore.proxies.gennas import GenNAS

    if config["task"] == "classification":
        return proxies.get("classification", batch=config["batch"], steps=config["iterations"])
    first = {"weights": config["weights"], "bias": config["bias"]}
    return GenNAS(small.task(config["task"]), config["iterations"], config["batch"], **first)


def _run(config: dict, seed: int) -> dict:
    """metrics: rho_cifar10 and tau_cifar10 (Spearman and Kendall of the score, turned so that higher is better, with
    accuracy), top_cifar10, failed, seconds (a cell). curve: row, score (turned), accuracy's rank among these cells."""
    size = config["size"]
    members = small.cells("judged", size)
    began = time.perf_counter()
    score, rank = small.judged(_proxy(config), size, seed, weights=config["weights"], bias=config["bias"])
    seconds = (time.perf_counter() - began) / len(members)
    metrics = agreement(score, rank, "cifar10")
    return {
        "metrics": {**metrics, "failed": int(np.isnan(score).sum()), "seconds": round(seconds, 4)},
        "curve": {"row": list(members), "score": [short(value) for value in score], "rank": rank},
    }


SENSITIVITY = Experiment(
    "gennas/sensitivity",
    1,
    "Tables 1 and 2, Figure 2: seeds, first weights, batch and iterations",
    _units,
    _run,
    small.label,
    "gennas",
)
