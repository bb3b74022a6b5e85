"""Rows of trainings as a pool with seeds."""

from __future__ import annotations

import numpy as np

from nascore.benchmarks.pooled import groups, pooled
from nascore.spaces import NASBench201

A, B, C = (0,) * 6, (1,) * 6, (2,) * 6


def test_groups():
    archs, where, training = groups([B, A, B, C, B])
    assert archs == [B, A, C] and where.tolist() == [0, 1, 0, 2, 0] and training.tolist() == [0, 0, 1, 0, 2]


def test_a_pooled_table():
    runs = np.array([[[1.0, 2.0]], [[5.0, 6.0]], [[3.0, np.nan]], [[np.nan, np.nan]]])
    bench = pooled(
        NASBench201(),
        [A, B, A, C],
        runs,
        name="mine",
        dataset="d",
        splits=("test",),
        epochs=(1, 2),
        about="numbers",
        checksum="c",
        costs={"params": np.array([10, 20, 10, 30])},
        question={"dataset": "d", "split": "test", "epochs": 1, "seed": "mean"},
        resumable=True,
    )
    assert bench.archs == [A, B, C] and bench.space.archs == (A, B, C)
    assert np.array_equal(bench.array, [2.0, 5.0, np.nan], equal_nan=True)
    assert bench.curve(A) == {1: 2.0, 2: 2.0} and bench.select(seed=1).curve(A) == {1: 3.0}
    assert bench.cost(C, "params") == 30 and bench.best() == (B, 5.0)
    assert bench.training.levels == (1, 2) and bench.training.cost(2, done=1) == 1
