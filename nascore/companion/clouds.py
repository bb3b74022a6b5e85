"""Clouds: all architectures of a table as a density, and on it a known one, the corner above it, and what was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nascore.companion import palette

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

MARKERS = "os^Dvp"


def density(ax: Axes, x: np.ndarray, y: np.ndarray, gridsize: tuple[int, int] = (46, 28), **options: Any):
    """Number of points in hexagons, grey on a logarithmic scale; returns the artist for a colour bar."""
    options = {"cmap": "Greys", "alpha": 0.75, "linewidths": 0.1, "mincnt": 1, "bins": "log"} | options
    ax.grid(False)
    return ax.hexbin(x, y, gridsize=gridsize, **options)


def better_corner(ax: Axes, x: float, y: float, left: float, top: float, name: str) -> None:
    """A known point as a star, and the corner up and to the left of it (higher with no more cost) shaded."""
    ax.fill_between([left, x], y, top, color=palette.YELLOW, alpha=0.28, linewidth=0, zorder=1)
    ax.axvline(x, color=palette.INK, linewidth=0.9)
    ax.axhline(y, color=palette.INK, linewidth=0.9)
    ax.plot(x, y, "*", color=palette.INK, markersize=12, markeredgecolor="white", label=name, zorder=5, linestyle="")


def runs(
    ax: Axes, rows: pd.DataFrame, x: str, y: str, by: str = "method", names: Mapping[Any, str] | None = None
) -> None:
    """A marker per run at columns `x`, `y`, a shape and colour per group; `names` are the legend's words."""
    groups = list(rows.groupby(by, sort=False))
    for position, (name, part) in enumerate(groups):
        ax.plot(
            part[x],
            part[y],
            MARKERS[position % len(MARKERS)],
            color=palette.method_colour(str(name), position),
            markersize=7.5 - position,  # the later ones lie on top, so they are smaller
            markeredgecolor="white",
            markeredgewidth=0.7,
            linestyle="none",
            label=(names or {}).get(name, str(name)),
            zorder=4,
        )


def staircase(times: Sequence[float], values: Sequence[float], grid: np.ndarray) -> np.ndarray:
    """Best value for at most so much time at every point of `grid`; NaN before the first point."""
    order = np.argsort(times)
    at = np.searchsorted(np.asarray(times, float)[order], grid * (1 + 1e-9), side="right") - 1
    best = np.maximum.accumulate(np.asarray(values, float)[order])
    return np.where(at >= 0, best[np.maximum(at, 0)], np.nan)


def front_panels(fronts: pd.DataFrame, truth: pd.DataFrame, median: Mapping[str, int], stand_in: str = ""):
    """Fronts of every run beside the true one, and how far below it they are at the same time; (figure, axes [2, m]).

    `fronts`: method, seed, time, accuracy; `truth`: time, accuracy; `median`: the seed that is drawn thick.
    """
    import matplotlib.pyplot as plt

    fig, axes = plt.subplots(
        2,
        len(median),
        figsize=(3.1 * len(median), 5.0),
        sharex=True,
        sharey="row",
        squeeze=False,
        height_ratios=(1.5, 1),
        layout="constrained",
    )
    grid = np.geomspace(truth["time"].min(), 1, 240)
    best = staircase(truth["time"], truth["accuracy"], grid)
    for (method, middle), top, bottom, marker in zip(median.items(), *axes, MARKERS):
        top.step(grid, best, where="post", color=palette.INK, linewidth=1.1, label="true front")
        colour = palette.method_colour(method)
        for seed, run in fronts[fronts["method"] == method].groupby("seed"):
            line = staircase(run["time"], run["accuracy"], grid)
            mine = seed == middle
            style = {"color": colour, "linewidth": 1.5 if mine else 0.7, "alpha": 1 if mine else 0.45}
            if mine:
                top.plot(
                    run["time"],
                    run["accuracy"],
                    marker,
                    color=colour,
                    markersize=5,
                    markeredgecolor="white",
                    markeredgewidth=0.5,
                    label=f"{method}, median run",
                    zorder=3,
                )
            top.step(grid, line, where="post", **style)
            bottom.step(grid, best - line, where="post", **style)
        top.set_title(f"{method}{stand_in}")
        bottom.set(xscale="log", xlim=(grid[0] * 0.93, 1.05))
        ticks = [tick for tick in (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1) if tick >= grid[0] * 0.93]
        bottom.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        bottom.minorticks_off()
    return fig, axes
