"""The columns of an experiment's table, and the names that are ours: none may stand for two things."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nascore import checks
from nascore.companion import store
from nascore.errors import ResultsError, SettingError

OURS = ("experiment", "version", "profile", "seed", "data", "data_kind", "provenance")


def check_config(experiment: str, config: Mapping[str, Any]) -> None:
    """ResultsError for a parameter under a name of ours, as soon as the units are listed."""
    for name in config:
        if name in OURS or name in store.REQUIRED or name == "curve" or name.startswith("provenance."):
            raise ResultsError(f"{experiment}: the parameter {name!r} has a name of ours; these are taken: {_taken()}")


def check_result(config: Mapping[str, Any], result: Mapping[str, Any]) -> None:
    """ResultsError where what a unit's run gave, its metrics and whatever stands beside them, takes a name twice."""
    seen = set(config)
    beside = [name for name in result if name != "metrics"]
    for name in (*result["metrics"], *beside):
        if name in OURS or name in store.REQUIRED or str(name).startswith("provenance."):
            raise ResultsError(f"the name {name!r} is ours; these are taken: {_taken()}")
        if name in seen:
            raise ResultsError(f"the name {name!r} is used twice among parameters, metrics and what stands beside them")
        seen.add(name)


def check_table(rows: Any, *asked: tuple[str, Any]) -> None:
    """SettingError unless `rows` is a DataFrame that has these columns, each with the parameter that asks for it."""
    import pandas as pd

    checks.instance("rows", rows, pd.DataFrame, "the rows of an experiment, a DataFrame")
    for parameter, name in asked:
        if checks.text(parameter, name) not in rows.columns:
            known = checks.suggest(name, map(str, rows))
            raise SettingError(f"{parameter}={checks.shown(name)}: the rows have no column {checks.shown(name)}{known}")


def _taken() -> str:
    return ", ".join(dict.fromkeys((*OURS, *store.REQUIRED, "curve", "provenance.*")))


def flat(row: Mapping[str, Any], data_kind: str) -> dict[str, Any]:
    """A stored row as one line of a table: identity, parameters, metrics, what stands beside them, provenance."""
    line = {key: row[key] for key in ("experiment", "version", "profile", "seed")}
    line.update(data=row["provenance"]["data"], data_kind=data_kind)
    beside = {key: value for key, value in row.items() if key not in store.REQUIRED}
    for part in (row["config"], row["metrics"], beside):
        for key, value in part.items():
            if key in line:
                raise ResultsError(f"{row['experiment']}: the name {key!r} is used twice in a row")
            line[key] = value
    line.update({f"provenance.{key}": value for key, value in row["provenance"].items() if key != "data"})
    return line
