"""Reading stored rows back, as a table and as curves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from nascore.benchmarks import kinds
from nascore.companion import columns, store
from nascore.companion.plans import plan, units
from nascore.errors import ResultsError
from nascore.studies import registry
from nascore.studies.experiment import Experiment

if TYPE_CHECKING:
    import pandas as pd


class NoRows(ResultsError):
    """Nothing is stored of an experiment under a profile."""


def stored(experiment: str | Experiment, profile: str = "laptop") -> list[dict]:
    """Stored rows of an experiment's units under a profile, without touching the data.

    Where a unit has several rows (measured on true data and on a stand-in), the better kind
    of data wins (see `nascore.benchmarks.kinds`), and the later row over the earlier. Rows of another algorithm version
    do not count.
    """
    experiment = registry.get(experiment)
    best: dict[str, dict] = {}
    for row in store.read(store.path(experiment.id, profile)):
        if row["version"] != experiment.version:
            continue
        key = store.canonical([row["config"], row["seed"]])
        if key not in best or _rank(row) <= _rank(best[key]):
            best[key] = row
    keys = [store.canonical([unit.config, unit.seed]) for unit in units(experiment, profile)]
    return [best[key] for key in keys if key in best]


def _rank(row: dict) -> int:
    return kinds.rank_of(row["provenance"]["data"])


def rows(experiment: str | Experiment, profile: str = "laptop", *, exact: bool = False) -> pd.DataFrame:
    """Stored rows as a table, one line per unit, in the order of the experiment's units.

    Columns: `experiment, version, profile, seed, data, data_kind`, then every config and every metric under its
    own name, `curve` where there is one, and `provenance.*`. `exact=True` takes only rows measured on the
    data that is present now; otherwise see `stored`. `attrs["missing"]` counts units without a row.

    Raises NoRows when there is no row at all.
    """
    experiment = registry.get(experiment)
    found = plan(experiment, profile).rows() if exact else stored(experiment, profile)
    return as_table(experiment, profile, found)


def records(experiment: str | Experiment, profile: str = "laptop") -> list[dict]:
    """What `rows` holds as one dict per row, without pandas; empty where nothing is stored."""
    return [_flat(row) for row in stored(experiment, profile)]


def as_table(experiment: Experiment, profile: str, found: list[dict]) -> pd.DataFrame:
    """Rows of an experiment as the table that `rows` describes; NoRows where there is none."""
    import pandas as pd

    if not found:
        raise NoRows(
            f"no stored rows of {experiment.id} (version {experiment.version}) for profile {profile} in "
            f"{store.path(experiment.id, profile)}; compute them: nascore reproduce {experiment.id} "
            f'--profile {profile}, or mode = "recompute" in the notebook'
        )
    table = pd.DataFrame([_flat(row) for row in found])
    table.attrs["missing"] = len(units(experiment, profile)) - len(found)
    table.attrs["experiment"], table.attrs["profile"] = experiment.id, profile
    return table


def _flat(row: dict) -> dict:
    return columns.flat(row, kinds.kind_of(row["provenance"]["data"]))


def curves(table: pd.DataFrame, by: Iterable[str] = ("method",)) -> pd.DataFrame:
    """Improvement steps of the stored query curves in long form: the `by` columns, seed, query, best (and rank)."""
    import pandas as pd

    if "curve" not in table:
        raise ResultsError("these rows hold no query curves")
    names = [name for name in by if name in table]
    parts = []
    for _, row in table.iterrows():
        if isinstance(row["curve"], Mapping):
            part = pd.DataFrame(dict(row["curve"]))
            for name in reversed([*names, "seed"]):
                part.insert(0, name, row[name])
            parts.append(part)
    if not parts:
        raise ResultsError("these rows hold no query curves")
    return pd.concat(parts, ignore_index=True)


def after(table: pd.DataFrame, query: int, value: str = "best") -> list[float]:
    """What the run of each row had reached after `query` queries (NaN before its first one, or without a curve)."""
    from nascore.companion.stats import curve_on_grid

    found = []
    for curve in table["curve"]:
        known = isinstance(curve, Mapping) and len(curve["query"]) > 0
        found.append(float(curve_on_grid(curve["query"], curve[value], [query])[0]) if known else float("nan"))
    return found
