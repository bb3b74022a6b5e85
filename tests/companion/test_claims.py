from __future__ import annotations

import re

import pandas as pd
import pytest

from nascore.companion import claims, scoreboard, verdict_tests
from nascore.errors import ResultsError, SettingError


def table(kind="true", **columns):
    frame = pd.DataFrame(columns)
    frame["data_kind"] = kind
    return frame


def outcome(test, frame):
    return verdict_tests.run_test(test, frame, "ganas")


METHODS = table(method=["A"] * 5 + ["B"] * 5, best=[5, 6, 7, 6, 5, 1, 2, 1, 2, 1], rank=[1, 1, 2, 1, 3, 9, 9, 8, 9, 7])


def test_mean_within_a_bound():
    test = {"kind": "mean", "select": {"method": "A"}, "column": "rank", "at_most": 2}
    good = outcome(test, METHODS)
    assert good.verdict == "reproduced" and good.runs == 5 and good.measured.startswith("mean 1.60 [")
    assert outcome({**test, "at_most": 1.5, "weaker": {"at_most": 3}}, METHODS).verdict == "trend only"
    assert outcome({**test, "at_most": 1.5}, METHODS).verdict == "not reproduced"
    assert outcome({**test, "statistic": "min", "at_most": 1}, METHODS).verdict == "reproduced"
    assert outcome({**test, "statistic": "std", "at_most": 0.1}, METHODS).verdict == "not reproduced"


def test_bounds_from_the_paper_and_from_columns():
    frame = table(rank=[2.0, 3.0], limit=[2, 4])
    assert outcome({"kind": "mean", "column": "rank", "at_most": "table2.setup1.rank"}, frame).verdict == "reproduced"
    assert (
        outcome({"kind": "mean", "column": "rank", "at_most": "table2.setup2.rank", "plus": -1}, frame).verdict
        == "not reproduced"
    )
    assert (
        outcome({"kind": "share", "column": "rank", "at_most": "@limit", "share": 1.0}, frame).verdict == "reproduced"
    )


def test_share_and_count():
    test = {"kind": "share", "select": {"method": "A"}, "column": "rank", "equals": 1}
    assert outcome({**test, "share": 0.6}, METHODS).verdict == "reproduced"
    assert outcome({**test, "share": 0.8, "weaker": {"share": 0.5}}, METHODS).verdict == "trend only"
    assert outcome({**test, "count": 4}, METHODS).verdict == "not reproduced"
    assert outcome({**test, "count": 3}, METHODS).measured == "3 of 5 runs"


def test_better_needs_a_clear_interval():
    test = {"kind": "better", "a": {"method": "A"}, "b": {"method": "B"}, "column": "best"}
    assert outcome(test, METHODS).verdict == "reproduced"
    assert outcome({**test, "column": "rank", "lower": True}, METHODS).verdict == "reproduced"
    assert outcome({**test, "column": "rank"}, METHODS).verdict == "not reproduced"
    early = METHODS.assign(rank_early=20)  # column and b_column: a read off early, b at its end
    assert (
        outcome({**test, "column": "rank_early", "b_column": "rank", "lower": True}, early).verdict == "not reproduced"
    )
    assert outcome({**test, "column": "rank", "b_column": "rank_late"}, METHODS).runs == 0
    close = table(method=["A", "A", "B", "B"], best=[1.0, 5.0, 0.5, 5.1])
    assert outcome(test, close).verdict == "trend only"
    assert outcome({**test, "need": "direction"}, close).verdict == "reproduced"


def test_a_margin_lets_a_be_worse_by_a_share_of_b():
    frame = table(method=["A"] * 4 + ["B"] * 4, loss=[101.0] * 4 + [100.0] * 4)
    test = {"kind": "better", "a": {"method": "A"}, "b": {"method": "B"}, "column": "loss", "lower": True}
    assert outcome(test, frame).verdict == "not reproduced"
    assert outcome({**test, "margin": 0.02}, frame).verdict == "reproduced"
    assert outcome({**test, "margin": 0.005}, frame).verdict == "not reproduced"
    assert outcome({**test, "margin": 0.005, "lower": False}, frame).verdict == "reproduced"
    gain = {**test, "a": {"method": "B"}, "b": {"method": "A"}, "lower": False, "need": "direction"}
    assert outcome(gain, frame).verdict == "not reproduced"
    assert outcome({**gain, "margin": 0.0099}, frame).verdict == "not reproduced"
    assert outcome({**gain, "margin": 0.01}, frame).verdict == "reproduced"


def test_a_lead_asks_a_to_be_better_by_a_share_of_b():
    frame = table(method=["A"] * 4 + ["B"] * 4, best=[150.0] * 4 + [100.0] * 4)
    test = {"kind": "better", "a": {"method": "A"}, "b": {"method": "B"}, "column": "best"}
    assert outcome({**test, "lead": 0.4}, frame).verdict == "reproduced"
    assert outcome({**test, "lead": 0.6}, frame).verdict == "not reproduced"
    with pytest.raises(ResultsError, match="margin and lead"):
        outcome({**test, "lead": 0.4, "margin": 0.1}, frame)


