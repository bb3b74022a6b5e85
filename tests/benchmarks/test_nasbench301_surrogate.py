"""nasbench301-surrogate: what it answers, that an Oracle counts it, its card, and its doors."""

from __future__ import annotations

import json

import numpy as np
import pytest

import nascore as nc
from nascore.benchmarks import nasbench301_features as features
from nascore.benchmarks import nasbench301_surrogate as surrogate
from nascore.errors import ArchitectureError, DataError, SettingError

BENCH = nc.benchmarks.load("nasbench301-surrogate")
SPACE = BENCH.space


def archs(count, seed=0):
    rng = np.random.default_rng(seed)
    return [SPACE.sample(rng) for _ in range(count)]


def test_predictions_are_accuracies_and_do_not_depend_on_company():
    cells = archs(50)
    values = BENCH.values(cells)
    assert ((values > 88) & (values < 97)).all() and values.std() > 0.2
    assert [BENCH.value(arch) for arch in cells[:5]] == pytest.approx(values[:5].tolist(), abs=1e-9)
    assert BENCH.values([]).shape == (0,) and BENCH.label == "surrogate"


def test_the_order_of_a_nodes_operations_means_nothing():
    arch = archs(1)[0]
    swapped = (*arch[2:4], *arch[:2], *arch[4:])
    assert swapped != arch and BENCH.value(swapped) == BENCH.value(arch)


def test_a_separable_convolution_is_worth_more_than_a_skip_connection():
    pool = SPACE.from_genotype({kind: [("skip_connect", 0), ("skip_connect", 1)] * 4 for kind in ("normal", "reduce")})
    good = SPACE.from_genotype({kind: [("sep_conv_3x3", 0), ("sep_conv_3x3", 1)] * 4 for kind in ("normal", "reduce")})
    assert BENCH.value(good) > BENCH.value(pool) + 1


def test_an_oracle_counts_it_and_its_log_knows_the_model(tmp_path):
    log = tmp_path / "log.jsonl"
    oracle = nc.Oracle(BENCH, budget=12, log=log)
    found = nc.search.run(nc.search.RegularizedEvolution(SPACE, seed=0, population=5, sample=2), oracle)
    assert found.queries == 12 and found.best_value == max(found.history.value)
    assert json.loads(log.read_text().splitlines()[0])["checksum"] == BENCH.checksum


def test_the_features_are_counts():
    row = features.numbers(SPACE, archs(1)[0])
    half = len(row) // 2
    edges = features.NODES * (features.NODES + 1) * 7
    assert row[:edges].sum() == 8 == row[half : half + edges].sum()
    assert (row >= 0).all() and (row == row.round()).all()


def test_the_card_is_of_this_model_and_holds_its_numbers():
    card = json.loads((surrogate.folder() / "card.json").read_text())
    assert card["model"] == BENCH.checksum
    low, high = card["intervals"]["kendall"]
    assert low < card["held_out"]["kendall"] < high and low > 0.7
    text = (surrogate.folder() / "MODEL_CARD.md").read_text()
    assert f"{card['held_out']['spearman']:.3f}" in text
    chosen = card["settings"]
    assert chosen["rmse"] == min(line["rmse"] for line in card["tuning"])
    tried = sorted(line["ridge"] for line in card["tuning"])
    assert tried[0] < chosen["ridge"] < tried[-1], "at the edge of the grid"
    assert sum(path.stat().st_size for path in surrogate.folder().iterdir()) < 1_000_000


def test_a_damaged_model_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(surrogate, "folder", lambda: tmp_path)
    surrogate._model.cache_clear()
    for content in (None, b"no archive"):
        if content:
            (tmp_path / "model.npz").write_bytes(content)
        with pytest.raises(DataError, match=r"model.npz.*restore it with git"):
            nc.benchmarks.load("nasbench301-surrogate")
    monkeypatch.undo()
    surrogate._model.cache_clear()


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: nc.benchmarks.load("nasbench301-surrogate", dataset="cifar100"), SettingError, "dataset='cifar100'"),
        (lambda: nc.benchmarks.load("nasbench301-surrogate", epochs=9), SettingError, "epochs=9"),
        (lambda: BENCH.value((1, 2, 3)), ArchitectureError, "is not an architecture of darts-s5"),
        (lambda: BENCH.values(3), SettingError, "archs=3"),
    ],
)
def test_wrong_input_is_named(make, error, words):
    with pytest.raises(error, match=words):
        make()
