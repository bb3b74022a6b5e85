"""No malformed test of a claim ever gives a verdict: each is refused as it is read, whatever the rows say."""

from __future__ import annotations

import copy
import random

import pandas as pd
import pytest

from nascore.companion import claims, verdict_schema, verdict_tests, verdicts
from nascore.errors import ResultsError

NAN, INF = float("nan"), float("inf")
ROWS = pd.DataFrame(
    {
        "method": ["A"] * 4 + ["B"] * 4,
        "dataset": ["x", "y"] * 4,
        "best": [5.0, 6, 7, 6, 1, 2, 1, 2],
        "limit": [9.0] * 8,
        "word": ["w"] * 8,
        "data_kind": "true",
    }
)
GOOD = {
    "mean": {"kind": "mean", "column": "best", "at_least": 1, "at_most": 9.5, "statistic": "median", "plus": 0.5,
             "select": {"method": "A"}, "weaker": {"at_least": 0}, "tolerance": 0.25, "exact": False, "digits": 1,
             "unit": "%", "missing": "limit"},
    "share": {"kind": "share", "column": "best", "at_most": "@limit", "share": 0.9, "weaker": {"share": 0.5},
              "tolerance": 0.1, "printed": 0.5,
              "select": {"method": ["A", "B"], "best": {"at_least": 0, "at_most": 10}}, "each": "dataset",
              "of": ["x", "y"]},
    "better": {"kind": "better", "column": "best", "b_column": "best", "a": {"method": "A"}, "b": {"method": "B"},
               "lower": False, "statistic": "mean", "need": "interval", "margin": 0.1, "digits": 2,
               "weaker": {"margin": 0.2}, "control": {"method": "B"}},
    "fact": {"kind": "fact", "column": "word", "equals": 3, "select": {"method": "A"}},
}  # fmt: skip
NOT_NUMBERS = [True, "1", None, NAN, INF, -INF, [1], {}]
NOT_NAMES = ["", "  ", 3, None, True, ["best"]]
NOT_TABLES = [{}, [], "A", 3, None, {"": 1}, {"best": {}}, {"best": {"over": 3}}, {"best": {"at_least": NAN}},
              {"best": []}, {"best": None}, {"best": [None]}, {"best": NAN}, {"best": {"at_least": 3, "at_most": 2}},
              {3: 1}]  # fmt: skip
# key -> values that are wrong wherever the key may stand
WRONG = {
    "kind": ["magic", None, 3, ["mean"]],
    "column": NOT_NAMES,
    "b_column": NOT_NAMES,
    "missing": NOT_NAMES,
    "each": NOT_NAMES,
    "unit": NOT_NAMES,
    "of": [[], "x", ["x", "x"], [None], [NAN], {"x": 1}],
    "digits": [-1, 2.0, True, "2", 99, NAN],
    "at_least": [*NOT_NUMBERS, "@", "table9.nobody.acc", "nobody:table1.a.b", "x"],
    "at_most": [*NOT_NUMBERS, "@", "table9.nobody.acc", "nobody:table1.a.b", "x"],
    "equals": [None, NAN, INF, [1], {}, "@", "@limit", "table9.nobody.acc"],
    "plus": NOT_NUMBERS,
    "statistic": ["mode", "Mean", None, 3, ["mean"], "min", "max"],
    "share": [*NOT_NUMBERS, 0, -1, 1.1],
    "count": [*NOT_NUMBERS, 0, -1, 1.5],
    "weaker": [*NOT_TABLES, {"share": 0}, {"share": -1}, {"count": 0}, {"at_mots": 2}, {"at_least": NAN},
               {"share": 0.95}, {"share": 0.1, "count": 1}, {"at_least": 2}, {"plus": 1}, {"margin": 0.05},
               {"lead": 0.1}, {"margin": -1}, {"margin": "0.2"}],
    "select": NOT_TABLES,
    "a": NOT_TABLES,
    "b": NOT_TABLES,
    "lower": ["false", "true", 0, 1, None],
    "need": ["directon", "Direction", "", None, True],
    "margin": [*NOT_NUMBERS, -1],
    "lead": [*NOT_NUMBERS, -1],
    "tolerance": [*NOT_NUMBERS, -1],
    "printed": [*NOT_NUMBERS, "table9.nobody.acc", "@limit", 1.5, -0.5],
    "exact": ["false", 0, None],
    "control": NOT_TABLES,
    "pair": NOT_NAMES,
}  # fmt: skip


def malformed(rng: random.Random) -> dict:
    """A good test with one to three of: a wrong value, a key that the kind does not know, a needed key left out."""
    kind = rng.choice(list(GOOD))
    test = copy.deepcopy(GOOD[kind])
    for _ in range(rng.randint(1, 3)):
        how = rng.randrange(4)
        if how == 0:
            test[rng.choice(["at_mots", "Select", "sahre", "lowwer", "", "tests"])] = 1
        elif how == 1:
            foreign = sorted(set(WRONG) - verdict_schema.KEYS[kind] - verdict_schema.COMMON)
            name = rng.choice(foreign)
            test[name] = {"of": ["x"]}.get(name, 1)
        else:
            name = rng.choice([key for key in test if key in WRONG and (kind, key) != ("share", "equals")])
            test[name] = copy.deepcopy(rng.choice(WRONG[name]))
    return test


@pytest.mark.parametrize("kind", GOOD)
def test_a_good_test_gives_a_verdict(kind):
    verdict_schema.check(GOOD[kind], "ganas")
    assert verdict_tests.run_test(GOOD[kind], ROWS, "ganas").verdict in verdicts.WORSE


