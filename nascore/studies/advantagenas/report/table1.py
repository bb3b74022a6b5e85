"""Table 1 from its rows: seen beside printed, and one draw of each strategy as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from nascore.studies.advantagenas.properties import METHODS, OPS

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

SEEN = ("propagation", "weight_step", "architecture", "stochastic")
STEPS = ("weight step", "architecture step")


def steady(rows: pd.DataFrame) -> bool:
    """Whether every seed shows the same properties."""
    return bool(rows.groupby("method")[list(SEEN)].nunique().eq(1).all(axis=None))


def lines(rows: pd.DataFrame, printed: Mapping[str, Mapping]) -> pd.DataFrame:
    """One line per method, `seen | printed`; `printed`: the rows of the paper's table by key."""
    import pandas as pd

    table = []
    for method, part in rows.groupby("method", sort=False):
        row = part.iloc[0]
        paper = printed[row["row"]]
        table.append(
            {
                "method": method,
                "ours": METHODS[method],
                "propagation": _both(row["propagation"], paper["propagation"]),
                "weight steps": row["weight_step"],
                "a_i": _both(row["architecture"], paper["architecture"]),
                "stochastic": _both(row["stochastic"], paper["stochastic"]),
                "TG": _both(row["guarantee"] or "–", paper["guarantee"] or "–"),
                "computed": f"{row['computed']:.0f} of {OPS}",
                "in weight steps": f"{row['computed_weight_step']:.0f}",
                "largest |sum - 1|": f"{row['total']:.6f}",
            }
        )
    return pd.DataFrame(table)


def _both(found: str, printed: str) -> str:
    return f"{found} | {printed}" + ("" if found == printed else "  differs")


def draws(edges: int, operations: int, seed: int = 1) -> pd.DataFrame:
    """One draw of each strategy at a random theta, half-way through a search, on `edges` edges with `operations`
    candidates each: columns method, step, edge, operation, computed (bool), weight."""
    import pandas as pd
    import torch

    from nascore.networks.choices import Choices
    from nascore.search import oneshot

    table = []
    for method, name in METHODS.items():
        strategy = getattr(oneshot, name)(Choices(edges, tuple(map(str, range(operations)))), seed=seed)
        with torch.no_grad():
            strategy.theta.copy_(torch.rand(edges, operations, generator=torch.Generator().manual_seed(4)))
        strategy.progress = 0.5
        for step, draw in zip(STEPS, (strategy.weight_draw(), strategy.draw())):
            weights = draw.weights.detach().numpy()
            for i in range(edges):
                for j in range(operations):
                    computed = j in draw.active[i]
                    weight = round(float(weights[i, j]), 4) if computed else 0.0
                    table.append((method, step, i, j, computed, weight))
    return pd.DataFrame(table, columns=["method", "step", "edge", "operation", "computed", "weight"])


def picture(table: pd.DataFrame) -> Figure:
    """Draws (see `draws`) as squares, rows edges and columns operations: filled with weight, outlined if computed."""
    import matplotlib.pyplot as plt
    from matplotlib.patches import Rectangle

    methods = list(dict.fromkeys(table["method"]))
    fig, axes = plt.subplots(2, len(methods), figsize=(1.25 * len(methods), 3.5), layout="constrained", squeeze=False)
    for (method, step), part in table.groupby(["method", "step"], sort=False):
        ax = axes[STEPS.index(step)][methods.index(method)]
        for _, square in part.iterrows():
            weight = square["weight"]
            ax.add_patch(
                Rectangle(
                    (square["operation"] + 0.1, square["edge"] + 0.1),
                    0.8,
                    0.8,
                    facecolor="C0" if weight > 0 else "white",
                    alpha=0.2 + 0.8 * min(weight, 1.0) if weight > 0 else 1.0,
                    edgecolor="C0" if square["computed"] else "0.88",
                    linewidth=0.9,
                )
            )
        ax.set(xlim=(0, part["operation"].max() + 1), ylim=(part["edge"].max() + 1, 0), aspect="equal")
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        if step == STEPS[0]:
            ax.set_title(method, fontsize=8.5)
        if method == methods[0]:
            ax.set_ylabel(step, fontsize=8.5)
    return fig
