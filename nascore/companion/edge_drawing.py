"""A cell with operations on its edges, and below it the same cell with the edges turned into nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from nascore.companion import drawing, palette
from nascore.spaces.layout import NODE_HEIGHT, NODE_WIDTH, layout, op_colours, op_name, text_colour

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_edges(ax: Axes, space: Any, arch: Any) -> None:
    """The feature maps of an edge space as discs in a row, an arrow per operation, numbered in the space's order."""
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    colours = op_colours([space.ops[op] for op in arch])
    for index in range(space.nodes):
        name = {0: "input", space.nodes - 1: "output"}.get(index, f"map {index}")
        ax.plot(index, 0, "o", markersize=30, color=op_colours(["input"])["input"], zorder=3)
        ax.text(index, 0, name, ha="center", va="center", color="white", fontsize=7, fontweight="bold", zorder=4)
    for number, ((source, target), op) in enumerate(zip(space.pairs, arch), 1):
        span, fill = target - source, colours[space.ops[op]]
        height = {1: 0.0, 2: 0.66 if source == 0 else -0.66}.get(span, 1.25)
        if span == 1:
            curve = Path([(source + 0.105, 0), (target - 0.105, 0)], [Path.MOVETO, Path.LINETO])
        else:
            rim = np.copysign(0.15, height)
            control = (8 * height - 2 * rim) / 6  # a cubic curve whose middle lies at the wanted height
            points = [(source + 0.06, rim), (source + 0.28 * span, control)]
            points += [(target - 0.28 * span, control), (target - 0.06, rim)]
            curve = Path(points, [Path.MOVETO] + [Path.CURVE4] * 3)
        arrow = {"arrowstyle": "-|>", "mutation_scale": 13, "linewidth": 2.2, "color": fill, "zorder": 1}
        ax.add_patch(FancyArrowPatch(path=curve, **arrow))
        ax.text(
            (source + target) / 2,
            height,
            f"{number}  {op_name(space.ops[op])}",
            ha="center",
            va="center",
            fontsize=8,
            color=text_colour(fill),
            fontweight="bold",
            zorder=5,
            bbox={"boxstyle": "round,pad=0.3", "facecolor": fill, "edgecolor": "white"},
        )
    ax.set(xlim=(-0.35, space.nodes - 0.65), ylim=(-0.95, 1.5))
    ax.axis("off")


def draw_conversion(space: Any, arch: Any, titles: tuple[str, str]):
    """Both forms of a cell, the same numbers at the same operations; returns (figure, table of the operations)."""
    import matplotlib.pyplot as plt
    import pandas as pd

    dag = space.dag(arch)
    place = layout(len(dag.labels), dag.edges)
    fig, (top, bottom) = plt.subplots(2, 1, figsize=(7.6, 5.6), height_ratios=(1.15, 1))
    draw_edges(top, space, arch)
    drawing.draw_cell(bottom, dag)
    for number, (x, y) in enumerate(place.nodes[1:-1], 1):
        corner = (x - NODE_WIDTH / 2 + 3, y - NODE_HEIGHT / 2 - 4)
        bottom.text(*corner, f"{number}", va="bottom", fontsize=8, fontweight="bold", color=palette.INK)
    bottom.set_ylim(place.height + 4, -22)
    for ax, title in zip((top, bottom), titles):
        ax.set_title(title, loc="left")
    count = len(space.pairs)
    table = {
        "number": range(1, count + 1),
        "edge": [f"{a}>{b}" for a, b in space.pairs],
        "operation": dag.labels[1:-1],
        "fed by": [" ".join(str(a) for a, b in dag.edges if b == k) for k in range(1, count + 1)],
    }
    return fig, pd.DataFrame(table)
