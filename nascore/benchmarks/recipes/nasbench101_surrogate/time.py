"""Training-time model (ranks): how long a NAS-Bench-101 cell takes to train, from EC-NAS's trainings of small cells.

The seconds are a sum of what a GPU spends time on, each with a coefficient that cannot be negative: the arithmetic of
each kind of convolution, the values each kind of vertex reads and writes, and the kernels it starts.  A sum of costs
can be carried from the fitted cells (at most 5 vertices, 4 epochs) to larger ones more safely than a product of
factors; even so only the order of the predictions means anything, not the seconds.
"""

from __future__ import annotations

import numpy as np

from nascore.benchmarks.recipes.nasbench101_surrogate.features import WIDTH, unfold, vertex_widths

TERMS = (
    "network",
    "conv3x3",
    "conv3x3 channels",
    "conv3x3 arithmetic",
    "conv1x1",
    "conv1x1 channels",
    "conv1x1 arithmetic",
    "maxpool3x3",
    "maxpool3x3 channels",
    "projection",
    "projection channels",
    "addition",
    "addition channels",
    "concatenation",
)


def time_inputs(bits: np.ndarray, ops: np.ndarray) -> np.ndarray:
    """Amount of each of TERMS, float64 [N, 14]; channels are shares of the cell's width, arithmetic shares squared."""
    vertices, adjacency, labels = unfold(bits, ops)
    width = vertex_widths(vertices, np.asarray(bits)) / WIDTH
    columns = [np.ones(len(labels))]
    for code in range(3):
        has = labels == code
        columns += [has.sum(1), (width * has).sum(1)]
        if code < 2:
            columns.append((width**2 * has).sum(1))
    target = width.copy()
    target[:, -1] = 1
    projected = adjacency[:, 0]
    columns += [projected.sum(1), (target * projected).sum(1)]
    joined = (adjacency.sum(1) - 1).clip(0)
    joined[:, -1] = adjacency[:, 0, -1] & (adjacency[:, :, -1].sum(1) > 1)  # the output concatenates all but the input
    columns += [joined.sum(1), (joined * target).sum(1), adjacency[:, 1:, -1].sum(1) > 1]
    return np.column_stack(columns).astype(np.float64)


def fit_time(bits, ops, seconds) -> np.ndarray:
    """Coefficients [14], none negative, with the least squared relative error."""
    from scipy.optimize import nnls

    return nnls(time_inputs(bits, ops) / seconds[:, None], np.ones(len(seconds)))[0]


def predict_time(coefficients: np.ndarray, bits, ops, chunk: int = 20_000) -> np.ndarray:
    """Seconds for the epochs of the fitted trainings, float64 [N]."""
    return np.concatenate(
        [time_inputs(bits[i : i + chunk], ops[i : i + chunk]) @ coefficients for i in range(0, len(bits), chunk)]
    )


def time_quality(bits, ops, vertices, seconds, fold) -> dict[str, dict[str, float]]:
    """Rank correlations on held-out cells: random folds, and 5-vertex cells by a model fitted to smaller ones."""
    from scipy.stats import kendalltau, spearmanr

    predicted = np.empty(len(seconds))
    for k in np.unique(fold):
        train, test = fold != k, fold == k
        predicted[test] = predict_time(fit_time(bits[train], ops[train], seconds[train]), bits[test], ops[test])
    small = vertices < vertices.max()
    larger = predict_time(fit_time(bits[small], ops[small], seconds[small]), bits[~small], ops[~small])
    out = {}
    for name, guess, truth in (
        ("random_folds", predicted, seconds),
        ("larger_cells_left_out", larger, seconds[~small]),
    ):
        out[name] = {
            "cells": len(truth),
            "spearman": float(spearmanr(guess, truth)[0]),
            "kendall": float(kendalltau(guess, truth)[0]),
            "mean_relative_error": float(np.abs(guess / truth - 1).mean()),
        }
    return out
