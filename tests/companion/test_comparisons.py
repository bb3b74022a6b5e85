"""Tables of groups against each other say no more than their runs do."""

from __future__ import annotations

import pandas as pd

from nascore.companion import comparisons, summaries, tables
from nascore.companion.comparisons import Measure

ROWS = pd.DataFrame({"method": ["A"] * 3 + ["B"], "best": [1.0, 2.0, 3.0, 92.78], "seed": [0, 1, 2, 0]})


def test_one_run_gives_no_interval_and_no_probability():
    frame = comparisons.differences(ROWS, [("A", "B")], [Measure("best", "best")]).frame
    (line,) = frame.to_dict("records")
    assert line["difference of best"] == "-90.78" and line["P(A better)"] == tables.NOTHING
    assert line["A is"] == comparisons.ONE_RUN
    assert summaries.deviation()(ROWS["best"].tail(1)) == "92.78"


def test_several_runs_do():
    rows = ROWS.assign(method=["A", "A", "B", "B"])
    frame = comparisons.differences(rows, [("A", "B")], [Measure("best", "best")]).frame
    assert frame.iloc[0]["difference of best"].startswith("-46.39 [") and frame.iloc[0]["P(A better)"].startswith(
        "0.00"
    )


def test_a_printed_column_that_says_nothing_is_left_out():
    columns = {"best (%)": ("best", summaries.mean())}
    nothing = comparisons.table(ROWS, columns, printed={"best (%)": {"A": tables.ABSENT}}).frame
    some = comparisons.table(ROWS, columns, printed={"best (%)": {"A": "94.1"}}).frame
    assert list(nothing.columns) == ["method", "runs", "best (%)"]
    assert list(some["best, paper"]) == ["94.1", tables.NOTHING]
