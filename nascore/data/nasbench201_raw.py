"""NAS-Bench-201 from six small public files: arrays in the official index order, percent.

Two of the files are pandas pickles. They are never unpickled: their bytes are pinned by sha256, and the float64 block
is read at its known offset, with the index column behind it checked to be 0..15624.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np

from nascore.errors import DataError
from nascore.spaces.nasbench201 import NASBench201

CELLS = 15_625
DATASETS = ("cifar10", "cifar100", "imagenet16-120")
SPLITS = ("val", "test", "test-25k")
EPOCHS = (12, 200)
POWERS = 5 ** np.arange(5, -1, -1)  # (a,b,c,d,e,f) in base 5 = position in lexicographic order


def build(files: dict[str, Path], progress: bool = False) -> dict[str, np.ndarray]:
    """archs uint8 [15625, 6] (official order) and values float32 [15625, data set, split, epochs, 1], NaN = no data."""
    archs, test = _test_200(files["test-200"])
    values = np.full((CELLS, len(DATASETS), len(SPLITS), len(EPOCHS), 1), np.nan, dtype=np.float32)
    values[:, :, 1, 1, 0] = test
    position = archs.astype(np.int64) @ POWERS
    for place, dataset in enumerate(DATASETS):
        values[:, place, 0, 1, 0] = _val_200(files[f"{dataset}-val-200"])[position]
    scored = _float_block(files["cifar10-25k-200"], 567, 5)
    if not np.allclose(scored[3], values[:, 0, 0, 1, 0], atol=1e-4):
        raise _format(files["cifar10-25k-200"], "its validation column differs from cifar10valid.json")
    values[:, 0, 2, 1, 0] = scored[4]
    short = _float_block(files["accuracies-12"], 573, 6)  # c10 test, c10 val, c100 test, c100 val, in16 test, in16 val
    for place in range(3):
        values[:, place, 1, 0, 0] = short[2 * place]
        values[:, place, 0, 0, 0] = short[2 * place + 1]
    known = values[~np.isnan(values)]
    if not ((known >= 0) & (known <= 100)).all():
        raise DataError("NAS-Bench-201: an accuracy is outside 0..100 percent; the raw files do not fit the reader")
    return {"archs": archs, "values": values}


def _test_200(path: Path) -> tuple[np.ndarray, np.ndarray]:
    space = NASBench201()
    try:
        with open(path, newline="", encoding="utf-8") as stream:
            rows = list(csv.DictReader(stream))
        archs = np.array([space.parse(row["ArchitectureString"]) for row in rows], dtype=np.uint8)
        columns = ("CIFAR10TestAccuracy200Epochs", "CIFAR100TestAccuracy200Epochs", "ImageNetTestAccuracy200Epochs")
        test = np.array([[float(row[name]) for name in columns] for row in rows], dtype=np.float32)
    except (OSError, KeyError, TypeError, ValueError, csv.Error) as error:
        raise _format(path, str(error)) from error
    if archs.shape != (CELLS, 6) or len(np.unique(archs.astype(np.int64) @ POWERS)) != CELLS:
        raise _format(path, f"{len(rows)} rows instead of {CELLS} distinct cells")
    return archs, test


def _val_200(path: Path) -> np.ndarray:
    """Accuracies in lexicographic order of (0>1, 0>2, 1>2, 0>3, 1>3, 2>3)."""
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        codes = np.array([[op for group in groups for op in group] for groups, _ in entries], dtype=np.int64)
        values = np.array([accuracy for _, accuracy in entries], dtype=np.float64)
    except (OSError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise _format(path, str(error)) from error
    if codes.shape != (CELLS, 6) or not np.array_equal(codes @ POWERS, np.arange(CELLS)):
        raise _format(path, f"expected all {CELLS} cells in lexicographic order")
    return values


def naswot(path: Path) -> np.ndarray:
    """The NASWOT scores of its authors on CIFAR-10, float64 [15625] in the official order; NaN where there is none."""
    return np.array(_float_block(path, 567, 5)[1])


def _float_block(path: Path, offset: int, rows: int) -> np.ndarray:
    """float64 [rows, 15625] at `offset`, checked by the int64 index that follows 23 bytes behind it."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _format(path, str(error)) from error
    size = rows * CELLS * 8
    after = {5: 625_648, 6: 750_648}[rows]
    if len(data) < after + CELLS * 8:
        raise _format(path, f"{len(data)} bytes are too few")
    block = np.frombuffer(data, dtype="<f8", count=rows * CELLS, offset=offset).reshape(rows, CELLS)
    index = np.frombuffer(data, dtype="<i8", count=CELLS, offset=after)
    if not np.array_equal(index, np.arange(CELLS)) or offset + size > after:
        raise _format(path, "the index column is not 0..15624")
    return block


def _format(path: Path, why: str) -> DataError:
    return DataError(
        f"{path}: not the expected NAS-Bench-201 file ({why}); run `nascore data verify nasbench201`, "
        "then `nascore data fetch nasbench201`"
    )


def costs(archs: np.ndarray) -> dict[str, np.ndarray]:
    """params (count) and flops (millions) of the CIFAR-10 networks, from the numbers of convolutions and poolings.

    Skeleton: 16/32/64 channels, 5 cells a stage, residual blocks between; flops in the unit NASLib reports.
    """
    n1, n3, pools = ((archs == op).sum(1).astype(np.int64) for op in (2, 3, 4))

    def cells(c: int) -> np.ndarray:
        return n3 * (9 * c * c + 2 * c) + n1 * (c * c + 2 * c)

    def reduction(a: int, b: int) -> int:
        return 9 * a * b + 2 * b + 9 * b * b + 2 * b + a * b

    params = (
        3 * 16 * 9
        + 2 * 16
        + 5 * (cells(16) + cells(32) + cells(64))
        + reduction(16, 32)
        + reduction(32, 64)
        + 2 * 64
        + 64 * 10
        + 10
    )
    flops = 7.943872 + 35.81952 * n3 + 4.36224 * n1 + 1.29024 * pools
    return {"params": params.astype(np.float64), "flops": flops}
