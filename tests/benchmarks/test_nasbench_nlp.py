"""The NAS-Bench-NLP pools equal the verified tables."""

from __future__ import annotations

import json

import numpy as np
import pytest

import nascore as nc
from nascore.benchmarks.nasbench_nlp import featured_pool
from nascore.errors import ArchitectureError, DataError, SettingError

SPACE = nc.spaces.NASBenchNLP()


@pytest.fixture(scope="module")
def benches(mirror):
    return {text: nc.benchmarks.load(f"nasbench-nlp-{text}") for text in ("wikitext2", "ptb")} | {
        "featured": featured_pool(nc.benchmarks.load("nasbench-nlp-wikitext2"))
    }


@pytest.fixture(scope="module")
def logs(real_data):
    import pandas as pd

    table = pd.read_parquet(real_data / "tables" / "nasbench_nlp_wikitext2.parquet")
    return table.assign(arch=[SPACE.parse(recipe) for recipe in table["recipe"]]).sort_values("log")


def test_curves_are_those_of_the_logs(benches, logs):
    bench = benches["wikitext2"]
    assert len(logs) == 345 and len(bench) == logs["arch"].nunique() == 265
    for split in ("val", "test", "train"):
        for seed, rows in logs.groupby(logs.groupby("arch").cumcount()):
            view = bench.select(split=split, seed=seed)
            for arch, losses, params in zip(rows["arch"], rows[f"{split}_losses"], rows["num_params"], strict=True):
                wanted = [-loss for loss in losses if loss == loss]
                assert np.allclose(list(view.curve(arch).values()), wanted, rtol=1e-6)
                assert bench.cost(arch, "params") == params
    last = logs.assign(last=[losses[49] if len(losses) == 50 else np.nan for losses in logs["test_losses"]])
    means = last.groupby("arch")["last"].mean()  # of those that came so far
    found = [-bench.value(arch) for arch in means.index]
    assert np.allclose(found, means, rtol=1e-6, equal_nan=True) and sum(np.isnan(found)) == 2


def test_the_trainings_of_isomorphic_recipes_agree(benches):
    """What the canonical form joins has nearly the same loss, far nearer than two cells have: it joins what is one."""
    bench = benches["wikitext2"]
    runs = np.stack([bench.select(seed=seed).array for seed in range(14)], axis=1)
    several = runs[(~np.isnan(runs)).sum(1) > 1]
    assert len(several) == 51
    within = np.nanstd(several, axis=1)
    assert np.median(within) < 0.01 and np.nanstd(bench.array) > 0.5


def test_treebank_losses_are_those_of_the_table(benches, logs, real_data):
    import pandas as pd

    table = pd.read_parquet(real_data / "tables" / "nasbench_nlp_ptb.parquet").dropna(subset=["ptb_test_loss_final"])
    arch_of = dict(zip(logs["recipe_id"], logs["arch"], strict=True))
    table = table[table["recipe_id"].isin(arch_of)]
    table = table.assign(arch=table["recipe_id"].map(arch_of)).sort_values("log_name")
    bench = benches["ptb"]
    assert len(table) == 312 and len(bench) == 249 == table["arch"].nunique()
    for seed, rows in table.groupby(table.groupby("arch").cumcount()):
        view = bench.select(seed=seed)
        assert np.allclose([-view.value(arch) for arch in rows["arch"]], rows["ptb_test_loss_final"], rtol=1e-6)
    mean = table.groupby("arch")["ptb_test_loss_final"].mean()
    assert np.allclose([-bench.value(arch) for arch in mean.index], mean, rtol=1e-6)
    assert bench.training.levels == () and bench.direction == "max"


def test_searched_like_any_table(benches):
    bench = benches["wikitext2"]
    result = nc.run(nc.search.RegularizedEvolution(bench.space, seed=0), nc.Oracle(bench, budget=60))
    assert len(result.history) == 60 and result.rank(bench) <= 30
    oracle = nc.Oracle(bench, budget=60, unit="epochs")
    archs = bench.archs[:4]
    oracle.evaluate(archs, epochs=5)
    oracle.evaluate(archs, epochs=15)  # goes on: ten epochs more for each
    assert oracle.spent == 60
    other = json.loads(bench.space.format(archs[0]))
    assert bench.value(SPACE.parse(json.dumps(dict(reversed(other.items()))))) == bench.value(archs[0])


def test_published_features(benches):
    pool = benches["featured"]
    assert pool.size == 105 and pool.features.shape == (105, 10) and pool.distance == "doc2vec"
    assert set(pool.archs) < set(benches["wikitext2"].archs)


def test_questions(benches):
    with pytest.raises(SettingError, match="epochs=51"):
        benches["wikitext2"].select(epochs=51)
    with pytest.raises(SettingError, match="split='val'"):
        benches["ptb"].select(split="val")
    outside = SPACE.sample(np.random.default_rng(0))
    with pytest.raises(ArchitectureError, match="is not in nasbench-nlp-pool-265"):
        benches["wikitext2"].value(outside)


def test_without_its_files(tmp_path, monkeypatch):
    monkeypatch.setenv("NASCORE_CACHE", str(tmp_path))
    monkeypatch.delenv("NASCORE_MIRROR", raising=False)
    for name in ("nasbench-nlp-wikitext2", "nasbench-nlp-ptb"):
        with pytest.raises(DataError, match="nascore data fetch nasbench-nlp"):
            nc.benchmarks.load(name)
