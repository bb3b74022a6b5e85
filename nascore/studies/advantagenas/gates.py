"""Can the reduced settings tell good from random at all? Asked before any comparison, on seeds that no comparison uses.

CIFAR-10: weights shared by random cells (RandomSharing, the schedule of the searches) should rank 50 random cells as
NAS-Bench-201 does: Spearman of minus the shared validation loss and the test accuracy, at least GATE on average over
the half of the search in which theta moves. One seed before the comparison (SEEDS); the comparison's own RandomSharing
searches repeat it on five (`cifar10.rankings`). The settings in PILOTS were tried on the way.

Penn Treebank: random cells trained alone should differ clearly more than two trainings of one cell do: the deviation
between the cells' mean perplexities, at least SPREAD times the deviation between trainings. TEXT_PILOTS were tried too.
"""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from nascore.studies.advantagenas import cifar10, language
from nascore.studies.advantagenas.cell_search import cells
from nascore.studies.experiment import Experiment, Unit

GATE = 0.5
SPREAD, TEXT_CELLS, TRAININGS = 3.0, 20, 2
SEEDS = (1000,)
# settings that were tried beside cifar10's "deciding", one seed each
PILOTS = (
    {"side": 16, "batch": 64, "clip": 1.0},
    {"side": 16, "batch": 64, "clip": 1.0, "weight_rate": 0.4},
    {"schedule": "constant"},
)
# beside language.DECIDING, each with PILOT_CELLS cells
TEXT_PILOTS, PILOT_CELLS = ({"retrain_epochs": 12},), 10


def _units(profile: str) -> list[Unit]:
    smoke = profile == "smoke"
    setting = cifar10.SETTINGS["smoke" if smoke else "deciding"]
    units = [Unit({"gate": "cifar10", **asdict(setting)}, seed, 1 if smoke else 1500) for seed in SEEDS]
    text = language.SMOKE if smoke else language.DECIDING
    units += [
        Unit({"gate": "ptb", "cell": cell, **asdict(text)}, seed, 1 if smoke else 120)
        for cell in range(3 if smoke else TEXT_CELLS)
        for seed in range(1000, 1000 + TRAININGS)
    ]
    if not smoke:
        units += [
            Unit({"gate": "ptb", "cell": cell, **asdict(text) | pilot}, seed, 30 * pilot["retrain_epochs"])
            for pilot in TEXT_PILOTS
            for cell in range(PILOT_CELLS)
            for seed in range(1000, 1000 + TRAININGS)
        ]
        units += [Unit({"gate": "cifar10", **asdict(setting) | pilot}, SEEDS[0], 1500) for pilot in PILOTS]
    return units


def _run(config: dict, seed: int) -> dict:
    """ "cifar10": as `cifar10.rankings`, curve: epoch, spearman. Metrics of "ptb": val, test (perplexities), arch."""
    config = dict(config)
    return (_ranked if config.pop("gate") == "cifar10" else _trained)(config, seed)


def _ranked(config: dict, seed: int) -> dict:
    setting, space = cifar10.Setting(**config), cells(False)
    data = cifar10.batches(setting, seed)
    hook = cifar10.shared_ranking(setting, seed, space, data)
    found = cifar10.rankings(cifar10.search("RandomSharing", setting, seed, space, data, [hook]), setting)
    return {
        "metrics": found["metrics"],
        "curve": {"epoch": found["curve"]["ranked_epoch"], "spearman": found["curve"]["spearman"]},
    }


def _trained(config: dict, seed: int) -> dict:
    from nascore.spaces.recurrent import SPACE

    cell = config.pop("cell")
    setting = language.Setting(**config)
    arch = SPACE.sample(np.random.default_rng([12, cell]))
    network, _ = language.retrained(arch, setting, seed)
    return {
        "metrics": {
            "val": round(network.perplexity(setting.stream("val")), 3),
            "test": round(network.perplexity(setting.stream("test")), 3),
            "arch": SPACE.format(arch),
        }
    }


def spread(rows) -> dict[str, float]:
    """Deviation of the validation perplexity between cells and between trainings of one cell, and their ratio, from
    rows of the gate "ptb" (a DataFrame): `between` is that of the cells' own means, freed from what the trainings
    add to it."""
    groups = rows.groupby("cell")["val"]
    trainings = float(groups.size().min())
    within = float(groups.var(ddof=1).mean())
    between = max(0.0, float(groups.mean().var(ddof=1)) - within / trainings)
    return {"between": between**0.5, "within": within**0.5, "ratio": (between / within) ** 0.5}


def _data(config: dict) -> str:
    if config["gate"] == "cifar10":
        return cifar10.data_label(config["size"])
    return language.data_label(
        language.Setting(**{key: value for key, value in config.items() if key not in ("gate", "cell")})
    )


GATES = Experiment(
    "advantagenas/gates",
    1,
    "Gates of the reduced searches: do they tell good from random?",
    _units,
    _run,
    _data,
    "advantagenas",
)
