"""The tests a claim may name: small, declarative, and run on stored rows only. `verdict_schema` says what is well
formed; here they are run. An interval (`intervals`) is held against what the claim allows (`verdicts`).

`kind`:

- `mean`: a statistic (`statistic`: mean, median, std; min and max only where `exact`) of `column` lies within
  `at_least` / `at_most`;
- `share`: the share of runs whose `column` satisfies `equals` / `at_least` / `at_most` is at least `share`,
  or their number at least `count`;
- `better`: rows `a` beat rows `b` on `column` (`lower = true`: smaller is better; statistic mean, median, std). `need
  = "direction"`: the claim's size cannot be compared, "trend only" is the best it gets; `b_column` is read in rows
  `b` instead; `margin`: `a` may be worse by this share of `b` ("as good as"), `lead`: it must be better by this
  share. `control` picks rows that must not pass "as good as" (random cells). Where `a` and `b` are the same rows, or
  `pair` names a column that tells which rows belong together, pairs are compared;
- `fact`: `column` equals `equals` in every row; a row without a value leaves no verdict.

`exact = true` is for what has no chance in it, or is a statement about the runs themselves (bytes, cases of an
identity, "one run found it"): the point decides. Everything else needs an interval and 5 runs a side
(`intervals.LEAST`).

A printed number: `at_least = "table2.a.acc"` asks for no less than it, with certainty; `tolerance` (in units of the
column) is what the claim allows to be missing, and stands in the claims file with it. A paper's "in every run" can be
shown by no number of runs: `tolerance = 0.2` asks for four of five, with certainty, which takes 17 runs. `printed` is
the paper's own number: where the interval lies wholly beyond it, the verdict "exceeds".

`select` (and `a`, `b`) picks rows: `{method = "Mine", rank = {at_most = 3}}`; a column of settings by their JSON.
`each = "dataset"` repeats the test for every value of a column (`of`: the values it must cover) and keeps the worst
verdict. Bounds are numbers, `"@column"` (another column of the same row), or a printed number `"table2.setup1.rank"`,
`"other-paper:table3.rs.acc"`, with `{each}` replaced and, with a "%" behind it, turned from percent into a share;
`plus` is added. `weaker` holds bounds that still earn "trend only". `missing = "queries"` fills an empty `column` from
another one (a best cell never found counts as the whole budget).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from nascore.companion import intervals, stats, verdict_schema
from nascore.companion.stats import Estimate
from nascore.companion.verdict_rows import Rows
from nascore.companion.verdicts import WORSE, Outcome, Region, grade
from nascore.errors import ResultsError


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
    return Outcome(
        max((outcome.verdict for _, outcome in outcomes), key=WORSE.index),
        "; ".join(f"{value}: {outcome.measured}" for value, outcome in outcomes),
        {str(value): outcome.interval for value, outcome in outcomes},
        "+".join(sorted({kind for _, outcome in outcomes for kind in outcome.on.split("+")})),
        sum(outcome.runs for _, outcome in outcomes),
        exceeds=all(outcome.exceeds for _, outcome in outcomes),
        needed=max((outcome.needed for _, outcome in outcomes if outcome.needed is not None), default=None),
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
    needed += [test["pair"]] if "pair" in test else []
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


def _on(*groups: Rows) -> str:
    return "+".join(sorted({kind for rows in groups for kind in rows["data_kind"]}))


def _bound(bounds: Mapping, name: str, rows: Rows, paper: str, each: str) -> Any:
    """The value a test's bound stands for: a number, another column's values, or a printed number."""
    bound = bounds[name]
    if isinstance(bound, str) and bound.startswith("@"):
        return stats.values_of(rows.numbers(bound[1:]), bound[1:])
    if isinstance(bound, str):
        bound = verdict_schema.printed(bound, each, paper)
    return bound + bounds["plus"] if "plus" in bounds else bound


def _empty(wanted: Any) -> Outcome:
    words = ", ".join(f"{key}={value}" for key, value in dict(wanted).items())
    return Outcome(reason=f"no stored rows with {words}" if words else "no stored rows")


def _none_such(test: Mapping, table: Rows) -> Outcome:
    """No row selected. Runs that exist but of which none got so far (`rank = {at_most = 3}`) speak against the claim as
    soon as most runs cannot; otherwise there are no rows."""
    named = {key: value for key, value in test.get("select", {}).items() if not isinstance(value, Mapping)}
    runs = _select(table, named)
    if not len(runs):
        return _empty(named)
    clear = intervals.share(0, len(runs)).high < 0.5
    verdict = "not reproduced" if clear else "inconclusive"
    return Outcome(verdict, f"none of {len(runs)} runs qualifies", None, _on(runs), len(runs))


def _mean(test: Mapping, table: Rows, paper: str, each: str) -> Outcome:
    rows = _select(table, test.get("select", {}))
    if not len(rows):
        return _none_such(test, table)
    name, values = test.get("statistic", "mean"), _numbers(test, rows)
    point = intervals.value_of(values, name)
    if math.isnan(point):
        return Outcome(reason=f"the spread of {test['column']} needs two runs or more")
    found = Estimate(point, point, point) if test.get("exact") else intervals.single(values, name)
    claim = _region(test, rows, paper, each)
    weaker = _region(test["weaker"], rows, paper, each) if "weaker" in test else None
    verdict, needed = grade(_tidy(found), claim, weaker), None
    text = f"{name} {_text(test, found)}"
    if verdict == "inconclusive":
        least = max(intervals.LEAST[name], len(values) + 1)
        if name == "std":
            apart, variance = _log_apart(found, claim, len(values))
            needed = intervals.runs_needed(apart, variance, least, intervals.STD_TAIL)
        else:
            tail = intervals.MEAN_TAIL if name == "mean" else intervals.TAIL
            needed = intervals.runs_needed(claim.edge(point), _variance(values), least, tail)
        text += _more(needed, "runs")
    exceeds = verdict == "reproduced" and _exceeds(test, found, rows, paper, each)
    return Outcome(verdict, text, _ends(found), _on(rows), len(rows), exceeds=exceeds, needed=needed)


def _region(bounds: Mapping, rows: Rows, paper: str, each: str) -> Region:
    slack = bounds.get("tolerance", 0.0)
    low = np.max(_bound(bounds, "at_least", rows, paper, each)) - slack if "at_least" in bounds else -math.inf
    high = np.min(_bound(bounds, "at_most", rows, paper, each)) + slack if "at_most" in bounds else math.inf
    return Region(float(low), float(high))


def _exceeds(test: Mapping, found: Estimate, rows: Rows, paper: str, each: str) -> bool:
    """Whether the interval lies beyond the paper's own number, on the better side."""
    if "printed" not in test:
        return False
    own = _bound({"printed": test["printed"]}, "printed", rows, paper, each)
    return found.high < own if "at_most" in test and test["kind"] == "mean" else found.low > own


