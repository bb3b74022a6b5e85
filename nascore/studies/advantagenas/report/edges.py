"""The edges study from its rows: each method by the number of edges, and the lead of the advantage over REINFORCE."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nascore.companion import intervals, palette
from nascore.studies.advantagenas.edges import EXACT, METHODS, RANDOM

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

ORDER = (*METHODS, EXACT, RANDOM)
PANELS = {  # task -> column, factor, what it is
    "toy": ("share_mean", 100, "edges as the teacher's (%, mean over the search)"),
    "digits": ("test", 1, "test accuracy of the derived cell (%)"),
}
OURS, RIVALS = METHODS[0], METHODS[1:]


def searches(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows without tuning, in the order of the tables."""
    rows = rows[rows["role"] == "search"]
    return rows.sort_values(["task", "edges", "method"], key=lambda c: c.map(_place) if c.name == "method" else c)


def _place(method: str) -> int:
    return ORDER.index(method)


def by_edges(rows: pd.DataFrame, task: str) -> pd.DataFrame:
    """Columns method, edges, value, low, high (mean with 95 % interval over the trials), runs."""
    import pandas as pd

    column, factor, _ = PANELS[task]
    lines = []
    for (method, edges), part in rows[rows["task"] == task].groupby(["method", "edges"], sort=False):
        found = intervals.single(factor * part[column].to_numpy(float))
        lines.append({"method": method, "edges": edges, **found._asdict(), "runs": len(part)})
    return pd.DataFrame(lines, columns=["method", "edges", "value", "low", "high", "runs"])


def picture(rows: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """A panel per task: the methods against the number of edges."""
    import matplotlib.pyplot as plt
    import numpy as np
    import pandas as pd

    fig, axes = plt.subplots(1, 2, figsize=(9.0, 3.7), layout="constrained")
    data = []
    for ax, (task, (_, _, label)) in zip(axes, PANELS.items(), strict=True):
        found = by_edges(rows, task)
        for shift, (method, part) in enumerate(found.groupby("method", sort=False)):
            x = part["edges"] + 0.18 * (shift - 1.5)
            bars = np.nan_to_num([part["value"] - part["low"], part["high"] - part["value"]], posinf=0.0)
            line = {"color": palette.method_colour(str(method)), "dashes": palette.method_dashes(str(method))}
            ax.errorbar(x, part["value"], yerr=bars, marker="o", markersize=4, label=method, **line)
        ax.set(xlabel="edges", ylabel=label, title=task, xticks=sorted(found["edges"].unique()))
        data.append(found.assign(task=task))
    return fig, pd.concat(data, ignore_index=True)


def ahead(rows: pd.DataFrame) -> pd.DataFrame:
    """How far AdvantageNAS is ahead of either REINFORCE, of the same seed and so the same data and weights: mean
    difference with 95 % interval, and the trials in which it is ahead (ties half)."""
    import pandas as pd

    lines = []
    for task, (column, factor, _) in PANELS.items():
        part = rows[rows["task"] == task]
        for edges, group in part.groupby("edges"):
            line = {"task": task, "edges": edges}
            ours = group[group["method"] == OURS].set_index("seed")[column]
            for rival in RIVALS:
                other = group[group["method"] == rival].set_index("seed")[column]
                apart = factor * (ours - other).dropna().to_numpy(float)
                won = (apart > 0).sum() + (apart == 0).sum() / 2
                line[f"minus {rival}"] = intervals.paired(apart).text(1) if len(apart) else "–"
                line[f"ahead of {rival}"] = f"{won:g} of {len(apart)}"
            lines.append(line)
    return pd.DataFrame(lines)


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
