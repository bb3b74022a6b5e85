"""NAS-Bench-Macro from its JSON file: arrays in lexicographic order of the architecture strings, percent."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from nascore.data import damaged
from nascore.errors import DataError

CHAINS = 3**8


def build(files: dict[str, Path], progress: bool = False) -> dict[str, np.ndarray]:
    """archs uint8 [6561, 8], accuracies float32 [6561, 3], params and flops int64 [6561].

    All 6,561 keys are kept as they are: keys that denote the same network carry the same values and are not merged.
    """
    path = files["table"]
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        keys = sorted(table)
        archs = np.array([[int(digit) for digit in key] for key in keys], dtype=np.uint8)
        accuracies = np.array([table[key]["test_acc"] for key in keys], dtype=np.float32)
        params = np.array([table[key]["params"] for key in keys], dtype=np.int64)
        flops = np.array([table[key]["flops"] for key in keys], dtype=np.int64)
    except damaged.TEXT as error:
        raise _format(path, repr(error)) from error
    if archs.shape != (CHAINS, 8) or accuracies.shape != (CHAINS, 3) or archs.max() > 2:
        raise _format(path, f"expected {CHAINS} architectures of 8 digits 0..2 with three accuracies each")
    if not ((accuracies >= 0) & (accuracies <= 100)).all():
        raise _format(path, "an accuracy is outside 0..100 percent")
    return {"archs": archs, "accuracies": accuracies, "params": params, "flops": flops}


def _format(path: Path, why: str) -> DataError:
    return DataError(
        f"{path}: not the expected NAS-Bench-Macro file ({why}); run `nascore data verify "
        "nasbench-macro`, then `nascore data fetch nasbench-macro`"
    )