def _log_apart(found: Estimate, claim: Region, n: int) -> tuple[float, float]:
    """Distance and variance of one run on the scale on which the interval of a deviation is symmetrical."""
    bounds = [bound for bound in (claim.low, claim.high) if math.isfinite(bound) and bound > 0]
    if not bounds or not math.isfinite(found.high) or min(found.low, found.value) <= 0:
        return math.nan, math.nan
    error = math.log(found.high / found.low) / 2 / intervals.quantiles.t_quantile(intervals.STD_TAIL, n - 1)
    return min(abs(math.log(found.value / bound)) for bound in bounds), n * error**2


def _variance(values: np.ndarray) -> float:
    return float(values.var(ddof=1)) if len(values) > 1 else math.nan


def _more(needed: int | None, runs: str) -> str:
    """What an undecided test says of `runs` (or pairs)."""
    if needed is None:
        return f"; how many {runs} would decide cannot be said yet"
    if needed > 1000:
        return f"; more than 1,000 {runs} would be needed"
    return f"; about {needed} {runs} would decide"


def _tidy(found: Estimate) -> Estimate:
    """Without the last bits of sums, which decide nothing."""
    return Estimate(*(round(value, 9) if math.isfinite(value) else value for value in found))


def _ends(found: Estimate) -> list[float | None]:
    """The interval for JSON, which knows no infinity."""
    return [bound if math.isfinite(bound) else None for bound in (found.low, found.high)]


def _text(test: Mapping, estimate: Estimate) -> str:
    return estimate.text(test.get("digits", 2)) + (f" {test['unit']}" if "unit" in test else "")


def _share(test: Mapping, table: Rows, paper: str, each: str) -> Outcome:
    rows = _select(table, test.get("select", {}))
    if not len(rows):
        return _none_such(test, table)
    values = _numbers(test, rows)
    good = np.ones(len(rows), bool)
    for name in ("equals", "at_least", "at_most"):
        if name in test:
            good &= _holds(values, name, _bound(test, name, rows, paper, each))
    number, total = int(good.sum()), len(rows)
    found, needed = intervals.share(number, total), None

    def region(limits: Mapping) -> Region:
        asked = limits["count"] / total if "count" in limits else limits["share"]
        return Region(low=asked - limits.get("tolerance", 0.0) - 1e-12)

    claim, weaker = region(test), region(test["weaker"]) if "weaker" in test else None
    if test.get("exact"):
        point = Estimate(*[number / total] * 3)
        verdict = grade(point, claim, weaker)
    else:
        verdict = grade(found, claim, weaker)
    text = f"{number} of {total} runs"
    if verdict == "not reproduced" and test.get("exact") and "count" in test and not claim.excluded(found):
        verdict, text = "inconclusive", f"{text}: no example, which does not show that there is none"
    elif verdict == "inconclusive":
        seen = (number + 1) / (total + 2)
        needed = intervals.runs_needed(seen - claim.low, seen * (1 - seen), max(intervals.LEAST["share"], total + 1))
        text += _more(needed, "runs")
    exceeds = verdict == "reproduced" and _exceeds(test, found, rows, paper, each)
    return Outcome(verdict, text, _ends(found), _on(rows), total, exceeds=exceeds, needed=needed)


