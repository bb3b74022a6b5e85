"""Tables for notebooks: measured beside printed values, claims beside verdicts. Plain HTML, always the same bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from nascore import checks
from nascore.companion import palette, papers, stats
from nascore.companion.columns import check_table
from nascore.errors import ResultsError, SettingError

if TYPE_CHECKING:
    import pandas as pd

    from nascore.companion.claims import Judged

CELL = "padding:3px 10px;text-align:{align};border:0;vertical-align:top"
RULE = "border-bottom:1px solid #9a9a9a"
NOTHING = "–"
ABSENT = "not in our copy"


@dataclass(frozen=True)
class HtmlTable:
    """A table that shows itself in a notebook; `frame` holds the same text as a DataFrame."""

    frame: pd.DataFrame
    caption: str = ""
    note: str = ""
    left: tuple[str, ...] = ()
    colour: Mapping[str, str] | None = None
    whole: bool = False  # no cell of the body is broken over two lines

    def _repr_html_(self) -> str:
        columns = list(self.frame.columns)
        head = "".join(self._cell("th", name, name) for name in columns)
        body = "".join(
            "<tr>" + "".join(self._cell("td", name, value) for name, value in zip(columns, row)) + "</tr>\n"
            for row in self.frame.itertuples(index=False)
        )
        caption = (
            f'<caption style="text-align:left;padding:0 10px 4px">{escape(self.caption)}</caption>'
            if self.caption
            else ""
        )
        note = f'<p style="font-size:90%;margin:4px 10px">{escape(self.note)}</p>' if self.note else ""
        return (
            f'<table style="border-collapse:collapse">{caption}\n<thead style="{RULE}"><tr>{head}</tr></thead>\n'
            f"<tbody>{body}</tbody></table>{note}"
        )

    def _cell(self, tag: str, column: str, value: Any) -> str:
        align = "left" if column in self.left or column == self.frame.columns[0] else "right"
        text = escape(str(value))
        name = str(value).split(" (")[0].split(",")[0]  # without the kind of data, and without ", exceeds"
        if tag == "td" and self.colour and name in self.colour:
            from nascore.spaces.layout import text_colour

            fill = self.colour[name]
            chip = f"background:{fill};color:{text_colour(fill)};border-radius:6px;padding:1px 8px;white-space:nowrap"
            text = f'<span style="{chip}">{text}</span>'
        style = CELL.format(align=align) + (";white-space:nowrap" if self.whole and tag == "td" else "")
        style = style.replace("10px", "7px") if self.whole else style
        return f'<{tag} style="{style}">{text}</{tag}>'

    def __str__(self) -> str:
        return self.frame.to_string(index=False)


def plain(
    lines: Sequence[Mapping[str, Any]], caption: str = "", note: str = "", left: Sequence[str] = (), whole: bool = True
) -> HtmlTable:
    """A table from one dict per line; what a line does not say is a dash. Columns in `left` are left-aligned."""
    import pandas as pd

    names = list(dict.fromkeys(name for line in lines for name in line))
    frame = pd.DataFrame([[line.get(name, NOTHING) for name in names] for line in lines], columns=names, dtype=object)
    return HtmlTable(frame, caption, note, tuple(left), whole=whole)


def facts(
    values: Mapping[str, float], lines: Sequence[tuple[str, str, str | None, int]], paper: str, caption: str = ""
) -> HtmlTable:
    """Counted facts beside printed ones: a line per (text, key of `values`, key of the paper or None, digits)."""
    shown = []
    for text, key, printed, digits in lines:
        line = {"fact": text, "counted here": f"{values[key]:,.{digits}f}"}
        if printed is not None:
            value = papers.paper_value(paper, printed)
            line |= {"paper": f"{value.value:,.{digits}f}", "place in the paper": value.where}
        shown.append(line)
    return plain(shown, caption, left=("place in the paper",))


def stand_in(rows: pd.DataFrame) -> str:
    """What titles add where not all rows were measured on true data: `" (surrogate)"`, else an empty text."""
    kinds = sorted(set(rows["data_kind"]) - {"true"})
    return f" ({', '.join(kinds)})" if kinds else ""


def compare(
    rows: pd.DataFrame,
    columns: Mapping[str, str | None],
    *,
    by: str = "method",
    printed: Mapping[str, str | None] | None = None,
    paper: str | None = None,
    digits: Mapping[str, int] | int = 2,
    caption: str = "",
    names: Mapping[str, str] | None = None,
    whole: bool = False,
) -> HtmlTable:
    """Measured beside printed: one line per value of `by`, in the order in which they appear in `rows`.

    `columns` maps a measured column to the printed table's column (None: nothing is printed for it); `printed` maps
    a line to a printed row such as `"table2.setup1"` (None: not in our copy; absent: the paper has no such line);
    `"other-paper:table3.rea"` takes the row of another paper. Measured values are means with a 95 % bootstrap interval.
    A printed column without any number is left out and the note says so.
    """
    import pandas as pd

    columns, printed, names = _texts("columns", columns), _texts("printed", printed), _texts("names", names)
    given_digits = digits if isinstance(digits, Mapping) else dict.fromkeys(columns, digits)
    decimals_of = {name: checks.whole("digits", given_digits.get(name, 2), 0, 12) for name in columns}
    check_table(rows, ("by", by), *(("columns", name) for name in columns))
    if not paper:
        check_table(rows, ("paper=None, which reads the column", "experiment"))
    if rows.empty:
        raise ResultsError("no rows to compare")
    paper = checks.text("paper", paper or str(rows["experiment"].iloc[0]).split("/")[0])
    lines = []
    places = []
    for name, group in rows.groupby(by, sort=False):
        line: dict[str, Any] = {by: names.get(str(name), name), "runs": len(group)}
        for column, key in columns.items():
            line[column] = measured(group[column], decimals_of[column])
            if key is not None:
                line[f"{column}, paper"], place = _printed(printed, str(name), key, paper, decimals_of[column])
                places.append(place)
        lines.append(line)
    absent = [n for n in lines[0] if n.endswith(", paper") and {line[n] for line in lines} <= {ABSENT, NOTHING}]
    asked = any(line[name] == ABSENT for line in lines for name in absent)
    lines = [{name: value for name, value in line.items() if name not in absent} for line in lines]
    kinds = sorted(set(rows["data_kind"])) if "data_kind" in rows else []
    notes = ["measured: mean [95 % bootstrap interval]"]
    places = list(dict.fromkeys(place for place in places if place))
    if places:
        notes.append("paper: " + "; ".join(places))
    if asked and not places:
        notes.append("the paper's numbers are not in our copy")
    if kinds and kinds != ["true"]:
        notes.append(f"measured on: {', '.join(kinds)} data")
    return HtmlTable(pd.DataFrame(lines), caption, ". ".join(notes) + ".", whole=whole)


def _texts(name: str, given: Any) -> dict[str, Any]:
    """`given`, a dict of texts or None (nothing is none), with texts as keys."""
    found = dict(checks.instance(name, {} if given is None else given, Mapping, "a dict of names"))
    for key, value in found.items():
        if not isinstance(key, str) or not isinstance(value, (str, type(None))):
            raise SettingError(f"{name}={checks.shown(given)}: expected a dict of names, to names or None")
    return found


def measured(values: Sequence[float], digits: int = 2) -> str:
    """Mean and interval of a column as text; values never measured are counted, not hidden."""
    import pandas as pd

    numbers = pd.to_numeric(pd.Series(list(values)), errors="coerce")
    known = numbers.dropna()
    if known.empty:
        return NOTHING
    if known.nunique() > 1:
        text = stats.bootstrap_ci(known).text(digits)
    else:  # the same in every run: an interval would say nothing
        text = f"{known.iloc[0]:.{0 if float(known.iloc[0]).is_integer() else digits}f}"
    return text if len(known) == len(numbers) else f"{text} ({len(known)} of {len(numbers)} runs)"


def _printed(printed: Mapping[str, str | None], name: str, key: str, paper: str, digits: int) -> tuple[str, str]:
    if name not in printed:
        return NOTHING, ""
    row = printed[name]
    if row is None:
        return ABSENT, ""
    source, _, row = row.rpartition(":")
    value = papers.paper_value(source or paper, f"{row}.{key}")
    table = papers.table(source or paper, row.split(".")[0])
    return f"{checks.number('the printed number', value.value):.{digits}f}", table["where"]


def verdict_table(judged: Sequence[Judged]) -> HtmlTable:
    """Claims with expected and measured values and their verdicts as coloured labels."""
    import pandas as pd

    lines = []
    for item in judged:
        on = f" ({item.on})" if item.on not in ("", "true") else ""
        lines.append(
            {
                "claim": item.claim.claim,
                "where": item.claim.where,
                "expected": item.claim.expected,
                "measured": item.measured or item.reason or NOTHING,
                "runs": item.runs or NOTHING,
                "verdict": item.label + on,
            }
        )
    colours = {verdict: fill for verdict, (fill, _) in palette.VERDICT_STYLES.items()}
    left = ("claim", "where", "expected", "measured", "verdict")
    reasons = dict.fromkeys(item.reason for item in judged if item.measured and item.reason)
    return HtmlTable(pd.DataFrame(lines), note="; ".join(reasons), left=left, colour=colours)
