"""Plots: query curves with bands, measured against printed values, and one way to save a figure with its data."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nascore import checks, paths
from nascore.companion import columns, palette, stats
from nascore.errors import ResultsError, SettingError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STYLE = Path(__file__).with_name("nascore.mplstyle")


def use_style() -> None:
    """Set the companion's matplotlib style."""
    import matplotlib.pyplot as plt

    plt.style.use(STYLE)


def save_figure(fig: Figure, name: str, data: pd.DataFrame | Mapping[str, pd.DataFrame]) -> list[Path]:
    """Write `<figures>/<name>.pdf`, `.png` and the plotted data as `.csv`, each in one piece.

    The bytes depend only on the figure: no dates are stored. `data` may be a dict of tables, written to
    `<name>_<key>.csv` each. The folder is `nascore.paths.figures`.
    """
    if not re.fullmatch(r"[\w-]+(/[\w-]+)*", name):
        raise SettingError(f"figure name {name!r}: use letters, digits, - and _, with / for folders")
    from matplotlib import rc_context

    # embedding a mathematical font in a PDF makes fontTools remark on the font's dates
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    folder = paths.figures()
    written = []
    for ending, metadata in (
        ("pdf", {"CreationDate": None, "Creator": None, "Producer": None}),
        ("png", {"Software": None}),
    ):
        buffer = io.BytesIO()
        # after saving, matplotlib gives a figure without a layout engine the style's one: it would move the next save
        with rc_context({} if fig.get_layout_engine() else {"figure.constrained_layout.use": False}):
            fig.savefig(buffer, format=ending, metadata=metadata)
        written.append(paths.atomic_write(folder / f"{name}.{ending}", buffer.getvalue()))
    tables = {f"{name}_{key}": table for key, table in data.items()} if _is_dict(data) else {name: data}
    for stem, table in tables.items():
        text = table.to_csv(index=False, float_format="%.6g", lineterminator="\n")
        written.append(paths.atomic_write(folder / f"{stem}.csv", text))
    return written


def publish(fig: Figure, name: str, data: pd.DataFrame | Mapping[str, pd.DataFrame]) -> None:
    """Save a figure with its data (see `save_figure`) and show it: what a notebook's cell ends with."""
    import matplotlib.pyplot as plt

    save_figure(fig, name, data)
    plt.show()


def _is_dict(data: object) -> bool:
    return isinstance(data, dict)


def curve_table(
    rows: pd.DataFrame,
    value: str = "best",
    by: str = "method",
    grid: Sequence[float] | None = None,
    statistic: str = "mean",
    band: str = "interval",
) -> pd.DataFrame:
    """Query curves averaged over seeds: columns `by`, query, value, low, high, runs (see stats.aggregate_curves)."""
    import pandas as pd

    columns.check_table(rows, ("by", by))
    if "curve" not in rows:
        raise ResultsError("these rows hold no query curves")
    parts = []
    for name, group in rows.groupby(by, sort=False):
        runs = [curve for curve in group["curve"] if isinstance(curve, Mapping)]
        if not runs:
            continue
        budget = max(float(np.max(group["queries"])) if "queries" in group else 0, *(c["query"][-1] for c in runs))
        steps = np.unique(np.round(np.geomspace(1, budget, 160))) if grid is None else np.asarray(grid)
        part = pd.DataFrame(stats.aggregate_curves(runs, steps, value, statistic, band))
        part.insert(0, by, name)
        part["runs"] = len(runs)
        parts.append(part)
    if not parts:
        raise ResultsError("these rows hold no query curves")
    return pd.concat(parts, ignore_index=True)


def query_curves(
    rows: pd.DataFrame,
    value: str = "best",
    by: str = "method",
    ax: Axes | None = None,
    optimum: float | None = None,
    regret: bool = False,
    statistic: str = "mean",
    band: str = "interval",
) -> pd.DataFrame:
    """Draw best-so-far `value` against queries, one line with a band per method; returns the plotted data.

    `optimum` draws a reference line, or with `regret=True` turns the value into its distance to the optimum on a
    logarithmic axis. `value="rank"` is drawn on a logarithmic axis too.
    """
    import matplotlib.pyplot as plt

    regret = checks.flag("regret", regret)
    optimum = None if optimum is None else checks.number("optimum", optimum)
    table = curve_table(rows, value, by, statistic=statistic, band=band)
    ax = plt.gca() if ax is None else ax
    if regret:
        if optimum is None:
            raise SettingError("regret=True needs the optimum")
        low, high = optimum - table["high"], optimum - table["low"]
        table = table.assign(value=optimum - table["value"], low=low, high=high)
        # a logarithmic axis cannot show a distance of 0: it is drawn at a hundredth of a point
        table[["value", "low", "high"]] = table[["value", "low", "high"]].clip(lower=0.01)
    for position, (name, part) in enumerate(table.groupby(by, sort=False)):
        colour = palette.method_colour(str(name), position)
        dashes = palette.method_dashes(str(name))
        ax.fill_between(part["query"], part["low"], part["high"], color=colour, alpha=0.16, linewidth=0, step="post")
        ax.step(part["query"], part["value"], where="post", color=colour, label=str(name), dashes=dashes)
    if regret or value == "rank":
        ax.set_yscale("log")
    if value == "rank":
        ax.invert_yaxis()
    if optimum is not None and not regret:
        ax.axhline(optimum, color=palette.PAPER, linewidth=0.9, linestyle=":", label="best in the benchmark")
    ax.set_xlabel("queries")
    ax.set_ylabel({"best": "best accuracy so far (%)", "rank": "rank of the best cell so far"}.get(value, value))
    if regret:
        ax.set_ylabel("distance to the best cell (points)")
    ax.legend()
    return table


