"""The tests a claim may name: small, declarative, and run on stored rows only.

`kind`:

- `mean`: a statistic (`statistic`: mean, median, min, max, std) of `column` lies within `at_least` /
  `at_most`;
- `share`: the share of runs whose `column` satisfies `equals` / `at_least` / `at_most` is at least `share`,
  or their number at least `count`;
- `better`: rows `a` beat rows `b` on `column` (`lower = true`: smaller is better; `statistic` as above).
  Reproduced when the bootstrap interval of the difference excludes 0, trend only when just the estimate has the right
  sign; `need = "direction"` asks for no more than "at least as good"; `b_column` is read in rows `b` instead;
  `margin`: `a` may be worse by this share of the statistic of `b`;
- `fact`: `column` equals `equals` in every row.

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
from typing import TYPE_CHECKING, Any

import numpy as np

from nascore.companion import stats
from nascore.companion.papers import paper_value
from nascore.errors import ResultsError

if TYPE_CHECKING:
    import pandas as pd

ORDER = ("reproduced", "trend only", "not reproduced")
STATISTICS = {"mean": np.mean, "median": np.median, "min": np.min, "max": np.max, "std": None}
KEYS = {
    "mean": {"column", "statistic", "at_least", "at_most", "select", "weaker", "plus"},
    "share": {"column", "equals", "at_least", "at_most", "share", "count", "select", "weaker"},
    "better": {"column", "b_column", "a", "b", "lower", "statistic", "need", "margin"},
    "fact": {"column", "equals", "select"},
}
COMMON = {"kind", "each", "of", "missing", "digits", "unit"}


@dataclass(frozen=True)
class Outcome:
    """Verdict and evidence of one test; `runs == 0` means that no row was selected."""

    verdict: str = ""
    measured: str = ""
    interval: Any = None
    on: str = ""
    runs: int = 0
    reason: str = ""


def run_test(test: Mapping[str, Any], table: pd.DataFrame, paper: str) -> Outcome:
    """Run one declarative test on the rows of its experiment."""
    kind = test.get("kind")
    if kind not in KEYS:
        raise ResultsError(f"unknown kind of test {kind!r}; choose one of {', '.join(KEYS)}")
    unknown = set(test) - KEYS[kind] - COMMON
    if unknown:
        raise ResultsError(f"a test of kind {kind} knows no {', '.join(sorted(unknown))}")
    table = _derived(table)
    if "each" not in test:
        return _run(test, table, paper, "")
    column = test["each"]
    if column not in table:
        return Outcome(reason=f"the rows have no column {column!r}")
    values = test.get("of") or sorted(table[column].dropna().unique())
    outcomes = [(value, _run(test, table[table[column] == value], paper, str(value))) for value in values]
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


def _derived(table: pd.DataFrame) -> pd.DataFrame:
    """Add `last_improvement`: the query at which a run found its own best, read off its curve."""
    if "curve" not in table or "last_improvement" in table:
        return table
    last = [
        curve["query"][-1] if isinstance(curve, Mapping) and curve.get("query") else None for curve in table["curve"]
    ]
    return table.assign(last_improvement=last)


def _run(test: Mapping, table: pd.DataFrame, paper: str, each: str) -> Outcome:
    judge = {"mean": _mean, "share": _share, "better": _better, "fact": _fact}[test["kind"]]
    needed = [test["column"], test.get("b_column", test["column"])]
    missing = [name for name in needed if name not in table]
    if missing:
        return Outcome(reason=f"the rows have no column {', '.join(missing)}")
    return judge(test, table, paper, each)


def _select(table: pd.DataFrame, wanted: Mapping[str, Any]) -> pd.DataFrame:
    for column, value in wanted.items():
        if column not in table:
            return table.iloc[:0]
        if isinstance(value, Mapping):
            kept = np.ones(len(table), bool)
            for name, bound in value.items():
                kept &= _holds(table[column].astype(float).to_numpy(), name, bound)
            table = table[kept]
        else:
            table = table[table[column].isin(value if isinstance(value, list) else [value])]
    return table


def _holds(values: np.ndarray, name: str, bound: Any) -> np.ndarray:
    if name == "at_least":
        return values >= bound
    if name == "at_most":
        return values <= bound
    if name == "equals":
        return values == bound
    raise ResultsError(f"unknown condition {name!r}; choose one of at_least, at_most, equals")


def _numbers(test: Mapping, rows: pd.DataFrame) -> np.ndarray:
    column = rows[test["column"]].astype(float)
    if "missing" in test:
        column = column.fillna(rows[test["missing"]].astype(float))
    return stats.values_of(column.to_numpy(), test["column"])


def _on(rows: pd.DataFrame) -> str:
    return "+".join(sorted(rows["data_kind"].unique()))


def _bound(test: Mapping, name: str, rows: pd.DataFrame, paper: str, each: str) -> Any:
    """The value a test's bound stands for: a number, another column's values, or a printed number."""
    bound = test[name]
    if isinstance(bound, str):
        if bound.startswith("@"):
            return rows[bound[1:]].astype(float).to_numpy()
        source, _, key = bound.replace("{each}", each).rpartition(":")
        bound = paper_value(source or paper, key).value
    return bound + test.get("plus", 0) if isinstance(bound, (int, float)) else bound


def _empty(wanted: Any) -> Outcome:
    words = ", ".join(f"{key}={value}" for key, value in dict(wanted).items())
    return Outcome(reason=f"no stored rows with {words}" if words else "no stored rows")


def _none_such(test: Mapping, table: pd.DataFrame) -> Outcome:
    """No row selected: not reproduced if runs exist but none got so far (`rank = {at_most = 3}`), else no rows."""
    named = {key: value for key, value in test.get("select", {}).items() if not isinstance(value, Mapping)}
    runs = _select(table, named)
    if runs.empty:
        return _empty(named)
    return Outcome("not reproduced", f"none of {len(runs)} runs qualifies", None, _on(runs), len(runs))


def _mean(test: Mapping, table: pd.DataFrame, paper: str, each: str) -> Outcome:
    rows = _select(table, test.get("select", {}))
    if rows.empty:
        return _none_such(test, table)
    name = test.get("statistic", "mean")
    estimate = stats.bootstrap_ci(_numbers(test, rows), _statistic(name))
    verdict = "not reproduced"
    for grade, bounds in (("trend only", test.get("weaker")), ("reproduced", test)):
        if bounds is not None and _within(estimate.value, bounds, rows, paper, each):
            verdict = grade
    text = f"{name} {_text(test, estimate)}"
    return Outcome(verdict, text, [estimate.low, estimate.high], _on(rows), len(rows))


def _within(value: float, bounds: Mapping, rows: pd.DataFrame, paper: str, each: str) -> bool:
    if not {"at_least", "at_most"} & set(bounds):
        raise ResultsError("the test needs at_least or at_most")
    ok = True
    for name in ("at_least", "at_most"):
        if name in bounds:
            ok &= bool(_holds(np.array([value]), name, _bound(bounds, name, rows, paper, each)).all())
    return ok


def _statistic(name: str):
    if name not in STATISTICS:
        raise ResultsError(f"unknown statistic {name!r}; choose one of {', '.join(STATISTICS)}")
    if name == "std":
        return lambda values, axis: np.std(values, axis=axis, ddof=1 if values.shape[axis] > 1 else 0)
    return STATISTICS[name]


def _text(test: Mapping, estimate: stats.Estimate) -> str:
    unit = f" {test['unit']}" if "unit" in test else ""
    digits = test.get("digits", 2)
    if estimate.low == estimate.high:  # one run, or the same in every run: an interval would say nothing
        return f"{estimate.value:.{digits}f}{unit}"
    return estimate.text(digits) + unit


def _share(test: Mapping, table: pd.DataFrame, paper: str, each: str) -> Outcome:
    rows = _select(table, test.get("select", {}))
    if rows.empty:
        return _empty(test.get("select", {}))
    values = rows[test["column"]].astype(float)
    values = values.fillna(rows[test["missing"]].astype(float)) if "missing" in test else values
    good = np.ones(len(rows), bool)
    for name in ("equals", "at_least", "at_most"):
        if name in test:
            good &= _holds(values.to_numpy(), name, _bound(test, name, rows, paper, each))
    estimate = stats.proportion(int(good.sum()), len(rows))

    def reached(limits: Mapping) -> bool:
        return good.sum() >= limits["count"] if "count" in limits else estimate.value >= limits["share"] - 1e-12

    if not {"share", "count"} & set(test):
        raise ResultsError("a test of kind share needs share or count")
    verdict = "reproduced" if reached(test) else "not reproduced"
    if verdict == "not reproduced" and "weaker" in test and reached(test["weaker"]):
        verdict = "trend only"
    text = f"{int(good.sum())} of {len(rows)} runs"
    return Outcome(verdict, text, [estimate.low, estimate.high], _on(rows), len(rows))


def _better(test: Mapping, table: pd.DataFrame, paper: str, each: str) -> Outcome:
    a, b = _select(table, test["a"]), _select(table, test["b"])
    if a.empty or b.empty:
        return _empty(test["a"] if a.empty else test["b"])
    name = test.get("statistic", "mean")
    x, y = _numbers(test, a), _numbers({**test, "column": test.get("b_column", test["column"])}, b)
    estimate = stats.difference(x, y, _statistic(name))
    sign = -1 if test.get("lower") else 1
    wins = stats.probability_of_improvement(sign * x, sign * y)
    margin = test.get("margin", 0.0) * abs(float(_statistic(name)(y, axis=0)))
    gain = estimate.value * sign + margin
    clear = estimate.low > -margin if sign > 0 else estimate.high < margin
    if test.get("need", "interval") == "direction":
        verdict = "reproduced" if gain >= 0 else "not reproduced"
    else:
        verdict = "reproduced" if clear else "trend only" if gain > 0 else "not reproduced"
    label = "" if name == "mean" else f"{name} "
    text = f"{label}difference {_text(test, estimate)}"
    if name in ("mean", "median"):
        text += f", P(better) {wins.value:.2f}"
    return Outcome(verdict, text, [estimate.low, estimate.high], _on_both(a, b), len(a) + len(b))


def _on_both(a: pd.DataFrame, b: pd.DataFrame) -> str:
    return "+".join(sorted(set(a["data_kind"]) | set(b["data_kind"])))


def _fact(test: Mapping, table: pd.DataFrame, paper: str, each: str) -> Outcome:
    rows = _select(table, test.get("select", {}))
    if rows.empty:
        return _empty(test.get("select", {}))
    wanted = _bound(test, "equals", rows, paper, each)
    found = rows[test["column"]].dropna().unique().tolist()
    if not found:
        return Outcome(reason=f"no stored rows with a value of {test['column']}")
    verdict = "reproduced" if found == [wanted] else "not reproduced"
    text = ", ".join(_plain(value) for value in found)
    return Outcome(verdict, text, None, _on(rows), len(rows))


def _plain(value: Any) -> str:
    """A fact as text; whole numbers that a table with empty cells holds as floats lose their `.0`."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return f"{value:,}" if isinstance(value, (int, float)) else str(value)
