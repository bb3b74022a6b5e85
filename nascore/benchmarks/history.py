"""The log of an Oracle as a table: one row per unique query, what was best so far, and how that ranks."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from nascore.spaces.base import Arch, Space

if TYPE_CHECKING:
    import pandas as pd


class Row(NamedTuple):
    """One query of the log: what was asked, the answer, and what it took."""

    arch: Arch
    value: float
    costs: tuple[float, ...]
    status: str  # "ok", or why there is no value
    seconds: float
    epochs: int | str | None  # how long it was trained; None: the evaluation does not say
    cost: int  # what the budget paid: 1 query, or epochs


# a cost may have none of these names; "text" is the architecture as people write it
COLUMNS = ("query", "arch", "value", "best", "rank", "epochs", "cost", "feasible", "status", "seconds", "text")


def compared(rows: Sequence[Row], usual: int | str | None) -> int | str | None:
    """The number of epochs of the values that "best" compares: the usual one, else the largest asked for."""
    found = {row.epochs for row in rows}
    if not found or usual in found:
        return usual
    return max(found, key=lambda level: (str(type(level)), level))


def frame(
    rows: Sequence[Row],
    level: int | str | None,
    space: Space,
    costs: Sequence[str] = (),
    allowed: Callable[[Row], bool] | None = None,
    rank: Callable[[float], int] | None = None,
    text: bool = True,
) -> pd.DataFrame:
    """The rows as a DataFrame. `level`: epochs of the values that count for "best"; `allowed`: which of them may;
    `rank`: place of a value in the benchmark, where it is known; `text`: with the architectures as people write them,
    which takes longer than all the rest."""
    import pandas as pd

    best, so_far = -math.inf, []
    may = [True if allowed is None else allowed(row) for row in rows]
    for row, good in zip(rows, may, strict=True):
        if good and row.epochs == level and row.value > best:
            best = row.value
        so_far.append(best if best > -math.inf else math.nan)
    columns: dict = {
        "query": range(1, len(rows) + 1),
        "arch": [row.arch for row in rows],
        "value": [row.value for row in rows],
        "best": so_far,
    }
    if rank is not None:
        places = {value: rank(value) for value in dict.fromkeys(so_far) if value == value}
        columns["rank"] = pd.array([places.get(value) for value in so_far], dtype="Int64")
    columns |= {"epochs": [row.epochs for row in rows], "cost": [row.cost for row in rows]}
    columns |= {name: [row.costs[place] for row in rows] for place, name in enumerate(costs)}
    if allowed is not None:
        columns["feasible"] = may
    columns |= {"status": [row.status for row in rows], "seconds": [row.seconds for row in rows]}
    if text:
        columns["text"] = [space.format(row.arch) for row in rows]
    return pd.DataFrame(columns)
