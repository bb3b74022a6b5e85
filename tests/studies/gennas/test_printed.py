"""The printed numbers that a page shows beside ours, and what is said of the published scores."""

from __future__ import annotations

import pandas as pd
import pytest

from nascore.companion.papers import paper_value
from nascore.studies.gennas import samples
from nascore.studies.gennas.report import printed, published, ranking


def test_every_place_has_its_sample_and_its_printed_row():
    for (sample, column), (_, row) in printed.PLACES.items():
        assert column in samples.SAMPLES[sample].answers
        assert bool(row) == (sample not in ("smoke", "nasbench-macro"))
        if row:
            assert printed.values(paper_value, sample, column)


def test_both_tables_come_as_shares():
    assert printed.values(paper_value, "nasbench101", "cifar10")["gennas-combo"] == 0.66
    rates = printed.values(paper_value, "nasbench101", "cifar10", "top 10 %")
    assert rates["gennas-search-n"] == pytest.approx(0.68) and "snip" not in rates
    texts = printed.texts(paper_value, printed.titles("nasbench201"))
    assert list(texts) == ["CIFAR-10", "CIFAR-100", "ImageNet16-120"] and texts["CIFAR-10"]["gennas-search-n"] == "0.71"
    assert printed.values(paper_value, "nasbench-nlp", "ptb")["gennas-search"] == 0.63


def test_tasks_for_recurrent_cells_are_called_as_in_print():
    rows = pd.DataFrame({"sample": ["nasbench-nlp"] * 2, "proxy": ["synflow", "gennas-search-nlp"], "seed": [0, 0]})
    assert ranking.of_sample(rows, "nasbench-nlp")["method"].tolist() == ["gennas-search", "synflow"]


def test_when_a_score_is_the_published_one():
    assert published.agrees("synflow", 0.96, 1.0) and not published.agrees("zen", 0.94, 0.99)
    assert published.agrees("grasp", 0.80, 0.82) and not published.agrees("grasp", 0.80, 0.90)
    assert published.least("naswot") == published.DATA and published.least("flops") == published.EXACT


def test_table_5_stands_below_ours():
    found = ranking.beside_table5(pd.DataFrame([{"method": "naswot", "top 5%": "0.10"}]), paper_value)
    assert found["method"].tolist() == ["naswot", "gennas-combo, paper", "gennas-search-n, paper"]
    assert found["top 50%"].tolist()[1:] == ["0.82", "0.85"]
