"""Can the reduced settings tell good from random at all? Asked before any comparison, on seeds that no comparison uses.

CIFAR-10: weights shared by random cells (RandomSharing, the schedule of the searches) should rank 50 random cells as
NAS-Bench-201 does: Spearman of minus the shared validation loss and the test accuracy, at least GATE on average over
the half of the search in which theta moves. The settings in PILOTS were tried on the way.

Penn Treebank: random cells trained alone should differ clearly more than two trainings of one cell do: the deviation
between the cells' mean perplexities, at least SPREAD times the deviation between trainings.
"""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from nascore.studies.advantagenas import cifar10, language
from nascore.studies.advantagenas.cell_search import cells, in_table
from nascore.studies.experiment import Experiment, Unit

GATE, CELLS, RANK_EVERY = 0.5, 50, 10  # epochs
IMAGES = 2048  # validation images of one ranking
SPREAD, TEXT_CELLS, TRAININGS = 3.0, 20, 2
SEEDS = range(1000, 1003)
# settings that were tried beside cifar10's "deciding", one seed each
PILOTS = (
    {"side": 16, "batch": 64, "clip": 1.0},
    {"side": 16, "batch": 64, "clip": 1.0, "weight_rate": 0.4},
    {"schedule": "constant"},
)


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
        units += [Unit({"gate": "cifar10", **asdict(setting) | pilot}, SEEDS[0], 1500) for pilot in PILOTS]
    return units


def _run(config: dict, seed: int) -> dict:
    """metrics of "cifar10": spearman (mean over the rankings while theta would move), spearman_end, val_loss_end;
    curve: epoch, spearman. Of "ptb": val, test (perplexities), arch."""
    config = dict(config)
    return (_ranked if config.pop("gate") == "cifar10" else _trained)(config, seed)


def _ranked(config: dict, seed: int) -> dict:
    from nascore.search.oneshot import SharedRanking

    setting = cifar10.Setting(**config)
    space, table, rng = cells(False), cifar10.table(setting), np.random.default_rng([13, seed])
    archs = [space.sample(rng) for _ in range(5 if setting.size == "smoke" else CELLS)]
    values = table.values([in_table(arch, space, table.space) for arch in archs])
    data = cifar10.batches(setting, seed)
    images, labels = (part[: min(IMAGES, len(part))] for part in data.pools["val"])
    every = 1 if setting.size == "smoke" else RANK_EVERY
    hook = SharedRanking(archs, values, list(zip(images.split(256), labels.split(256), strict=True)), every)
    log = cifar10.search("RandomSharing", setting, seed, space, hooks=[hook])
    found = log.frame.iloc[every - 1 :: every]
    late = found[found["epoch"] >= setting.budget.freeze]
    return {
        "metrics": {
            "spearman": round(float(late["shared_spearman"].mean()), 4),
            "spearman_end": round(float(late["shared_spearman"].iloc[-1]), 4),
            "val_loss_end": round(float(late["shared_loss"].iloc[-1]), 4),
        },
        "curve": {"epoch": found["epoch"].tolist(), "spearman": found["shared_spearman"].round(4).tolist()},
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
