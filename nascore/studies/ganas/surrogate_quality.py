"""How good the surrogate of NAS-Bench-101 is, from its stored model card: the lines of two tables and the limits."""

from __future__ import annotations

import json

CORRELATIONS = {
    "spearman": "Spearman correlation",
    "kendall": "Kendall tau",
    "spearman_top10": "Spearman inside the best 10 %",
    "kendall_top10": "Kendall tau inside the best 10 %",
}
ERRORS = {
    "best_tenth_recalled": "best tenth found in the predicted best tenth",
    "mean_abs_error": "mean absolute error (points)",
    "bias": "bias (points)",
}


def stored_card() -> dict:
    """The card that the fitting code wrote beside the stored predictions."""
    from nascore.benchmarks import nasbench101_surrogate

    return json.loads((nasbench101_surrogate.folder() / "card.json").read_text())


def held_out(card: dict) -> list[dict[str, str]]:
    """Quality on cells that were left out of the fit, one line per number."""
    quality, intervals = card["held_out"], card["held_out_interval95"]
    lines = [
        {
            "on held-out cells": text,
            "value": f"{quality[key]:.3f}",
            "95 % interval": "{:.3f} to {:.3f}".format(*intervals[key]),
        }
        for key, text in CORRELATIONS.items()
    ]
    return lines + [
        {"on held-out cells": text, "value": f"{quality[key]:{'+' if key == 'bias' else ''}.3f}"}
        for key, text in ERRORS.items()
    ]


def caption(card: dict) -> str:
    """What the held-out numbers were measured on."""
    return f"The surrogate on {card['held_out']['cells']:,} random cells, {card['folds']}-fold cross-validation"


def elsewhere(card: dict) -> list[dict[str, str]]:
    """Sources that the fit never saw, and the training-time model held out."""
    time = card["time_model"]
    found = [(source, "accuracy", entry) for source, entry in card["external"].items()] + [
        (f"{time['source']}, {text}", "training time", time[key])
        for key, text in (("random_folds", "random folds"), ("larger_cells_left_out", "5 vertices from smaller"))
    ]
    return [
        {
            "source": source,
            "what": what,
            "cells": f"{entry['cells']:,}",
            "Spearman": f"{entry['spearman']:.3f}",
            "Kendall tau": f"{entry['kendall']:.3f}",
        }
        for source, what, entry in found
    ]


def limits(card: dict) -> str:
    """What the surrogate cannot say, in words (Markdown)."""
    noise, tau = card["repeat_noise"], card["held_out"]["kendall_top10"]
    return (
        f"**Limits.** Two trainings of one cell differ with a standard deviation of {noise['sd']:.2f} points "
        f"({noise['sd_top']:.2f} above {noise['top_from']:.0f} %), so part of what is not predicted cannot be. "
        f"Inside the best tenth the order is only weakly that of real trainings (Kendall tau {tau:.2f}). Predictions "
        f"are conditional means and end at {card['range']['max']:.2f} %, below the best real cells; the surrogate is "
        "smoother than the benchmark, which makes searching it easier. Training times of cells with 6 and 7 vertices "
        "are extrapolated, and only their order is meant."
    )


def meaning(card: dict, printed: str, used: bool) -> str:
    """What rows measured on the surrogate mean (Markdown).

    `printed`: the paper's best accuracy and its place; `used`: whether any row was measured on the surrogate.
    """
    end = (
        "**Accuracies and ranks below are the surrogate's.** A rank of 1 says that a search found the surrogate's "
        "best cell, not that this cell is the best of NAS-Bench-101; accuracies must not be compared with printed "
        "ones, ranks only as a measure of how hard a search works."
        if used
        else "The rows below were measured on the official table, not on it."
    )
    return (
        "So the surrogate orders the space well and **its top only roughly**: inside the best tenth Kendall's tau is "
        f"{card['held_out']['kendall_top10']:.2f}. Its best cell is predicted at {card['range']['max']:.2f} %, below "
        f"the printed {printed}: predictions shrink towards the mean. {end}"
    )


def rank_density(ax):
    """Held-out cells by predicted (across) and measured (down) rank, percent from the best: (artist, table)."""
    import numpy as np
    import pandas as pd

    from nascore.benchmarks import nasbench101_surrogate
    from nascore.benchmarks.recipes.nasbench101_surrogate import card

    joint = card.held_out(nasbench101_surrogate.folder())["joint"]
    edges = np.linspace(0, 100, len(joint) + 1)
    mesh = ax.pcolormesh(edges, edges, np.where(joint > 0, joint, np.nan), cmap="Blues", vmin=0)
    ax.set(xlabel="predicted rank (% from the best)", ylabel="measured rank (% from the best)", aspect="equal")
    ax.set_ylim(100, 0)
    return mesh, pd.DataFrame(joint).rename_axis("measured bin").reset_index()