def plain_log(ax: Axes, axis: str, start: float, end: float, dense: bool = False) -> None:
    """Logarithmic `axis` ("x" or "y") from `start` to `end` (either may be the larger) with plain numbers.

    Ticks at 1, 10, 100, ...; `dense`: at 1, 2, 5, 10, ...
    """
    low, high = min(start, end), max(start, end)
    if axis not in ("x", "y") or not 0 < low < high:
        raise SettingError(
            f"axis {axis!r} from {start!r} to {end!r}: expected x or y and two different numbers above 0"
        )
    steps = (1, 2, 5) if dense else (1,)
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    ticks = [float(f"{step}e{power}") for power in powers for step in steps]
    ticks = [tick for tick in ticks if low <= tick <= high]
    decimals = [0 if tick >= 1 else -int(np.floor(np.log10(tick))) for tick in ticks]
    labels = [f"{tick:,.{places}f}" for tick, places in zip(ticks, decimals)]
    getattr(ax, f"set_{axis}scale")("log")
    getattr(ax, f"set_{axis}lim")(start, end)
    getattr(ax, f"set_{axis}ticks")(ticks, labels)
    getattr(ax, f"set_{axis}ticks")([], minor=True)


def legend_below(fig: Figure, columns: int = 7) -> None:
    """One legend for all axes, below the figure (which needs the constrained layout); the axes' own are removed."""
    found: dict = {}
    for ax in fig.axes:
        for handle, label in zip(*ax.get_legend_handles_labels()):
            found.setdefault(label, handle)
        if ax.get_legend() is not None:
            ax.get_legend().remove()
    for legend in list(fig.legends):  # of an earlier call
        legend.remove()
    if found:
        fig.legend(found.values(), found.keys(), loc="outside lower center", ncols=min(columns, len(found)))


def strip(
    rows: pd.DataFrame,
    value: str,
    by: str = "method",
    ax: Axes | None = None,
    log: bool = False,
    start: float | None = None,
) -> pd.DataFrame:
    """Every run as a dot, beside it the mean (on a logarithmic axis: the median), of three or more with its interval.

    With `start` the axis begins there, and what lies below is written at its edge. A group without a number keeps its
    line. Returns the plotted summary: columns `by`, mean or median, low, high, runs.
    """
    import matplotlib.pyplot as plt
    import pandas as pd

    ax = plt.gca() if ax is None else ax
    name_of, statistic = ("median", np.median) if log else ("mean", np.mean)
    summary = []
    groups = list(rows.groupby(by, sort=False))
    for position, (name, group) in enumerate(groups):
        values = pd.to_numeric(group[value], errors="coerce").dropna().to_numpy(float)
        if not len(values):
            continue
        colour = palette.method_colour(str(name), position)
        spread = np.linspace(-0.16, 0.16, len(values)) if len(values) > 1 else np.zeros(1)
        inside = values >= (-np.inf if start is None else start)
        ax.plot(
            values[inside], position + spread[inside], "o", color=colour, alpha=0.45, markersize=4, markeredgewidth=0
        )
        if not inside.all():
            outside = "\u25c2 " + ", ".join(f"{number:.0f}" for number in sorted(values[~inside]))
            box = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}
            ax.text(start, position - 0.05, outside, fontsize=8, color=colour, va="center", bbox=box, zorder=4)
        estimate = stats.bootstrap_ci(values, statistic)
        ax.errorbar(
            estimate.value,
            position + 0.3,
            xerr=[[estimate.value - estimate.low], [estimate.high - estimate.value]] if len(values) > 2 else None,
            fmt="D",
            color=palette.INK,
            markersize=4,
            linewidth=1.2,
            capsize=2.5,
        )
        summary.append(
            {by: name, name_of: estimate.value, "low": estimate.low, "high": estimate.high, "runs": len(values)}
        )
    ax.set_yticks(range(len(groups)), [str(name) for name, _ in groups])
    ax.set_ylim(len(groups) - 0.4, -0.6)
    ax.grid(axis="y", visible=False)
    if log:
        ax.set_xscale("log")
    else:
        ax.xaxis.set_major_locator(plt.MaxNLocator(6))
    if start is not None:
        ax.set_xlim(start, None)
    ax.set_xlabel(value)
    return pd.DataFrame(summary)
