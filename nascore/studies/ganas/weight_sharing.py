"""Table 3 on digits201: searches that ask a supernet's shared weights, judged by the table of cells trained alone.

As in the appendix ("Supernet Training and Usage") the supernet learns from uniform draws with Adam, and before each set
X of GA-NAS is evaluated it is trained on with draws from X only: a tenth of its training, at a tenth of the rate (in
print 50 after 500 epochs, 1e-4 after 1e-3). What was asked before keeps its value. NAS-Bench-101's own supernet is not
built here.

Every search has the same weight steps. Random search and regularised evolution ask the same trained supernet as often
as GA-NAS does. ENAS (its strategy, REINFORCE) and DARTS learn weights and cell in turn, so they train their own, theta
fixed in the first half of the epochs; neither may choose "none", which DARTS never derives ("ENAS, with none" and
"GA-NAS, no none" are each in the other's space). "GA-NAS, true accuracies" asks the table's validation accuracy as
often. Each search gives one cell: the best it saw, or the argmax of theta.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from nascore.benchmarks import Oracle
from nascore.search.ganas.schedule import NASBENCH201, Schedule
from nascore.spaces.base import Arch
from nascore.spaces.nasbench201 import NASBench201
from nascore.studies.experiment import Experiment, Unit
from nascore.studies.ganas.rows import baseline, data_label, load

if TYPE_CHECKING:  # torch waits until a search runs
    from nascore.search.oneshot.log import SearchLog

SEEDS, TUNING_SEEDS = range(10), range(1000, 1003)
GATE, CELLS = 0.5, 50  # least rank correlation, over so many random cells, on TUNING_SEEDS
ASKING = ("RS", "REA")  # of the same trained supernet
LEARNING = {"ENAS": "Reinforce", "DARTS": "DARTS"}  # weights and cell in turn
TUNED, PLAIN, TRUE = "GA-NAS", "GA-NAS, not fine-tuned", "GA-NAS, true accuracies"
# the same in the other's space: without "none" there are 4,096 cells instead of 15,625
NO_NONE, WITH_NONE = "GA-NAS, no none", "ENAS, with none"
LEARNING |= {WITH_NONE: "Reinforce"}
METHODS = (TUNED, TRUE, PLAIN, *ASKING, "ENAS", "DARTS", NO_NONE, WITH_NONE)
RATES = (0.03, 0.1, 0.3)  # of theta, tried on TUNING_SEEDS
THETA_RATE = 0.1


@dataclass(frozen=True)
class Setting:
    """`epochs` of `steps` weight steps of `batch` images by `optimizer` at `rate`; accuracies on `images` of the
    validation pool, the same for all cells."""

    epochs: int = 100
    steps: int = 12
    batch: int = 64
    optimizer: str = "adam"
    rate: float = 0.01
    images: int = 500

    @property
    def tune_steps(self) -> int:
        """Steps of fine-tuning before each set is evaluated."""
        return max(1, self.epochs * self.steps // 10)


SETTING, SMALL = Setting(), Setting(epochs=4, steps=2, batch=16, images=60)
LONGER = {"epochs": 200}  # the same with weights that have learned twice as long
# settings that were tried beside it, one tuning seed each
PILOTS = ({"optimizer": "sgd", "rate": 0.4}, {"optimizer": "sgd", "rate": 0.4, **LONGER})
SGD = {"momentum": 0.9, "nesterov": True, "weight_decay": 5e-4}


def _units(profile: str) -> list[Unit]:
    """What decides comes first (a runner takes the longest first), seed by seed: a worker keeps the supernet that it
    has trained for the next method."""
    small = profile == "smoke"
    setting = SMALL if small else SETTING
    seeds = SEEDS[:2] if small else SEEDS

    def unit(method: str, seed: int, role: str, seconds: float, **changes) -> Unit:
        if method in LEARNING and "theta_rate" not in changes:
            changes["theta_rate"] = THETA_RATE
        config = {"method": method, "role": role, **asdict(setting), **changes}
        return Unit(config, seed, 1 if small else seconds)

    units = [unit("gate", seed, "gate", 40) for seed in TUNING_SEEDS]
    order = ((TUNED, TRUE, "ENAS"), (NO_NONE, WITH_NONE), (PLAIN, *ASKING), ("DARTS",))
    for seconds, methods in zip((35, 34, 32, 30), order, strict=True):
        units += [unit(method, seed, "search", seconds) for seed in seeds for method in methods]
    if not small:
        units += [unit("gate", TUNING_SEEDS[0], "pilot", 28, **pilot) for pilot in PILOTS]
        units += [unit("gate", seed, "longer", 28, **LONGER) for seed in TUNING_SEEDS]
        units += [unit(method, seed, "longer", 26, **LONGER) for seed in SEEDS for method in (TUNED, PLAIN, "ENAS")]
        units += [
            unit(method, seed, "tuning", 25, theta_rate=rate)
            for seed in TUNING_SEEDS
            for method in ("ENAS", "DARTS")
            for rate in RATES
        ]
    return units


def _weights(setting: Setting) -> dict:
    """How the shared weights learn, as `oneshot.search` takes it."""
    sgd = setting.optimizer == "sgd"
    return {
        "steps_per_epoch": setting.steps,
        "progress": False,
        "weight_optimizer": setting.optimizer,
        "weight_options": {"lr": setting.rate, **(SGD if sgd else {})},
        "clip": 1.0 if sgd else None,
    }


def _trained(setting: Setting, seed: int, hooks=()) -> SearchLog:
    """A supernet that has learned from uniform draws."""
    from nascore.data.images import digits
    from nascore.networks.supernets.cell import digits201_supernet
    from nascore.search import oneshot

    supernet = digits201_supernet(seed=seed)
    return oneshot.search(
        supernet,
        oneshot.RandomSharing(supernet.choices, seed=seed),
        digits(setting.batch, seed),
        setting.epochs,
        freeze_epochs=setting.epochs,
        seed=seed,
        hooks=hooks,
        **_weights(setting),
    )


_kept = lru_cache(maxsize=1)(_trained)


@contextmanager
def _supernet(setting: Setting, seed: int) -> Iterator[SearchLog]:
    """The trained supernet of this seed, and afterwards what it was."""
    log = _kept(setting, seed)
    optimizer = log.run.weights.optimizer  # type: ignore[union-attr]  # it was trained here, so it has both
    assert optimizer is not None
    before = copy.deepcopy((log.supernet.state_dict(), optimizer.state_dict()))
    try:
        yield log
    finally:
        log.supernet.load_state_dict(before[0])
        optimizer.load_state_dict(before[1])


def validation(images: int) -> list:
    """The batches on which all cells are measured."""
    import torch

    from nascore.data.cluttered import cluttered_digits

    pool = cluttered_digits("val")
    parts = (torch.tensor(np.array(part[:images])) for part in (pool.images, pool.labels))
    return list(zip(*(part.split(500) for part in parts), strict=True))


def _asked(config: dict, setting: Setting, seed: int, tables) -> dict:
    """A search that asks accuracies, shared or true ones."""
    from nascore.benchmarks.shared_weights import SharedWeights
    from nascore.data.images import digits
    from nascore.networks.supernets.cell import without_none
    from nascore.search import oneshot

    method = config["method"]
    if method == TRUE:
        oracle = Oracle(tables["val"], _budget(setting))
        _search(_searcher(method, oracle.space, setting, seed), oracle)
        return _judged(oracle, tuple, tables)
    with _supernet(setting, seed) as log:
        space = without_none() if method == NO_NONE else None
        shared = SharedWeights(log.supernet, validation(setting.images), space)

        def in_table(arch):  # the supernet's numbers are the table's
            return shared.draw(arch).arch

        before = None
        if method in (TUNED, NO_NONE):
            data = digits(setting.batch, seed + 1)  # further images in another order

            def before(archs, iteration):
                steps, rate = setting.tune_steps, setting.rate / 10
                archs = [*map(in_table, archs)]
                oneshot.fine_tune(log.run, archs, steps, rate=rate, data=data, seed=iteration)

        oracle = Oracle(shared, _budget(setting))
        _search(_searcher(method, shared.space, setting, seed), oracle, before)
        return _judged(oracle, in_table, tables)


def _budget(setting: Setting) -> int:
    return 30 if setting == SMALL else int(NASBENCH201.total)


def _searcher(method: str, space, setting: Setting, seed: int):
    from nascore.search.ganas.ganas import GANAS

    if method in ASKING:
        return baseline(method, space, seed)
    if setting == SMALL:
        schedule = Schedule(initial=10, base=10, increment=0, iterations=2, truth=4)
        return GANAS(space, seed=seed, schedule=schedule, rounds=1, episodes=16)
    return GANAS(space, seed=seed, schedule=NASBENCH201)


def _search(search, oracle: Oracle, before=None) -> None:
    """`nascore.search.run`, with `before(X, iteration)` called before a set X is evaluated."""
    iteration = 0
    while not search.done and not oracle.exhausted:
        archs = search.ask()
        if before is not None:
            before(archs, iteration)
        values = oracle.evaluate(archs)
        search.tell(archs[: len(values)], values)
        iteration += 1


def _judged(oracle: Oracle, in_table: Callable[[Arch], Arch], tables) -> dict:
    """What the table says of the best cell by the Oracle's answers, and how well these ranked what was asked."""
    arch, value = oracle.best()
    assert arch is not None  # a supernet answers for every cell
    asked, answers = [in_table(row.arch) for row in oracle.log], [row.value for row in oracle.log]
    metrics = {
        **_verdict(in_table(arch), tables),
        "value": round(value, 4),
        "queries": oracle.queries,
        "asked_spearman": _spearman(answers, tables["val"].values(asked)),
        "asked_best": round(float(tables["test"].values(asked).max()), 4),
    }
    return {"metrics": metrics}


