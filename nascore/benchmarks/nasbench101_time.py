"""Training-time model (ranks): how long a NAS-Bench-101 cell takes to train, from EC-NAS's trainings of small cells.

log(seconds) is a ridge regression on what a GPU spends time on: arithmetic per kind of operation, values read and
written, and the number of kernels started.  Fitted on all cells of at most 5 vertices (4 epochs each), and used
beyond them: only the order of the predictions means anything, not the seconds.
"""
from __future__ import annotations

import numpy as np

from .nasbench101_features import describe

RIDGE = 1.0
_COLUMNS = ("vertices", "edges", "n_c3", "n_c1", "n_mp", "in_fan", "out_fan", "log_params", "log_macs", "path_max_ops",
            "width_all", "width_c3", "width_c1", "width_mp", "width_max_c3", "width_max_mp", "path_max_conv", "in>out")


def time_inputs(bits: np.ndarray, ops: np.ndarray) -> np.ndarray:
    """Inputs of the model, float64 [N, F]."""
    columns, _ = describe(bits, ops)
    base = np.column_stack([columns[name] for name in _COLUMNS]).astype(np.float64)
    widths = np.column_stack([np.log1p(8 * columns[f"width_{op}"]) for op in ("c3", "c1", "mp", "all")])
    return np.hstack([base, widths])


def fit_time(bits, ops, seconds) -> dict[str, np.ndarray]:
    """Coefficients of the ridge regression of log(seconds)."""
    x = time_inputs(bits, ops)
    mean, scale = x.mean(0), x.std(0) + 1e-9
    z = (x - mean) / scale
    y = np.log(seconds)
    beta = np.linalg.solve(z.T @ z + RIDGE * np.eye(z.shape[1]), z.T @ (y - y.mean()))
    return {"mean": mean, "scale": scale, "beta": beta, "offset": np.array(y.mean())}


def predict_time(model: dict[str, np.ndarray], bits, ops, chunk: int = 20_000) -> np.ndarray:
    """Seconds for the epochs of the fitted trainings, float64 [N]."""
    out = [np.exp((time_inputs(bits[i:i + chunk], ops[i:i + chunk]) - model["mean"]) / model["scale"] @ model["beta"]
                  + model["offset"]) for i in range(0, len(bits), chunk)]
    return np.concatenate(out)