def test_each_keeps_the_worst_verdict_and_all_values_are_needed():
    frame = table(dataset=["x", "x", "y", "y"], rank=[1, 1, 1, 9])
    test = {"kind": "share", "each": "dataset", "column": "rank", "equals": 1, "share": 1.0}
    found = outcome(test, frame)
    assert found.verdict == "not reproduced" and found.measured == "x: 2 of 2 runs; y: 1 of 2 runs"
    assert set(found.interval) == {"x", "y"}
    assert outcome({**test, "of": ["x", "z"]}, frame).runs == 0


def test_missing_values_are_filled_or_refused():
    frame = table(queries_to_best=[100, None], queries=[500, 500])
    test = {"kind": "mean", "column": "queries_to_best", "at_most": 300}
    with pytest.raises(SettingError, match="NaN"):
        outcome(test, frame)
    assert outcome({**test, "missing": "queries"}, frame).measured.startswith("mean 300")


def test_conditions_that_no_run_meets_count_against_the_claim():
    test = {"kind": "mean", "select": {"method": "B", "rank": {"at_most": 3}}, "column": "best", "at_most": 3}
    assert outcome(test, METHODS).verdict == "not reproduced"
    assert outcome({**test, "select": {"method": "C"}}, METHODS).runs == 0


def test_last_improvement_is_read_off_the_curve():
    frame = table(curve=[{"query": [1, 40], "best": [1, 2]}, {"query": [1, 60], "best": [1, 2]}])
    assert outcome({"kind": "mean", "column": "last_improvement", "at_most": 50}, frame).verdict == "reproduced"


def test_fact():
    frame = table(cells=[423624])
    assert (
        outcome({"kind": "fact", "column": "cells", "equals": "prose.nasbench101_cells"}, frame).verdict == "reproduced"
    )
    assert outcome({"kind": "fact", "column": "cells", "equals": 5}, frame).verdict == "not reproduced"
    assert outcome({"kind": "fact", "column": "nothing", "equals": 5}, frame).runs == 0


@pytest.mark.parametrize(
    "test",
    [
        {"kind": "magic", "column": "rank"},
        {"kind": "mean", "column": "rank", "at_mots": 2},
        {"kind": "mean", "column": "rank"},
        {"kind": "share", "column": "rank", "equals": 1},
        {"kind": "mean", "column": "rank", "at_most": 2, "statistic": "mode"},
    ],
)
def test_faulty_tests_are_refused(test):
    with pytest.raises(ResultsError):
        outcome(test, METHODS)


# ---------------------------------------------------------------- from stored rows to verdicts


def claim(**changes):
    base = {
        "id": "ganas/x",
        "paper": "ganas",
        "where": "w",
        "section": "s",
        "claim": "c",
        "expected": "e",
        "experiment": "toy/line",
        "test": {"kind": "mean", "column": "best", "at_least": 80},
    }
    return claims.Claim(**{**base, **changes})


def test_judging_stored_rows(toy):
    from nascore.companion import compute

    assert claims.judge([claim()])[0].verdict == "not yet"  # no such experiment
    experiment, _ = toy()
    assert claims.judge([claim()])[0].verdict == "not yet"  # no rows
    compute.compute(experiment, "laptop", progress=False)
    judged = claims.judge([claim()])[0]
    assert (judged.verdict, judged.on, judged.runs) == ("reproduced", "true", 8)
    assert claims.judge([claim(scaled_down=True)])[0].verdict == "scaled down"


@pytest.mark.parametrize(
    "data, needs, verdict, on",
    [
        ("toy-surrogate:1", "", "reproduced", "surrogate"),
        ("toy-surrogate:1", "true", "not tested", "surrogate"),
        ("digits201:1", "", "not tested", "digits201"),
        ("digits201:1", "any", "reproduced", "digits201"),
        ("toy-synthetic:1", "", "not tested", "synthetic"),
        ("toy-synthetic:1", "any", "reproduced", "synthetic"),
        ("toy:1", "true", "reproduced", "true"),
    ],
)
def test_stand_in_data_shows_in_the_verdict(toy, data, needs, verdict, on):
    from nascore.companion import compute

    experiment, _ = toy(data=data)
    compute.compute(experiment, "laptop", progress=False)
    judged = claims.judge([claim(needs=needs)])[0]
    assert (judged.verdict, judged.on) == (verdict, on)


def test_a_scaled_down_claim_may_stand_on_digits201(toy):
    from nascore.companion import compute

    compute.compute(toy(data="digits201:1")[0], "laptop", progress=False)
    judged = claims.judge([claim(scaled_down=True)])[0]
    assert (judged.verdict, judged.on) == ("scaled down", "digits201")