def _verdict(arch, tables) -> dict:
    accuracy = tables["test"].value(arch)
    return {
        "arch": tables["test"].space.format(arch),
        "accuracy": round(accuracy, 4),
        "rank": tables["test"].rank(accuracy),
        "val_accuracy": round(tables["val"].value(arch), 4),
    }


def _learned(config: dict, setting: Setting, seed: int, tables) -> dict:
    """ENAS's and DARTS's strategies: weights and theta in turn."""
    import torch

    from nascore.data.images import digits
    from nascore.networks.supernets.cell import digits201_supernet
    from nascore.search import oneshot

    supernet = digits201_supernet(seed=seed)
    choices = supernet.choices
    theta = {"learning_rate": config["theta_rate"], "betas": (0.5, 0.999), "weight_decay": 3e-3}
    strategy = getattr(oneshot, LEARNING[config["method"]])(choices, seed=seed, **theta)
    if config["method"] != WITH_NONE:
        live = torch.ones(choices.edges, len(choices.ops), dtype=torch.bool)
        live[:, choices.zero] = False
        strategy.restrict(live)
    log = oneshot.search(
        supernet,
        strategy,
        digits(setting.batch, seed),
        setting.epochs,
        freeze_epochs=setting.epochs // 2,
        seed=seed,
        **_weights(setting),
    )
    entropy = round(float(log.frame["entropy"].iloc[-1]), 4)
    return {"metrics": {**_verdict(log.derive(), tables), "entropy": entropy}}


