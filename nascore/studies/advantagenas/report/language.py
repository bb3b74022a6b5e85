"""Table 3 from its rows: what was run in words, the cells operation by operation, and how alike they are."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from nascore.spaces.recurrent import OPS, SPACE
from nascore.studies.advantagenas.gates import SPREAD, TEXT_PILOTS, spread
from nascore.studies.advantagenas.language import DECIDING, PAPER, RANDOM, SEARCHES, SMOKE, TANH

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

EDGES = tuple(f"{a}>{b}" for a, b in SPACE.pairs)
ORDER = (*SEARCHES, RANDOM, TANH)
LEAST = 5  # searches of each method
UNDECIDED = float(np.log(len(OPS)))  # entropy in nats of equal probabilities


def decided(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of the setting that decides once every search has LEAST of them; those of the others until then."""
    large = (rows["units"] == DECIDING.units) & (rows["tokens"] == DECIDING.tokens)
    counts = rows[large].groupby("method")["seed"].nunique()
    return rows[large == all(counts.get(method, 0) >= LEAST for method in SEARCHES)] if large.any() else rows


def gate(gates: pd.DataFrame, epochs: int = DECIDING.retrain_epochs) -> pd.DataFrame:
    """Random cells that were trained alone for `epochs` and more than once, in order of their mean perplexity: cell,
    place, seed, val."""
    rows = gates[gates["gate"] == "ptb"] if len(gates) else gates.assign(cell=[], val=[], retrain_epochs=[])
    rows = rows[rows["retrain_epochs"].isin((epochs, SMOKE.retrain_epochs))]
    places = rows.groupby("cell")["val"].mean().rank(method="first").astype(int)
    found = rows.assign(place=rows["cell"].map(places))
    return found[["cell", "place", "seed", "val"]].sort_values(["place", "seed"])


def draw_gate(ax: Axes, trained: pd.DataFrame) -> None:
    """The table of `gate`: a dot per training."""
    for seed, part in trained.groupby("seed"):
        ax.plot(part["place"], part["val"], ".", label=f"seed {seed}")
    ax.set(xlabel="random cells, in order of their mean", ylabel="validation perplexity")
    if len(trained):
        ax.legend(fontsize=8, frameon=False)


def gate_in_words(gates: pd.DataFrame) -> str:
    """What the gate found, and the pilots beside it, in Markdown."""
    said = [_held(gate(gates), "")]
    for pilot in TEXT_PILOTS:
        if len(gates) and (gates["retrain_epochs"] == pilot["retrain_epochs"]).any():
            words = f"Trained for {pilot['retrain_epochs']} epochs instead: "
            said.append(_held(gate(gates, pilot["retrain_epochs"]), words))
    return " ".join(said)


def _held(rows: pd.DataFrame, words: str) -> str:
    if len(rows) < 2 or rows.groupby("cell").size().min() < 2:
        return f"{words}The gate's {len(rows)} trainings are not all there yet."
    found = spread(rows)
    holds = "holds" if found["ratio"] >= SPREAD else "**does not hold**"
    return (
        f"{words}{rows['cell'].nunique()} random cells, {rows['seed'].nunique()} trainings each: deviation "
        f"{found['between']:.2f} between cells, {found['within']:.2f} between trainings of one cell, ratio "
        f"{found['ratio']:.1f}; asked for {SPREAD:g}: the gate {holds}."
    )


def reduced(rows: pd.DataFrame) -> bool:
    """Whether text or network are smaller than the paper's: perplexities then keep their order only."""
    first = rows.iloc[0]
    return bool(first["units"] != PAPER.units or first["tokens"] != PAPER.tokens)


def on(rows: pd.DataFrame) -> str:
    """What a title has to say of the text: nothing where it is Penn Treebank."""
    kinds = sorted(set(rows["data_kind"]))
    return "" if kinds == ["true"] else f" [{'+'.join(kinds)} data]"


def introduction(rows: pd.DataFrame, missing: int) -> str:
    """What was run, in Markdown; `missing`: how many runs of the profile are not stored."""
    first = rows.iloc[0]
    text = (
        f"**What was run here{on(rows)}:** {len(rows)} of {len(rows) + missing} runs are stored. The first "
        f"{first['tokens']:,} training tokens, the {first['words']:,} most frequent words (all others are one word), "
        f"{first['units']} units, dropout {first['dropout']}, {first['batch']} columns of {first['length']} words, "
        f"{first['search_epochs']} epochs of search and {first['retrain_epochs']} of retraining. "
    )
    return text + (
        f"The paper: {PAPER.tokens:,} tokens, {PAPER.words:,} words, {PAPER.units} units, {PAPER.search_epochs} and "
        f"{PAPER.retrain_epochs} epochs. **A smaller vocabulary makes words easier to guess, so these perplexities "
        "cannot be compared with printed ones; their order can.**"
        if reduced(rows)
        else ""
    )


def cells(rows: pd.DataFrame) -> pd.DataFrame:
    """Every retrained cell: method, trial, the operation on each edge, how it was derived, both perplexities."""
    import pandas as pd

    return pd.DataFrame(
        [
            {"method": row["method"], "trial": row["seed"]}
            | dict(zip(EDGES, (OPS[op] for op in SPACE.parse(row["arch"]))))
            | {"by": row["derived_by"].replace("_", " ")}
            | {"validation": f"{row['val']:.2f}", "test": f"{row['test']:.2f}"}
            for _, row in rows.iterrows()
        ]
    )


def similarity(rows: pd.DataFrame) -> pd.DataFrame:
    """For each two strategies: on how many edges a cell of the one and a cell of the other agree, mean and most."""
    import pandas as pd

    found = {name: [SPACE.parse(text) for text in part] for name, part in rows.groupby("method", sort=False)["arch"]}
    lines = []
    for a, b in combinations([name for name in found if name in SEARCHES], 2):
        same = [sum(x == y for x, y in zip(one, other)) for one in found[a] for other in found[b]]
        alike = f"{np.mean(same):.1f} of {len(EDGES)}"
        lines.append({"cells of": a, "and of": b, "edges alike, mean": alike, "most": max(same)})
    return pd.DataFrame(lines)


def probabilities(rows: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """mu(theta) at the end of the searches, averaged over the trials: a panel per strategy, edges by operations."""
    import matplotlib.pyplot as plt
    import pandas as pd

    groups = {
        name: np.mean([np.asarray(curve["probabilities"][-1]) for curve in part], axis=0)
        for name, part in rows.loc[rows["method"].isin(SEARCHES)].groupby("method", sort=False)["curve"]
    }
    width = 1.75 * len(groups) + 0.9
    fig, axes = plt.subplots(1, len(groups), figsize=(width, 2.7), layout="constrained", squeeze=False, sharey=True)
    for ax, (name, mean) in zip(axes[0], groups.items()):
        image = ax.imshow(mean, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        ax.set_xticks(range(len(OPS)), OPS, rotation=60, ha="right")
        ax.set_yticks(range(len(EDGES)), EDGES)
        ax.set_title(name)
        ax.grid(False)
    axes[0][0].set_ylabel("edge")
    fig.colorbar(image, ax=axes[0][-1], label=f"probability{on(rows)}")
    data = [
        {"method": name, "edge": edge, "operation": op, "probability": mean[i, j]}
        for name, mean in groups.items()
        for i, edge in enumerate(EDGES)
        for j, op in enumerate(OPS)
    ]
    return fig, pd.DataFrame(data)
