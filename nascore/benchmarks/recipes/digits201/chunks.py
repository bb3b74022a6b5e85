"""One file of finished trainings of digits201, with every field checked when it is read."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from nascore.benchmarks.packed_npz import read_npz, write_npz
from nascore.benchmarks.recipes.digits201.recipe import RECIPE, SEEDS
from nascore.data.cluttered import SIZES
from nascore.errors import DataError

FIELDS = ("classes", "correct", "seed", "seconds", "recipe")


class Chunk(NamedTuple):
    """`classes` (int64, which networks), `correct` (int64 (network, checkpoint, val or test), right answers), the seed
    and the seconds of processor time."""

    classes: np.ndarray
    correct: np.ndarray
    seed: int
    seconds: float


def write_chunk(file: Path, chunk: Chunk) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    arrays = {
        "classes": np.asarray(chunk.classes, np.int16),
        "correct": np.asarray(chunk.correct, np.int16),
        "seed": np.array(chunk.seed),
        "seconds": np.array(chunk.seconds),
        "recipe": np.array(RECIPE.mark),
    }
    write_npz(file, arrays)


def read_chunk(file: Path, classes: int) -> Chunk:
    """The file's trainings of the first `classes` networks; DataError naming the field that is wrong, and for a file of
    another recipe."""
    arrays = read_npz(file)

    def refuse(why: str) -> DataError:
        return DataError(f"{file}: {why}; restore it with git, or move it away and train again")

    if set(arrays) != set(FIELDS):
        raise refuse(f"fields {', '.join(sorted(arrays)) or 'none'}, expected {', '.join(FIELDS)}")
    members, correct, seed, seconds, mark = (arrays[name] for name in FIELDS)
    if mark.ndim or mark.dtype.kind != "U" or str(mark) != RECIPE.mark:
        raise DataError(f"{file}: trained by another recipe than the present {RECIPE}; move it away")
    if members.ndim != 1 or members.dtype.kind not in "iu" or not len(members):
        raise refuse(f"classes of shape {members.shape} and type {members.dtype}, expected whole numbers (n,)")
    if members.min() < 0 or members.max() >= classes or len(np.unique(members)) != len(members):
        raise refuse(
            f"classes from {members.min()} to {members.max()}, expected different ones from 0 to {classes - 1}"
        )
    shape = (len(members), RECIPE.checkpoints, 2)
    if correct.shape != shape or correct.dtype.kind not in "iu":
        raise refuse(f"correct of shape {correct.shape} and type {correct.dtype}, expected whole numbers {shape}")
    if not possible(correct):
        raise refuse(f"correct from {correct.min()} to {correct.max()}, expected 0 to the number of images shown")
    if seed.ndim or seed.dtype.kind not in "iu" or int(seed) not in SEEDS or not file.name.startswith(f"seed{seed}-"):
        raise refuse(f"seed {seed} of type {seed.dtype}, expected that of the file's name, one of {SEEDS}")
    if seconds.ndim or seconds.dtype.kind not in "iuf" or not 0 <= float(seconds) < np.inf:
        raise refuse(f"seconds {seconds} of type {seconds.dtype}, expected a number of at least 0")
    return Chunk(members.astype(np.int64), correct.astype(np.int64), int(seed), float(seconds))


def possible(correct: np.ndarray) -> bool:
    """Whether right answers (..., checkpoint, split) are no more than the images shown, and none are missing."""
    shown = np.array([RECIPE.early_images] * (RECIPE.checkpoints - 1) + [SIZES["val"]])[:, None]
    return bool(((correct >= 0) & (correct <= shown)).all())
