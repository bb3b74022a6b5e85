"""The synthetic stand-in of NAS-Bench-Macro: deterministic, labelled, of the right shape; none for NAS-Bench-201."""

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


@pytest.fixture(scope="module")
def bench():
    return nc.benchmarks.load("nasbench-macro-synthetic")


def test_shape_label_and_equal_networks(bench):
    assert len(bench) == 6561 and bench.label == "synthetic" and "ynthetic" in bench.about
    assert "[synthetic]" in bench.describe() and bench.name == "nasbench-macro-synthetic"
    networks = canonical(np.array(bench.archs))
    rows = [bench.index(tuple(arch)) for arch in networks.tolist()]
    assert np.array_equal(bench.array, bench.array[rows]) and len(np.unique(networks, axis=0)) == 3969
    assert np.allclose(bench.array, np.mean([bench.select(seed=i).array for i in range(3)], axis=0), atol=1e-4)
    assert bench.value((0,) * 8) < bench.value((2,) * 8) <= 100
    assert bench.cost((2,) * 8, "params") > bench.cost((1,) * 8, "params") > bench.cost((0,) * 8, "params")


def test_deterministic_also_in_another_process(bench):
    program = (
        "import nascore as nc; import hashlib; m = nc.benchmarks.load('nasbench-macro-synthetic'); "
        "print(hashlib.sha256(m.array.tobytes()).hexdigest())"
    )
    outs = {
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    }
    assert len(outs) == 1
    other = synthetic.load_nasbench_macro_synthetic(table_seed=1)
    assert not np.array_equal(other.array, bench.array) and other.checksum != bench.checksum
    for wrong in (-1, 0.5, "a", True):
        with pytest.raises(SettingError, match="table_seed"):
            synthetic.load_nasbench_macro_synthetic(table_seed=wrong)


def test_made_quickly():
    times = []
    for seed in (11, 12, 13):
        start = time.process_time()
        synthetic.load_nasbench_macro_synthetic(table_seed=seed)
        times.append(time.process_time() - start)
    assert min(times) < 0.3


def test_the_shared_arrays_cannot_be_written():
    with pytest.raises(ValueError):
        synthetic._chains(0)[1][0] = 1.0


def test_nothing_is_invented_where_a_measured_table_is_at_hand():
    assert [name for name in nc.benchmarks.available() if "synthetic" in name] == ["nasbench-macro-synthetic"]
