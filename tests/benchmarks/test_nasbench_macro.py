"""NAS-Bench-Macro as loaded equals the verified table; equal networks stay separate keys."""

from __future__ import annotations

import json

import numpy as np
import pytest

import nascore as nc
from nascore.benchmarks.nasbench_macro import canonical
from nascore.data import nasbench_macro_raw
from nascore.errors import DataError


@pytest.fixture(scope="module")
def bench(mirror):
    return nc.benchmarks.load("nasbench-macro")


def test_values_equal_the_table(bench, real_data):
    import pandas as pd

    table = pd.read_parquet(real_data / "tables" / "nasbench_macro.parquet").sort_values("arch")
    assert [bench.space.format(arch) for arch in bench.archs] == table["arch"].tolist()
    assert np.allclose(bench.array, table["mean_acc"], rtol=1e-6)
    for seed in range(3):
        assert np.allclose(bench.select(seed=seed).array, table[f"test_acc_{seed}"], rtol=1e-7)
    for name in ("params", "flops"):
        assert np.array_equal(bench.costs[name], table[name])
    assert bench.space.format(bench.best()[0]) == table.loc[table["mean_acc"].idxmax(), "arch"]


def test_equal_networks_are_counted_but_not_merged(bench):
    archs = np.array(bench.archs)
    networks = canonical(archs)
    assert len(np.unique(archs, axis=0)) == len(bench) == bench.space.size == 6561
    assert len(np.unique(networks, axis=0)) == 3969
    rows = np.array([bench.index(tuple(arch)) for arch in networks.tolist()])
    assert np.array_equal(bench.array, bench.array[rows])
    assert np.array_equal(networks, canonical(networks))


def test_canonical_by_hand():
    given = [[0, 0, 0, 0, 1, 0, 0, 2], [1, 2, 2, 0, 2, 0, 1, 0], [0, 2, 0, 1, 2, 2, 1, 1]]
    assert canonical(np.array(given)).tolist() == [
        [0, 0, 0, 1, 0, 0, 2, 0],
        [1, 2, 2, 2, 0, 0, 1, 0],
        [0, 2, 0, 1, 2, 2, 1, 1],
    ]


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"00000000": {"test_acc": [1, 2, 3], "params": 1, "flops": 1}}', json.dumps({"0": {}})]
)
def test_builder_refuses_other_formats(tmp_path, content):
    (tmp_path / "table.json").write_text(content)
    with pytest.raises(DataError, match="table.json.*nascore data fetch nasbench-macro"):
        nasbench_macro_raw.build({"table": tmp_path / "table.json"})
