"""Numbers printed in the papers, each with its place: read from data/papers/<paper>.toml, never typed into code."""

from __future__ import annotations

import functools
import tomllib
from typing import TYPE_CHECKING, Any, NamedTuple

from nascore import paths
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


@functools.lru_cache(maxsize=16)
def load(paper: str) -> dict[str, Any]:
    """The whole file of one paper as nested dicts; SettingError for a paper without one."""
    known = available()
    if paper not in known:
        raise SettingError(f"no transcribed numbers for the paper {paper!r}{suggest(str(paper), known)}")
    file = next(file for file in paths.paper_value_files() if file.stem == paper)
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ResultsError(f"{file}: not valid TOML ({error})") from None


def available() -> list[str]:
    """Papers with transcribed numbers."""
    return [file.stem for file in paths.paper_value_files()]


def paper_value(paper: str, key: str) -> PaperValue:
    """The number under `"table.row.column"` (`"prose.row"` for one in the text) with its place."""
    tables, parts = load(paper), key.split(".")
    if parts[0] == "prose" and len(parts) == 2:
        parts.append("value")
    if len(parts) != 3:
        raise SettingError(f"{key!r} does not name a number; write table.row.column, e.g. table2.setup1.rank")
    level: Any = tables
    for part in parts:
        if not isinstance(level, dict) or part not in level or part in NOT_VALUES:
            where = f" in {key!r}" if part != key else ""
            allowed = [name for name in level if name not in (*NOT_VALUES, "paper")] if isinstance(level, dict) else []
            raise SettingError(f"{paper} has no number {part!r}{where}{suggest(part, allowed)}")
        level = level[part]
    table, row = tables[parts[0]], tables[parts[0]][parts[1]]
    where = row["label"] if parts[0] == "prose" else f"{table['where']}, row {row['label']}"
    return PaperValue(level, where, row["line"])


def paper_table(paper: str, name: str) -> pd.DataFrame:
    """One printed table as a DataFrame, indexed by row label; `attrs` carry `where` and `what`."""
    import pandas as pd

    tables = load(paper)
    if name not in tables or name == "paper":
        raise SettingError(f"{paper} has no table {name!r}{suggest(name, [key for key in tables if key != 'paper'])}")
    rows = {key: value for key, value in tables[name].items() if isinstance(value, dict)}
    table = pd.DataFrame(
        [{k: v for k, v in row.items() if k not in NOT_VALUES} for row in rows.values()],
        index=[row["label"] for row in rows.values()],
    )
    table.attrs.update(where=tables[name]["where"], what=tables[name]["what"])
    return table
