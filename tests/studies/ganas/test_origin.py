"""Who made the cells, as rows, tables and words; and no row of a search that was interrupted."""

from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest

import nascore as nc
from nascore.studies.ganas import nasbench101, nasbench101_report, rows, tuning, tuning_report

LINES = [
    {"iteration": 1, "unique": 9},
    {"iteration": 1, "new": 30, "heated": 0.0},
    {"iteration": 2, "new": 10, "heated": 0.5},
]


def run(**changes) -> dict:
    sampling = {"iteration": [1, 2], "heated": [0.0, changes.pop("heated", 0.5)]}
    return {"setup": 1, "method": "GA-NAS", "own_share": 0.9, "queries": 3300, "sampling": sampling, **changes}


@pytest.mark.parametrize("lines, share, columns", [(LINES, 0.875, ([1, 2], [30, 10])), ([], None, ([], []))])
def test_the_share_that_the_generator_drew_itself(lines, share, columns):
    found, iterations = rows.drawn(SimpleNamespace(trace=lines))
    assert found == {"own_share": share} and (iterations["iteration"], iterations["new"]) == columns


def test_origin_as_a_table():
    shown = nasbench101_report.who_made(
        pd.DataFrame([run(), run(own_share=0.5, queries=3000, heated=1.0), run(method="RS", own_share=float("nan"))])
    )
    assert len(shown) == 1
    line = shown[0]
    assert (line["runs"], line["own, median run"], line["own, lowest"]) == (2, "70.0 %", "50.0 %")
    assert line["spent, least"] == "90.9 %"
    assert (line["t = 1"], line["t = 2"]) == ("0.0", "75.0")


def test_origin_in_words():
    tried = [({"entropy": 0.1}, 0.15, 726, 394), ({}, 1.0, 3300, 1), ({"fill": 0}, 0.7, 3300, 2)]
    table = pd.DataFrame(
        [
            {"stage": "nasbench101", "discriminator": "pairwise", "settings": changes, "setup": 1, "seed": 1000}
            | {"own_share": own, "queries": queries, "rank": rank}
            for changes, own, queries, rank in tried
        ]
    )
    printed, ours = tuning_report.generator_in_words(table).splitlines()
    assert printed.startswith("* multiplier 0.1, setup 1 (1 runs): 15 to 15 % of the new cells from G itself")
    assert printed.endswith("at least 22 % of the queries spent, ranks 394")
    assert (
        f"multiplier {tuning.CENTRE101['entropy']:g}," in ours and "100 to 100 %" in ours and ours.endswith("ranks 1")
    )
    assert "No such setting" in tuning_report.generator_in_words(table[:0])


def test_what_was_tuned_on_nasbench101_is_what_is_used():
    from nascore.search.ganas.training import NASBENCH101_TRAINING

    changes = dict(tuning.CENTRE101)
    assert replace(tuning.training(changes), **changes) == NASBENCH101_TRAINING
    reported = {unit.seed for unit in nasbench101.NASBENCH101.units("laptop")}
    tried = [unit for unit in tuning.TUNING.units("laptop") if unit.config["stage"] == "nasbench101"]
    assert tried and not reported & {unit.seed for unit in tried} and len(reported) == 20


def test_an_interrupted_search_gives_no_row():
    space = nc.spaces.NASBench201()

    def value(arch):
        raise KeyboardInterrupt

    stopped = nc.run(nc.search.RandomSearch(space, seed=0), nc.Oracle(value, 5, space=space))
    assert stopped.stopped == "interrupted"
    for made in (lambda: rows.complete(stopped), lambda: rows.search_row(stopped, None)):
        with pytest.raises(KeyboardInterrupt):
            made()
