"""Figures of several panels over runs: query curves, single runs as strips, shares of runs, ladders of settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nascore.companion import palette, plots, stats
from nascore.errors import SettingError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# quantity of a curve -> statistic, band, what the axis says
QUANTITIES = {
    "rank": ("median", "quartiles", "rank of the best so far\n(median, quartiles)"),
    "best": ("mean", "interval", "best so far (%)\n(mean, 95 % interval)"),
}
NAMES = {"rank": "Rank", "best": "Accuracy"}


def grid(columns: int, rows: int = 1, width: float = 3.6, height: float = 2.9, **options: Any):
    """A figure of `rows` x `columns` axes of `width` x `height` inches each; returns (figure, axes [rows, columns])."""
    import matplotlib.pyplot as plt

    size = (width * columns + 0.5, height * rows)
    return plt.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained", **options)


def panels_of(rows: pd.DataFrame, panel: str | None, titles: Mapping[Any, str] | None) -> list[tuple[Any, str, Any]]:
    """(value, title, rows) of every panel, in the order of `titles` or of the rows."""
    if panel is None:
        return [(None, "", rows)]
    present = list(dict.fromkeys(rows[panel]))
    order = [value for value in (titles or present) if value in present]
    return [(value, str((titles or {}).get(value, value)), rows[rows[panel] == value]) for value in order]


def draw_quantity(part: pd.DataFrame, quantity: str, ax: Axes, by: str = "method", start: int = 10) -> pd.DataFrame:
    """Query curves of one quantity ("rank" or "best") from query `start` on, the axes fitted to what is shown."""
    if quantity not in QUANTITIES:
        raise SettingError(f"unknown quantity {quantity!r}; choose one of {', '.join(QUANTITIES)}")
    statistic, band, label = QUANTITIES[quantity]
    table = plots.query_curves(part, value=quantity, by=by, statistic=statistic, band=band, ax=ax)
    shown = table[table["query"] >= min(start, table["query"].max() / 2)]
    end = table["query"].max()
    plots.plain_log(ax, "x", shown["query"].min(), end, dense=end < 100 * shown["query"].min())
    if quantity == "rank":
        plots.plain_log(ax, "y", max(1.15 * shown["high"].max(), 2), 0.8)
    else:
        low, high = shown["low"].min(), shown["high"].max()
        ax.set_ylim(low - 0.04 * (high - low) - 1e-9, high + 0.06 * (high - low) + 1e-9)
    ax.set_ylabel(label)
    return table


def curve_panels(
    rows: pd.DataFrame,
    panel: str | None = None,
    titles: Mapping[Any, str] | None = None,
    quantities: Sequence[str] = ("rank", "best"),
    *,
    by: str = "method",
    start: int = 10,
    stand_in: str = "",
    width: float = 3.9,
    same_scale: bool = True,
) -> tuple[Figure, Any, dict[str, pd.DataFrame]]:
    """Query curves: a column of panels per value of `panel`, a row per quantity; returns figure, axes [q, p], data.

    Without `panel` the quantities stand side by side (axes [1, q]). `stand_in` is added to the titles.
    `same_scale`: all panels of a quantity have one vertical axis.
    """
    import pandas as pd

    parts = panels_of(rows, panel, titles)
    shape = (len(quantities), 1) if panel is None else (len(parts), len(quantities))
    shared = {} if panel is None else {"sharex": "col", "sharey": "row" if same_scale else "none"}
    fig, axes = grid(*shape, width=width, **shared)
    cells = axes.T if panel is None else axes  # [quantity, panel]
    data: dict[str, list] = {quantity: [] for quantity in quantities}
    for quantity, row in zip(quantities, cells):
        limits = []
        for ax, (value, title, part) in zip(row, parts):
            table = draw_quantity(part, quantity, ax, by, start)
            limits.append(ax.get_ylim())
            data[quantity].append(table if panel is None else table.assign(**{panel: value}))
            first = quantity == quantities[0] or panel is None
            ax.set_title(f"{NAMES[quantity] if panel is None else title}{stand_in}" if first else "")
            if ax is not row[0]:
                ax.set_ylabel("")
            if panel is not None and quantity != quantities[-1]:
                ax.set_xlabel("")
        if quantity == "rank" and same_scale:
            plots.plain_log(row[0], "y", max(bottom for bottom, _ in limits), limits[0][1])
        elif same_scale:
            row[0].set_ylim(min(bottom for bottom, _ in limits), max(top for _, top in limits))
    plots.legend_below(fig)
    return fig, axes, {quantity: pd.concat(found) for quantity, found in data.items()}


def strip_panels(
    rows: pd.DataFrame,
    value: str,
    panel: str | None = None,
    titles: Mapping[Any, str] | None = None,
    *,
    by: str = "method",
    xlabel: str = "",
    stand_in: str = "",
    width: float = 3.9,
) -> tuple[Figure, Any, pd.DataFrame]:
    """Ranks of single runs on a logarithmic axis, a panel per value of `panel`, medians as diamonds beside them."""
    import pandas as pd

    parts = panels_of(rows, panel, titles)
    height = 0.34 * max(part[by].nunique() for _, _, part in parts) + 0.95
    fig, axes = grid(len(parts), width=width, height=height)
    data = []
    for ax, (place, title, part) in zip(axes[0], parts):
        table = plots.strip(part, value, by=by, ax=ax, log=True)
        data.append(table if panel is None else table.assign(**{panel: place}))
        top = 1.6 * max(part[value].max(), 4)
        plots.plain_log(ax, "x", 0.75, top, dense=top < 300)
        ax.set(title=f"{title}{stand_in}", xlabel=xlabel or value)
    for ax in axes[0][1:]:
        if [t.get_text() for t in ax.get_yticklabels()] == [t.get_text() for t in axes[0][0].get_yticklabels()]:
            ax.set_yticklabels([])
    return fig, axes, pd.concat(data)


def share_curves(
    rows: pd.DataFrame, column: str, budget: int, ax: Axes, by: str = "method", banded: Sequence[str] = ()
) -> pd.DataFrame:
    """Share of runs whose `column` (a query, NaN for never) has come, against queries up to `budget`.

    Wilson bands for the groups in `banded`. Returns the plotted table: `by`, query, share, low, high.
    """
    import pandas as pd

    queries = np.arange(1, budget + 1)
    parts = []
    for position, (name, group) in enumerate(rows.groupby(by, sort=False)):
        first = group[column].astype(float).to_numpy()
        share = [stats.proportion(int((first <= q).sum()), len(first)) for q in queries]
        value, low, high = np.array(share).T
        colour = palette.method_colour(str(name), position)
        ax.step(queries, value, where="post", color=colour, dashes=palette.method_dashes(str(name)), label=str(name))
        if name in banded:
            ax.fill_between(queries, low, high, step="post", color=colour, alpha=0.14, linewidth=0)
        parts.append(pd.DataFrame({by: name, "query": queries, "share": value, "low": low, "high": high}))
    ax.set(xlabel="queries", xlim=(0, budget), ylim=(-0.02, 1.03))
    return pd.concat(parts)


def ladder(
    rows: pd.DataFrame,
    value: str,
    cost: str,
    by: str,
    *,
    groups: Mapping[Any, str],
    group: str = "dataset",
    found: str = "",
    limit: float | None = None,
    best_first: bool = False,
    labels: tuple[str, str] = ("", ""),
    title: str = "",
) -> Figure:
    """Settings one below the other: `value` of every run (marker by `group`, hollow where column `found` is empty), its
    mean as a bar, and the mean `cost` beside it. `groups` names the groups; `labels` are those of the two axes."""
    import matplotlib.pyplot as plt

    order = list(dict.fromkeys(rows[by]))
    if best_first:
        order = list(rows.groupby(by)[value].mean().sort_values().index)
    fig, (left, right) = plt.subplots(
        1, 2, figsize=(8.2, 0.32 * len(order) + 1.2), layout="constrained", sharey=True, width_ratios=(2.2, 1)
    )
    for position, setting in enumerate(order):
        part = rows[rows[by] == setting]
        for place, name in enumerate(groups):
            runs = part[part[group] == name]
            hit = runs[found].notna() if found else runs[value].notna()
            colour = palette.CYCLE[place % len(palette.CYCLE)]
            for chosen, face in ((runs[hit], colour), (runs[~hit], "none")):
                height = position + (
                    np.linspace(-0.12, 0.12, len(chosen)) if len(chosen) > 1 else np.zeros(len(chosen))
                )
                left.plot(
                    chosen[value],
                    height,
                    "os^Dv"[place % 5],
                    color=colour,
                    markerfacecolor=face,
                    markersize=5,
                    alpha=0.8,
                    linestyle="",
                )
        left.plot(part[value].mean(), position, "|", color=palette.INK, markersize=15, markeredgewidth=1.8)
        mean = part[cost].mean()
        right.barh(position, mean, height=0.62, color=palette.method_colour(str(setting), 0))
        text = f"{mean:.1f}" if mean >= 0.1 else f"{mean:.2f}"
        right.annotate(text, (mean, position), xytext=(3, 0), textcoords="offset points", va="center", fontsize=8)
    for place, (name, text) in enumerate(groups.items()):
        if (rows[group] == name).any():
            left.plot([], [], "os^Dv"[place % 5], color=palette.CYCLE[place % len(palette.CYCLE)], label=text)
    left.plot([], [], "|", color=palette.INK, markersize=12, markeredgewidth=1.8, label="mean")
    left.set_yticks(range(len(order)), order)
    left.set(xlabel=labels[0], xlim=(0, None if limit is None else 1.03 * limit), title=title)
    left.set_ylim(len(order) - 0.5, -0.5)
    right.set(xlabel=labels[1], title="Cost")
    right.margins(x=0.18)
    right.grid(visible=False, axis="y")
    plots.legend_below(fig)
    return fig


def calibration(ax: Axes, bins: pd.DataFrame) -> None:
    """Measured against predicted (percent) in bins: columns predicted, measured, measured_sd (of the bin's cells)."""
    low, high = bins["predicted"].min() - 2, bins["predicted"].max() + 1
    ax.plot([low, high], [low, high], color=palette.MUTED, linewidth=0.9, linestyle=":", zorder=0)
    ax.errorbar(
        bins["predicted"],
        bins["measured"],
        yerr=bins["measured_sd"],
        fmt="D",
        color=palette.VERMILLION,
        markersize=4,
        linewidth=1.2,
        capsize=2,
        label="bin mean ± sd of the cells",
    )
    ax.set(xlim=(low, high), ylim=(low - 1, high), xlabel="predicted accuracy (%)", ylabel="measured accuracy (%)")
    ax.legend(loc="upper left")
