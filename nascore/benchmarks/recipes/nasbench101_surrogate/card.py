"""The surrogate's model card: every number computed from stored held-out predictions, text written by code."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nascore.benchmarks.packed_npz import read_npz
from nascore.paths import atomic_write

DIVERGED = 60.0  # percent: below it a training has failed rather than the cell being that much worse
BINS = 12


def quality(predicted: np.ndarray, accuracy: np.ndarray) -> dict[str, float]:
    """Rank correlations over all cells and inside the truly best tenth; errors on the cells that did not diverge."""
    from scipy.stats import kendalltau, spearmanr

    top = accuracy >= np.quantile(accuracy, 0.9)
    good = accuracy > DIVERGED
    best = predicted >= np.quantile(predicted, 0.9)
    return {
        "cells": len(accuracy),
        "spearman": float(spearmanr(predicted, accuracy)[0]),
        "kendall": float(kendalltau(predicted, accuracy)[0]),
        "spearman_top10": float(spearmanr(predicted[top], accuracy[top])[0]),
        "kendall_top10": float(kendalltau(predicted[top], accuracy[top])[0]),
        "best_tenth_recalled": float((top & best).sum() / top.sum()),
        "diverged": int((~good).sum()),
        "mean_abs_error": float(np.abs(predicted - accuracy)[good].mean()),
        "bias": float((predicted - accuracy)[good].mean()),
    }


RANKING = ("spearman", "kendall", "spearman_top10", "kendall_top10")


def intervals(
    predicted, accuracy, draws: int = 500, seed: int = 0, names: Sequence[str] = RANKING
) -> dict[str, list[float]]:
    """95 % bootstrap intervals over cells of the rank correlations, or others of `quality`'s."""
    rng = np.random.default_rng(seed)
    drawn = []
    for _ in range(draws):
        rows = rng.integers(0, len(accuracy), len(accuracy))
        drawn.append(quality(predicted[rows], accuracy[rows]))
    return {name: np.quantile([d[name] for d in drawn], [0.025, 0.975]).tolist() for name in names}


def calibration(predicted: np.ndarray, accuracy: np.ndarray) -> list[dict[str, float]]:
    """Data of the calibration plot: held-out cells in bins of rising prediction, diverged trainings left out."""
    good = accuracy > DIVERGED
    predicted, accuracy = predicted[good], accuracy[good]
    bins = np.array_split(np.argsort(predicted, kind="stable"), BINS)
    return [
        {
            "cells": len(b),
            "predicted": float(predicted[b].mean()),
            "measured": float(accuracy[b].mean()),
            "measured_sd": float(accuracy[b].std(ddof=1)),
        }
        for b in bins
    ]


def held_out(folder: Path) -> dict[str, np.ndarray]:
    """Stored held-out predictions: cells, predicted (percent), fold, and `joint`, see `joint_ranks`.

    The measured accuracies are upstream's and are not stored here; whoever has them can compute the card again.
    """
    return read_npz(folder / "held_out.npz")


def joint_ranks(predicted: np.ndarray, accuracy: np.ndarray, bins: int = 20) -> np.ndarray:
    """How many cells fall into each pair of rank bins, int16 [bins, bins]: row = measured, column = predicted, best first."""
    place = [
        np.argsort(np.argsort(-values, kind="stable"), kind="stable") * bins // len(values)
        for values in (accuracy, predicted)
    ]
    counts = np.zeros((bins, bins), np.int16)
    np.add.at(counts, tuple(place), 1)
    return counts


def write_card(folder: Path, facts: dict, accuracy: np.ndarray) -> dict:
    """Add the held-out numbers to `facts` (data, costs, ...), write card.json and MODEL_CARD.md, return the card.

    `accuracy`: measured percent of the held-out cells, in the order of the stored predictions."""
    predicted = held_out(folder)["predicted"]
    card = _rounded(
        {
            "name": "nasbench101-surrogate",
            "held_out": quality(predicted, accuracy),
            "held_out_interval95": intervals(predicted, accuracy),
            "calibration": calibration(predicted, accuracy),
            **facts,
        }
    )
    atomic_write(folder / "card.json", json.dumps(card, indent=1) + "\n")
    atomic_write(folder / "MODEL_CARD.md", markdown(card))
    return card


