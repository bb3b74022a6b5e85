"""Section 5.2's comparison with enough trials for an interval: the same searches on digits201, ten seeds each.

The supernet has the skeleton on which the table's cells were trained and learns at their learning rate: the authors'
0.1 would need thousands of steps (on seed 100 it left the training loss near that of guessing). Every one-shot method
gets the same number of weight steps and of architecture steps. "random search" is no one-shot search: it trains as many
random cells alone as cost the same steps and takes the best by validation accuracy. "random cell" is one cell, drawn
blindly.
"""

from __future__ import annotations

import numpy as np

from nascore import benchmarks
from nascore.benchmarks.recipes.digits201.recipe import RECIPE
from nascore.spaces.nasbench201 import NASBench201
from nascore.studies.advantagenas.cell_search import (
    DENSE,
    METHODS,
    SPARSE,
    VARIANTS,
    Budget,
    cells,
    course,
    find,
    judged,
    random_cell,
    verdict,
)
from nascore.studies.experiment import Experiment, Unit

SEEDS, FEW, TUNING_SEEDS = range(10), range(3), (100,)
# epochs as in the paper, theta fixed in the first half of them; an epoch is 12 steps
BUDGET, SMALL = Budget(epochs=100, freeze=50, steps=12, batch=64), Budget(epochs=4, freeze=2, steps=2, batch=16)
# of theta, the same for all methods and set beforehand: the authors' is for thousands of steps. What other rates would
# have done is seen on TUNING_SEEDS by the validation loss, which the searches minimise themselves
LEARNING_RATES, LEARNING_RATE = (0.01, 0.03, 0.1), 0.03
AS_PRINTED = "REINFORCE, no baseline"  # ten trials as well: the paper's own comparison
WITH_ZERO = ("ProxylessNAS", "AdvantageNAS")  # footnotes 5 and 4
SECONDS = {**dict.fromkeys(DENSE, 40), "AdvantageNAS, Eq. 6": 40, "ProxylessNAS": 30}


def _unit(
    method: str, seed: int, role: str = "search", zero: bool = False, rate: float = LEARNING_RATE, size: str = "laptop"
) -> Unit:
    config = {"method": method, "role": role, "zero": zero, "learning_rate": rate, "size": size}
    return Unit(config, seed, 1 if size == "smoke" or method in BLIND else SECONDS.get(method, 20))


def _units(profile: str) -> list[Unit]:
    if profile == "smoke":
        return [_unit(method, seed, size="smoke") for method in (*METHODS, *BLIND) for seed in SEEDS[:2]]
    units = [
        _unit(method, seed, "tuning", rate=rate)
        for seed in TUNING_SEEDS
        for rate in LEARNING_RATES
        for method in SPARSE
    ]
    units += [_unit(method, seed) for seed in SEEDS for method in (*SPARSE, "RandomSharing", *BLIND)]
    units += [_unit(method, seed) for method in VARIANTS for seed in (SEEDS if method == AS_PRINTED else FEW)]
    units += [_unit(method, seed) for seed in FEW for method in DENSE]
    return units + [_unit(method, seed, zero=True) for seed in FEW for method in WITH_ZERO]


def searched(config: dict, seed: int) -> dict:
    """One search, without a look at the table."""
    from nascore.data.images import digits
    from nascore.networks.supernets.cell import digits201_supernet

    budget = SMALL if config["size"] == "smoke" else BUDGET
    space = cells(config["zero"])
    log = find(
        config["method"],
        digits201_supernet(space=space, seed=seed),
        digits(budget.batch, seed),
        budget,
        config["learning_rate"],
        seed,
        weight_rate=RECIPE.learning_rate,
    )
    return course(log, space, NASBench201(), budget)


def _random_cell(table, rng: np.random.Generator) -> dict:
    return verdict("argmax", random_cell(rng, table), table)


def _random_search(table, rng: np.random.Generator) -> dict:
    """As many cells as the one-shot searches' steps would train alone, the best by validation accuracy."""
    val = table.select(split="val")
    trained = [random_cell(rng, table) for _ in range(BUDGET.evaluations // RECIPE.steps)]
    return verdict("argmax", max(trained, key=val.value), table) | {"trained": len(trained)}


BLIND = {"random cell": _random_cell, "random search": _random_search}


def _run(config: dict, seed: int) -> dict:
    table = benchmarks.load("digits201", split="test")
    if config["method"] in BLIND:
        return {"metrics": BLIND[config["method"]](table, np.random.default_rng([5, seed]))}
    return judged(searched(config, seed), table)


DIGITS201 = Experiment(
    "advantagenas/digits201",
    2,
    "Section 5.2 on digits201: ten searches of each method",
    _units,
    _run,
    lambda config: f"digits201:{benchmarks.load('digits201').checksum}",
    "advantagenas",
)