def test_a_damaged_store_is_not_taken_for_an_absent_one(toy):
    from nascore.companion import compute, store

    experiment, _ = toy()
    compute.compute(experiment, "laptop", progress=False)
    file = store.path(experiment.id, "laptop")
    file.write_text(file.read_text().replace("90.0", "99.0", 1))
    with pytest.raises(ResultsError, match="line 1"):
        claims.judge([claim()])


# ---------------------------------------------------------------- the claims file itself


def test_ganas_claims_are_complete():
    found = claims.load("ganas")
    assert len(found) >= 30 and len({c.id for c in found}) == len(found)
    assert all(
        c.id.startswith("ganas/") and re.search(r"Abstract|Section|Table|Figure|A\.\d|Theorem", c.where) for c in found
    )
    for c in found:  # every test is well formed: it runs, on a table without its columns, to "no rows"
        if c.test:
            assert verdict_tests.run_test(c.test, table(nothing=[1]), "ganas").runs == 0


def test_advantagenas_claims_are_complete():
    found = claims.load("advantagenas")
    assert len(found) >= 50 and {c.paper for c in found} == {"advantagenas"}
    assert all(
        c.id.startswith("advantagenas/") and re.search(r"Abstract|Section|Table|Figure|Theorem|Footnote", c.where)
        for c in found
    )
    for c in found:
        if c.test:
            assert verdict_tests.run_test(c.test, table(nothing=[1]), "advantagenas").runs == 0
    studies = ("theory", "toy", "ptb", "cifar10", "digits201", "properties")
    assert {c.experiment for c in found if c.experiment} <= {f"advantagenas/{name}" for name in studies}
    own = [c for c in found if c.experiment in ("advantagenas/ptb", "advantagenas/cifar10", "advantagenas/digits201")]
    assert own and all(c.scaled_down for c in own)  # none of these is the paper's setting


@pytest.mark.parametrize("paper", ["advantagenas", "ganas"])
def test_claims_name_columns_that_the_stored_rows_have(paper):
    assert [j.claim.id for j in claims.judge(claims.load(paper)) if "no column" in j.reason] == []


def test_claims_name_existing_columns_of_known_experiments():
    names = {c.experiment for c in claims.load("ganas") if c.experiment}
    assert names <= {
        f"ganas/{n}" for n in ("nasbench201", "nasbench101", "constrained", "pareto", "macro", "theory", "facts")
    }


def test_unknown_paper_is_refused():
    with pytest.raises(SettingError, match="gan.*did you mean ganas"):
        claims.load("gan")


def test_scoreboard_holds_every_paper():
    entries = scoreboard.judged()
    assert {e.claim.paper for e in entries} == {"ganas", "thesis", "gennas", "advantagenas", "gibbsnas"}
    assert all(e.verdict == "not yet" for e in entries if e.claim.paper in ("thesis", "gennas", "gibbsnas"))
    record = scoreboard.as_json()["claims"][0]
    assert {"id", "paper", "where", "claim", "expected", "measured", "interval", "verdict"} <= set(record)
    assert len(scoreboard.table()) == len(entries)
    assert all(e.verdict in claims.VERDICTS for e in entries)
    assert "GA-NAS: " in scoreboard.summary(entries) and "GibbsNAS: 3 not yet" in scoreboard.text(entries)


def test_scoreboard_picture_shows_each_claim_once():
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    entries = scoreboard.judged()
    figure, data = scoreboard.figure(entries)
    written = [e for e in entries if e.claim.paper in ("ganas", "advantagenas")]
    assert sorted(data["id"]) == sorted(e.claim.id for e in entries)
    assert not data.duplicated(["paper", "section", "position"]).any()
    texts = [t.get_text() for t in figure.axes[0].texts]
    for paper in ("ganas", "advantagenas"):
        assert f"{sum(e.claim.paper == paper for e in written)} claims" in texts
    assert {str(n) for n in scoreboard.counts(written).values()} <= set(texts)
    plt.close(figure)


def test_claims_file_faults_are_named(tmp_path, monkeypatch):
    from nascore import paths

    monkeypatch.setattr(paths, "claim_files", lambda: sorted(tmp_path.glob("*.toml")))
    file = tmp_path / "p.toml"
    head = '[[claim]]\nid="p/a"\nwhere="w"\nsection="s"\nclaim="c"\nexpected="e"\n'
    for text, message in [
        ("x = [", "not valid TOML"),
        ('[[claim]]\nid="p/a"', "lacks where"),
        (head, "experiment and a test"),
        (head + 'verdict="reproduced"\nreason="r"', "experiment and a test"),
        (head + 'verdict="not tested"', "with a reason"),
        (head + 'colour="blue"', "colour"),
        ((head + 'verdict="not tested"\nreason="r"\n') * 2, "used twice"),
    ]:
        file.write_text(text)
        with pytest.raises(ResultsError, match=message):
            claims.load()
