"""What searches measure on their way, over trials: medians with bands, in one axes or in a panel per method.

A row's `curve` is a dict of lists of equal length, one of them (`x`) rising: epochs, iterations or queries.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from nascore.companion import intervals, palette, stats
from nascore.errors import ResultsError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HEAVY, LIGHT = 2.2, 1.4  # line widths in points


def course(
    rows: pd.DataFrame,
    y: str,
    x: str = "epoch",
    by: str = "method",
    upto: float | None = None,
    window: int = 1,
    statistic: str = "median",
    band: str = "quartiles",
) -> pd.DataFrame:
    """Column `y` of the rows' curves against `x` up to `upto`, over the trials of each `by`.

    Each trial's curve is first averaged over the last `window` of its points.

    Columns `by`, `x`, value, low, high, runs (see `stats.aggregate_curves`), in the order of `rows`.
    """
    import pandas as pd

    parts = []
    for name, group in rows.groupby(by, sort=False):
        runs = [
            {"query": curve[x], y: _trailing_mean(curve[y], window)}
            for curve in group["curve"]
            if isinstance(curve, Mapping)
        ]
        if runs:
            grid = [step for step in runs[0]["query"] if upto is None or step <= upto]
            part = pd.DataFrame(stats.aggregate_curves(runs, grid, y, statistic, band))
            part.insert(0, by, name)
            parts.append(part.assign(runs=len(runs)).rename(columns={"query": x}))
    if not parts:
        raise ResultsError(f"these rows hold no curves of {y!r}")
    return pd.concat(parts, ignore_index=True)


def against(rows: pd.DataFrame, y: str, x: str, by: str = "method", scale: float = 1.0) -> pd.DataFrame:
    """Column `y` of the rows, times `scale`, against a setting `x` of theirs: mean and 95 % interval over the trials.

    Columns `by`, `x`, value, low, high, runs as `course` gives them; of too few trials for an interval low and high
    are the value.
    """
    import pandas as pd

    lines = []
    for (name, place), group in rows.groupby([by, x], sort=False):
        found = intervals.single(scale * group[y].to_numpy(float))
        low, high = (end if np.isfinite(end) else found.value for end in (found.low, found.high))
        lines.append({by: name, x: place, "value": found.value, "low": low, "high": high, "runs": len(group)})
    if not lines:
        raise ResultsError(f"there are no rows to show {y!r} of")
    return pd.DataFrame(lines)


def _trailing_mean(values: Sequence[float], window: int) -> np.ndarray:
    """The mean of the last `window` values at every place (of fewer at the start), shape [len(values)]."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(ends - window, 0)
    return np.asarray(values, float) if window == 1 else (total[ends] - total[starts]) / (ends - starts)


def long_form(rows: pd.DataFrame, y: Sequence[str], x: str = "epoch", by: str = "method") -> pd.DataFrame:
    """Every trial's curve: columns `by`, seed, `x` and each of `y`."""
    import pandas as pd

    parts = [
        pd.DataFrame({by: row[by], "seed": row["seed"]} | {name: row["curve"][name] for name in (x, *y)})
        for _, row in rows.iterrows()
        if isinstance(row["curve"], Mapping)
    ]
    if not parts:
        raise ResultsError(f"these rows hold no curves of {', '.join(y)}")
    return pd.concat(parts, ignore_index=True)


def draw(
    ax: Axes, table: pd.DataFrame, names: Sequence[str] | None = None, heavy: str = "", bands: bool = True
) -> None:
    """Lines with bands from a table that `course` gives: one per name, the `heavy` one thicker."""
    by, x = table.columns[:2]
    for position, (name, part) in enumerate(table.groupby(by, sort=False)):
        if names is not None and name not in names:
            continue
        colour, dashes = palette.method_colour(str(name), position), palette.method_dashes(str(name))
        if bands and (part["runs"] > 1).all():
            ax.fill_between(part[x], part["low"], part["high"], color=colour, alpha=0.15, linewidth=0)
        width = HEAVY if name == heavy else LIGHT
        ax.plot(part[x], part["value"], color=colour, dashes=dashes, linewidth=width, label=str(name))
    ax.xaxis.get_major_locator().set_params(integer=True)


def small_multiples(
    tables: pd.DataFrame | Mapping[str, pd.DataFrame],
    xlabel: str,
    ylabel: str,
    reference: str = "",
    columns: int = 4,
    height: float = 1.8,
) -> tuple[Figure, np.ndarray]:
    """One panel per name of a `course` table, all with the same axes; returns the figure and its used axes.

    Several tables give several lines a panel, the first whole with its band, the others dashed, with a legend above;
    `reference` is the name whose line is repeated in grey in the other panels.
    """
    import matplotlib.pyplot as plt
    from matplotlib.lines import Line2D

    tables = tables if isinstance(tables, Mapping) else {"": tables}
    first = next(iter(tables.values()))
    by, x = first.columns[:2]
    names = list(dict.fromkeys(first[by]))
    columns = min(columns, len(names))
    lines = -(-len(names) // columns)
    fig, axes = plt.subplots(
        lines,
        columns,
        figsize=(2.05 * columns + 0.6, height * lines + 0.4),
        layout="constrained",
        sharex=True,
        sharey=True,
        squeeze=False,
    )
    for position, (ax, name) in enumerate(zip(axes.flat, names)):
        colour = palette.method_colour(str(name), position)
        if reference and name != reference:
            ghost = first[first[by] == reference]
            ax.plot(ghost[x], ghost["value"], color=palette.MUTED, linewidth=0.9, alpha=0.7)
        for number, table in enumerate(tables.values()):
            part = table[table[by] == name]
            if not number and len(part):
                ax.fill_between(part[x], part["low"], part["high"], color=colour, alpha=0.18, linewidth=0)
            ax.plot(part[x], part["value"], color=colour, linewidth=1.6, linestyle="--" if number else "-")
        ax.set_title(str(name), fontsize=9)
    for ax in axes.flat[len(names) :]:
        ax.set_visible(False)
    if len(tables) > 1:
        styles = ["-", *["--"] * (len(tables) - 1)]
        lines = [Line2D([], [], color=palette.INK, linewidth=1.6, linestyle=style) for style in styles]
        fig.legend(lines, list(tables), loc="outside upper center", ncols=len(tables))
    fig.supxlabel(xlabel, fontsize=9)
    fig.supylabel(ylabel, fontsize=9)
    return fig, axes.flat[: len(names)]


def error_scale(ax: Axes, ticks: Sequence[float], start: float, end: float) -> None:
    """A y axis of percentages from `start` to `end` < 100 on which equal distances are equal ratios of the error."""
    from matplotlib.ticker import FixedLocator, NullLocator, ScalarFormatter

    def forward(percent):
        return -np.log10(np.maximum(100 - np.asarray(percent, float), 1e-3))

    def backward(place):
        return 100 - 10 ** -np.asarray(place, float)

    ax.set_yscale("function", functions=(forward, backward))
    ax.set_ylim(start, end)
    ax.yaxis.set_major_locator(FixedLocator([tick for tick in ticks if start <= tick <= end]))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(ScalarFormatter())
