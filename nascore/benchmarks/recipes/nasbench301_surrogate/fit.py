"""Fit our surrogate of NAS-Bench-301's surrogate: python -m nascore.benchmarks.recipes.nasbench301_surrogate.fit

Reads the 1,225 published predictions (`nascore data fetch nasbench301`; NASCORE_MIRROR), of 1,218 different pairs of
cells: means where a pair stands twice. Ridge regression on `nasbench301_features.design`; the ridge is chosen on one
partition into folds (TUNING_SEED), the card's numbers are from another (REPORT_SEED).
"""

from __future__ import annotations

import ast
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from nascore.benchmarks.nasbench301_features import ANCHORS, design
from nascore.benchmarks.nasbench301_surrogate import folder
from nascore.benchmarks.packed_npz import write_npz
from nascore.benchmarks.recipes.nasbench101_surrogate.card import RANKING, intervals, quality
from nascore.data import damaged, download, upstream
from nascore.errors import DataError
from nascore.paths import atomic_write
from nascore.spaces.base import Arch
from nascore.spaces.darts import OPS, DARTSSpace

FOLDS, TUNING_SEED, REPORT_SEED = 10, 1, 20_26
# two random pairs have a squared distance of about 480; a smaller width with a smaller ridge gives the same model
WIDTH, RIDGES = 0.001, (0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1)
FILES = ("zc-6639fd15", "zc-22280f71")


def published() -> tuple[list[Arch], np.ndarray]:
    """Cells and predicted validation accuracies (percent), one line for each pair of cells."""
    space, found = DARTSSpace(), {}
    for key in FILES:
        path = download.obtain(
            upstream.file("nasbench301", key), "NAS-Bench-301", "run `nascore data fetch nasbench301`"
        )
        try:
            entries = json.loads(path.read_text(encoding="utf-8"))
            entries = entries.get("nasbench301", entries)["cifar10"]
            for text, entry in entries.items():
                found.setdefault(_arch(space, text), []).append(float(entry["val_accuracy"]))
        except (*damaged.ZIP, SyntaxError) as error:
            raise DataError(f"{path}: not the expected predictions ({error})") from error
    return list(found), np.array([float(np.mean(values)) for values in found.values()])


def _arch(space: DARTSSpace, text: str) -> Arch:
    """NASLib writes each cell as pairs (state, operation)."""
    cells = [[(OPS[op], state) for state, op in cell] for cell in ast.literal_eval(text)]
    return space.from_genotype(dict(zip(("normal", "reduce"), cells, strict=True)))


def scaled(features: np.ndarray, plain: int) -> np.ndarray:
    """Without the one; the `plain` linear features with as much weight together as one distance."""
    return np.hstack([features[:, 1 : 1 + plain] / np.sqrt(plain), features[:, 1 + plain :]])


def solve(rows: np.ndarray, values: np.ndarray, ridge: float) -> tuple[np.ndarray, float]:
    """Ridge regression in its dual form: weights and the mean."""
    mean = float(values.mean())
    dual = np.linalg.solve(rows @ rows.T + ridge * np.eye(len(rows)), values - mean)
    return rows.T @ dual, mean


def held_out(rows: np.ndarray, values: np.ndarray, ridge: float, seed: int) -> np.ndarray:
    """For every cell the prediction of a model that has not seen it."""
    fold = np.random.default_rng(seed).permutation(len(values)) % FOLDS
    found = np.empty(len(values))
    for number in range(FOLDS):
        weights, mean = solve(rows[fold != number], values[fold != number], ridge)
        found[fold == number] = rows[fold == number] @ weights + mean
    return found


def main() -> None:
    archs, values = published()
    features = design(DARTSSpace(), archs, WIDTH)
    plain = features.shape[1] - 1 - ANCHORS
    rows = scaled(features, plain)
    tuning: list[dict[str, Any]] = []
    for ridge in RIDGES:
        error = held_out(rows, values, ridge, TUNING_SEED) - values
        tuning.append({"ridge": ridge, "rmse": float(np.sqrt((error**2).mean()))})
    best = min(tuning, key=lambda line: line["rmse"])
    report = held_out(rows, values, best["ridge"], REPORT_SEED)
    weights, mean = solve(rows, values, best["ridge"])
    weights[:plain] /= np.sqrt(plain)
    path = folder() / "model.npz"
    write_npz(path, {"weights": np.concatenate([[mean], weights]), "width": np.array([WIDTH])})
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    write_card(folder(), digest, tuning, best, report, values)
    print((folder() / "MODEL_CARD.md").read_text(encoding="utf-8"))


def write_card(where: Path, digest: str, tuning: list, best: dict, predicted: np.ndarray, values: np.ndarray) -> None:
    """card.json and MODEL_CARD.md, every number computed from held-out predictions."""
    names = (*RANKING, "best_tenth_recalled", "mean_abs_error")
    found, spans = quality(predicted, values), intervals(predicted, values, names=names)
    card = {"model": digest, "cells": len(values), "settings": best, "tuning": tuning}
    card |= {"held_out": {name: found[name] for name in names}, "intervals": spans, "spread": float(values.std())}
    atomic_write(where / "card.json", json.dumps(card, indent=1) + "\n")
    titles = {
        "spearman": "Spearman's rho",
        "kendall": "Kendall's tau",
        "spearman_top10": "Spearman's rho inside the best tenth",
        "kendall_top10": "Kendall's tau inside the best tenth",
        "best_tenth_recalled": "share of the best tenth that is predicted to be in it",
        "mean_abs_error": "mean absolute error (points)",
    }
    lines = [
        f"| {title} | {found[name]:.3f} | [{spans[name][0]:.3f}, {spans[name][1]:.3f}] |"
        for name, title in titles.items()
    ]
    table = "\n".join(lines)
    text = f"""# nasbench301-surrogate: model card

**What it is.** A surrogate of a surrogate: it predicts what the published NAS-Bench-301 surrogate predicts of a pair
of DARTS cells (validation accuracy on CIFAR-10, percent). It was fitted to the predictions of {len(values):,} pairs
that NASLib carries; neither those nor the models behind them are part of this repository, only weights fitted here.

**Model.** Ridge regression on counts of operations, edges, paths and depths, and on Gaussian similarities to
{ANCHORS:,} random pairs of cells (width {WIDTH:g}; ridge {best["ridge"]:g}, chosen among {len(tuning)} on
another partition).

**Held out** ({FOLDS} folds; 95 % bootstrap intervals over cells; the accuracies have a deviation of
{values.std():.2f} points):

| measure | value | interval |
|---|---|---|
{table}

**Use.** Comparing searches in the DARTS space by numbers of queries, labelled "surrogate". **Not for**: claims about
real accuracies, and cells far better than those that were fitted: a search finds where a model is too optimistic.

Made by `python -m nascore.benchmarks.recipes.nasbench301_surrogate.fit`.
"""
    atomic_write(where / "MODEL_CARD.md", text)


if __name__ == "__main__":
    main()
