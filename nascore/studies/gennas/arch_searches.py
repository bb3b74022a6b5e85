"""End-to-end search (appendix, A.2.3): evolution that sees a score only; a table says what its best cell is worth.

P = 50, S = 10, T = 400 as in print. NAS-Bench-201 and -101 are searched with small networks (`small`), digits201 with
those of its table. ResNeXt-A and NAS-Bench-NLP are pools of the architectures that a table knows, with fewer
evaluations: the paper's pool of ResNets has 25,000, of whose accuracies no table is here.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from nascore import benchmarks
from nascore.benchmarks.recipes.digits201.recipe import RECIPE
from nascore.studies.experiment import Experiment, Unit
from nascore.studies.gennas import small
from nascore.studies.gennas.ranking import SEED, asked_for
from nascore.studies.gennas.samples import images

if TYPE_CHECKING:
    from nascore.benchmarks.table import TabularBenchmark

POPULATION, SAMPLE, CHILDREN = 50, 10, 400
SEEDS, FEW = range(5), range(3)


@dataclass(frozen=True)
class Place:
    """Where is searched: `benchmark` judges; networks and images are what the score sees; `judges` the scores;
    `evaluations` of different architectures; `seconds` of one by GenNAS."""

    benchmark: str
    question: dict[str, Any]
    network: dict[str, Any]
    images: str
    judges: tuple[str, ...]
    seconds: float
    evaluations: int = POPULATION + CHILDREN
    population: int = POPULATION
    seeds: range = SEEDS

    def table(self) -> TabularBenchmark:
        return benchmarks.load(self.benchmark, **self.question)

    def pictures(self):
        return small.pictures("small") if self.images == "small" else images(self.images)


FREE = ("naswot", "synflow")
PLACES = {
    "nasbench201": Place(
        "nasbench201",
        {"dataset": "cifar10", "split": "test", "epochs": 200},
        small.SMALL,
        "small",
        ("gennas-combo", "gennas-search-n", *FREE),
        0.7,
    ),
    "nasbench101": Place(
        "nasbench101-surrogate", {}, small.SMALL, "small", ("gennas-combo", "gennas-search-n", *FREE), 0.9
    ),
    "digits201": Place(
        "digits201", {"split": "test"}, RECIPE.skeleton, "digits", ("gennas-combo", "gennas-search-n", *FREE), 1.8
    ),
    "nds-resnext-a": Place(
        "nds-resnext-a",
        {},
        {"stem": "cifar", "classes": 10},
        "cifar10",
        ("gennas-combo", *FREE),
        20,
        50,
        20,
        FEW,
    ),
    "nasbench-nlp": Place(
        "nasbench-nlp-ptb", {}, {"words": 10_000}, "ptb", ("gennas-search-nlp", *FREE), 17, 60, 20, FEW
    ),
    "smoke": Place(
        "digits201",
        {"split": "test"},
        {**RECIPE.skeleton, "widths": (4, 8)},
        "digits",
        ("synflow", "gennas-combo"),
        0.1,
        evaluations=8,
        population=4,
        seeds=range(2),
    ),
}


def _units(profile: str) -> list[Unit]:
    places = [name for name in PLACES if (name == "smoke") == (profile == "smoke")]
    units = [
        Unit({"space": name, "judge": judge}, seed, max(1, PLACES[name].evaluations * _seconds(name, judge)))
        for name in places
        for seed in PLACES[name].seeds
        for judge in PLACES[name].judges
    ]
    if profile == "paper":
        extra = ("gennas-search-d", "gennas-search-r")
        units += [Unit({"space": "nds-resnext-a", "judge": judge}, seed, 1000) for seed in FEW for judge in extra]
    return units


def _seconds(name: str, judge: str) -> float:
    return PLACES[name].seconds if judge.startswith("gennas-") else 0.1


def _run(config: dict, seed: int) -> dict:
    """metrics: accuracy (of the architecture that the score likes best, by the table), rank (1: the table's best) and
    share (rank / size of the table), asked_rank (of the best that was asked), asked, failed, seconds (one evaluation).
    curve: query, rank of the score's favourite so far, at every change of it."""
    from nascore.search.baselines.evolution import RegularizedEvolution
    from nascore.studies.gennas.arch_search import ProxyFitness, search_by_proxy

    place = PLACES[config["space"]]
    table = place.table()
    proxy = asked_for(config["judge"])
    if config["space"] == "smoke" and config["judge"].startswith("gennas-"):
        from nascore.proxies.gennas import GenNAS

        proxy = GenNAS(config["judge"].removeprefix("gennas-"), iterations=2)
    fitness = ProxyFitness(table.space, proxy, place.pictures(), seeds=[SEED], **place.network)
    sample = min(SAMPLE, place.population)
    search = RegularizedEvolution(table.space, seed=seed, population=place.population, sample=sample)
    began = time.perf_counter()
    result = search_by_proxy(fitness, budget=place.evaluations, search=search)
    seconds = (time.perf_counter() - began) / max(1, result.queries)
    history = result.history
    archs, values = list(history["arch"]), history["value"].to_numpy(float)
    true = np.asarray(table.values(archs), float)
    ranks = [table.rank(value) for value in true]
    favourite = np.where(np.isnan(values), -np.inf, values)
    leads = np.flatnonzero(favourite > np.maximum.accumulate(np.concatenate([[-np.inf], favourite[:-1]])))
    best = int(leads[-1])
    return {
        "metrics": {
            "accuracy": round(float(true[best]), 4),
            "rank": ranks[best],
            "share": round(ranks[best] / len(table), 6),
            "asked_rank": min(ranks),
            "asked": len(archs),
            "failed": int(np.isnan(values).sum()),
            "seconds": round(seconds, 4),
            "arch": table.space.format(archs[best]),
        },
        "curve": {"query": [int(k) + 1 for k in leads], "rank": [ranks[k] for k in leads]},
    }


def label(config: dict) -> str:
    table = PLACES[config["space"]].table()
    return f"{table.name}:{table.checksum}"


ARCH_SEARCHES = Experiment(
    "gennas/arch_search",
    1,
    "A.2.3: searches that see a score only",
    _units,
    _run,
    label,
    "gennas",
)
