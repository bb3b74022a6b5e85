"""nasbench101-surrogate: predicted accuracies of all 423,624 cells, instead of a 500 MB download.

The predictions, the model that made them and its card lie in data/benchmarks/nasbench101 (`python -m
nascore.benchmarks.recipes.nasbench101_surrogate.fit --table PATH` makes them again).  All results on them are
labelled "surrogate". Near the top of the space the ranks are the model's, not the benchmark's: see MODEL_CARD.md.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

import numpy as np

from nascore import paths
from nascore.benchmarks.packed_npz import read_npz, unpack_fixed
from nascore.benchmarks.table import TabularBenchmark
from nascore.errors import DataError
from nascore.spaces.nasbench101.cost import all_costs
from nascore.spaces.nasbench101.graphs import NUM_CELLS
from nascore.spaces.nasbench101.index import CellIndex
from nascore.spaces.nasbench101.space import NASBench101

ABOUT = (
    "predicted CIFAR-10 test accuracy (percent) after 108 epochs, by an ensemble fitted to real accuracies of "
    "about 2,000 random cells; train_seconds comes from a training-time model (ranks)"
)


def folder() -> Path:
    """Where the committed model, predictions and card lie."""
    return paths.data() / "benchmarks" / "nasbench101"


@functools.cache
def checksum() -> str:
    """SHA-256 of the stored predictions: part of the fingerprint of every result computed on them."""
    path = folder() / "predictions.npz"
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; it is part of the repository: restore it with git") from error


@functools.cache
def predictions() -> tuple[np.ndarray, np.ndarray]:
    """Predicted accuracy (percent) and modelled training seconds, float64 [423,624] in class order."""
    stored = read_npz(folder() / "predictions.npz")
    try:
        accuracy = unpack_fixed(
            {k.removeprefix("accuracy_"): v for k, v in stored.items() if k.startswith("accuracy_")}
        )
        seconds = stored["train_seconds"].astype(np.float64)
        good = accuracy.shape == seconds.shape and bool(np.isfinite(accuracy).all() and np.isfinite(seconds).all())
    except (KeyError, ValueError, TypeError) as error:
        raise DataError(f"{folder() / 'predictions.npz'}: damaged fields ({error}): restore it with git") from error
    if not good:
        raise DataError(f"{folder() / 'predictions.npz'}: fields that do not fit each other: restore it with git")
    if len(accuracy) != NUM_CELLS or len(seconds) != NUM_CELLS:
        raise DataError(
            f"{folder() / 'predictions.npz'} holds {len(accuracy)} cells, expected {NUM_CELLS}: restore it with git"
        )
    return accuracy, seconds


def load_nasbench101_surrogate(dataset=None, split=None, epochs=None, seed="mean") -> TabularBenchmark:
    """The surrogate as a table (label "surrogate"); costs: params, flops (multiply-accumulates) and
    train_seconds (modelled).

    It answers one question only: dataset "cifar10", split "test", epochs 108, seed "mean"; SettingError for another.
    """
    accuracy, seconds = predictions()
    space = NASBench101()
    params, macs = all_costs(space.graphs)
    axes = {"dataset": ("cifar10",), "split": ("test",), "epochs": (108,), "seed": ("mean",)}
    return TabularBenchmark(
        space=space,
        index=CellIndex(),
        values=accuracy.astype(np.float32).reshape(-1, 1, 1, 1, 1),
        axes=axes,
        costs={"params": params, "flops": macs, "train_seconds": seconds},
        name="nasbench101-surrogate",
        label="surrogate",
        about=ABOUT,
        checksum=checksum(),
        dataset=dataset,
        split=split,
        epochs=epochs,
        seed=seed,
    )
