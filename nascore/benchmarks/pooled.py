"""Tables of some hundred trained networks, as pools: rows that are the same architecture are trainings of it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np

from nascore.benchmarks.index import TupleIndex
from nascore.benchmarks.table import TabularBenchmark
from nascore.spaces.base import Arch, Space
from nascore.spaces.pool import PoolSpace


def groups(archs: Sequence[Arch]) -> tuple[list[Arch], np.ndarray, np.ndarray]:
    """The different ones of `archs` in the order in which they come, for each row the place of its architecture among
    them, and which of its trainings the row is."""
    places: dict[Arch, int] = {}
    where = np.array([places.setdefault(arch, len(places)) for arch in archs], np.int64)
    training, counts = np.zeros(len(where), np.int64), np.zeros(len(places), np.int64)
    for row, place in enumerate(where):
        training[row] = counts[place]
        counts[place] += 1
    return list(places), where, training


def pooled(
    space: Space,
    archs: Sequence[Arch],
    runs: np.ndarray,
    *,
    name: str,
    dataset: str,
    splits: Sequence[str],
    epochs: Sequence[int | str],
    about: str,
    checksum: str,
    costs: dict[str, np.ndarray],
    question: dict,
    resumable: bool,
    features: np.ndarray | None = None,
    distance: str | None = None,
) -> TabularBenchmark:
    """The benchmark of `runs` (row, split, epochs), one row for each training; `archs` in canonical form.

    Its space is the pool of the architectures. Seed k is an architecture's k-th training in the order of the rows (NaN
    where there are fewer), "mean" the mean of those that have a number there. `features` and `distance`: the pool's,
    a row for each row of `runs`.
    """
    found, where, training = groups(archs)
    most = int(training.max()) + 1
    values = np.full((len(found), 1, *runs.shape[1:], 1 + most), np.nan, np.float32)
    values[where, 0, :, :, 1 + training] = runs
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of an architecture whose trainings all broke off
        values[..., 0] = np.nanmean(values[..., 1:], axis=-1, dtype=np.float64)
    first = np.array([int(np.flatnonzero(where == place)[0]) for place in range(len(found))], np.int64)
    axes = {"dataset": (dataset,), "split": tuple(splits), "epochs": tuple(epochs), "seed": ("mean", *range(most))}
    return TabularBenchmark(
        space=PoolSpace(space, found, None if features is None else features[first], distance=distance),
        index=TupleIndex(found),
        values=values,
        axes=axes,
        name=name,
        about=about,
        checksum=checksum,
        costs={cost: np.asarray(numbers, float)[first] for cost, numbers in costs.items()},
        resumable=resumable,
        **question,
    )
