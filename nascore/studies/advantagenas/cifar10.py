"""Table 2 and Figure 2: searches on CIFAR-10 in NAS-Bench-201's space without "none", judged by its table.

As in the paper theta is fixed in the first half of the steps, one half of the training images serves the weights and
the other theta, and the accuracies are NAS-Bench-201's test accuracies after 200 epochs. `SETTINGS`: "laptop" is
reduced so far that the searches have hardly begun (16x16 pixels, 1,200 weight steps). "deciding" is the smallest
setting found whose shared weights rank cells as the table does (see `gates`): 32x32 pixels, one cell per stage instead
of five, 8 channels instead of 16, batches of 32 instead of 64, 20,000 weight steps and 10,000 theta steps; theta's rate
is the authors' 3e-4, raised as the number of its steps is lower. It takes half a day, seed by seed; what is shown is
the larger setting of which enough is stored. "paper" is the full setting.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from nascore import benchmarks
from nascore.data import cifar10
from nascore.data.cluttered import cluttered_digits
from nascore.spaces.cell import CellSpace
from nascore.spaces.nasbench201 import NASBench201
from nascore.studies.advantagenas.cell_search import (
    DENSE,
    METHODS,
    SPARSE,
    Budget,
    cells,
    course,
    find,
    in_table,
    judged,
    random_cell,
    verdict,
)
from nascore.studies.experiment import Experiment, Unit

if TYPE_CHECKING:
    from nascore.benchmarks.table import TabularBenchmark
    from nascore.data.images import ImageData
    from nascore.search.oneshot import Hook, SharedRanking
    from nascore.search.oneshot.log import SearchLog


@dataclass(frozen=True)
class Setting:
    """`epochs` of `steps` weight steps of `batch` images of `side` x `side` pixels, theta fixed in the first `freeze`;
    `channels` of the first stage, `cells` per stage; first rate of the weights, the largest norm of their gradient and
    the schedule of their rate; theta's rate."""

    size: str
    side: int
    channels: int
    cells: int
    epochs: int
    freeze: int
    steps: int
    batch: int
    weight_rate: float
    clip: float
    schedule: str
    augment: str | None
    learning_rate: float

    @property
    def budget(self) -> Budget:
        return Budget(self.epochs, self.freeze, self.steps, self.batch)


SETTINGS = {
    setting.size: setting
    for setting in (
        Setting("smoke", 8, 2, 1, 4, 2, 2, 16, 0.1, 1.0, "cosine", None, 0.01),
        Setting("laptop", 16, 8, 1, 40, 20, 30, 64, 0.1, 1.0, "cosine", None, 0.03),
        Setting("deciding", 32, 8, 1, 100, 50, 200, 32, 0.1, 5.0, "cosine", "crop-flip", 6e-4),
        Setting("paper", 32, 16, 5, 100, 50, 390, 64, 0.1, 1.0, "cosine", "crop-flip", 3e-4),
    )
}
SEEDS, FEW = range(5), range(2)  # FEW: smoke
SECONDS = {**dict.fromkeys(DENSE, 240), "ProxylessNAS": 140, "RandomSharing": 60}  # of "laptop"
DECIDING = 1500  # seconds of a sparse search
RANKED, RANK_EVERY, RANK_IMAGES = 50, 10, 2048  # random cells, epochs, validation images of a ranking by shared weights


def _units(profile: str) -> list[Unit]:
    def unit(method: str, seed: int, zero: bool = False, size: str = profile) -> Unit:
        seconds = {"deciding": DECIDING, "paper": 600 * SECONDS.get(method, 80)}.get(size, SECONDS.get(method, 80))
        return Unit(
            {"method": method, "zero": zero, "size": size, "learning_rate": SETTINGS[size].learning_rate},
            seed,
            1 if profile == "smoke" or method == "random cell" else seconds,
        )

    if profile == "smoke":
        return [unit(method, seed) for method in (*METHODS, "random cell") for seed in FEW]
    few = SEEDS[:3] if profile == "laptop" else SEEDS
    units = [
        *(unit(method, seed) for seed in few for method in (*SPARSE, "RandomSharing")),
        *(unit("AdvantageNAS", seed, zero=True) for seed in few),
        *(unit(method, seed) for method in DENSE for seed in range(1 if profile == "laptop" else 3)),
        *(unit("random cell", seed) for seed in range(20)),
    ]
    if profile == "laptop":
        units += [unit(method, seed, size="deciding") for seed in SEEDS for method in (*SPARSE, "RandomSharing")]
    return units


def table(setting: Setting) -> TabularBenchmark:
    """What judges the cells."""
    if setting.size == "smoke":
        return benchmarks.load("digits201", split="test")
    return benchmarks.load("nasbench201", dataset="cifar10", split="test", epochs=200)


