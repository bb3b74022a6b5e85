"""Tables 3 to 5 from the rows of the ranking study: which proxy ranks as trainings do, and how surely."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from nascore.studies.gennas.ranking import retrieved, worst_where_missing
from nascore.studies.gennas.samples import SAMPLES
from nascore.studies.gennas.style import ORDER

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

SHARES = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5)


def of_sample(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """The rows of one sample in the order of the tables; the proxy is their `method` (of a task for recurrent cells
    without the "-nlp", as printed)."""
    found = rows[rows["sample"] == name].rename(columns={"proxy": "method"})
    found = found.assign(method=found["method"].str.removesuffix("-nlp"))
    return found.sort_values(["method", "seed"], key=lambda c: c.map(ORDER.index) if c.name == "method" else c)


def cells(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """One line for each architecture and proxy of `of_sample` rows: method, group, row, score (higher is better; NaN
    where there is none) and rank (1 is the best of the benchmark)."""
    import pandas as pd

    parts = [
        pd.DataFrame(
            {
                "method": row["method"],
                "group": row["seed"],
                "row": row["curve"]["row"],
                "score": np.array(row["curve"]["score"], float),
                "rank": row["curve"][f"rank_{column}"],
            }
        )
        for _, row in rows.iterrows()
    ]
    return (
        pd.concat(parts, ignore_index=True)
        if parts
        else pd.DataFrame(columns=["method", "group", "row", "score", "rank"])
    )


def common(rows: pd.DataFrame) -> pd.DataFrame:
    """Only the groups that every proxy among the rows has been asked about, so that all are judged by the same."""
    asked = rows.groupby("method")["seed"].agg(set)
    shared = set.intersection(*asked) if len(asked) else set()
    return rows[rows["seed"].isin(shared)]


def retrieving(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """Table 5: the retrieving rate at the top 5 to 50 %, a line per proxy."""
    import pandas as pd

    lines = []
    for method, part in cells(rows, column).groupby("method", sort=False):
        score = worst_where_missing(part["score"].to_numpy())
        better = -part["rank"].to_numpy(float)
        rates = {f"top {share:.0%}": f"{retrieved(score, better, share):.2f}" for share in SHARES}
        lines.append({"method": method} | rates)
    return pd.DataFrame(lines)


def beside_table5(found: pd.DataFrame, value) -> pd.DataFrame:
    """`retrieving` with the paper's lines below ours; `value`: `nascore.companion.papers.paper_value`."""
    import pandas as pd

    said = []
    for method, row in (("gennas-combo", "gennas_combo"), ("gennas-search-n", "gennas_n")):
        numbers = {f"top {s:.0%}": f"{value('gennas', f'table5.{row}.top{round(100 * s)}').value:.2f}" for s in SHARES}
        said.append({"method": f"{method}, paper"} | numbers)
    return pd.concat([found, pd.DataFrame(said)], ignore_index=True)


def clouds(rows: pd.DataFrame, column: str, methods: tuple[str, ...]) -> tuple[Figure, pd.DataFrame]:
    """Score against accuracy, both as ranks among the architectures shown (1 is best), a panel per proxy."""
    import matplotlib.pyplot as plt

    found = cells(rows[rows["method"].isin(methods)], column)
    found["by score"] = found.groupby("method")["score"].rank(ascending=False, na_option="bottom")
    found["by accuracy"] = found.groupby("method")["rank"].rank()
    columns = min(4, len(methods))
    lines = -(-len(methods) // columns)
    fig, axes = plt.subplots(
        lines,
        columns,
        figsize=(2.2 * columns, 2.2 * lines),
        sharex=True,
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    for ax, method in zip(axes.flat, methods, strict=False):
        part = found[found["method"] == method]
        ax.plot(part["by score"], part["by accuracy"], ".", markersize=2, alpha=0.5)
        ax.set_title(method, fontsize=8)
        ax.invert_xaxis() if ax is axes.flat[0] else None
        ax.invert_yaxis() if ax is axes.flat[0] else None
    for ax in axes.flat[len(methods) :]:
        ax.axis("off")
    fig.supxlabel("rank by score (right: better)", fontsize=9)
    fig.supylabel("rank by accuracy (up: better)", fontsize=9)
    return fig, found


def introduction(rows: pd.DataFrame, name: str) -> str:
    """How many architectures each proxy has been asked about, in Markdown."""
    sample = SAMPLES[name]
    groups = rows.groupby("method")["seed"].nunique()
    words = ", ".join(f"{method} {count * sample.cells:,}" for method, count in groups.items() if count)
    return f"Architectures scored (groups of {sample.cells}): {words}."


def marked(ax, rows: pd.DataFrame, printed: Mapping[str, float]) -> None:
    """A cross at the printed number of each line of a strip of `rows`."""
    for place, method in enumerate(dict.fromkeys(rows["method"])):
        if method in printed:
            ax.plot(printed[method], place, "x", color="black", markersize=6, zorder=5)
