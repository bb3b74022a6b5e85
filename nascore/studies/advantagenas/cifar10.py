"""Table 2 and Figure 2: searches on CIFAR-10 in NAS-Bench-201's space without "none", judged by its table.

Reduced for two CPU cores: one cell per stage instead of five, 8 channels instead of 16, images of 16x16 pixels, and
three passes over the training half instead of a hundred. As in the paper theta is fixed in the first half of
the steps, one half of the training images serves the weights and the other theta, and the accuracies are
NAS-Bench-201's test accuracies after 200 epochs. `size="paper"` is the full setting (five cells, 16 channels, 32x32,
100 epochs).
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

import numpy as np

from nascore import benchmarks
from nascore.data import cifar10
from nascore.data.cluttered import cluttered_digits
from nascore.spaces.nasbench201 import NASBench201
from nascore.studies.advantagenas.cell_search import (
    DENSE,
    METHODS,
    SPARSE,
    Budget,
    cells,
    course,
    find,
    judged,
    random_cell,
    verdict,
)
from nascore.studies.experiment import Experiment, Unit

SEEDS, FEW = range(3), range(2)  # FEW: smoke
BUDGETS = {
    "smoke": Budget(epochs=4, freeze=2, steps=2, batch=16),
    "laptop": Budget(epochs=40, freeze=20, steps=30, batch=64),
    "paper": Budget(epochs=100, freeze=50, steps=390, batch=64),
}
NETS = {
    "smoke": {"channels": 2, "cells": 1, "inputs": 1},
    "laptop": {"channels": 8, "cells": 1},
    "paper": {"channels": 16, "cells": 5},
}
SIDES = {"laptop": 16, "paper": 32}
# of theta: the authors' 3e-4 for the full length; for the short one that of digits201.py
LEARNING_RATES = {"smoke": 0.01, "laptop": 0.03, "paper": 3e-4}
SECONDS = {**dict.fromkeys(DENSE, 240), "ProxylessNAS": 140, "RandomSharing": 60}


def _units(profile: str) -> list[Unit]:
    def unit(method: str, seed: int, zero: bool = False) -> Unit:
        seconds = 1 if profile == "smoke" or method == "random cell" else SECONDS.get(method, 80)
        return Unit(
            {"method": method, "zero": zero, "size": profile, "learning_rate": LEARNING_RATES[profile]},
            seed,
            seconds * (600 if profile == "paper" else 1),
        )

    if profile == "smoke":
        return [unit(method, seed) for method in (*METHODS, "random cell") for seed in FEW]
    return [
        *(unit(method, seed) for seed in SEEDS for method in (*SPARSE, "RandomSharing")),
        *(unit("AdvantageNAS", seed, zero=True) for seed in SEEDS),
        *(unit(method, 0) for method in DENSE),
        *(unit("random cell", seed) for seed in range(20)),
    ]


def _table(size: str):
    if size == "smoke":
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


def _batches(size: str, batch: int, seed: int):
    from nascore.data.images import ImageData

    if size == "smoke":  # no download; 8x8 pixels, since the skeleton halves the side twice
        pools = [cluttered_digits(name, 200) for name in ("train", "val")]
        return ImageData(*((pool.images[:, :, 1:9, 1:9], pool.labels) for pool in pools), batch=batch, seed=seed)
    return ImageData(*_pools(SIDES[size]), batch=batch, seed=seed, augment="crop-flip" if size == "paper" else None)


def searched(config: dict, seed: int) -> dict:
    """One search, without a look at the table."""
    import torch

    from nascore.networks.supernets.cell import nasbench201_supernet

    size, budget = config["size"], BUDGETS[config["size"]]
    space = cells(config["zero"])
    device = "cuda" if size == "paper" and torch.cuda.is_available() else "cpu"
    supernet = nasbench201_supernet(space=space, seed=seed, **NETS[size])
    log = find(
        config["method"],
        supernet,
        _batches(size, budget.batch, seed),
        budget,
        config["learning_rate"],
        seed,
        device=device,
    )
    return {**course(log, space, NASBench201(), budget), "device": device}


def _run(config: dict, seed: int) -> dict:
    table = _table(config["size"])
    if config["method"] == "random cell":
        arch = random_cell(np.random.default_rng([10, seed]), table)
        return {"metrics": verdict("argmax", arch, table)}
    row = searched(config, seed)
    return {**judged(row, table), "device": row["device"]}


def _data(config: dict) -> str:
    table = _table(config["size"])
    if config["size"] == "smoke":
        return f"{table.name}:{table.checksum}"
    images = cifar10.cifar10()
    both = hashlib.sha256(f"{images.checksum} {table.checksum}".encode()).hexdigest()
    return f"{images.source} + {table.name}:{both}"


CIFAR10 = Experiment(
    "advantagenas/cifar10",
    1,
    "Table 2 and Figure 2: searches on CIFAR-10, judged by NAS-Bench-201",
    _units,
    _run,
    _data,
    "advantagenas",
)
