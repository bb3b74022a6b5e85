"""Cells as graphs on matplotlib axes, with the same layout and colours as the SVG view of a space."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nascore import checks
from nascore.companion import palette
from nascore.errors import SettingError
from nascore.spaces.layout import EDGE_COLOUR, NODE_HEIGHT, NODE_WIDTH, layout, op_colours, op_name, text_colour
from nascore.spaces.view import edge_curves, shade

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

POINTS_PER_UNIT = 0.62  # printed size of one layout unit


def draw_cell(ax: Axes, dag: Any, title: str = "", colours: Mapping[str, str] | None = None) -> None:
    """Draw one cell (a DAG, or a CellView) on `ax`; the axes keep the layout's proportions.

    `colours`: the fill of every label, as cells drawn together share it; chosen for this cell alone by default.
    """
    from matplotlib.patches import FancyBboxPatch, PathPatch, Polygon
    from matplotlib.path import Path

    dag = _dag(dag)
    place = layout(len(dag.labels), dag.edges)
    colours = op_colours(dag.labels) if colours is None else colours
    for curve in edge_curves(place):
        x, y = curve[-1]
        codes = [Path.MOVETO] + [Path.CURVE4] * (len(curve) - 1)
        path = Path([*curve[:-1], (x - 6, y)], codes)
        ax.add_patch(PathPatch(path, facecolor="none", edgecolor=EDGE_COLOUR, linewidth=1.1))
        ax.add_patch(Polygon([(x, y), (x - 7, y - 3.2), (x - 7, y + 3.2)], facecolor=EDGE_COLOUR, linewidth=0))
    for label, (x, y) in zip(dag.labels, place.nodes):
        fill = colours[label]
        radius = NODE_HEIGHT / 2 if label in ("input", "output") else 7
        style = (0, (3, 2)) if fill == "#ffffff" else "-"
        ax.add_patch(
            FancyBboxPatch(
                (x - NODE_WIDTH / 2, y - NODE_HEIGHT / 2),
                NODE_WIDTH,
                NODE_HEIGHT,
                boxstyle=f"round,pad=0,rounding_size={radius}",
                facecolor=fill,
                edgecolor=shade(fill),
                linewidth=0.9,
                linestyle=style,
            )
        )
        ax.text(
            x,
            y,
            op_name(label),
            ha="center",
            va="center",
            fontsize=12 * POINTS_PER_UNIT,
            fontweight="bold",
            color=text_colour(fill),
        )
    ax.set(xlim=(-4, place.width + 4), ylim=(place.height + 4, -4), aspect="equal")
    ax.axis("off")
    if title:
        ax.set_title(title, fontsize=9, color=palette.INK, loc="left")


def draw_cells(cells: Mapping[str, Any] | Sequence[Any], columns: int = 1) -> Figure:
    """Draw several cells in a grid; the keys of a mapping become titles. Node sizes are equal throughout."""
    import matplotlib.pyplot as plt

    named = dict(cells) if isinstance(cells, Mapping) else dict(enumerate(cells))
    if not named:
        raise SettingError("no cells to draw")
    columns = checks.whole("columns", columns, 1)
    dags = [_dag(cell) for cell in named.values()]
    sizes = [layout(len(dag.labels), dag.edges) for dag in dags]
    colours = op_colours([label for dag in dags for label in dag.labels])
    columns = min(columns, len(dags))
    grid = [list(range(start, min(start + columns, len(dags)))) for start in range(0, len(dags), columns)]
    widths = [max(sizes[i].width for row in grid for i in row[c : c + 1]) + 12 for c in range(columns)]
    heights = [max(sizes[i].height for i in row) + 42 for row in grid]
    scale = POINTS_PER_UNIT / 72 * 1.25
    fig, axes = plt.subplots(
        len(grid),
        columns,
        squeeze=False,
        figsize=(sum(widths) * scale, sum(heights) * scale),
        width_ratios=widths,
        height_ratios=heights,
    )
    for ax in axes.flat:
        ax.axis("off")
    for i, (name, dag) in enumerate(zip(named, dags)):
        draw_cell(axes[i // columns][i % columns], dag, name if isinstance(name, str) else "", colours)
    return fig


def _dag(cell: Any) -> Any:
    dag = getattr(cell, "dag", cell)
    if not hasattr(dag, "labels") or not hasattr(dag, "edges"):
        raise SettingError(f"{cell!r} is not a cell; give a DAG (space.dag(arch)) or a view (space.view(arch))")
    return dag


def draw_found(
    rows: pd.DataFrame,
    space: Any,
    arch: str,
    value: str,
    by: str = "method",
    place: float = 0.5,
    unit: str = "",
    columns: int = 2,
) -> tuple[Figure, pd.DataFrame]:
    """The cell that one trial of each `by` found, with its value: the trial at `place` among the trials sorted by
    column `value` (0: the lowest, 0.5: the middle, 1: the highest). `arch` is the column with the cell's text.

    Returns the figure and its data: columns `by`, seed, arch, value.
    """
    import pandas as pd

    cells, data = {}, []
    for name, group in rows.groupby(by, sort=False):
        trials = group.sort_values([value, "seed"])
        row = trials.iloc[min(int(place * len(trials)), len(trials) - 1)]
        cells[f"{name}: {row[value]:.2f}{unit}"] = space.dag(space.parse(row[arch]))
        data.append({by: name, "seed": row["seed"], "arch": row[arch], "value": row[value]})
    return draw_cells(cells, columns), pd.DataFrame(data)
