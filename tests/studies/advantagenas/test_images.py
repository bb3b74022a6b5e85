"""The image studies: what a search leaves in a row, what the table adds, and that the methods get the same budget."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest

from nascore import benchmarks
from nascore.companion import stored
from nascore.networks.choices import Choices
from nascore.networks.supernets.cell import CellSupernet
from nascore.spaces.nasbench201 import NASBench201
from nascore.studies.advantagenas import cell_search, cifar10, digits201

SEVERAL = ("ProxylessNAS", "DARTS", "SNAS")  # they weigh several operations of an edge: no process best
SMOKE = {"role": "search", "zero": False, "learning_rate": 0.1, "size": "smoke"}


@pytest.fixture(scope="module")
def table():
    return benchmarks.load("digits201", split="test")


def row(archs, bests):
    return {
        "metrics": {"entropy": 1.0},
        "curve": {
            "epoch": list(range(1, len(archs) + 1)),
            "arch": archs,
            "process_best": bests,
            "entropy": [1.0] * len(archs),
        },
    }


def test_judged_adds_the_tables_answers(table):
    archs = ["111111", "333333", "123434", "333331", "222222"]
    found = cell_search.judged(row(archs, [None, None, "444444", "444444", "311111"]), table)
    values = [table.value(tuple(map(int, arch))) for arch in archs]
    metrics = found["metrics"]
    assert metrics["argmax_accuracy"] == round(values[-1], 4) and metrics["argmax_rank"] == table.rank(values[-1])
    assert metrics["argmax_arch"] == NASBench201().format((2,) * 6)
    assert metrics["process_best_arch"] == NASBench201().format((3, 1, 1, 1, 1, 1))
    assert metrics["argmax_params"] == round(table.cost((2,) * 6, "params") / 1e6, 4)
    assert np.allclose(found["curve"]["accuracy"], values, atol=1e-4)
    assert metrics["mean_accuracy"] == pytest.approx(np.mean(values), abs=1e-3)
    assert metrics["early_accuracy"] == pytest.approx(values[0], abs=1e-3)  # a quarter of five epochs, rounded down
    assert metrics["entropy"] == 1.0


def test_a_method_without_single_architectures_has_no_process_best(table):
    metrics = cell_search.judged(row(["111111"] * 4, [None] * 4), table)["metrics"]
    assert [metrics[f"process_best_{what}"] for what in ("arch", "accuracy", "rank", "params")] == [None] * 4


def test_cells_without_none_keep_their_operations():
    space = cell_search.cells(False)
    assert space.ops == NASBench201().ops[1:] and cell_search.cells(True).ops == NASBench201().ops
    arch = space.parse(
        "|nor_conv_3x3~0|+|skip_connect~0|avg_pool_3x3~1|+|nor_conv_1x1~0|skip_connect~1|nor_conv_3x3~2|"
    )
    moved = cell_search.in_table(arch, space, NASBench201())
    assert NASBench201().format(moved) == space.format(arch) and moved != arch
    assert cell_search.in_table(None, space, NASBench201()) is None


@pytest.mark.parametrize("study", [cifar10, digits201])
def test_smoke_searches_need_no_download_and_repeat(study, monkeypatch, tmp_path):
    monkeypatch.setenv("NASCORE_CACHE", str(tmp_path))
    monkeypatch.delenv("NASCORE_MIRROR", raising=False)
    first, again = (study.searched({**SMOKE, "method": "AdvantageNAS"}, 3) for _ in range(2))
    assert first == again and json.dumps(first)
    curve = first["curve"]
    assert {len(values) for values in curve.values()} == {2} and curve["epoch"] == [1, 2]
    assert all(len(arch) == 6 and set(arch) <= set("1234") for arch in [*curve["arch"], *curve["process_best"]])


def test_sparse_methods_get_the_same_number_of_evaluations(monkeypatch):
    counted = Counter()
    loss = CellSupernet.loss

    def count(self, batch, draw):
        counted[self.training] += 1
        return loss(self, batch, draw)

    monkeypatch.setattr(CellSupernet, "loss", count)
    budget = digits201.SMALL
    for method in cell_search.METHODS:
        counted.clear()
        found = digits201.searched({**SMOKE, "method": method}, 0)
        assert dict(counted) == {True: budget.weight_steps, False: budget.theta_steps}, method
        assert (found["curve"]["process_best"][-1] is None) == (method in SEVERAL), method


def test_theta_stays_in_the_first_half_and_moves_in_the_second():
    found = digits201.searched({**SMOKE, "method": "AdvantageNAS"}, 0)["curve"]
    assert found["entropy"][-1] < found["entropy"][0] < np.log(4)


@pytest.mark.parametrize("study, profile", [(s, p) for s in (cifar10, digits201) for p in ("smoke", "laptop", "paper")])
def test_units_are_distinct_and_fair(study, profile):
    units = study._units(profile)
    assert len({json.dumps([unit.config, unit.seed], sort_keys=True) for unit in units}) == len(units)
    main = [u for u in units if not u.config["zero"] and u.config.get("role", "search") in ("search", "tuned")]
    seeds = {method: {u.seed for u in main if u.config["method"] == method} for method in cell_search.METHODS}
    sparse = {method: found for method, found in seeds.items() if method not in (*digits201.DENSE, "RandomSharing")}
    assert len({tuple(sorted(found)) for found in sparse.values()}) == 1
    if study is cifar10:  # "the same setting except for the search strategy"
        rates = {(u.config["size"], u.config["learning_rate"]) for u in main}
        assert len(rates) == len({size for size, _ in rates})
    tuned = {u.seed for u in units if u.config.get("role") == "tuning"}
    assert not tuned & set().union(*seeds.values())


def test_random_search_chooses_by_validation(monkeypatch, table):
    val = table.select(split="val")
    seen = []
    monkeypatch.setattr(
        digits201, "random_cell", lambda rng, table: seen.append(tuple(rng.integers(1, 5, 6).tolist())) or seen[-1]
    )
    found = digits201._random_search(table, np.random.default_rng(0))
    assert len(seen) == found["trained"] == digits201.BUDGET.evaluations // digits201.RECIPE.steps
    assert found["argmax_arch"] == NASBench201().format(max(seen, key=val.value))


def test_parsec_weighs_its_draws_by_the_likelihood_of_a_whole_batch():
    choices = Choices(2, ("a", "b"))
    assert cell_search.strategy("PARSEC", choices, 32).scale == 32.0
    assert cell_search.strategy("PARSEC, mean loss", choices, 32).scale == 1.0


def test_every_method_has_the_rate_that_served_it_best_on_other_seeds():
    import pandas as pd

    rows = pd.DataFrame(
        [
            {"role": role, "method": method, "learning_rate": rate, "argmax_val": value}
            for role, method, rate, value in (
                ("tuning", "A", 0.1, 70.0),
                ("tuning", "A", 0.1, 60.0),
                ("tuning", "A", 0.3, 66.0),
                ("tuning", "A", 0.3, 65.0),
                ("tuning", "B", 0.1, 50.0),
                ("tuning", "B", 0.3, 49.0),
                ("search", "B", 0.3, 99.0),
                ("tuning", "C", 0.1, 50.0),
                ("tuning", "C", 0.3, 49.95),  # as good: the larger one
            )
        ]
    )
    assert digits201.tuned(rows) == {"A": 0.3, "B": 0.1, "C": 0.3}


def test_the_rates_in_use_are_the_tuned_ones_and_not_at_the_edge_of_the_grid():
    rows = stored.rows("advantagenas/digits201", "laptop")
    planned = [unit for unit in digits201._units("laptop") if unit.config["role"] == "tuning"]
    if (done := int((rows["role"] == "tuning").sum())) < len(planned):
        pytest.skip(f"{done} of {len(planned)} tuning rows are stored: the rates in use are still those set beforehand")
    assert digits201.tuned(rows) == digits201.RATES
    for method, rate in digits201.RATES.items():
        tried = (*digits201.FURTHER.get(method, ()), *digits201.GRID)
        assert min(tried) < rate < max(tried), method
