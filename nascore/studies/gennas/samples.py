"""Which architectures scores are held against: each benchmark's in one fixed random order, cut into groups.

A group is one unit of the ranking study, and one sample of its intervals: the groups are disjoint, so a Kendall's tau
of each are independent estimates of the same number.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from nascore import benchmarks
from nascore.benchmarks.recipes.digits201.recipe import RECIPE
from nascore.spaces.base import Arch, Space

if TYPE_CHECKING:
    from nascore.benchmarks.table import TabularBenchmark

ORDER_SEED = 21
IMAGES = 4096
SEGMENTS, LENGTH = 1024, 8


@dataclass(frozen=True)
class Sample:
    """`answers`: how a column is called -> the benchmark that is loaded for it, as (name, question).

    `cells` in a group; `cheap` groups for scores of milliseconds, `dear` ones for those that train. `network`: options
    of `networks.build`; `images`: "cifar10", "digits" or, for language models, "ptb". `distinct`: one cell of each
    function.
    """

    answers: Mapping[str, tuple[str, Mapping[str, Any]]]
    cells: int
    cheap: int
    dear: int
    network: Mapping[str, Any] = field(default_factory=dict)
    images: str = "cifar10"
    distinct: bool = False

    def benchmark(self, column: str) -> TabularBenchmark:
        name, question = self.answers[column]
        return _load(name, tuple(question.items()))

    @property
    def first(self) -> TabularBenchmark:
        return self.benchmark(next(iter(self.answers)))

    @property
    def space(self) -> Space:
        return self.first.space


@lru_cache(maxsize=8)
def _load(name: str, question: tuple[tuple[str, Any], ...]) -> TabularBenchmark:
    return benchmarks.load(name, **dict(question))


def _nasbench201(dataset: str) -> tuple[str, dict]:
    return "nasbench201", {"dataset": dataset, "split": "test", "epochs": 200}


SAMPLES = {
    "smoke": Sample(
        {"digits201": ("digits201", {"split": "test"})},
        cells=6,
        cheap=2,
        dear=2,
        network={**RECIPE.skeleton, "widths": (4, 8)},
        images="digits",
    ),
    "digits201": Sample(
        {"digits201": ("digits201", {"split": "test"})},
        cells=50,
        cheap=101,
        dear=10,
        network=RECIPE.skeleton,
        images="digits",
        distinct=True,
    ),
    "nasbench201": Sample(
        {name: _nasbench201(name) for name in ("cifar10", "cifar100", "imagenet16-120")},
        cells=50,
        cheap=40,
        dear=10,
        network={"channels": 16, "cells": 5},
    ),
    "nasbench-macro": Sample({"cifar10": ("nasbench-macro", {})}, cells=50, cheap=40, dear=0),
    "nasbench101": Sample(
        {"cifar10": ("nasbench101-sample", {"dataset": "cifar10"})},
        cells=50,
        cheap=40,
        dear=10,
        network={"channels": 16, "cells": 3},
    ),
    "nasbench101-imagenet": Sample(
        {"imagenet": ("nasbench101-sample", {"dataset": "imagenet"})},
        cells=50,
        cheap=10,
        dear=5,
        network={"channels": 16, "cells": 3},
    ),
    # the recipes that can be built; scored on segments of Penn Treebank, the whole vocabulary
    "nasbench-nlp": Sample(
        {"ptb": ("nasbench-nlp-ptb", {})}, cells=24, cheap=10, dear=5, network={"words": 10_000}, images="ptb"
    ),
    # all entries of a group of NDS, trained on ImageNet; scored with the stem for small images, as in print
    **{
        f"nds-{group}": Sample(
            {"imagenet": (f"nds-{group}", {})}, cells=23, cheap=5, dear=5, network={"stem": "cifar", "classes": 10}
        )
        for group in ("darts", "darts-f", "amoeba", "enas", "nasnet", "pnas", "resnext-a", "resnext-b")
    },
}


@lru_cache(maxsize=4)
def order(name: str) -> tuple[int, ...]:
    """Rows of a sample's benchmark in the order in which the groups take them."""
    sample = SAMPLES[name]
    bench = sample.first
    rows = np.random.default_rng(ORDER_SEED).permutation(len(bench))
    if sample.distinct:
        from nascore.spaces.cell import CellSpace
        from nascore.spaces.functions import function_key

        assert isinstance(bench.space, CellSpace)
        seen: dict[tuple, int] = {}
        for row in rows.tolist():
            seen.setdefault(function_key(bench.space, bench.archs[row]), row)
        return tuple(seen.values())
    return tuple(rows.tolist())


def group(name: str, number: int) -> dict[int, Arch]:
    """The architectures of one group, by their rows in the benchmark."""
    sample = SAMPLES[name]
    archs = sample.first.archs
    return {row: archs[row] for row in order(name)[number * sample.cells : (number + 1) * sample.cells]}


def ranks(name: str, column: str, archs: Sequence[Arch]) -> list[int]:
    """1 + the number of architectures of the whole benchmark that are better. Published accuracies are not stored with
    our rows, ranks are."""
    bench = SAMPLES[name].benchmark(column)
    return [bench.rank(value) for value in bench.values(archs)]


@lru_cache(maxsize=2)
def images(kind: str):
    """All images a proxy may draw its batch from, standardised, with labels; "ptb": SEGMENTS of LENGTH words, (LENGTH,
    SEGMENTS), with the words that follow."""
    import torch

    if kind == "ptb":
        from nascore.data.text import penn_treebank

        tokens = torch.tensor(penn_treebank().train[: SEGMENTS * (LENGTH + 1)].reshape(SEGMENTS, LENGTH + 1).T.copy())
        return tokens[:-1], tokens[1:]

    if kind == "digits":
        from nascore.data.cluttered import cluttered_digits

        pool = cluttered_digits("train", 2048)
        return torch.tensor(pool.images), torch.tensor(pool.labels)
    from nascore.data import cifar10

    data = cifar10.cifar10()
    pixels = data.train_images[:IMAGES]
    mean, std = pixels.mean((0, 2, 3)), pixels.std((0, 2, 3))
    return torch.tensor(cifar10.standardised(pixels, mean, std)), torch.tensor(data.train_labels[:IMAGES].copy())


def data_label(name: str) -> str:
    """The images and the tables that judge, with one checksum."""
    sample = SAMPLES[name]
    tables = [sample.benchmark(column) for column in sample.answers]
    names = dict.fromkeys(bench.name for bench in tables)
    if sample.images == "digits":
        return f"{' + '.join(names)}:{tables[0].checksum}"
    if sample.images == "ptb":
        from nascore.data.text import ptb_label

        return f"{ptb_label()} + {tables[0].name}:{tables[0].checksum}"
    from nascore.data import cifar10

    data = cifar10.cifar10()
    both = hashlib.sha256(" ".join([data.checksum, *(bench.checksum for bench in tables)]).encode()).hexdigest()
    return f"{data.source} + {' + '.join(names)}:{both}"
