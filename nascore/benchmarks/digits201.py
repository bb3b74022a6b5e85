"""digits201: our own trained benchmark, all 15,625 cells of NAS-Bench-201's space on cluttered digits.

The table lies in data/benchmarks/digits201 beside its card and needs no download. `python -m
nascore.benchmarks.recipes.digits201` trains what is missing and builds it again.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

import numpy as np

from nascore.benchmarks.index import TupleIndex
from nascore.benchmarks.packed_npz import read_npz
from nascore.benchmarks.recipes.digits201 import recipe as made_by
from nascore.benchmarks.recipes.digits201.recipe import RECIPE, SEEDS
from nascore.benchmarks.table import TabularBenchmark
from nascore.data.cluttered import SIZES
from nascore.errors import DataError
from nascore.spaces.nasbench201 import NASBench201

SPLITS = ("val", "test")
FULL = SIZES["val"]  # images of val and of test each, at the last checkpoint
AXES = {"dataset": ("digits",), "split": SPLITS, "epochs": RECIPE.steps_at, "seed": ("mean", *SEEDS)}
EPOCHS = RECIPE.steps * RECIPE.batch / SIZES["train"]
FILE, SUMS = "digits201.npz", "SHA256SUMS"


def about() -> dict[tuple[str, str, int], str]:
    """(dataset, split, step) -> what the number is."""
    return {
        (
            "digits",
            split,
            step,
        ): f"Top-1 accuracy on {images(step):,} cluttered-digit images of pool {split!r} after {step} of "
        f"{RECIPE.steps} training steps (epochs= is the step; all steps together are {EPOCHS:.2g} epochs); "
        "'mean' = over the trained seeds, one for most functions, three for the best; percent."
        for split in SPLITS
        for step in RECIPE.steps_at
    }


def images(step: int) -> int:
    """How many images of each pool the accuracy after `step` was measured on."""
    return FULL if step == RECIPE.steps else RECIPE.early_images


def load_digits201(
    dataset: str | None = None, split: str = "test", epochs: int | None = None, seed: str | int = "mean"
) -> TabularBenchmark:
    """The table (percent, float32), one row per cell in lexicographic order; cells that compute the same function
    share their value.

    split: val or test. epochs: the training step, one of eight (default the last, the only one measured on all
    images of the pool). seed: "mean" over the trained seeds, or 0, 1, 2; NaN where a seed was not trained. Costs of the
    cell as written: params and flops (multiply-accumulates of one image), both counts. DataError for a missing or
    damaged file.
    """
    correct, classes, checksum = read_table(made_by.folder() / FILE)
    archs = NASBench201().array()
    values = accuracies(correct)[classes][:, None]
    return TabularBenchmark(
        space=NASBench201(),
        index=TupleIndex(archs),
        values=values,
        axes=AXES,
        name="digits201",
        about=about(),
        checksum=checksum,
        costs=costs(archs),
        dataset=dataset,
        split=split,
        epochs=RECIPE.steps if epochs is None else epochs,
        seed=seed,
        resumable=True,  # the eight checkpoints are of one training
    )


def accuracies(correct: np.ndarray) -> np.ndarray:
    """Counts (class, seed, checkpoint, split), -1 where there is none -> percent, float32 (class, split, checkpoint,
    seed), the seeds led by their mean."""
    shown = np.array([images(step) for step in RECIPE.steps_at])[:, None]
    percent = np.where(correct < 0, np.nan, 100.0 * correct / shown)
    count = (correct >= 0).sum(1)
    mean = np.where(count > 0, np.nansum(percent, 1) / np.maximum(count, 1), np.nan)
    return np.concatenate([mean[:, None], percent], 1).transpose(0, 3, 2, 1).astype(np.float32)


def costs(archs: np.ndarray) -> dict[str, np.ndarray]:
    """params and flops (multiply-accumulates of convolutions, poolings and head) of cells, integer array (N, 6)."""
    n1, n3, pools = ((archs == op).sum(1).astype(np.int64) for op in (2, 3, 4))
    widths, side, classes = RECIPE.widths, 10, 10
    params = widths[0] * 3 + 2 * widths[-1] + (widths[-1] + 1) * classes  # stem with its normalisation, last one, head
    flops = widths[0] * side**2 + widths[-1] * classes
    for stage, width in enumerate(widths):
        if stage:  # average pooling halves the image, a 1x1 convolution widens it
            side = -(-side // 2)
            params = params + widths[stage - 1] * width + 2 * width
            flops = flops + widths[stage - 1] * width * side**2
        params = params + n3 * (9 * width * width + 2 * width) + n1 * (width * width + 2 * width)
        flops = flops + side**2 * (n3 * 9 * width * width + n1 * width * width + pools * 9 * width)
    return {"params": params.astype(np.float64), "flops": flops.astype(np.float64)}


@lru_cache(maxsize=2)
def read_table(path: Path) -> tuple[np.ndarray, np.ndarray, str]:
    """Counts int16 (class, seed, checkpoint, split), the class of every cell int16 (15625,), and the file's sha256."""
    try:
        content, sums = path.read_bytes(), (path.parent / SUMS).read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(
            f"{error.filename or path}: {error.strerror}; it is part of the repository: restore it with git"
        ) from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path.parent / SUMS} is no text ({error.reason}); restore it with git") from error
    checksum = hashlib.sha256(content).hexdigest()
    if f"{checksum}  {path.name}" not in sums.splitlines():
        raise DataError(f"{path}: its sha256 {checksum[:12]}... is not the one in {SUMS}; restore both with git")
    arrays = read_npz(path)
    whole = {name: array for name, array in arrays.items() if array.dtype.kind in "iu"}
    correct, classes = (whole.get(name, np.empty(0)) for name in ("correct", "classes"))
    shape = (len(correct), len(SEEDS), RECIPE.checkpoints, 2)
    if (
        correct.shape != shape
        or classes.shape != (NASBench201().size,)
        or not np.array_equal(np.unique(classes), np.arange(len(correct)))
    ):
        raise DataError(f"{path}: fields of another form than a table of digits201 has; restore it with git")
    for array in arrays.values():
        array.setflags(write=False)
    return arrays["correct"], arrays["classes"], checksum
