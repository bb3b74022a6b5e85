"""The synthetic stand-ins: deterministic, labelled, of the right shape, with a landscape worth searching."""
from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import pytest

import nascore as nc
from nascore.benchmarks import synthetic
from nascore.benchmarks.nasbench_macro import canonical
from nascore.errors import SettingError

DATASETS = ("cifar10", "cifar100", "imagenet16-120")


@pytest.fixture(scope="module")
def bench():
    return nc.benchmarks.load("nasbench201-synthetic")


def ranks(values):
    return np.argsort(np.argsort(values))


def correlation(a, b):
    return np.corrcoef(ranks(a), ranks(b))[0, 1]


def test_shape_and_label(bench):
    assert len(bench) == 15_625 and bench.label == "synthetic" and "ynthetic" in bench.about
    assert "[synthetic]" in bench.describe() and bench.name == "nasbench201-synthetic"
    for dataset in DATASETS:
        for split in ("val", "test"):
            for epochs in (12, 200):
                values = bench.select(dataset=dataset, split=split, epochs=epochs).array
                assert np.isfinite(values).all() and values.min() >= 0 and values.max() <= 100


def test_landscape(bench):
    archs = np.array(bench.archs)
    convolutions = (archs == 3).sum(1)
    cut = (archs[:, [0, 1, 3]] == 0).all(1)
    for dataset in DATASETS:
        view = bench.select(dataset=dataset)
        values = view.array
        means = [values[convolutions == n].mean() for n in range(5)]
        assert means == sorted(means)
        assert values[cut].max() < np.percentile(values[~cut], 25) and np.ptp(values[cut]) < 0.1
        assert 0.9 < correlation(values, view.select(split="val").array) < 1
        assert 0.6 < correlation(values, view.select(epochs=12).array) < 0.98
        assert 0.8 < correlation(values, bench.select(dataset="cifar10").array) <= 1
        assert (values == values.max()).sum() == 1
        assert view.best()[0] != (3,) * 6  # not simply the biggest cell
    assert len({bench.select(dataset=dataset).best()[0] for dataset in DATASETS}) > 1


def test_deterministic_also_in_another_process(bench):
    program = ("import nascore as nc; b = nc.benchmarks.load('nasbench201-synthetic'); "
               "m = nc.benchmarks.load('nasbench-macro-synthetic'); import hashlib; "
               "print(hashlib.sha256(b.array.tobytes() + m.array.tobytes()).hexdigest())")
    outs = {subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
            for _ in range(2)}
    assert len(outs) == 1
    other = synthetic.load_nasbench201_synthetic(table_seed=1)
    assert not np.array_equal(other.array, bench.array) and other.checksum != bench.checksum
    for wrong in (-1, 0.5, "a", True):
        with pytest.raises(SettingError, match="table_seed"):
            synthetic.load_nasbench201_synthetic(table_seed=wrong)


def test_made_quickly():
    times = []
    for seed in (11, 12, 13):
        start = time.perf_counter()
        synthetic.load_nasbench201_synthetic(table_seed=seed)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.3


def test_the_shared_arrays_cannot_be_written(bench):
    with pytest.raises(ValueError):
        synthetic._cells(0)[1][0] = 1.0


def test_macro():
    bench = nc.benchmarks.load("nasbench-macro-synthetic")
    assert len(bench) == 6561 and bench.label == "synthetic"
    networks = canonical(np.array(bench.archs))
    rows = [bench.index(tuple(arch)) for arch in networks.tolist()]
    assert np.array_equal(bench.array, bench.array[rows]) and len(np.unique(networks, axis=0)) == 3969
    assert np.allclose(bench.array, np.mean([bench.select(seed=i).array for i in range(3)], axis=0), atol=1e-4)
    assert bench.value((0,) * 8) < bench.value((2,) * 8) <= 100
    assert bench.cost((2,) * 8, "params") > bench.cost((1,) * 8, "params") > bench.cost((0,) * 8, "params")
