"""Network Design Spaces (Radosavovic et al., 2019), the ImageNet groups: one JSON file each, a list of trainings."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from nascore.data import damaged
from nascore.errors import DataError

# file -> trainings, and epochs of each
SHAPES = {
    "Amoeba_in": (124, 50),
    "DARTS_fix-w-d_in": (499, 5),
    "DARTS_in": (121, 50),
    "DARTS_lr-wd_in": (515, 50),
    "ENAS_in": (117, 50),
    "NASNet_in": (122, 50),
    "PNAS_in": (119, 50),
    "ResNeXt-A_in": (130, 50),
    "ResNeXt-B_in": (164, 50),
    "ResNet_lr-wd_in": (494, 50),
    "Vanilla_lr-wd_in": (500, 50),
}
GROUPS = tuple(SHAPES)
SPLITS = ("test", "train")


def build(files: dict[str, Path], progress: bool = False) -> dict[str, np.ndarray]:
    """For each group, rows in the order of its file: "GROUP/errors" float32 [n, split (test, train), epochs], top-1
    error in percent; "GROUP/costs" int64 [n, 2], params and flops; "GROUP/optim" float64 [n, 2], first learning rate
    and weight decay; "GROUP/nets" uint8, the JSON text of the list of the `net` entries."""
    arrays = {}
    for group, (count, epochs) in SHAPES.items():
        path = files[group]
        try:
            entries = json.loads(path.read_text(encoding="utf-8"))
            nets = [entry["net"] for entry in entries]
            errors = np.array([[entry[f"{split}_ep_top1"] for split in SPLITS] for entry in entries], np.float32)
            costs = [[entry[cost] for cost in ("params", "flops")] for entry in entries]
            optim = np.array([[entry["optim"][part] for part in ("base_lr", "wd")] for entry in entries], np.float64)
            if not all(type(number) is int and number > 0 for row in costs for number in row):
                raise ValueError("params and flops: expected counts")
            arrays[f"{group}/costs"] = np.array(costs, np.int64)
        except damaged.TEXT as error:
            raise _format(path, repr(error)) from error
        if errors.shape != (count, len(SPLITS), epochs) or not all(isinstance(net, dict) for net in nets):
            raise _format(path, f"errors of shape {errors.shape}: expected {count} trainings of {epochs} epochs")
        if not ((errors >= 0) & (errors <= 100)).all() or not np.isfinite(optim).all():
            raise _format(path, "an error is outside 0..100 percent")
        arrays[f"{group}/errors"] = errors
        arrays[f"{group}/optim"] = optim
        arrays[f"{group}/nets"] = np.frombuffer(json.dumps(nets).encode(), np.uint8)
    return arrays


def nets(arrays: dict[str, np.ndarray], group: str) -> list[dict]:
    """The `net` entries of a group, in row order."""
    return json.loads(arrays[f"{group}/nets"].tobytes())


def _format(path: Path, why: str) -> DataError:
    return DataError(
        f"{path}: not the expected NDS file ({why}); run `nascore data verify nds`, then `nascore data fetch nds`"
    )
