"""Scores that others have published, beside the architectures that they belong to."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest

import nascore as nc
from nascore.data import scores, upstream
from nascore.errors import DataError, SettingError


def test_nasbench201(mirror):
    import pandas as pd

    table = pd.read_parquet(mirror / "tables" / "nasbench201_zcproxies.parquet")
    whole = pd.read_parquet(mirror / "tables" / "nasbench201.parquet").sort_values("index")
    bench = nc.benchmarks.load("nasbench201")
    for dataset, name in (("cifar10", "cifar10"), ("imagenet16-120", "ImageNet16-120")):
        found = nc.data.published_scores("nasbench201", dataset)
        assert len(found) == 15_625 and found["synflow"].notna().sum() == 9_445 and found["zen"].notna().all()
        assert list(map(bench.space.format, found["arch"])) == whole["arch"].tolist()
        rows = table[table["dataset"] == name]
        for ours, theirs in (("naswot", "nwot"), ("jacob_cov", "jacov"), ("snip", "snip"), ("zen", "zen")):
            assert np.array_equal(found[ours].to_numpy()[rows["index"]], rows[theirs])
        known = found.dropna(subset=["parameters"])
        counts = [bench.cost(arch, "params") / 1e6 for arch in known["arch"]]
        if dataset == "cifar10":
            assert np.allclose(known["parameters"], counts)
            assert np.allclose(found["naswot_authors"], whole["nwot_score"], equal_nan=True)
    assert list(nc.data.published_scores("nasbench201", "cifar100")) == ["arch", "zen"]


def test_nasbench101(mirror):
    found = nc.data.published_scores("nasbench101")
    assert found.shape == (292, 12) and found["arch"].is_unique and found.notna().all().all()
    sample = nc.benchmarks.load("nasbench101-sample", split="val")
    assert set(found["arch"]) == set(sample.archs)
    apart = [sample.cost(arch, "params") / 1e6 / own for arch, own in zip(found["arch"], found["parameters"])]
    assert np.allclose(apart, 1, atol=0.05)


def test_nasbench_nlp(mirror):
    found = nc.data.published_scores("nasbench-nlp")
    assert found.shape == (215, 13) and found["arch"].is_unique and np.isfinite(found.drop(columns="arch")).all().all()
    bench = nc.benchmarks.load("nasbench-nlp-ptb")
    assert set(found["arch"]) <= set(bench.archs)


@pytest.mark.parametrize("question", [("nasbench301",), (3,), ("nasbench201", "svhn"), ("nasbench101", "cifar100")])
def test_unknown_names(question):
    with pytest.raises(SettingError, match="expected one of"):
        nc.data.published_scores(*question)


def test_without_the_files(tmp_path, monkeypatch):
    monkeypatch.setenv("NASCORE_CACHE", str(tmp_path))
    monkeypatch.delenv("NASCORE_MIRROR", raising=False)
    for benchmark, dataset in (("nasbench201", "nasbench201"), ("nasbench101", "nasbench101-partial")):
        with pytest.raises(DataError, match=f"nascore data fetch {dataset}"):
            nc.data.published_scores(benchmark)


def write(folder, entries):
    path = folder / "zen.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("zen/benchmark--nasbench201--cifar10--0.json", entries)
    return path


CELL = {"arch": "(0, 1, 2, 3, 4, 0)", "zen": {"score": 1.5}}


@pytest.mark.parametrize(
    "entries",
    [
        "",
        "[",
        "[" * 100_000,
        json.dumps([CELL]),
        json.dumps([{**CELL, "arch": "(0, 1)"}]),
        json.dumps([{**CELL, "arch": "(9, 1, 2, 3, 4, 0)"}]),
        json.dumps([{**CELL, "zen": {"score": float("nan")}}]),
        json.dumps([{**CELL, "zen": {"score": True}}]),
        json.dumps([{**CELL, "zen": None}]),
    ],
)
def test_bad_zen_files(tmp_path, entries):
    with pytest.raises(DataError, match=r"zen\.zip.*nascore data fetch nasbench201-zen"):
        scores.read_zen(write(tmp_path, entries), "cifar10")


def test_a_cut_zip(mirror, tmp_path):
    data = (mirror / "raw" / upstream.file("nasbench201-zen", "nb201_zen").path).read_bytes()
    for part in (data[:1000], data[:-1000], b""):
        (tmp_path / "zen.zip").write_bytes(part)
        with pytest.raises(DataError, match=r"zen\.zip"):
            scores.read_zen(tmp_path / "zen.zip", "cifar10")


def test_bad_tables(mirror, tmp_path):
    import pandas as pd

    whole = mirror / "tables" / "nasbench201_zcproxies.parquet"
    path, table = tmp_path / "scores.parquet", pd.read_parquet(whole)
    for damaged in (
        table.drop(columns="dataset"),
        table.drop(columns="index"),
        table.assign(snip="a"),
        table.assign(snip=np.nan),
        table.assign(index=7),
        table.assign(index=table["index"].astype(int) + 15_625),
        table[table["dataset"] == "cifar10"],
    ):
        damaged.to_parquet(path)
        with pytest.raises(DataError, match=r"scores\.parquet"):
            scores.read_table(path, "imagenet16-120")
    for content in (b"", whole.read_bytes()[:50_000]):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"scores\.parquet"):
            scores.read_table(path, "cifar10")
