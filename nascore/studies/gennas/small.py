"""NAS-Bench-101's cells in small networks: what the studies use that need thousands of regressions.

One cell a stage (full: three) and images of 16 pixels (32), so that targets are 4 x 4; everything else as in print. A
gate stands before every use: losses here must rank cells as their accuracies do (`sensitivity`, part "gate").
"""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nascore.errors import SettingError
from nascore.spaces.base import Arch, Space
from nascore.studies.gennas.samples import SAMPLES, data_label, images, order

if TYPE_CHECKING:  # torch waits until a unit runs
    from nascore.proxies.gennas import ImageTask
    from nascore.proxies.gennas.task import Task
    from nascore.proxies.registry import Proxy

SMALL, FULL = {"channels": 16, "cells": 1}, {"channels": 16, "cells": 3}
TOY = {"channels": 8, "cells": 1}  # of the smoke profile
SAMPLE = "nasbench101"
JUDGED, ASKED = 60, 20  # cells that judge tasks, and those that a search for tasks is shown; the ranking study asks
# GenNAS about neither
RANDOM = 5  # tasks drawn blindly
SEARCHED = Path(__file__).with_name("searched.toml")


@lru_cache(maxsize=4)
def pictures(size: str):
    """(images, labels) for networks of a size: "full" 32 x 32, "small" the means of 2 x 2 pixels, "smoke" a few."""
    if size == "smoke":
        import torch

        pixels = torch.randn(64, 3, 8, 8, generator=torch.Generator().manual_seed(3))
        return pixels, torch.arange(64) % 10
    pixels, labels = images("cifar10")
    if size == "full":
        return pixels, labels
    import torch.nn.functional as F

    return F.avg_pool2d(pixels, 2), labels


def label(config: dict) -> str:
    """The data of a row, by its size."""
    return "synthetic" if config["size"] == "smoke" else data_label(SAMPLE)


def space() -> Space:
    from nascore.spaces import NASBench101

    return NASBench101()


def network(size: str) -> dict:
    return {"full": FULL, "small": SMALL, "smoke": TOY}[size]


def cells(which: str, size: str) -> dict[int, Arch]:
    """Row -> cell: "judged" or "asked", both from the end of the sample's order, apart from each other. The smoke
    profile has a few random cells, numbered from 0."""
    if size == "smoke":
        rng, made = np.random.default_rng(0 if which == "judged" else 1), space()
        return dict(enumerate(dict.fromkeys(made.sample(rng) for _ in range(5))))
    rows = order(SAMPLE)
    chosen = rows[-JUDGED:] if which == "judged" else rows[-JUDGED - ASKED : -JUDGED]
    archs = SAMPLES[SAMPLE].first.archs
    return {row: archs[row] for row in chosen}


def accuracies(archs: list[Arch], size: str) -> np.ndarray:
    """CIFAR-10 accuracies of single trainings; in the smoke profile made-up ones."""
    if size == "smoke":
        return np.linspace(90.0, 91.0, len(archs))
    return np.asarray(SAMPLES[SAMPLE].first.values(archs), float)


def judged(proxy: Proxy, size: str, seed: int, **first: str) -> tuple[np.ndarray, list[int]]:
    """Scores (turned, so that higher is better) of the "judged" cells, and the places of their accuracies among them;
    `first`: the networks' first weights."""
    from nascore import proxies

    archs = list(cells("judged", size).values())
    given = {"seeds": [seed], "progress": False, **network(size), **first}
    scores = proxies.score(space(), archs, proxy, pictures(size), **given)["good"].to_numpy(float)
    places = (-accuracies(archs, size)).argsort(kind="stable").argsort() + 1
    return scores, places.tolist()


def found() -> int:
    """How many tasks our searches have found so far."""
    return len(tomllib.loads(SEARCHED.read_text())["tasks"])


@lru_cache(maxsize=1)
def searched() -> tuple[ImageTask, ...]:
    """The tasks that our searches found (`task_search`), by seed."""
    from nascore.proxies.gennas import ImageTask

    given = tomllib.loads(SEARCHED.read_text())
    return tuple(ImageTask.parse(text) for text in given["tasks"])


def task(name: str) -> Task:
    """ "searched-K": ours; "random-K": drawn blindly; else a named one."""
    from nascore.proxies.gennas import ImageTask
    from nascore.proxies.gennas.named import task as named

    kind, _, number = name.rpartition("-")
    if kind == "random":
        return ImageTask.random(np.random.default_rng([31, int(number)]))
    if kind == "searched":
        if int(number) >= len(searched()):
            raise SettingError(f"task {name!r}: expected searched-0 to searched-{len(searched()) - 1}")
        return searched()[int(number)]
    return named(name)
