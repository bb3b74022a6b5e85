"""The official NAS-Bench-101 table from nasbench_only108.tfrecord: arrays in the space's class order, percent."""

from __future__ import annotations

from array import array
from pathlib import Path

import numpy as np

from nascore.data.nasbench101_records import cell, trainings
from nascore.errors import DataError, NascoreError
from nascore.spaces.nasbench101.graphs import NUM_CELLS
from nascore.spaces.nasbench101.space import NASBench101

SPLITS = ("val", "test", "train")
REPEATS = 3
_EVERY = 500  # how often a stored module hash is compared with ours


def build(files: dict[str, Path], progress: bool = False) -> dict[str, np.ndarray]:
    """The arrays of `collect`; DataError unless every one of the 423,624 cells has three trainings of 108 epochs."""
    path = files["only108"]
    arrays = collect(path, progress)
    if arrays["epochs"].tolist() != [108] or np.isnan(arrays["accuracies"]).any():
        filled = int((~np.isnan(arrays["accuracies"][:, 0, 0, :])).all(1).sum())
        raise DataError(
            f"{path}: {filled:,} of {NUM_CELLS:,} cells have {REPEATS} trainings at epochs "
            f"{arrays['epochs'].tolist()}, expected all of them at [108]; is it nasbench_only108.tfrecord?"
        )
    return arrays


def collect(path: Path | str, progress: bool = False) -> dict[str, np.ndarray]:
    """What a tfrecord of the official form says about each cell; NaN where a cell or a repeat does not occur.

    accuracies float32 [423624, split (val, test, train), epochs, repeat], percent, at the end of training;
    training_time float32 [423624, epochs, repeat], seconds; params int32 [423624] (-1 unknown); epochs int32. Rows are
    class numbers of NASBench101.
    """
    space, number_of = NASBench101(), {}
    rows = array("d")  # 1.3 million rows of 7 numbers as plain doubles
    for t in trainings(path, progress):
        number = number_of.get(t.hash)
        if number is None:
            number = number_of[t.hash] = _class(space, t, path, check=len(number_of) % _EVERY == 0)
        e = t.last
        rows.extend((number, t.epochs, t.params, e.time, e.val, e.test, e.train))
    if not rows:
        raise DataError(f"{path}: holds no record; fetch it again with `nascore data fetch nasbench101`")
    if len(set(number_of.values())) != len(number_of):
        raise DataError(f"{path}: two module hashes denote the same cell; it is not a NAS-Bench-101 file")
    table = np.frombuffer(rows, dtype=np.float64).reshape(-1, 7)
    number, epoch = table[:, 0].astype(np.int64), table[:, 1].astype(np.int64)
    if not ((table[:, 4:] >= 0) & (table[:, 4:] <= 1)).all():
        raise DataError(f"{path}: an accuracy is not a fraction between 0 and 1; it is not a NAS-Bench-101 file")
    epochs, column = np.unique(epoch, return_inverse=True)
    repeat = _occurrence(number * len(epochs) + column)
    if repeat.max() >= REPEATS:
        raise DataError(f"{path}: a cell has {repeat.max() + 1} trainings of the same length, expected {REPEATS}")
    accuracies = np.full((NUM_CELLS, len(SPLITS), len(epochs), REPEATS), np.nan, dtype=np.float32)
    for place in range(len(SPLITS)):
        accuracies[number, place, column, repeat] = 100 * table[:, 4 + place]
    time = np.full((NUM_CELLS, len(epochs), REPEATS), np.nan, dtype=np.float32)
    time[number, column, repeat] = table[:, 3]
    params = np.full(NUM_CELLS, -1, dtype=np.int32)
    params[number] = table[:, 2].astype(np.int32)
    return {"accuracies": accuracies, "training_time": time, "params": params, "epochs": epochs.astype(np.int32)}


def _class(space: NASBench101, training, path, check: bool) -> int:
    try:
        arch = space.from_matrix(*cell(training.adjacency, training.ops))
    except (ValueError, NascoreError) as error:
        raise DataError(f"{path}: cell {training.hash} is not in NAS-Bench-101 ({error})") from error
    if check and space.hash(arch) != training.hash:
        raise DataError(
            f"{path}: module hash {training.hash} does not belong to its graph (ours: {space.hash(arch)}); "
            "it is not a NAS-Bench-101 file"
        )
    return space.index(arch)


def _occurrence(keys: np.ndarray) -> np.ndarray:
    """How many equal keys stand before each entry."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    start = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    out = np.empty(len(keys), dtype=np.int64)
    out[order] = np.arange(len(keys)) - np.repeat(start, np.diff(np.r_[start, len(keys)]))
    return out
