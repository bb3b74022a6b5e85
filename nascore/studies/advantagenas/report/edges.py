"""The edges study from its rows: which are searches, a column per number of edges, and what was tuned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nascore.studies.advantagenas.edges import EXACT, METHODS, RANDOM

if TYPE_CHECKING:
    import pandas as pd

ORDER = (*METHODS, EXACT, RANDOM)
PANELS = {  # task -> column, its scale, what it is
    "toy": ("share_mean", 100, "edges as the teacher's (%)"),
    "digits": ("test", 1, "test accuracy (%)"),
}


def searches(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows without tuning, in the order of the tables."""
    rows = rows[rows["role"] == "search"]
    return rows.sort_values(["task", "edges", "method"], key=lambda c: c.map(ORDER.index) if c.name == "method" else c)


def wide(rows: pd.DataFrame, task: str) -> tuple[pd.DataFrame, dict[str, str]]:
    """The task's measure with a line per trial (method, seed) and a column per number of edges; and title -> column."""
    column, scale, _ = PANELS[task]
    part = rows[rows["task"] == task]
    found = (scale * part.pivot_table(index=["method", "seed"], columns="edges", values=column, sort=False)).dropna()
    titles = {f"{edges} edges": f"at_{edges}" for edges in sorted(found.columns)}
    found = found[sorted(found.columns)].set_axis(list(titles.values()), axis=1).reset_index()
    return found.sort_values("method", key=lambda names: names.map(ORDER.index), kind="stable"), titles


def tuning(rows: pd.DataFrame) -> pd.DataFrame:
    """What each rate of theta gave on the tuning seeds, a line per task, size and method, the chosen one marked."""
    import pandas as pd

    lines = []
    rows = rows[rows["role"] == "tuning"]
    for (task, edges, method), part in rows.groupby(["task", "edges", "method"], sort=False):
        column = "share_mean" if task == "toy" else "val"
        means = part.groupby("learning_rate")[column].mean() * PANELS[task][1]
        best = means.idxmax()
        tried = ", ".join(f"{rate:g}: {value:.1f}{'*' if rate == best else ''}" for rate, value in means.items())
        lines.append({"task": task, "edges": edges, "method": method, "rate: score": tried})
    return pd.DataFrame(lines)
