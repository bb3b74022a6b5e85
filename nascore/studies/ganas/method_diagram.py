"""Figures 1 and 3 redrawn from Section 3: the flow of GA-NAS, and how the generator builds a cell."""

from __future__ import annotations

INK, MUTED = "#222222", "#6e6e6e"
QUERY, SET, NETWORK = "#fbe3c0", "#eeeeee", "#cfe5f3"  # what costs an evaluation; architectures; what is trained
FLOW = [("X0", "S"), ("S", "evaluated"), ("evaluated", "T"), ("T", "D"), ("G", "D"), ("D", "G"), ("G", "S")]
PARTS = [("cell", "encoder"), ("encoder", "MLP"), ("MLP", "operation"), ("encoder", "GRU"), ("GRU", "edges")]


def _canvas(height: float, top: float):
    """A figure whose axes are 14 units wide and `top` high, without frame or margin."""
    import matplotlib.pyplot as plt

    fig, ax = plt.subplots(figsize=(7.4, height), layout="none")
    fig.subplots_adjust(0, 0, 1, 1)
    ax.set(xlim=(0, 14), ylim=(0, top))
    ax.axis("off")
    return fig, ax


def _box(ax, x: float, y: float, text: str, colour: str, width: float = 2.5, height: float = 1.15) -> None:
    from matplotlib.patches import FancyBboxPatch

    style = {"boxstyle": "round,pad=0,rounding_size=0.14", "facecolor": colour, "edgecolor": INK, "linewidth": 0.9}
    ax.add_patch(FancyBboxPatch((x - width / 2, y - height / 2), width, height, **style))
    ax.text(x, y, text, ha="center", va="center", fontsize=8.5)


def _arrow(ax, start, end, text: str = "", shift=(0.0, 0.0), align: str = "center", bend: float = 0.0) -> None:
    style = {"arrowstyle": "-|>", "color": INK, "lw": 1.2, "shrinkA": 0, "shrinkB": 0}
    ax.annotate("", end, start, arrowprops=style | {"connectionstyle": f"arc3,rad={bend}"})
    middle = ((start[0] + end[0]) / 2 + shift[0], (start[1] + end[1]) / 2 + shift[1])
    ax.text(*middle, text, ha=align, va="center", fontsize=8, color=INK)


def _words(ax, x: float, y: float, text: str, colour: str = MUTED, size: float = 8, align: str = "center") -> None:
    ax.text(x, y, text, ha=align, va="center", fontsize=size, color=colour)


def flow():
    """Figure 1: evaluated sets, truth set, generator and discriminator; returns (figure, table of arrows)."""
    import pandas as pd
    from matplotlib.patches import FancyBboxPatch

    fig, ax = _canvas(3.5, 6.6)
    _box(ax, 1.6, 5.6, "initial set $\\mathcal{X}_0$\nrandom", SET)
    _box(ax, 5.1, 5.6, "evaluate $S(x)$\nthe only queries", QUERY)
    _box(ax, 8.6, 5.6, "all evaluated\n$\\bigcup_i \\mathcal{X}_i$", SET)
    _box(ax, 12.3, 5.6, "truth set $\\mathcal{T}$\ntop $k$", SET)
    frame = {"facecolor": "none", "edgecolor": MUTED, "linestyle": (0, (4, 3)), "linewidth": 1}
    ax.add_patch(FancyBboxPatch((3.4, 0.3), 10.3, 3.4, boxstyle="round,pad=0,rounding_size=0.2", **frame))
    _words(ax, 8.7, 0.7, "Algorithm 2: $T'$ rounds, no evaluation")
    _box(ax, 5.1, 2.2, "generator $G$\nk-GNN, MLP, GRU", NETWORK)
    _box(ax, 12.3, 2.2, "discriminator $D$\nSiamese k-GNN", NETWORK)
    _arrow(ax, (2.85, 5.6), (3.85, 5.6))
    _arrow(ax, (6.35, 5.6), (7.35, 5.6))
    _arrow(ax, (9.85, 5.6), (11.05, 5.6), "select", (0, 0.28))
    _arrow(ax, (12.3, 5.02), (12.3, 2.78), "positives", (-0.12, 0.62), "right")
    _arrow(ax, (6.35, 2.45), (11.05, 2.45), "generated set $\\mathcal{F}$: negatives", (0, 0.3))
    _arrow(ax, (11.05, 1.95), (6.35, 1.95), "reward $R_D$, PPO", (0, -0.3))
    _arrow(ax, (5.1, 2.78), (5.1, 5.02), "new set $\\mathcal{X}_t$", (-0.15, 0.62), "right")
    return fig, pd.DataFrame(FLOW, columns=["source", "target"])


def generator():
    """Figure 3: encoder, operation and edges of one decision; returns the figure and its parts as a table."""
    import pandas as pd

    fig, ax = _canvas(3.3, 6.3)
    drawn = {"input": (0.8, 4.6), "conv3x3": (2.3, 5.5), "maxpool": (2.3, 3.7)}
    thin = {"arrowstyle": "-|>", "shrinkA": 15, "shrinkB": 15, "color": MUTED}
    for source, target in (("input", "conv3x3"), ("input", "maxpool"), ("conv3x3", "maxpool")):
        ax.annotate("", drawn[target], drawn[source], arrowprops=thin)
    for name, (x, y) in drawn.items():
        _box(ax, x, y, name, SET, 1.35, 0.62)
    _words(ax, 1.6, 2.85, "partial cell $\\mathcal{C}_{t-1}$", size=8.5)
    _box(ax, 4.8, 4.6, "encoder\nk-GNN", NETWORK, 1.8, 1.2)
    _arrow(ax, (3.1, 4.6), (3.9, 4.6))
    _box(ax, 8.0, 5.4, "MLP", NETWORK, 1.5, 0.8)
    _arrow(ax, (5.7, 4.8), (7.25, 5.4), "cell", (0, 0.32))
    _arrow(ax, (8.75, 5.4), (9.9, 5.4))
    _words(ax, 10.05, 5.4, "P(operation), P(output)", INK, 8.5, "left")
    for i, x in enumerate((6.9, 9.5, 12.1)):
        entry = x - 0.45 if i else x
        _box(ax, x, 2.6, "GRU", NETWORK, 1.3, 0.8)
        _arrow(ax, (x, 2.2), (x, 1.35))
        _words(ax, x, 1.05, f"P(edge from node {i})", INK)
        _arrow(ax, (entry, 3.75), (entry, 3.0))
        _words(ax, entry, 3.95, f"node {i}")
        if i:
            _arrow(ax, (x - 1.95, 2.6), (x - 0.65, 2.6), "edge?", (0, 0.24))
    _arrow(ax, (4.8, 4.0), (6.25, 2.6), bend=0.2)
    _words(ax, 4.3, 2.75, "cell and\noperation")
    last = "decoder: the action $a_t$ is the operation with its edges; next state: the cell with one node more"
    _words(ax, 7.0, 0.4, last, size=8.5)
    return fig, pd.DataFrame(PARTS, columns=["source", "target"])
