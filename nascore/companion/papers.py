"""Numbers printed in the papers, each with its place: read from data/papers/<paper>.toml, never typed into code."""

from __future__ import annotations

import functools
import math
import tomllib
from typing import TYPE_CHECKING, Any, NamedTuple

from nascore import checks, paths
from nascore.checks import suggest
from nascore.errors import ResultsError, SettingError

if TYPE_CHECKING:
    import pandas as pd

NOT_VALUES = ("label", "line", "where", "what")


class PaperValue(NamedTuple):
    """One printed number and where it stands, e.g. 2.9 and `"Table 2, row Setup1"`."""

    value: float
    where: str
    line: int

    def __str__(self) -> str:
        return f"{self.value:g} ({self.where})"


def load(paper: str) -> dict[str, Any]:
    """The whole file of one paper as nested dicts; SettingError for a paper without one."""
    return read(checks.text("paper", paper))


@functools.lru_cache(maxsize=16)
def read(paper: str) -> dict[str, Any]:
    """The file of one paper, checked, and kept in memory."""
    known = available()
    if paper not in known:
        raise SettingError(f"no transcribed numbers for the paper {checks.shown(paper)}{suggest(paper, known)}")
    file = next(file for file in paths.paper_value_files() if file.stem == paper)
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ResultsError(f"{file}: not valid TOML ({error})") from None
    for name, table in tables.items():
        if not isinstance(table, dict):
            raise ResultsError(f"{file}: expected tables only, not {name} = {checks.shown(table, 60)}")
        if name != "paper":
            _check_table(f"{file}, [{name}]", table)
    return tables


def _check_table(where: str, table: dict[str, Any]) -> None:
    """A table says `where` it stands and `what` it shows, each of its rows a `label` and the `line`."""
    _check_texts(where, table, ("where", "what"))
    for key, row in table.items():
        if isinstance(row, dict):
            place = f"{where[:-1]}.{key}]"
            _check_texts(place, row, ("label",))
            line = row.get("line")
            if type(line) is not int or line < 1:
                raise ResultsError(f"{place}: line={checks.shown(line)}: expected a whole number of at least 1")
            for name, value in row.items():
                if type(value) not in (int, float, str) or (type(value) is float and not math.isfinite(value)):
                    raise ResultsError(f"{place}: {name}={checks.shown(value)}: expected a finite number or text")
        elif key not in ("where", "what"):
            raise ResultsError(f"{where}: {key}={checks.shown(row)}: expected a row")


def _check_texts(where: str, given: dict[str, Any], names: tuple[str, ...]) -> None:
    for name in names:
        if not isinstance(given.get(name), str) or not given[name]:
            raise ResultsError(f"{where}: {name}={checks.shown(given.get(name))}: expected text")


def available() -> list[str]:
    """Papers with transcribed numbers."""
    return [file.stem for file in paths.paper_value_files()]


def paper_value(paper: str, key: str) -> PaperValue:
    """The number under `"table.row.column"` (`"prose.row"` for one in the text) with its place."""
    tables, parts = load(paper), checks.text("key", key).split(".")
    if parts[0] == "prose" and len(parts) == 2:
        parts.append("value")
    if len(parts) != 3:
        raise SettingError(
            f"key={checks.shown(key)} does not name a number; write table.row.column, e.g. table2.setup1.rank"
        )
    level: Any = tables
    for part in parts:
        if not isinstance(level, dict) or part not in level or part in NOT_VALUES:
            where = f" in {key!r}" if part != key else ""
            allowed = [name for name in level if name not in (*NOT_VALUES, "paper")] if isinstance(level, dict) else []
            raise SettingError(f"{paper} has no number {checks.shown(part)}{where}{suggest(part, allowed)}")
        level = level[part]
    table, row = tables[parts[0]], tables[parts[0]][parts[1]]
    where = row["label"] if parts[0] == "prose" else f"{table['where']}, row {row['label']}"
    return PaperValue(level, where, row["line"])


def table(paper: str, name: str) -> dict[str, Any]:
    """One printed table as nested dicts: `where`, `what` and the rows."""
    tables = load(paper)
    if checks.text("name", name) not in tables or name == "paper":
        known = [key for key in tables if key != "paper"]
        raise SettingError(f"{paper} has no table {checks.shown(name)}{suggest(name, known)}")
    return tables[name]


def paper_table(paper: str, name: str) -> pd.DataFrame:
    """One printed table as a DataFrame, indexed by row label; `attrs` carry `where` and `what`."""
    import pandas as pd

    printed = table(paper, name)
    rows = {key: value for key, value in printed.items() if isinstance(value, dict)}
    frame = pd.DataFrame(
        [{k: v for k, v in row.items() if k not in NOT_VALUES} for row in rows.values()],
        index=[row["label"] for row in rows.values()],
    )
    frame.attrs.update(where=printed["where"], what=printed["what"])
    return frame
