"""The study of the fewest queries: what is tuned is not reported, and the setting is the one that users can name."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from nascore.search import GANAS
from nascore.search.ganas.schedule import FEW_QUERIES
from nascore.search.ganas.training import FEWEST_QUERIES_TRAINING
from nascore.spaces import NASBench201
from nascore.studies.ganas import nasbench201, queries, queries_report, tuning

UNITS = queries._units("laptop")
ROWS = pd.DataFrame(
    [
        {"stage": stage, "method": method, "settings": settings, "dataset": dataset, "queries_to_best": found}
        for stage, method, settings, dataset, found in (
            ("tuning", "GA-NAS", queries.FEWEST, "cifar10", 50),
            ("tuning", "GA-NAS", queries.FEWEST, "cifar100", 70),
            ("tuning", "GA-NAS", queries.START, "cifar10", None),
            ("final", "GA-NAS", queries.FEWEST, "cifar10", 40),
            ("final", "REA", {}, "cifar10", 300),
            ("final", "LocalSearch", {"eager": True}, "cifar10", 100),
            ("final", "REA", {}, "cifar100", 100),
            ("final", "LocalSearch", {"eager": True}, "cifar100", None),
        )
    ]
)


def test_no_seed_that_is_reported_was_tuned_on():
    seeds = {stage: {unit.seed for unit in UNITS if unit.config["stage"] == stage} for stage in ("tuning", "final")}
    assert min(seeds["tuning"]) >= 1000 and seeds["final"] == set(queries.FINAL_SEEDS) and len(seeds["final"]) == 20
    assert not seeds["final"] & ({*nasbench201.SEEDS} | {*tuning.SEEDS} | seeds["tuning"])
    assert queries._question({**UNITS[0].config, "stage": "tuning"})["epochs"] == 12
    assert "epochs" not in queries._question({**UNITS[0].config, "stage": "final"})
    final = {unit.seed for unit in UNITS if unit.config["stage"] == "final" and unit.config["method"] == "TPE"}
    assert final == seeds["final"], "every search has the same seeds"


def test_the_tuned_setting_is_the_one_with_a_name():
    space = NASBench201()
    search = queries.searcher("GA-NAS", space, 0, queries.FEWEST)
    assert search.training == FEWEST_QUERIES_TRAINING == GANAS(space, training=FEWEST_QUERIES_TRAINING).training
    assert search.schedule == replace(FEW_QUERIES, iterations=None)
    tried = [settings for method, settings, _ in queries._tuning("laptop") if method == "GA-NAS"]
    assert queries.FEWEST in tried and {} in tried
    rivals = [(method, settings) for method, settings, _ in queries._tuning("laptop")]
    assert all(each in rivals for each in queries.TUNED)


def test_a_run_ends_when_it_has_found_the_best_cell():
    unit = next(unit for unit in queries._units("smoke") if unit.config["method"] == "LocalSearch")
    metrics = queries._run(unit.config, 0)["metrics"]
    assert (metrics["stopped"], metrics["rank"]) == ("callback", 1) and metrics["queries"] == metrics["queries_to_best"]


def test_the_page_counts_a_miss_as_the_whole_budget_and_puts_the_fewest_first():
    rows = queries_report.arranged(ROWS)
    first, second = queries_report.tuned(rows)
    assert first["search"] == queries_report.OURS and (first["runs"], first["found"], first["all"]) == (2, 2, "60.0")
    assert first["CIFAR-10"] == "50" and second["all"] == f"{queries.BUDGET:.1f}" and second["found"] == 0
    assert queries_report.best_rivals(rows) == {"CIFAR-10": "LocalSearch, eager", "CIFAR-100": "REA"}
    assert queries_report.label("GA-NAS", {}) == "GA-NAS-fast" and queries_report.label("TPE", {}) == "TPE"
    said = queries_report.means_in_words(rows[rows["stage"] == "final"])
    assert f"CIFAR-10: {queries_report.OURS} 40 (1 of 1), LocalSearch, eager 100 (1 of 1), REA 300 (1 of 1); " in said
    assert said.endswith("CIFAR-100: REA 100 (1 of 1), LocalSearch, eager 500 (0 of 1)")
    names = [queries_report.label(unit.config["method"], unit.config["settings"]) for unit in UNITS]
    settings = {queries.METHODS.get(unit.config["method"], "") + repr(unit.config["settings"]) for unit in UNITS}
    assert len(set(names)) == len(settings), "no two searches share a name"
