"""Seeded synthetic tables of the shapes of NAS-Bench-201 and NAS-Bench-Macro, for work without any download.

No number is measured and none is taken from the real tables: a made-up landscape (more convolution on more paths is
better, an identity path helps deep cells, cut-off cells stay at chance, operations interact, trainings are noisy, data
sets are alike but not equal). Everything computed on these tables is labelled "synthetic".
"""
from __future__ import annotations

from functools import lru_cache

import numpy as np

from ..data.nasbench201_raw import DATASETS, EPOCHS, costs
from ..errors import SettingError
from ..spaces.macro import NASBenchMacro
from ..spaces.nasbench201 import NASBench201
from .nasbench_macro import canonical
from .table import TabularBenchmark, TupleIndex

# chance level, ceiling, spread of one training's noise (percent), per data set: round numbers of our own
_SCALE = {"cifar10": (10.0, 95.0, 0.15), "cifar100": (1.0, 75.0, 0.35), "imagenet16-120": (0.8, 50.0, 0.40)}
# how well a signal survives an operation: none, skip_connect, nor_conv_1x1, nor_conv_3x3, avg_pool_3x3
_PASS = np.array([0.0, 1.0, 0.9, 0.9, 0.7])
_WORK = np.array([0.0, 0.0, 0.6, 1.0, 0.15])  # how much an operation adds to what the cell can represent
_PATHS = ((3,), (0, 4), (1, 5), (0, 2, 5))  # edges of the four ways from the input to the output
_ABOUT = "Synthetic: an invented landscape of this shape (seed {seed}); no number is measured."


def _check_seed(table_seed: int) -> int:
    if isinstance(table_seed, bool) or not isinstance(table_seed, int) or table_seed < 0:
        raise SettingError(f"table_seed={table_seed!r}: expected a non-negative integer")
    return table_seed