def _ranked(config: dict, setting: Setting, seed: int, tables) -> dict:
    """The gate: Spearman of shared and true validation accuracies over random cells at the end, and of minus the shared
    loss along the training."""
    from nascore.benchmarks.shared_weights import SharedWeights
    from nascore.search import oneshot

    space, rng = NASBench201(), np.random.default_rng([17, seed])
    archs = [space.sample(rng) for _ in range(CELLS)]
    values, batches, every = tables["val"].values(archs), validation(setting.images), max(1, setting.epochs // 4)
    log = _trained(setting, seed, [oneshot.SharedRanking(archs, values, batches, every)])
    shared = SharedWeights(log.supernet, batches).values(archs)
    better = values > np.median(values)
    along = log.frame["shared_spearman"].dropna()
    return {
        "metrics": {
            "spearman": _spearman(shared, values),
            "spearman_upper_half": _spearman(np.array(shared)[better], values[better]),
            "spearman_loss": round(float(along.iloc[-1]), 4),
            "shared_best": round(max(shared), 4),
        },
        "curve": {"epoch": [int(i) + 1 for i in along.index], "spearman": along.round(4).tolist()},
    }


def _spearman(a, b) -> float:
    from scipy.stats import spearmanr

    return round(float(spearmanr(a, b)[0]), 4)


def _run(config: dict, seed: int) -> dict:
    setting = Setting(**{name: config[name] for name in Setting.__dataclass_fields__})
    tables = {split: load("digits201", split=split) for split in ("val", "test")}
    method = config["method"]
    does = _ranked if method == "gate" else _learned if method in LEARNING else _asked
    return does(config, setting, seed, tables)


WEIGHT_SHARING = Experiment(
    "ganas/weight_sharing",
    1,
    "Table 3 on digits201: searches that ask shared weights",
    _units,
    _run,
    lambda config: data_label("digits201"),
    "ganas",
)
