"""Records of NAS-Bench-101's tfrecord files, the official ones and EC-NAS's: JSON around a protobuf message.

A record is the JSON list [module hash, epochs, adjacency, operations, base64 of the message]; repeated trainings are
separate records with equal hash and epochs. Both kinds of message number the fields used here alike; EC-NAS adds energy
(a double where the official message has a text).
"""

from __future__ import annotations

import binascii
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from nascore.data.protobuf import fields
from nascore.data.tfrecord import records
from nascore.errors import DataError


class Evaluation(NamedTuple):
    """One evaluation of a training; accuracies are fractions as stored, time in s, energy in kWh (None: not given)."""

    epoch: float
    time: float
    train: float
    val: float
    test: float
    energy: float | None


class Training(NamedTuple):
    """One training of one cell. `adjacency` is the row-major text of 0 and 1, `ops` the comma-separated names."""

    hash: str
    epochs: int
    adjacency: str
    ops: str
    evaluations: int
    last: Evaluation
    params: int


def trainings(path: Path | str, progress: bool = False) -> Iterator[Training]:
    """Every training of a file with its last evaluation; DataError names file and record where the format differs."""
    for number, data in enumerate(records(path, progress=progress)):
        try:
            digest, epochs, adjacency, ops, message = json.loads(data)
            if not all(isinstance(text, str) for text in (digest, adjacency, ops, message)) or type(epochs) is not int:
                raise ValueError("expected hash, epochs, adjacency, operations and message")
            count, last, params = 0, None, -1
            for field, value in fields(binascii.a2b_base64(message)):
                if field == 1:
                    count, last = count + 1, value
                elif field == 2:
                    params = value
            if last is None:
                raise ValueError("no evaluation")
            if type(params) is not int or params > 2**31 - 1:
                raise ValueError("a parameter count that is none")
            values = dict(fields(last))
            energy = values.get(6)
            if not all(isinstance(values.get(field, 0.0), float) for field in range(1, 6)):
                raise ValueError("an evaluation that is no number")
            yield Training(
                digest,
                epochs,
                adjacency,
                ops,
                count,
                Evaluation(
                    values.get(1, 0.0),
                    values.get(2, 0.0),
                    values.get(3, 0.0),
                    values.get(4, 0.0),
                    values.get(5, 0.0),
                    energy if isinstance(energy, float) else None,
                ),
                params,
            )
        except (ValueError, TypeError, RecursionError) as error:
            raise DataError(
                f"{path}: record {number} is not a NAS-Bench-101 training ({error}); fetch the file again "
                "with `nascore data fetch`"
            ) from error


def cell(adjacency: str, ops: str) -> tuple[list[list[int]], list[str]]:
    """Matrix and operation names as NASBench101.from_matrix takes them."""
    names = ops.split(",")
    n = len(names)
    if len(adjacency) != n * n:
        raise ValueError(f"{len(adjacency)} matrix entries for {n} operations")
    bits = [int(digit) for digit in adjacency]
    return [bits[row : row + n] for row in range(0, n * n, n)], names


def frame(path: Path | str):
    """All trainings of a file as a DataFrame, one row per record, in file order.

    Columns: hash, arch (pruned tuple), epochs, repeat (order of occurrence), epoch_end, evaluations, train_time (s),
    train, val, test (percent), energy (kWh, NaN where not given), params.
    """
    import pandas as pd

    from nascore.spaces.nasbench101.space import NASBench101

    space, seen, archs, rows = NASBench101(), {}, {}, []
    for t in trainings(path):
        repeat = seen[t.hash, t.epochs] = seen.get((t.hash, t.epochs), -1) + 1
        arch = archs.get(t.hash)
        if arch is None:
            arch = archs[t.hash] = space.from_matrix(*cell(t.adjacency, t.ops))
        e = t.last
        rows.append(
            (
                t.hash,
                arch,
                t.epochs,
                repeat,
                e.epoch,
                t.evaluations,
                e.time,
                100 * e.train,
                100 * e.val,
                100 * e.test,
                float("nan") if e.energy is None else e.energy,
                t.params,
            )
        )
    return pd.DataFrame(
        rows,
        columns=[
            "hash",
            "arch",
            "epochs",
            "repeat",
            "epoch_end",
            "evaluations",
            "train_time",
            "train",
            "val",
            "test",
            "energy",
            "params",
        ],
    )
