"""Published samples of NAS-Bench-101 as pools."""

from __future__ import annotations

import numpy as np
import pytest

import nascore as nc
from nascore.errors import DataError, SettingError


@pytest.mark.parametrize(
    "question, source, cells, trainings, lowest, highest",
    [
        ({}, "GenNAS-Zero_nasbench1_2500", 2000, 1, 10.0, 94.1),
        ({"split": "val"}, "NASLib_zc101", 292, 4, 73.0, 94.8),
        ({"dataset": "imagenet"}, "GenNAS-Zero_nasbench1_imgnet", 500, 1, 2.4, 65.8),
    ],
)
def test_values_are_those_of_the_table(mirror, real_data, question, source, cells, trainings, lowest, highest):
    import pandas as pd

    bench = nc.benchmarks.load("nasbench101-sample", **question)
    table = pd.read_parquet(real_data / "tables" / "nasbench101_partial.parquet")
    rows = table[table["source"] == source]
    space = bench.space.space
    assert len(bench) == bench.space.size == cells == rows["hash"].nunique()
    assert len(bench.axes["seed"]) - 1 <= trainings and lowest < bench.array.min() <= bench.array.max() < highest
    wanted = (100 * rows["value"]).groupby(rows["hash"]).mean()
    found = {space.hash(arch): bench.value(arch) for arch in bench.archs}
    assert np.allclose([found[each] for each in wanted.index], wanted, rtol=1e-6)
    params = dict(zip(rows["hash"], rows["params"], strict=True))
    apart = sum(bench.cost(arch, "params") != params[space.hash(arch)] for arch in bench.archs)
    assert apart <= 0.05 * cells  # another order of the vertices rounds channels another way


def test_questions(mirror):
    for question in ({"dataset": "svhn"}, {"split": "test"}, {"dataset": "imagenet", "split": "val"}, {"epochs": 12}):
        with pytest.raises(SettingError, match=list(question)[-1]):
            nc.benchmarks.load("nasbench101-sample", **question)


def test_without_the_table(real_data, tmp_path, monkeypatch):
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / "raw").symlink_to(real_data / "raw")
    monkeypatch.setenv("NASCORE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NASCORE_MIRROR", str(tmp_path / "mirror"))
    with pytest.raises(DataError, match=r"nasbench101_partial\.parquet"):
        nc.benchmarks.load("nasbench101-sample")
    assert len(nc.benchmarks.load("nasbench101-sample", dataset="imagenet")) == 500
