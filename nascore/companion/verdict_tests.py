"""The tests a claim may name: small, declarative, and run on stored rows only. `verdict_schema` says what is well
formed; here they are run.

`kind`:

- `mean`: a statistic (`statistic`: mean, median, min, max, std) of `column` lies within `at_least` /
  `at_most`;
- `share`: the share of runs whose `column` satisfies `equals` / `at_least` / `at_most` is at least `share`,
  or their number at least `count`;
- `better`: rows `a` beat rows `b` on `column` (`lower = true`: smaller is better; `statistic` as above).
  Reproduced when the bootstrap interval of the difference excludes 0, trend only when just the estimate has the right
  sign; `need = "direction"` asks for no more than "at least as good"; `b_column` is read in rows `b` instead;
  `margin`: `a` may be worse by this share of the statistic of `b`; `lead`: it must be better by this share;
- `fact`: `column` equals `equals` in every row; a row without a value leaves no verdict.

`select` (and `a`, `b`) picks rows: `{method = "Mine", rank = {at_most = 3}}`. `each = "dataset"` repeats
the test for every value of a column (`of`: the values it must cover) and keeps the worst verdict. Bounds are
numbers, `"@column"` (another column of the same row), or a printed number `"table2.setup1.rank"`,
`"other-paper:table3.rs.acc"`, with `{each}` replaced; `plus` is added. `weaker` holds bounds that still earn
"trend only". `missing = "queries"` fills an empty `column` from another one (a best cell never found counts as
the whole budget).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nascore.companion import stats, verdict_schema
from nascore.companion.verdict_rows import Rows

ORDER = ("reproduced", "trend only", "not reproduced")


@dataclass(frozen=True)
class Outcome:
    """Verdict and evidence of one test; `runs == 0` means that no row was selected."""

    verdict: str = ""
    measured: str = ""
    interval: Any = None
    on: str = ""
    runs: int = 0
    reason: str = ""


def run_test(test: Mapping[str, Any], table: Any, paper: str) -> Outcome:
    """Run one declarative test on the rows of its experiment (`Rows`, or what they can be made of); ResultsError for a
    test that is not well formed."""
    verdict_schema.check(test, paper)
    table = Rows.of(table)
    if "last_improvement" in (test["column"], test.get("b_column")):
        table = _derived(table)
    if "each" not in test:
        return _run(test, table, paper, "")
    column = test["each"]
    if column not in table:
        return Outcome(reason=f"the rows have no column {column!r}")
    if "of" not in test and table.empty(column):
        return Outcome(reason=f"{table.empty(column)} of {len(table)} rows have no value of {column}")
    values = test.get("of") or sorted(table.distinct(column), key=lambda value: (isinstance(value, str), value))
    outcomes = [(value, _run(test, table.among(column, [value]), paper, str(value))) for value in values]
    empty = [(value, outcome) for value, outcome in outcomes if not outcome.runs]
    if empty or not outcomes:
        return empty[0][1] if empty else Outcome(reason="no rows")
    worst = max((outcome.verdict for _, outcome in outcomes), key=ORDER.index)
    return Outcome(
        worst,
        "; ".join(f"{value}: {outcome.measured}" for value, outcome in outcomes),
        {str(value): outcome.interval for value, outcome in outcomes},
        "+".join(sorted({kind for _, outcome in outcomes for kind in outcome.on.split("+")})),
        sum(outcome.runs for _, outcome in outcomes),
    )


def _derived(table: Rows) -> Rows:
    """Add `last_improvement`: the query at which a run found its own best, read off its curve."""
    if "curve" not in table or "last_improvement" in table:
        return table
    last = [
        curve["query"][-1] if isinstance(curve, Mapping) and curve.get("query") else None for curve in table["curve"]
    ]
    return table.with_column("last_improvement", last)


def _run(test: Mapping, table: Rows, paper: str, each: str) -> Outcome:
    judge = {"mean": _mean, "share": _share, "better": _better, "fact": _fact}[test["kind"]]
    bounds = [test.get(name, "") for name in verdict_schema.CONDITIONS]
    needed = [test["column"], test.get("b_column", test["column"]), test.get("missing", test["column"])]
    needed += [bound[1:] for bound in bounds if isinstance(bound, str) and bound.startswith("@")]
    missing = [name for name in dict.fromkeys(needed) if name not in table]
    if missing:
        return Outcome(reason=f"the rows have no column {', '.join(missing)}")
    return judge(test, table, paper, each)


def _select(table: Rows, wanted: Mapping[str, Any]) -> Rows:
    for column, value in wanted.items():
        if column not in table:
            return table.where(np.zeros(len(table), bool))
        if isinstance(value, Mapping):
            kept = np.ones(len(table), bool)
            for name, bound in value.items():
                kept &= _holds(table.numbers(column), name, bound)
            table = table.where(kept)
        else:
            table = table.among(column, value if isinstance(value, list) else [value])
    return table


def _holds(values: np.ndarray, name: str, bound: Any) -> np.ndarray:
    if name == "at_least":
        return values >= bound
    if name == "at_most":
        return values <= bound
    return values == bound


def _numbers(test: Mapping, rows: Rows) -> np.ndarray:
    values = rows.numbers(test["column"])
    if "missing" in test:
        values = np.where(np.isnan(values), rows.numbers(test["missing"]), values)
    return stats.values_of(values, test["column"])


def _on(rows: Rows) -> str:
    return "+".join(sorted(set(rows["data_kind"])))


def _bound(test: Mapping, name: str, rows: Rows, paper: str, each: str) -> Any:
    """The value a test's bound stands for: a number, another column's values, or a printed number."""
    bound = test[name]
    if isinstance(bound, str) and bound.startswith("@"):
        return stats.values_of(rows.numbers(bound[1:]), bound[1:])
    if isinstance(bound, str):
        bound = verdict_schema.printed(bound, each, paper)
    return bound + test["plus"] if "plus" in test else bound


def _empty(wanted: Any) -> Outcome:
    words = ", ".join(f"{key}={value}" for key, value in dict(wanted).items())
    return Outcome(reason=f"no stored rows with {words}" if words else "no stored rows")


def _none_such(test: Mapping, table: Rows) -> Outcome:
    """No row selected: not reproduced if runs exist but none got so far (`rank = {at_most = 3}`), else no rows."""
    named = {key: value for key, value in test.get("select", {}).items() if not isinstance(value, Mapping)}
    runs = _select(table, named)
    if not len(runs):
        return _empty(named)
    return Outcome("not reproduced", f"none of {len(runs)} runs qualifies", None, _on(runs), len(runs))


def _mean(test: Mapping, table: Rows, paper: str, each: str) -> Outcome:
    rows = _select(table, test.get("select", {}))
    if not len(rows):
        return _none_such(test, table)
    if few := _few(test, rows):
        return few
    name = test.get("statistic", "mean")
    estimate = stats.bootstrap_ci(_numbers(test, rows), _statistic(name))
    verdict = "not reproduced"
    for grade, bounds in (("trend only", test.get("weaker")), ("reproduced", test)):
        if bounds is not None and _within(estimate.value, bounds, rows, paper, each):
            verdict = grade
    text = f"{name} {_text(test, estimate)}"
    return Outcome(verdict, text, [estimate.low, estimate.high], _on(rows), len(rows))


def _within(value: float, bounds: Mapping, rows: Rows, paper: str, each: str) -> bool:
    ok = True
    for name in ("at_least", "at_most"):
        if name in bounds:
            ok &= bool(_holds(np.array([value]), name, _bound(bounds, name, rows, paper, each)).all())
    return ok


def _statistic(name: str):
    if name == "std":
        return lambda values, axis: np.std(values, axis=axis, ddof=1)
    return {"mean": np.mean, "median": np.median, "min": np.min, "max": np.max}[name]


def _few(test: Mapping, *groups: Rows) -> Outcome | None:
    """No verdict where a spread is asked of a single run, which has none."""
    if test.get("statistic") == "std" and min(len(rows) for rows in groups) < 2:
        return Outcome(reason=f"the spread of {test['column']} needs two runs or more")
    return None


def _text(test: Mapping, estimate: stats.Estimate) -> str:
    unit = f" {test['unit']}" if "unit" in test else ""
    digits = test.get("digits", 2)
    if estimate.low == estimate.high:  # one run, or the same in every run: an interval would say nothing
        return f"{estimate.value:.{digits}f}{unit}"
    return estimate.text(digits) + unit


def _share(test: Mapping, table: Rows, paper: str, each: str) -> Outcome:
    rows = _select(table, test.get("select", {}))
    if not len(rows):
        return _empty(test.get("select", {}))
    values = _numbers(test, rows)
    good = np.ones(len(rows), bool)
    for name in ("equals", "at_least", "at_most"):
        if name in test:
            good &= _holds(values, name, _bound(test, name, rows, paper, each))
    estimate = stats.proportion(int(good.sum()), len(rows))

    def reached(limits: Mapping) -> bool:
        return good.sum() >= limits["count"] if "count" in limits else estimate.value >= limits["share"] - 1e-12

    verdict = "reproduced" if reached(test) else "not reproduced"
    if verdict == "not reproduced" and "weaker" in test and reached(test["weaker"]):
        verdict = "trend only"
    text = f"{int(good.sum())} of {len(rows)} runs"
    return Outcome(verdict, text, [estimate.low, estimate.high], _on(rows), len(rows))


def _better(test: Mapping, table: Rows, paper: str, each: str) -> Outcome:
    a, b = _select(table, test["a"]), _select(table, test["b"])
    if not len(a) or not len(b):
        return _empty(test["b"] if len(a) else test["a"])
    if few := _few(test, a, b):
        return few
    name = test.get("statistic", "mean")
    x, y = _numbers(test, a), _numbers({**test, "column": test.get("b_column", test["column"])}, b)
    estimate = stats.difference(x, y, _statistic(name))
    sign = -1 if test.get("lower") else 1
    margin = (test.get("margin", 0.0) - test.get("lead", 0.0)) * abs(float(_statistic(name)(y, axis=0)))
    gain = estimate.value * sign + margin
    clear = estimate.low > -margin if sign > 0 else estimate.high < margin
    if test.get("need", "interval") == "direction":
        verdict = "reproduced" if gain >= 0 else "not reproduced"
    else:
        verdict = "reproduced" if clear else "trend only" if gain > 0 else "not reproduced"
    label = "" if name == "mean" else f"{name} "
    text = f"{label}difference {_text(test, estimate)}"
    if name in ("mean", "median"):
        text += f", P(better) {stats.chance(sign * x, sign * y):.2f}"
    return Outcome(verdict, text, [estimate.low, estimate.high], _on_both(a, b), len(a) + len(b))


def _on_both(a: Rows, b: Rows) -> str:
    return "+".join(sorted(set(a["data_kind"]) | set(b["data_kind"])))


def _fact(test: Mapping, table: Rows, paper: str, each: str) -> Outcome:
    rows = _select(table, test.get("select", {}))
    if not len(rows):
        return _empty(test.get("select", {}))
    wanted = _bound(test, "equals", rows, paper, each)
    if empty := rows.empty(test["column"]):  # a fact that was not established in every row is none
        return Outcome(reason=f"{empty} of {len(rows)} rows have no value of {test['column']}")
    found = rows.distinct(test["column"])
    verdict = "reproduced" if found == [wanted] else "not reproduced"
    text = ", ".join(_plain(value) for value in found)
    return Outcome(verdict, text, None, _on(rows), len(rows))


def _plain(value: Any) -> str:
    """A fact as text; whole numbers that a table with empty cells holds as floats lose their `.0`."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return f"{value:,}" if isinstance(value, (int, float)) else str(value)
