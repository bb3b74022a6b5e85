"""Tables of groups against each other say no more than their runs do."""

from __future__ import annotations

import numpy as np
import pandas as pd

from nascore.companion import comparisons, summaries, tables, verdict_tests
from nascore.companion.comparisons import Measure

ROWS = pd.DataFrame({"method": ["A"] * 3 + ["B"], "best": [1.0, 2.0, 3.0, 92.78], "seed": [0, 1, 2, 0]})


def test_one_run_gives_no_interval_and_no_probability():
    frame = comparisons.differences(ROWS, [("A", "B")], [Measure("best", "best")]).frame
    (line,) = frame.to_dict("records")
    assert line["difference of best"] == "-90.78" and line["P(A better)"] == tables.NOTHING
    assert line["A is"] == comparisons.ONE_RUN
    assert summaries.deviation()(ROWS["best"].tail(1)) == "92.78"


def test_five_runs_a_side_do():
    rows = pd.DataFrame({"method": ["A"] * 5 + ["B"] * 5, "best": [1.0, 2, 3, 2, 1, 92, 93, 91, 92, 94]})
    (line,) = comparisons.differences(rows, [("A", "B")], [Measure("best", "best")]).frame.to_dict("records")
    assert line["difference of best"].startswith("-90.60 [") and line["P(A better)"] == "0.00"
    assert line["A is"] == "worse"
    (line,) = comparisons.differences(rows.iloc[1:], [("A", "B")], [Measure("best", "best")]).frame.to_dict("records")
    assert line["difference of best"] == "-90.40" and line["A is"] == comparisons.FEW_RUNS


def test_words_and_verdicts_go_by_one_interval():
    """Also of groups whose probability of improvement is clear and whose difference is not."""
    rng = np.random.default_rng(0)
    found = set()
    for shift in (0.0, 0.4, 0.7, 1.0, 2.0) * 4:
        a, b = rng.normal(shift, 1, 8), rng.standard_t(2, 8)
        rows = pd.DataFrame({"method": ["A"] * 8 + ["B"] * 8, "best": [*a, *b], "data_kind": "true"})
        test = {"kind": "better", "column": "best", "a": {"method": "A"}, "b": {"method": "B"}}
        verdict = verdict_tests.run_test(test, rows, "p").verdict
        words = summaries.in_words(rows, "best", "A")
        (line,) = comparisons.differences(rows, [("A", "B")], [Measure("best", "best")]).frame.to_dict("records")
        expected = {"reproduced": ("better", "better"), "not reproduced": ("worse", "worse")}
        table, text = expected.get(verdict, ("no clear difference", "not clearly different"))
        assert line["A is"] == table and f"**B**: {text} (" in words
        found.add(verdict)
    assert found >= {"reproduced", "inconclusive"}


def test_a_printed_column_that_says_nothing_is_left_out():
    columns = {"best (%)": ("best", summaries.mean())}
    nothing = comparisons.table(ROWS, columns, printed={"best (%)": {"A": tables.ABSENT}}).frame
    some = comparisons.table(ROWS, columns, printed={"best (%)": {"A": "94.1"}}).frame
    assert list(nothing.columns) == ["method", "runs", "best (%)"]
    assert list(some["best, paper"]) == ["94.1", tables.NOTHING]