@lru_cache(maxsize=1)
def _pools(side: int) -> tuple:
    """Weights' and architecture's images, float32 (25,000, 3, side, side), with their labels."""
    data = cifar10.cifar10()
    images = cifar10.shrink(data.train_images, side)
    weights, architecture = cifar10.split()
    mean, std = images[weights].mean((0, 2, 3)), images[weights].std((0, 2, 3))
    return tuple(
        (cifar10.standardised(images[half], mean, std), data.train_labels[half]) for half in (weights, architecture)
    )


def batches(setting: Setting, seed: int) -> ImageData:
    """Its training and validation batches."""
    from nascore.data.images import ImageData

    if setting.size == "smoke":  # no download; 8x8 pixels, since the skeleton halves the side twice
        pools = [cluttered_digits(name, 200) for name in ("train", "val")]
        crops = ((pool.images[:, :, 1:9, 1:9], pool.labels) for pool in pools)
        return ImageData(*crops, batch=setting.batch, seed=seed)
    return ImageData(*_pools(setting.side), batch=setting.batch, seed=seed, augment=setting.augment)


def search(
    method: str, setting: Setting, seed: int, space: CellSpace, data: ImageData, hooks: Sequence[Hook] = ()
) -> SearchLog:
    """One search, without a look at the table."""
    import torch

    from nascore.networks.supernets.cell import nasbench201_supernet

    inputs = 1 if setting.size == "smoke" else 3
    return find(
        method,
        nasbench201_supernet(setting.channels, setting.cells, space=space, inputs=inputs, seed=seed),
        data,
        setting.budget,
        setting.learning_rate,
        seed,
        weight_rate=setting.weight_rate,
        device="cuda" if setting.size == "paper" and torch.cuda.is_available() else "cpu",
        clip=setting.clip,
        schedule=setting.schedule,
        hooks=hooks,
    )


def shared_ranking(setting: Setting, seed: int, space: CellSpace, data: ImageData) -> SharedRanking:
    """A hook that holds the shared weights' losses of random cells against the table's accuracies as they learn."""
    from nascore.search.oneshot import SharedRanking

    smoke, judge, rng = setting.size == "smoke", table(setting), np.random.default_rng([13, seed])
    archs = [space.sample(rng) for _ in range(5 if smoke else RANKED)]
    values = judge.values([in_table(arch, space, judge.space) for arch in archs])
    images, labels = (part[:RANK_IMAGES] for part in data.pools["val"])
    return SharedRanking(
        archs,
        values,
        list(zip(images.split(256), labels.split(256), strict=True)),
        every=1 if smoke else RANK_EVERY,
    )


def rankings(log: SearchLog, setting: Setting) -> dict:
    """What `shared_ranking` has seen. metrics: spearman (mean over the rankings from the epoch on in which theta begins
    to move), spearman_end, val_loss_end (of the ranked cells); curve: ranked_epoch (of the whole search), spearman."""
    found = log.frame.dropna(subset=["shared_spearman"])
    late = found[found["epoch"] >= setting.freeze]
    return {
        "metrics": {
            "spearman": round(float(late["shared_spearman"].mean()), 4),
            "spearman_end": round(float(late["shared_spearman"].iloc[-1]), 4),
            "val_loss_end": round(float(late["shared_loss"].iloc[-1]), 4),
        },
        "curve": {
            "ranked_epoch": found["epoch"].tolist(),
            "spearman": found["shared_spearman"].round(4).tolist(),
        },
    }


def searched(config: dict, seed: int) -> dict:
    """What one search leaves behind. The table is asked for the ranking by shared weights only, which RandomSharing's
    searches measure on the way and which steers nothing."""
    space = cells(config["zero"])
    setting = replace(SETTINGS[config["size"]], learning_rate=config["learning_rate"])
    data = batches(setting, seed)
    ranked = config["method"] == "RandomSharing" and config["size"] != "laptop"
    hooks = [shared_ranking(setting, seed, space, data)] if ranked else []
    log = search(config["method"], setting, seed, space, data, hooks)
    row = course(log, space, NASBench201(), setting.budget)
    if ranked:
        found = rankings(log, setting)
        row = {part: row[part] | found[part] for part in ("metrics", "curve")}
    return {**row, "device": log.settings["device"]}


def _run(config: dict, seed: int) -> dict:
    judge = table(SETTINGS[config["size"]])
    if config["method"] == "random cell":
        arch = random_cell(np.random.default_rng([10, seed]), judge)
        return {"metrics": verdict("argmax", arch, judge)}
    row = searched(config, seed)
    return {**judged(row, judge), "device": row["device"]}


def data_label(size: str) -> str:
    """The images and the table that judges."""
    judge = table(SETTINGS[size])
    if size == "smoke":
        return f"{judge.name}:{judge.checksum}"
    images = cifar10.cifar10()
    both = hashlib.sha256(f"{images.checksum} {judge.checksum}".encode()).hexdigest()
    return f"{images.source} + {judge.name}:{both}"


CIFAR10 = Experiment(
    "advantagenas/cifar10",
    1,
    "Table 2 and Figure 2: searches on CIFAR-10, judged by NAS-Bench-201",
    _units,
    _run,
    lambda config: data_label(config["size"]),
    "advantagenas",
)
