"""The study on shared weights: equal queries, fine-tuning before each set, and rows that do not hang on their order."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch

from nascore.benchmarks import Oracle
from nascore.spaces.nasbench201 import NASBench201
from nascore.studies.ganas import weight_sharing as study
from nascore.studies.ganas.rows import load

SMOKE = {unit.config["method"]: unit.config for unit in study._units("smoke")}
TABLES = {split: load("digits201", split=split) for split in ("val", "test")}


def test_each_search_has_ten_seeds_and_none_is_a_tuning_seed():
    units = study._units("laptop")
    roles = Counter((unit.config["role"], unit.config["method"]) for unit in units)
    assert {method: roles["search", method] for method in study.METHODS} == dict.fromkeys(study.METHODS, 10)
    tuning = {unit.seed for unit in units if unit.config["role"] in ("gate", "pilot", "tuning")}
    assert min(tuning) >= 1000 and not tuning & {unit.seed for unit in units if unit.config["role"] == "search"}
    weights = {tuple(unit.config[name] for name in ("epochs", "steps", "batch", "optimizer", "rate"))
               for unit in units if unit.config["role"] == "search"}  # fmt: skip
    assert len(weights) == 1, "all searches train their weights alike"


def test_rows_do_not_depend_on_what_ran_before():
    """Fine-tuning works on the supernet that the next unit uses: it finds the one that it would have trained."""
    study._kept.cache_clear()
    first = study._run(SMOKE["RS"], 0)
    tuned = study._run(SMOKE[study.TUNED], 0)
    assert study._run(SMOKE["RS"], 0) == first
    study._kept.cache_clear()
    assert study._run(SMOKE[study.TUNED], 0) == tuned


def test_a_set_is_fine_tuned_before_it_is_evaluated_and_old_answers_stay():
    events: list = []

    class Asked(Oracle):
        def evaluate(self, archs, epochs=None):
            events.append(("evaluated", tuple(archs)))
            return super().evaluate(archs, epochs)

    oracle = Asked(TABLES["val"], 30)
    searcher = study._searcher(study.TUNED, NASBench201(), study.SMALL, 0)
    study._search(searcher, oracle, lambda archs, t: events.append((t, tuple(archs))))
    sets = [archs for _, archs in events[1::2]]
    assert [event[0] for event in events[::2]] == [0, 1, 2] == list(range(len(sets)))
    assert [archs for _, archs in events[::2]] == sets and len({*sum(sets, ())}) == oracle.queries == 30
    best, value = oracle.best()
    assert value == max(row.value for row in oracle.log) == TABLES["val"].value(best)


@pytest.mark.parametrize("method", [study.TUNED, study.TRUE, study.PLAIN, study.NO_NONE, *study.ASKING])
def test_equal_queries_and_the_test_table_judges(method):
    metrics = study._run(SMOKE[method], 1)["metrics"]
    arch = NASBench201().parse(metrics["arch"])
    assert metrics["queries"] == 30
    assert metrics["accuracy"] == pytest.approx(TABLES["test"].value(arch), abs=1e-4)
    assert metrics["asked_best"] >= metrics["accuracy"] - 1e-4
    assert metrics["asked_spearman"] == pytest.approx(1.0) or method != study.TRUE


@pytest.mark.parametrize(("method", "most"), [("ENAS", 4), ("DARTS", 4), (study.WITH_NONE, 5)])
def test_the_rivals_learn_among_their_operations(method, most):
    metrics = study._run(SMOKE[method], 0)["metrics"]
    assert 0.9 * np.log(most) < metrics["entropy"] < np.log(most)  # four steps move it a little
    assert most == 5 or "none" not in metrics["arch"]


def test_without_none_every_cell_is_without(monkeypatch):
    asked: list = []
    monkeypatch.setattr(study, "_verdict", lambda arch, tables: asked.append(arch) or {})
    study._run(SMOKE[study.NO_NONE], 0)
    assert len(asked) == 1 and 0 not in asked[0] and len(asked[0]) == 6


def test_the_gate_ranks_the_supernet_that_the_searches_ask():
    row = study._run(SMOKE["gate"] | {"epochs": 8, "steps": 4}, 1000)
    assert row["curve"]["epoch"] == [2, 4, 6, 8] and -1 <= row["metrics"]["spearman"] <= 1
    assert row["metrics"]["spearman_loss"] == pytest.approx(row["curve"]["spearman"][-1])


def test_validation_batches_are_the_same_for_all():
    first, second = study.validation(700), study.validation(700)
    assert [len(labels) for _, labels in first] == [500, 200]
    assert all(torch.equal(a, b) for one, two in zip(first, second, strict=True) for a, b in zip(one, two, strict=True))