def _better(test: Mapping, table: Rows, paper: str, each: str) -> Outcome:
    a, b = _select(table, test["a"]), _select(table, test["b"])
    if not len(a) or not len(b):
        return _empty(test["b"] if len(a) else test["a"])
    other = {**test, "column": test.get("b_column", test["column"])}
    name = test.get("statistic", "mean")
    paired = name != "std" and ("pair" in test or dict(test["a"]) == dict(test["b"]))
    if "pair" in test:
        a, b = _matched(a, b, test["pair"])
        if not len(a):
            return Outcome(reason=f"no {test['pair']} has a row on either side")
    x, y = _numbers(test, a), _numbers(other, b)
    if name == "std" and min(len(x), len(y)) < 2:
        return Outcome(reason=f"the spread of {test['column']} needs two runs or more")
    sign = -1 if test.get("lower") else 1
    middle = intervals.value_of(y, name)

    def against(share: float) -> Estimate:
        """The difference to `b` made better by a share of it."""
        factor = 1 + sign * share * (1 if middle >= 0 else -1)
        if test.get("exact"):
            point = intervals.value_of(x, name) - factor * middle
            return Estimate(point, point, point)
        if paired:
            return intervals.paired(x - factor * y, name)
        return intervals.difference(x, factor * y, name)

    def judged(limits: Mapping) -> tuple[Estimate, str]:
        share = verdict_schema.lead(limits)
        seen = _tidy(against(share))
        return seen, grade(
            seen, Region(low=0.0, strict=share == 0) if sign > 0 else Region(high=0.0, strict=share == 0)
        )

    plain = against(0.0)
    held, verdict = judged(test)
    if verdict != "reproduced" and "weaker" in test and judged(test["weaker"])[1] == "reproduced":
        verdict = "trend only"
    if verdict == "reproduced" and test.get("need", "interval") == "direction":
        verdict = "trend only"
    text = _said(test, name, plain)
    if held != _tidy(plain):
        text += f"; asked was more than a {'lead' if 'lead' in test else 'deficit'} of "
        text += f"{100 * (test.get('lead') or test.get('margin')):g} %, beyond which it is {_text(test, held)}"
    if name != "std":
        text += f", P(better) {stats.chance(sign * x, sign * y):.2f}"
    needed = None
    if verdict == "reproduced" and "control" in test:
        alike = _better({**{k: v for k, v in test.items() if k != "control"}, "a": test["control"]}, table, paper, each)
        if alike.verdict != "not reproduced":
            words = ", ".join(f"{key}={value}" for key, value in test["control"].items())
            said = f"{text}; but {words} passes too" if alike.runs else f"{text}; but there are no rows with {words}"
            return Outcome("inconclusive", said, _ends(plain), _on(a, b), len(a) + len(b))
    if verdict == "inconclusive":
        if name == "std":
            x, y = intervals.distances(x), intervals.distances(y)
        spread = _variance(x - y) if paired else _variance(x) + _variance(y)
        least = max(intervals.LEAST["paired" if paired else "difference"], min(len(x), len(y)) + 1)
        needed = intervals.runs_needed(held.value, spread, least)
        text += _more(needed, "pairs" if paired else "runs a side")
    runs = len(a) if paired and dict(test["a"]) == dict(test["b"]) else len(a) + len(b)
    return Outcome(verdict, text, _ends(plain), _on(a, b), runs, needed=needed)


def _said(test: Mapping, name: str, found: Estimate) -> str:
    if name == "std":
        return f"difference of distances from the median {_text(test, found)}"
    return f"{'' if name == 'mean' else name + ' '}difference {_text(test, found)}"


def _matched(a: Rows, b: Rows, column: str) -> tuple[Rows, Rows]:
    """The rows of both sides that belong together, in one order; ResultsError where a side has two of a kind."""
    places = []
    for rows in (a, b):
        values = rows[column]
        if len(set(values)) < len(values):
            raise ResultsError(f"pair={column!r}: two rows of one side have the same {column}")
        places.append({value: place for place, value in enumerate(values)})
    both = [value for value in places[0] if value in places[1] and value is not None]
    return a.at([places[0][value] for value in both]), b.at([places[1][value] for value in both])


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
