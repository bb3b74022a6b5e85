"""Tables of groups of trials: one line per method (or setting), one column per question asked of its trials.

A question is a column of the rows and a function from a group's values to text, such as `mean(2)` or `count`:

    summaries.table(rows, {"argmax (%)": ("argmax_accuracy", mean()), "rank": ("argmax_rank", mean(0))})
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from nascore.companion import intervals, papers, stats
from nascore.companion.tables import NOTHING, HtmlTable, measured
from nascore.errors import ResultsError

if TYPE_CHECKING:
    import pandas as pd

Answer = Callable[["pd.Series"], str]


def known(values: Sequence) -> np.ndarray:
    """The numbers among `values` as floats, missing ones left out."""
    import pandas as pd

    return pd.to_numeric(pd.Series(list(values)), errors="coerce").dropna().to_numpy(float)


def mean(digits: int = 2) -> Answer:
    """Mean [95 % bootstrap interval]; the number alone where all trials agree."""
    return lambda values: measured(values, digits)


def _of_numbers(statistic: Callable[[np.ndarray], str]) -> Answer:
    def answer(values: pd.Series) -> str:
        numbers = known(values)
        return statistic(numbers) if len(numbers) else NOTHING

    return answer


def plain_mean(digits: int = 2) -> Answer:
    """Mean alone."""
    return _of_numbers(lambda numbers: f"{numbers.mean():,.{digits}f}")


def median(digits: int = 2) -> Answer:
    """Median alone."""
    return _of_numbers(lambda numbers: f"{np.median(numbers):,.{digits}f}")


def lowest(digits: int = 2) -> Answer:
    """The smallest number."""
    return _of_numbers(lambda numbers: f"{numbers.min():,.{digits}f}")


def largest(digits: int = 2) -> Answer:
    """The largest number."""
    return _of_numbers(lambda numbers: f"{numbers.max():,.{digits}f}")


def span(digits: int = 2) -> Answer:
    """Smallest to largest number."""
    return _of_numbers(lambda numbers: f"{numbers.min():,.{digits}f} to {numbers.max():,.{digits}f}")


def deviation(digits: int = 2) -> Answer:
    """Mean ± standard deviation; of one trial the number alone."""

    def text(numbers: np.ndarray) -> str:
        middle = f"{numbers.mean():.{digits}f}"
        return middle if len(numbers) < 2 else f"{middle}\u00a0±\u00a0{numbers.std(ddof=1):.{digits}f}"

    return _of_numbers(text)


def count(values: pd.Series) -> str:
    """For how many a flag (0 or 1) holds: `7 of 10`."""
    return _of_numbers(lambda numbers: f"{int(numbers.sum())} of {len(numbers)}")(values)


def above(level: float) -> Answer:
    """How many numbers exceed `level`: `7 of 10`."""
    return _of_numbers(lambda numbers: f"{int((numbers > level).sum())} of {len(numbers)}")


def missing(values: pd.Series) -> str:
    """How many trials have no number."""
    return str(len(values) - len(known(values)))


def chance(ours: pd.Series, digits: int = 2) -> Answer:
    """P(a trial of `ours` exceeds one of the group) [95 % bootstrap interval], ties half; a dash for `ours`
    itself."""
    mine = known(ours)

    def answer(values: pd.Series) -> str:
        numbers = known(values)
        if min(len(mine), len(numbers)) < 2 or values.index.equals(ours.index):
            return NOTHING
        return stats.probability_of_improvement(mine, numbers).text(digits)

    return answer


def pairs(ours: pd.Series) -> Answer:
    """In how many pairs of a trial of `ours` and one of the group ours is larger, ties half: for few trials, of which
    an interval would say more than is known. A dash for `ours` itself."""
    mine = known(ours)[:, None]

    def answer(values: pd.Series) -> str:
        numbers = known(values)
        if not len(mine) * len(numbers) or values.index.equals(ours.index):
            return NOTHING
        return f"{(mine > numbers).sum() + 0.5 * (mine == numbers).sum():g} of {mine.size * numbers.size}"

    return answer


def minus(other: Sequence[float], digits: int = 2) -> Answer:
    """Mean of the group minus that of `other` [interval of `intervals.difference`]; of few trials no interval."""
    theirs = known(other)

    def text(numbers: np.ndarray) -> str:
        return intervals.difference(numbers, theirs).text(digits) if len(theirs) else NOTHING

    return _of_numbers(text)


def arrange(rows: pd.DataFrame, order: Sequence[str], by: str = "method") -> pd.DataFrame:
    """`rows` in the order of their `by` in `order` (others last), otherwise as they were."""
    places = {name: place for place, name in enumerate(order)}
    return rows.sort_values(by, key=lambda names: names.map(lambda name: places.get(name, len(places))), kind="stable")


def table(
    rows: pd.DataFrame,
    columns: Mapping[str, tuple[str, Answer]],
    by: str | Mapping[str, str] = "method",
    trials: str = "trials",
    caption: str = "",
    note: str = "",
    left: Sequence[str] = (),
) -> HtmlTable:
    """One line per value of `by` (a mapping title -> column for several), in the order in which `rows` has them.

    `trials`: title of the column that counts the trials, "" for none. A column that says nothing in any line is left
    out, as is one that the rows do not have.
    """
    import pandas as pd

    keys = {by: by} if isinstance(by, str) else dict(by)
    if not len(rows):
        raise ResultsError("no rows to sum up")
    lines = []
    for names, group in rows.groupby(list(keys.values()), sort=False):
        line = dict(zip(keys, names)) | ({trials: len(group)} if trials else {})
        lines.append(line | {title: answer(group[name]) for title, (name, answer) in columns.items() if name in group})
    frame = pd.DataFrame(lines)
    empty = [title for title in columns if title in frame and (frame[title] == NOTHING).all()]
    return HtmlTable(frame.drop(columns=empty), caption, note, (*list(keys)[1:], *left), whole=True)


def beside(shown: HtmlTable, paper: str, name: str, columns: Mapping[str, tuple[str, str]]) -> HtmlTable:
    """`shown` with the numbers of a paper's printed table `name` beside measured ones, a printed deviation with them.

    `columns` maps a new title to the printed column and the title after which it stands. Lines are matched by the
    printed row's label; a column without any number is left out.
    """
    printed = papers.table(paper, name)
    rows = {row["label"]: row for row in printed.values() if isinstance(row, dict)}
    frame = shown.frame.copy()
    for title, (key, after) in reversed(list(columns.items())):
        texts = [_text(rows.get(str(line), {}), key) for line in frame.iloc[:, 0]]
        if after in frame and set(texts) != {NOTHING}:
            frame.insert(frame.columns.get_loc(after) + 1, title, texts)
    return replace(shown, frame=frame, note=f"{shown.note} paper: {printed['where']}.".strip())


def _text(row: Mapping, key: str) -> str:
    if key not in row:
        return NOTHING
    return f"{row[key]:.2f}" + (f"\u00a0±\u00a0{row[key + '_std']:.2f}" if key + "_std" in row else "")


def paired(
    rows: pd.DataFrame,
    columns: Mapping[str, str],
    reference: str,
    by: str = "method",
    pair: str = "seed",
    digits: Mapping[str, int] | int = 2,
) -> HtmlTable:
    """The value of each other `by` minus that of `reference` in the same trial: mean [interval of `intervals.paired`],
    and in how many trials it is above 0. `columns` maps a title to a column."""
    import pandas as pd

    names = [name for name in dict.fromkeys(rows[by]) if name != reference]
    lines = {name: {by: name} for name in names}
    for title, column in columns.items():
        wide = rows.pivot(index=pair, columns=by, values=column).astype(float)
        for name in names:
            apart = (wide[name] - wide[reference]).dropna()
            places = digits if isinstance(digits, int) else digits.get(title, 2)
            won = f"{int((apart > 0).sum())} of {len(apart)}"
            text = f"{intervals.paired(apart).text(places)}, {won}" if len(apart) > 1 else won
            lines[name][title] = text if len(apart) else NOTHING
    return HtmlTable(pd.DataFrame(list(lines.values())), whole=True)


def in_words(rows: pd.DataFrame, column: str, reference: str, by: str = "method", unit: str = "points") -> str:
    """A Markdown list: `reference` against each other `by`, better, worse or not clearly different (larger is better).

    The word is decided by the interval of the difference, as verdicts are; it is printed with it.
    """
    ours = known(rows.loc[rows[by] == reference, column])
    lines = []
    for name, group in rows[rows[by] != reference].groupby(by, sort=False):
        theirs = known(group[column])
        if min(len(ours), len(theirs)) < 2:
            continue
        gain, wins = intervals.difference(ours, theirs), stats.chance(ours, theirs)
        if min(len(ours), len(theirs)) < intervals.LEAST["difference"]:
            word, ends = "too few trials to tell", ""
        else:
            word = ("not clearly different", "better", "worse")[intervals.side(gain)]
            ends = f" [{gain.low:+.2f}, {gain.high:+.2f}]"
        lines.append(
            f"* {reference} against **{name}**: {word} ({gain.value:+.2f} {unit}{ends}; P(better) {wins:.2f})."
        )
    return "\n".join(lines)


def cost(rows: pd.DataFrame, columns: Sequence[str] = ("provenance.cpu_s",), by: str = "method") -> str:
    """Mean of cost columns by method, in one line: `A 12 + 3, B 40 + 3`."""
    spent = rows.groupby(by, sort=False)[list(columns)].mean()
    return ", ".join(f"{name} {' + '.join(f'{value:.0f}' for value in line)}" for name, line in spent.iterrows())