@pytest.mark.parametrize("kind", GOOD)
def test_every_wrong_value_of_every_key_is_refused(kind):
    for name in GOOD[kind]:
        for value in WRONG[name]:
            test = {**copy.deepcopy(GOOD[kind]), name: value}
            with pytest.raises(ResultsError):
                verdict_schema.check(test, "ganas")
                raise AssertionError(f"accepted: {test}")


def test_no_malformed_test_ever_gives_a_verdict():
    rng = random.Random(0)
    for _ in range(5_000):
        test = malformed(rng)
        try:
            found = verdict_tests.run_test(test, ROWS, "ganas")
        except ResultsError as error:
            assert "\n" not in str(error)
        else:
            raise AssertionError(f"{found.verdict or 'no error'} from {test}")


@pytest.mark.parametrize(
    "test, words",
    [
        ({"kind": "share", "column": "best", "share": 1.0}, "condition"),
        ({"kind": "share", "column": "best", "at_least": 0, "share": -1}, "share=-1"),
        ({"kind": "share", "column": "best", "at_least": 0, "count": 0}, "count=0"),
        ({"kind": "share", "column": "best", "at_least": 0, "count": 1, "share": 0.5}, "only one"),
        ({**GOOD["better"], "need": "directon"}, "directon"),
        ({**GOOD["better"], "lower": "false"}, "lower='false'"),
        ({**GOOD["better"], "b": {"method": "A"}}, "same rows"),
        ({"kind": "mean", "column": "best"}, "at_least or at_most"),
        ({"kind": "mean", "column": "best", "at_most": "table2.{each}.rank"}, "each"),
        ({"kind": "fact", "column": "word"}, "needs equals"),
        ({"kind": "mean", "column": "best", "at_most": 3, "weaker": {"at_least": 0}}, "no at_least"),
        ({**GOOD["mean"], "at_least": 99}, "at_least=99.5 is above at_most=10"),
        ({"kind": "mean", "column": "best", "at_most": 3, "statistic": "min"}, "extreme run.*exact = true"),
        ({**GOOD["mean"], "printed": 3}, "no side is the better"),
        ({"kind": "share", "column": "best", "at_least": 0, "share": 0.2, "tolerance": 0.2}, "everything would pass"),
        ({**GOOD["better"], "weaker": {"margin": 0.1}}, "larger margin"),
        ("mean", "expected a table"),
    ],
)
def test_the_message_names_what_is_wrong(test, words):
    with pytest.raises(ResultsError, match=words):
        verdict_schema.check(test, "ganas")


@pytest.mark.parametrize(
    "test, reason",
    [
        ({"kind": "fact", "column": "cells", "equals": 5}, "1 of 2 rows have no value of cells"),
        ({"kind": "mean", "column": "one", "statistic": "std", "at_most": 1, "select": {"cells": 5}}, "two runs"),
        ({"kind": "share", "column": "one", "equals": 1, "share": 1.0, "each": "cells"}, "no value of cells"),
    ],
)
def test_what_was_not_measured_gives_no_verdict(test, reason):
    frame = pd.DataFrame({"cells": [5.0, NAN], "one": [1, 1], "data_kind": "true"})
    found = verdict_tests.run_test(test, frame, "ganas")
    assert found.verdict == "" and found.runs == 0 and reason in found.reason


@pytest.mark.parametrize("column", ["word", "at"])
def test_values_that_are_no_numbers_give_no_verdict(column):
    frame = ROWS.assign(at=[1.0, NAN] * 4)
    for test in (
        {"kind": "share", "column": column, "at_most": 3, "share": 0.5},
        {"kind": "share", "column": "best", "at_most": f"@{column}", "share": 0.5},
        {"kind": "mean", "column": column, "at_most": 3},
    ):
        with pytest.raises((ResultsError, ValueError), match="NaN|no numbers"):
            verdict_tests.run_test(test, frame, "ganas")


CLAIM = '[[claim]]\nid="p/a"\nwhere="w"\nsection="s"\nclaim="c"\nexpected="e"\n'
TESTED = CLAIM + 'experiment="p/x"\ntest={kind="mean", column="best", at_most=3}\n'


@pytest.mark.parametrize(
    "text, words",
    [
        (TESTED + 'needs="ture"', "needs='ture'"),
        (TESTED + 'scaled_down="no"', "scaled_down='no'"),
        (TESTED + "reason=3", "reason=3"),
        (TESTED.replace("at_most", "at_mots"), "at_mots.*at_most"),
        (TESTED.replace("p/a", "q/a"), "begins with p/"),
        (TESTED + 'verdict="not tested"\nreason="r"', "either an experiment and a test"),
        (TESTED + 'verdict="by construction"', "either an experiment and a test"),
        (TESTED + "hardly_begun=true", "hardly_begun=True"),
        ("[[claims]]\nid=3", "unknown section 'claims'"),
        ("claim=3", "expected .paper. and ..claim"),
        ("paper=[1]", "expected .paper."),
        ('[paper]\norder="1"', "order='1'.*whole number"),
        ("[paper]\nplanned=[1]", "planned.*list of texts"),
        ('[paper]\nshrot="x"', "shrot.*short"),
    ],
)
def test_claims_files_are_read_strictly(tmp_path, monkeypatch, text, words):
    from nascore import paths

    monkeypatch.setattr(paths, "claim_files", lambda: sorted(tmp_path.glob("*.toml")))
    (tmp_path / "p.toml").write_text(text)
    with pytest.raises(ResultsError, match=words):
        claims.load()
        claims.papers()
