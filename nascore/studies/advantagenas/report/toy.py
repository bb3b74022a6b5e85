"""Figure 1 from its rows: which methods share a panel, and what is read off a run's curve and memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nascore.studies.advantagenas.toy import FIGURE

if TYPE_CHECKING:
    import pandas as pd

PANELS = {
    "Sparse methods": ("AdvantageNAS", "REINFORCE", "PARSEC", "GDAS", "ProxylessNAS"),
    "Dense methods, and AdvantageNAS": ("AdvantageNAS", "DARTS", "SNAS", "NASP"),
}
LINES = ("AdvantageNAS", "REINFORCE", "PARSEC", "GDAS", "ProxylessNAS", "DARTS", "SNAS", "NASP")
VARIANTS = (
    "AdvantageNAS",
    "AdvantageNAS, Eq. 6",
    "REINFORCE",
    "REINFORCE, baseline",
    "PARSEC",
    "PARSEC, mean loss",
    "Random",
)
MEMORY = {"outputs": "bytes_operations", "architecture": "bytes_architecture", "weights": "bytes_weights"}


def completed(rows: pd.DataFrame, last: int = FIGURE) -> pd.DataFrame:
    """`rows` with spread (standard deviation of a run's loss in the second half of the figure, to iteration `last`),
    settled (iterations to a tenth; all of them where it was never reached), and for outputs, architecture and weights
    (see MEMORY) X_kb (kilobytes) and X_ratio (to AdvantageNAS)."""
    rows = rows.assign(
        spread=[_spread(curve, last // 2, last) for curve in rows["curve"]],
        settled=rows["iterations_to_90"].fillna(rows["iterations"]).astype(float),
    )
    base = rows[rows["method"] == "AdvantageNAS"].iloc[0]
    return rows.assign(
        **{f"{name}_kb": rows[column] / 1000 for name, column in MEMORY.items()},
        **{f"{name}_ratio": rows[column] / base[column] for name, column in MEMORY.items()},
    )


def _spread(curve: dict, start: int, end: int) -> float:
    losses = [loss for t, loss in zip(curve["iteration"], curve["loss"]) if start < t <= end]
    return float(np.std(losses)) if losses else np.nan