def _quality(archs: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """How good a cell is, roughly 0..1; `rng` draws what differs between data sets. -inf where no path is open."""
    passing, work = _PASS[archs], _WORK[archs]
    flow = np.stack([passing[:, path].prod(1) for path in map(list, _PATHS)], axis=1)
    depth = np.stack([work[:, path].sum(1) for path in map(list, _PATHS)], axis=1)
    width = 1 + 0.1 * rng.standard_normal(len(_PATHS))  # each data set weighs the paths a little differently
    represented = 1 - np.exp(-(flow * depth * width).sum(1) / 1.6)
    longest = np.where(flow > 0, depth, 0).max(1)
    identity = flow[:, 0] * (archs[:, 3] == 1)  # a shortcut past the whole cell, which helps what is deep
    pooling = (archs == 4).sum(1) * rng.uniform(0.01, 0.025)
    pairs = 0.018 * rng.standard_normal((6, 6, 5, 5))  # operations on two edges help or hinder each other
    interplay = sum(pairs[a, b][archs[:, a], archs[:, b]] for a in range(6) for b in range(a + 1, 6))
    quality = represented + 0.07 * identity * longest - pooling + 0.35 * interplay
    return np.where((flow > 0).any(1), quality, -np.inf)


@lru_cache(maxsize=4)
def _cells(table_seed: int) -> tuple[np.ndarray, np.ndarray]:
    """archs uint8 [15625, 6] in lexicographic order and values float32 [15625, data set, split, epochs, 1]."""
    rng = np.random.default_rng([201, table_seed])
    archs = np.indices((5,) * 6).reshape(6, -1).T.astype(np.uint8)
    values = np.empty((len(archs), len(DATASETS), 2, len(EPOCHS), 1), dtype=np.float32)
    common = _quality(archs, rng)
    for place, dataset in enumerate(DATASETS):
        chance, ceiling, noise = _SCALE[dataset]
        quality = 0.6 * common + 0.4 * _quality(archs, rng)
        open_path = np.isfinite(quality)
        low, high = quality[open_path].min(), quality[open_path].max()
        grade = np.where(open_path, (quality - low) / (high - low), 0.0)
        trained = 1 - np.exp(-3.5 * grade - 0.5)  # the good ones lie close together near the ceiling
        trained /= 1 - np.exp(-4.0)
        # a short training favours what learns fast
        early = 0.78 * trained ** 1.3 + 0.03 * rng.standard_normal(len(archs)) * trained
        for column, learned in enumerate((early, trained)):
            spread = noise * (3.0 if column == 0 else 1.0)
            shared = 0.7 * spread * rng.standard_normal(len(archs))  # one training: val and test go together
            for split in range(2):
                own = 0.7 * spread * rng.standard_normal(len(archs))
                accuracy = chance + (ceiling - chance) * learned + shared + own
                at_chance = chance + 0.02 * rng.random(len(archs))
                accuracy = np.where(open_path, accuracy, at_chance)
                values[:, place, split, column, 0] = np.clip(accuracy, 0.0, 99.9).round(4)
    for array in (archs, values):
        array.setflags(write=False)
    return archs, values


def load_nasbench201_synthetic(dataset: str = "cifar10", split: str = "test", epochs: int = 200, seed: str = "mean",
                               table_seed: int = 0) -> TabularBenchmark:
    """An invented table over NAS-Bench-201's space: 15,625 cells, 3 data sets, val and test, 12 and 200 epochs.

    Percent; label "synthetic". The same `table_seed` gives the same table. Costs are the real params and flops of the
    cells (they follow from formulas). Needs no download.
    """
    if not isinstance(dataset, str):
        raise SettingError(f"dataset={dataset!r}: nasbench201-synthetic has {', '.join(DATASETS)}")
    archs, values = _cells(_check_seed(table_seed))
    axes = {"dataset": DATASETS, "split": ("val", "test"), "epochs": EPOCHS, "seed": ("mean",)}
    return TabularBenchmark(space=NASBench201(), index=TupleIndex(archs), values=values, axes=axes,
                            name="nasbench201-synthetic", label="synthetic", about=_ABOUT.format(seed=table_seed),
                            checksum=f"synthetic-1-{table_seed}", costs=costs(archs), dataset=dataset.lower(),
                            split=split, epochs=epochs, seed=seed)


@lru_cache(maxsize=4)
def _chains(table_seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """archs uint8 [6561, 8], accuracies float32 [6561, 3], params and flops float64 [6561] (all invented)."""
    rng = np.random.default_rng([3, 8, table_seed])
    archs = np.indices((3,) * 8).reshape(8, -1).T.astype(np.uint8)
    networks = canonical(archs)  # copies of one network get one value, as in the real table
    row = networks.astype(np.int64) @ 3 ** np.arange(7, -1, -1)
    gain = np.array([0.0, 0.8, 1.0]) * (1 + 0.25 * rng.random((8, 1)))  # later layers of a stage matter less
    gain[[1, 3, 4, 6, 7]] *= np.array([0.6, 0.7, 0.4, 0.6, 0.3])[:, None]
    strength = gain[np.arange(8), networks].sum(1)
    clash = 0.06 * rng.standard_normal((7, 3, 3))
    strength = strength + sum(clash[i][networks[:, i], networks[:, i + 1]] for i in range(7))
    grade = (strength - strength.min()) / (strength.max() - strength.min())
    level = 60.0 + 30.0 * (1 - np.exp(-4.0 * grade)) / (1 - np.exp(-4.0))
    runs = level[:, None] + 0.2 * rng.standard_normal((len(archs), 3))
    stage = np.array([0, 0, 1, 1, 1, 2, 2, 2])
    width = 32.0 * 2 ** stage
    block = width ** 2 * np.array([0.0, 6.0, 12.0])[:, None] + width * np.array([0.0, 27.0, 150.0])[:, None]
    params = 2e4 + block[networks, np.arange(8)].sum(1)
    flops = 5e6 + (block * (16.0 / 2 ** stage) ** 2)[networks, np.arange(8)].sum(1)
    return archs, np.clip(runs, 0.0, 99.9).astype(np.float32).round(4)[row], params, flops


def load_nasbench_macro_synthetic(dataset: str = "cifar10", split: str = "test", epochs: str = "final",
                                  seed: str | int = "mean", table_seed: int = 0) -> TabularBenchmark:
    """An invented table over NAS-Bench-Macro's space: 6,561 chains, three runs and their mean, costs invented.

    Percent; label "synthetic"; equivalent chains carry equal values, as in the real table. Needs no download.
    """
    archs, runs, params, flops = _chains(_check_seed(table_seed))
    values = np.concatenate([runs.mean(1, keepdims=True, dtype=np.float64).astype(np.float32), runs], axis=1)
    axes = {"dataset": ("cifar10",), "split": ("test",), "epochs": ("final",), "seed": ("mean", 0, 1, 2)}
    return TabularBenchmark(space=NASBenchMacro(), index=TupleIndex(archs), values=values[:, None, None, None],
                            axes=axes, name="nasbench-macro-synthetic", label="synthetic",
                            about=_ABOUT.format(seed=table_seed), checksum=f"synthetic-1-{table_seed}",
                            costs={"params": params, "flops": flops},
                            dataset=dataset, split=split, epochs=epochs, seed=seed)
