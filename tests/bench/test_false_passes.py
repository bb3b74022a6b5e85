"""The stored table of false passes is of the rule as it is, complete, and keeps its bar."""

from __future__ import annotations

import pytest

from nascore.bench import false_passes
from nascore.companion import intervals, rule_table


@pytest.fixture(scope="module")
def stored():
    return rule_table.stored()


def test_no_cell_of_ours_is_over_the_bar(stored):
    asked = [row for row in stored["rows"] if row["asked"]]
    assert stored["bar"] == false_passes.BAR == 0.025 and len(asked) > 150
    over = [row for row in asked if row["false_passes"] > false_passes.allowed(row["samples"])]
    assert over == [] and {row["rule"] for row in asked} == {"ours"}


def test_every_number_of_runs_that_is_allowed_was_simulated(stored):
    seen = {(row["kind"], row["statistic"], row["runs"]) for row in stored["rows"] if row["asked"]}
    for statistic in intervals.STATISTICS:
        assert {n for kind, name, n in seen if (kind, name) == ("better", statistic)} == set(false_passes.RUNS)
        least = intervals.LEAST[statistic]
        assert min(n for kind, name, n in seen if (kind, name) == ("number", statistic)) == least
    assert min(n for kind, _, n in seen if kind == "pairs") == intervals.LEAST["paired"]
    assert min(n for kind, _, n in seen if kind == "share") == intervals.LEAST["share"]


def test_the_rule_that_there_was_is_over_it(stored):
    old = rule_table.worst("percentile bootstrap", None)[("better", "mean")]
    assert old[2] > 0.1 and old[3] > 0.06 and old[10] > 0.025


def test_the_stored_rows_are_those_of_the_rule_as_it_is(stored):
    """A few cells are drawn again."""
    rows = {(r["kind"], r["statistic"], r["distribution"], r["runs"]): r for r in stored["rows"] if r["rule"] == "ours"}
    samples = next(iter(rows.values()))["samples"]
    found = []
    for row in false_passes.cells(samples, 1):
        found.append(row)
        if len(found) == 4:
            break
    assert found == [rows[(r["kind"], r["statistic"], r["distribution"], r["runs"])] for r in found]


def test_the_table_shows_all_rules():
    frame = rule_table.table().frame
    assert {"ours", "percentile bootstrap", "BCa bootstrap", "Student or Welch"} == set(frame["rule"])
    assert frame.iloc[0]["5 runs"] not in ("", rule_table.NOTHING)