def _rounded(value):
    if isinstance(value, dict):
        return {k: _rounded(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(v) for v in value]
    return round(value, 4) if isinstance(value, float) else value


def markdown(card: dict) -> str:
    """MODEL_CARD.md from the card's numbers."""
    h, i, t, x = card["held_out"], card["held_out_interval95"], card["time_model"], card["external"]
    rows = "\n".join(
        f"| {b['cells']} | {b['predicted']:.2f} | {b['measured']:.2f} | {b['measured_sd']:.2f} |"
        for b in card["calibration"]
    )
    outside = "\n".join(
        f"| {name} | {e['cells']} | {e['spearman']:.3f} | {e['kendall']:.3f} |" for name, e in x.items()
    )
    repeat = card["repeat_noise"]
    reached, data, cost = card["range"], card["data"], card["cost"]
    folds, larger = t["random_folds"], t["larger_cells_left_out"]

    def row(text: str, name: str) -> str:
        return f"| {text} | {h[name]:.3f} | {i[name][0]:.3f} to {i[name][1]:.3f} |"

    return f"""# nasbench101-surrogate: model card

Written by `python -m nascore.benchmarks.recipes.nasbench101_surrogate.fit`; the same numbers are in card.json. Do not edit.

**What it is.** Predicted CIFAR-10 test accuracy (percent, 108 epochs) of all 423,624 NAS-Bench-101 cells. Everything
computed on it is labelled "surrogate". When the true table is present, use that.

**Data.** {data["random_cells"]:,} uniformly random cells, one training each ({data["random_source"]}; the
source does not say whether validation or test, the mean fits test), and {data["small_cells"]} cells of at most 4
vertices, official means of three trainings ({data["small_source"]}). {h["diverged"]} trainings below {DIVERGED:.0f} %
count as diverged: left out of the fit, kept in the held-out numbers.

**Model.** {card["model"]}

**Held-out quality** ({card["folds"]}-fold cross-validation on the random cells; the settings were chosen on another
partition, record in tuning.json; 95 % bootstrap interval over cells):

| | value | interval |
|---|---|---|
{row("Spearman", "spearman")}
{row("Kendall tau", "kendall")}
{row("Spearman inside the best 10 %", "spearman_top10")}
{row("Kendall tau inside the best 10 %", "kendall_top10")}
| share of the best tenth inside the predicted best tenth | {h["best_tenth_recalled"]:.3f} | |
| mean absolute error, percent points (without diverged) | {h["mean_abs_error"]:.3f} | |
| bias, percent points (without diverged) | {h["bias"]:+.3f} | |

Sources that the fit never saw:

| source | cells | Spearman | Kendall tau |
|---|---|---|---|
{outside}

For scale: two trainings of one cell ({repeat["pairs"]} pairs in {repeat["source"]}) differ with a standard deviation of
{repeat["sd"]:.2f} percent points per training ({repeat["sd_top"]:.2f} over the {repeat["pairs_top"]} pairs above
{repeat["top_from"]:.0f} %).

**Calibration** (held out, bins of rising prediction):

| cells | predicted mean | measured mean | measured sd |
|---|---|---|---|
{rows}

**Limits.** Near the top of the space the ranks are the surrogate's, not the benchmark's: inside the best tenth the
order is only weakly that of real trainings, and the predictions are conditional means, so they stop at
{reached["max"]:.2f} % where real cells go on; the best cell here need not be the best cell there. The space here is
smoother than the real one (no training noise), so searches find its top more easily. Predictions are stored in steps of
0.00001 ({reached["distinct"]:,} distinct values). Diverging trainings are not predicted. Cells far from the random
sample (few vertices, rare path structures) are extrapolated.

**Training time: a "training-time model (ranks)".** `train_seconds` is a non-negative sum of operation costs fitted to
EC-NAS's 4-epoch trainings of {folds["cells"]:,} cells of at most 5 vertices ({t["source"]}), scaled to 108 epochs on
their machine. Held out: Spearman {folds["spearman"]:.4f}, Kendall tau {folds["kendall"]:.3f} on random folds;
{larger["spearman"]:.4f} and {larger["kendall"]:.3f} on the {larger["cells"]:,} cells of 5 vertices by a model fitted to
smaller ones. Cells of 6 and 7 vertices are extrapolated; seconds are not the benchmark's seconds.

**Cost.** {cost["cpu_seconds"]:.0f} CPU seconds for cross-validation, fit and all predictions;
{cost["bytes"] / 1e6:.2f} MB committed.
"""
