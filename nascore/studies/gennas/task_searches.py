"""Searches for a proxy task on NAS-Bench-101, scaled down (appendix, A.2.2): does evolution find better tasks?

As published, a search asks P + T = 450 tasks, each for 20 architectures and 100 iterations. Here 50 + 50 tasks, 16
architectures, 20 iterations, small networks. "random" draws all 100 blindly. What was found is judged by other cells
and by 100 iterations: the best of the first half (no evolution yet) beside the best of all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nascore.studies.experiment import Experiment, Unit
from nascore.studies.gennas import small
from nascore.studies.gennas.ranking import SEED, agreement

if TYPE_CHECKING:
    from nascore.proxies.gennas.task import Task

METHODS = {"evolution": (50, 50), "random": (100, 0)}  # P, T
CELLS, ITERATIONS, FINAL = 16, 20, 100
SEEDS = range(5)
SECONDS = 900
PAPER = {"evolution": (50, 400)}


def _units(profile: str) -> list[Unit]:
    if profile == "smoke":
        return [Unit({"method": method, "size": "smoke"}, seed, 1) for method in METHODS for seed in range(2)]
    units = [Unit({"method": method, "size": "small"}, seed, SECONDS) for seed in SEEDS for method in METHODS]
    if profile == "paper":
        units += [Unit({"method": "evolution", "size": "full"}, seed, 72_000) for seed in SEEDS]
    return units


def _run(config: dict, seed: int) -> dict:
    """metrics: fitness_half and fitness (|Spearman| on the cells that the search sees, best of the first half and of
    all), rho_half and rho (Spearman on other cells at 100 iterations, likewise), rho_combo (of the combined task, same
    networks), task (as text), failed (tasks without a fitness). curve: number, fitness, best."""
    from nascore.studies.gennas.task_search import RankFitness, best_task, search_tasks

    size = config["size"]
    count, iterations = {"smoke": (5, 1), "small": (CELLS, ITERATIONS), "full": (20, FINAL)}[size]
    population, children = PAPER["evolution"] if size == "full" else METHODS[config["method"]]
    if size == "smoke":
        population, children = max(2, population // 25), children // 25
    asked = list(small.cells("asked", size).values())[:count]
    fitness = RankFitness(
        small.space(),
        asked,
        small.accuracies(asked, size),
        small.pictures(size),
        iterations=iterations,
        seed=SEED,
        **small.network(size),
    )
    sample = min(10, population)
    found = list(search_tasks(fitness, seed=seed, population=population, sample=sample, iterations=children))
    half = found[: max(1, len(found) // 2)]
    best, earlier = best_task(found), best_task(half)
    values = np.array([each.fitness for each in found])
    final = {"smoke": 1}.get(size, FINAL)
    rho = {str(task): judged(task, size, final) for task in (best, earlier)}
    return {
        "metrics": {
            "fitness_half": round(float(np.nanmax(values[: len(half)])), 4),
            "fitness": round(float(np.nanmax(values)), 4),
            "rho_half": rho[str(earlier)],
            "rho": rho[str(best)],
            "rho_combo": judged(small.task("combo"), size, final),
            "failed": int(np.isnan(values).sum()),
            "task": best.text(),
        },
        "curve": {
            "number": [each.number for each in found],
            "fitness": [None if np.isnan(v) else round(float(v), 4) for v in values],
            "best": np.fmax.accumulate(values).round(4).tolist(),
        },
    }


def judged(task: Task, size: str, iterations: int) -> float:
    """Spearman of a task's losses (turned) with the accuracies of the cells that no search saw."""
    from nascore.proxies.gennas import GenNAS

    return agreement(*small.judged(GenNAS(task, iterations), size, SEED), "x")["rho_x"]


TASK_SEARCHES = Experiment(
    "gennas/task_search",
    1,
    "A.2.2: searches for a proxy task",
    _units,
    _run,
    small.label,
    "gennas",
)
