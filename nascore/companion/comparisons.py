"""Groups of runs against each other: measured beside printed in one table, differences with intervals, and outcomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from nascore.companion import intervals, stats, summaries, tables

if TYPE_CHECKING:
    import pandas as pd

OUTCOMES = ("better", "worse", "no clear difference")
ONE_RUN = "one run, no interval"
FEW_RUNS = f"fewer than {intervals.LEAST['difference']} runs, no interval"
INTERVALS = (
    "95 % intervals, which decide (means: permutation test, medians: rank sum); P: share of pairs of a run of either "
    "in which the first is better, ties half"
)


def share(digits: int = 2) -> summaries.Answer:
    """Share of runs for which a flag holds, with its exact interval."""
    return lambda values: intervals.share(int(values.astype(bool).sum()), len(values)).text(digits)


def middle(digits: int = 2) -> summaries.Answer:
    """Median [95 % bootstrap interval]."""
    return lambda values: stats.bootstrap_ci(values.astype(float), np.median).text(digits)


def spread(digits: int = 2) -> summaries.Answer:
    """Standard deviation; of one run none."""
    return lambda values: f"{values.astype(float).std(ddof=1):.{digits}f}" if len(values) > 1 else tables.NOTHING


def table(
    rows: pd.DataFrame,
    columns: Mapping[str, tuple[str, summaries.Answer]],
    by: str | Mapping[str, str] = "method",
    *,
    printed: Mapping[str, Mapping[Any, str]] | None = None,
    caption: str = "",
    note: str = "",
    trials: str = "runs",
) -> tables.HtmlTable:
    """`summaries.table` of runs (or other `trials`), with what a paper prints beside what was measured.

    `printed`: a measured column's title -> {first entry of a line: the printed text}, shown in a column after it.
    """
    shown = summaries.table(rows, columns, by, trials, caption, note)
    frame = shown.frame
    for title, found in (printed or {}).items():
        if title in frame:
            texts = [found.get(line, tables.NOTHING) for line in frame.iloc[:, 0]]
            if set(texts) <= {tables.NOTHING, tables.ABSENT}:
                continue  # a column that says nothing in any line
            frame.insert(frame.columns.get_loc(title) + 1, f"{title.split(' (')[0]}, paper", texts)
    return tables.HtmlTable(frame, caption, note, shown.left, whole=True)


@dataclass(frozen=True)
class Measure:
    """A column of rows that groups are compared by; `lower`: smaller is better; `statistic`: "mean" or "median"."""

    column: str
    label: str
    digits: int = 2
    lower: bool = False
    statistic: str = "mean"


def gap(rows: pd.DataFrame, a: str, b: str, measure: Measure, by: str = "method") -> stats.Estimate | None:
    """Measure of group `a` minus that of group `b`, with its interval; None where one of them has no rows."""
    x, y = (rows.loc[rows[by] == name, measure.column].dropna().astype(float) for name in (a, b))
    if x.empty or y.empty:
        return None
    return intervals.difference(x, y, measure.statistic)


def gap_text(found: stats.Estimate, digits: int = 2) -> str:
    """A difference with its interval, without negative zeros."""
    return stats.Estimate(*(round(value, digits) + 0.0 for value in found)).text(digits)


def outcome(found: stats.Estimate, lower: bool = False, words: Sequence[str] = OUTCOMES) -> str:
    """What the interval of a difference says; `words` for better, worse and an interval that contains 0."""
    side = intervals.side(found)
    return words[2] if side == 0 else words[0] if (side > 0) != lower else words[1]


def differences(
    rows: pd.DataFrame,
    pairs: Sequence[tuple[str, str]],
    measures: Sequence[Measure],
    by: str = "method",
    *,
    panel: str | None = None,
    names: Mapping[Any, str] | None = None,
    caption: str = "",
    note: str = "",
) -> tables.HtmlTable:
    """Differences between groups of runs: a line per panel (a value of column `panel`), pair and measure.

    `pairs`: (A, B), values of column `by`; pairs without rows are left out. The outcome is A's.
    """
    firsts = list(dict.fromkeys(a for a, _ in pairs))
    one = firsts[0] if len(firsts) == 1 else None
    who, several = one or "A", len(measures) > 1
    lines = []
    for place in [None] if panel is None else list(dict.fromkeys(rows[panel])):
        part = rows if panel is None else rows[rows[panel] == place]
        for a, b in pairs:
            for measure in measures:
                found = gap(part, a, b, measure, by)
                if found is None:
                    continue
                sign = -1 if measure.lower else 1
                x, y = (sign * part.loc[part[by] == name, measure.column].dropna().astype(float) for name in (a, b))
                line = {} if panel is None else {panel: (names or {}).get(place, place)}
                line |= {f"{one} against": b} if one else {"A": a, "B": b}
                line |= {"measure": measure.label} if several else {}
                least = min(len(x), len(y))  # one run has no spread: what it wins says nothing of the next
                line["difference" if several else f"difference of {measure.label}"] = gap_text(found, measure.digits)
                line[f"P({who} better)"] = f"{stats.chance(x, y):.2f}" if least > 1 else tables.NOTHING
                few = ONE_RUN if least == 1 else FEW_RUNS if least < intervals.LEAST["difference"] else ""
                line[f"{who} is"] = few or outcome(found, measure.lower)
                lines.append(line)
    if not lines:
        return tables.plain([{"": "no pair of groups with stored rows"}], caption)
    left = (panel or "", "A", "B", "measure", f"{one} against", f"{who} is")
    return tables.plain(lines, caption, "; ".join(text for text in (INTERVALS, note) if text), left=left)


def tally(found: Sequence[stats.Estimate | None], lower: bool = False) -> str:
    """`2 better, 1 even, 0 worse`: over data sets, by the interval of the difference on each."""
    known = [outcome(each, lower) for each in found if each is not None]
    if not known:
        return tables.NOTHING
    better, worse, even = (known.count(word) for word in OUTCOMES)
    return f"{better} better, {even} even, {worse} worse"


class Quote(NamedTuple):
    """A published row: its panel (a data set), its label, the group of runs here that it is compared with, and the
    mean and standard deviation that it gives."""

    panel: str
    label: str
    group: str
    mean: float
    std: float


def quoted(
    rows: pd.DataFrame, quotes: Sequence[Quote], first: str, column: str, panel: str, by: str = "method", note: str = ""
) -> tables.HtmlTable:
    """Published rows beside the same searches run here: mean ± standard deviation each, and what `first` gains."""
    lines = []
    for quote in quotes:
        part = rows[rows[panel] == quote.panel]
        ours, same = (part.loc[part[by] == name, column].astype(float) for name in (first, quote.group))
        text = summaries.deviation()
        lines.append(
            {
                panel: quote.panel,
                "search": quote.label if quote.label == quote.group else f"{quote.label} (here {quote.group})",
                "published": f"{quote.mean:.2f}\u00a0±\u00a0{quote.std:.2f}",
                "run here": text(same),
                f"{first} here": text(ours),
                f"{first} − published": gap_text(intervals.single(ours - quote.mean)),
                f"{first} − run here": gap_text(intervals.difference(ours, same), 3),
            }
        )
    note = f"Differences in points with the intervals that decide. {note}".strip()
    return tables.plain(lines or [{"": "nothing is published of these data"}], "", note, left=("search",))


def tallies(
    first: str,
    others: Sequence[str],
    questions: Mapping[str, tuple[pd.DataFrame, Measure]],
    panel: str,
    by: str = "method",
    *,
    quotes: Sequence[Quote] = (),
    caption: str = "",
    note: str = "",
) -> tables.HtmlTable:
    """On how many panels (data sets) `first` is better, even or worse than each other group, question by question.

    `questions`: title -> (rows, measure). With `quotes` the first column compares the first question's rows with them.
    """
    lines = []
    for other in others:
        line = {f"{first} against": other}
        if quotes:
            rows, measure = next(iter(questions.values()))
            ours = rows[rows[by] == first].groupby(panel)[measure.column]
            found = [intervals.single(ours.get_group(q.panel) - q.mean) for q in quotes if q.group == other]
            line["published rows"] = tally(found, measure.lower)
        for title, (rows, measure) in questions.items():
            gaps = [gap(part, first, other, measure, by) for _, part in rows.groupby(panel, sort=False)]
            line[title] = tally(gaps, measure.lower)
        lines.append(line)
    return tables.plain(lines, caption, note)
