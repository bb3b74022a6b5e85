"""The measured NAS-Bench-101 table and the real accuracies of part of the space."""

from __future__ import annotations

import numpy as np
import pytest

import nascore as nc
from nascore.benchmarks import nasbench101 as nb101
from nascore.data import built, nasbench101_raw
from nascore.errors import DataError, SettingError
from nascore.spaces import NASBench101


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NASCORE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("NASCORE_MIRROR", raising=False)
    return tmp_path


def invented():
    """Arrays of the official table's form with invented values for every cell."""
    rng = np.random.default_rng(0)
    return {
        "accuracies": (90 + rng.random((423_624, 3, 1, 3))).astype(np.float32),
        "training_time": rng.random((423_624, 1, 3)).astype(np.float32),
        "params": np.ones(423_624, np.int32),
        "epochs": np.array([108], np.int32),
    }


def test_absent_table_says_how_to_get_it(cache):
    assert not nb101.present()
    with pytest.raises(DataError, match="nasbench_only108.*nascore data fetch nasbench101.*nasbench101-surrogate"):
        nc.benchmarks.load("nasbench101")


def test_present_table_is_built_stored_and_served(cache, monkeypatch):
    arrays = invented()
    monkeypatch.setattr(nasbench101_raw, "build", lambda files, progress: arrays)
    monkeypatch.setattr("nascore.data.download.state", lambda file: "fetched")
    first = nc.benchmarks.load("nasbench101", split="val", seed=1)
    assert nb101.present() and built.state("nasbench101") == "built"
    bench = nc.benchmarks.load("nasbench101", split="val")
    assert bench.checksum == first.checksum and bench.label == "" and len(bench) == 423_624
    assert np.allclose(bench.array, arrays["accuracies"][:, 0, 0].mean(-1))
    assert np.array_equal(first.array, arrays["accuracies"][:, 0, 0, 1])
    assert (bench.costs["params"] == 1).all()  # the table's own number, not the formula's
    assert np.allclose(bench.costs["training_time"], arrays["training_time"][:, 0].mean(-1))
    space, rng = bench.space, np.random.default_rng(1)
    for _ in range(50):  # any vertex order of a cell finds the same row
        arch = space.sample(rng)
        assert bench.index(arch) == space.key(arch) and bench.cost(arch, "params") > 0
        other = space.mutate(arch, rng)
        want = pytest.approx(float(bench.array[space.key(other)]))
        assert bench.value(space.from_matrix(*space.to_matrix(other))) == want
    assert "108 epochs" in bench.about and "validation" in bench.about
    with pytest.raises(SettingError, match="epochs=12"):
        bench.select(epochs=12)


def test_official_means_of_small_cells(real_data):
    """EC-NAS kept the official 3-run means of all cells with at most 4 vertices."""
    from nascore.data import nasbench101_records, upstream

    path = real_data / "raw" / upstream.file("nasbench101-ecnas", "energy_4V9E_estimate").path
    bench = nb101.from_arrays(nasbench101_raw.collect(path), split="test", epochs=108, seed=0)
    frame = nasbench101_records.frame(path)
    frame = frame[frame["epochs"] == 108]
    assert len(frame) == 91 and np.allclose(bench.values(frame["arch"].tolist()), frame["test"], rtol=1e-6)
    assert [bench.cost(arch, "params") for arch in frame["arch"]] == frame["params"].tolist()


def test_partial_accuracies(real_data, monkeypatch):
    monkeypatch.setenv("NASCORE_MIRROR", str(real_data))
    frame = nb101.partial_accuracies()
    assert len(frame) == 2860 and frame["value"].between(2, 96).all()
    assert (frame["source"] == "GenNAS-Zero_nasbench1_2500").sum() == 2000
    space = NASBench101()
    sample = frame.iloc[::97]
    assert [space.hash(space.validate(arch)) for arch in sample["arch"]] == sample["hash"].tolist()


def test_partial_downloads_equal_the_table(real_data, cache, monkeypatch):
    monkeypatch.setenv("NASCORE_MIRROR", str(real_data))
    table, got = nb101.partial_accuracies(), nb101.partial_from_json()
    assert len(got) == 860
    for (source, metric), rows in got.groupby(["source", "metric"]):
        want = table[(table["source"] == source) & (table["metric"] == metric)].sort_values(["hash", "value"])
        rows = rows.sort_values(["hash", "value"])
        assert rows["hash"].tolist() == want["hash"].tolist()
        assert np.allclose(rows["value"].astype(float), want["value"], rtol=1e-12)


def test_partial_accuracies_without_the_table(real_data, cache, tmp_path, monkeypatch):
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / "raw").symlink_to(real_data / "raw")
    monkeypatch.setenv("NASCORE_MIRROR", str(tmp_path / "mirror"))
    assert len(nb101.partial_accuracies()) == 860
