"""Cluttered digits: a small image task made from scikit-learn's bundled real 8x8 digits; no download, fully seeded.

One digit stands at a random place of a 10x10 canvas among three 3x3 fragments of other digits and noise. The three
pools use disjoint source images, so that a validation or test digit was never seen in training, not even elsewhere on
the canvas. Without the clutter every network with a convolution scores alike; with it a cell has to see space.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from nascore import checks

CANVAS, DIGIT, FRAGMENT, FRAGMENTS, NOISE = 10, 8, 3, 3, 0.15
CLASSES = 10
SOURCES = {"train": (0, 997), "val": (997, 1397), "test": (1397, 1797)}  # slices of one seeded shuffle of the 1,797
SIZES = {"train": 16_000, "val": 3_000, "test": 3_000}
MEAN, STD = 0.27, 0.40  # of the training pool, rounded: inputs come out near zero mean and unit variance


@dataclass(frozen=True, repr=False)
class Pool:
    """Images, float32 (n, 1, 10, 10), standardised; labels, int64 (n,), 0 to 9."""

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return f"<Pool of {len(self):,} images {'x'.join(map(str, self.images.shape[1:]))}>"


@lru_cache(maxsize=1)
def _sources() -> tuple[np.ndarray, np.ndarray]:
    """All source digits, 0 to 1, in a shuffled order that never changes."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    order = np.random.default_rng(201).permutation(len(bunch.target))
    return (bunch.images[order] / 16.0).astype(np.float32), bunch.target[order].astype(np.int64)


def cluttered_digits(pool: str, size: int | None = None, seed: int = 0) -> Pool:
    """The pool "train", "val" or "test" of `size` composed images (default 16,000, 3,000 and 3,000).

    The same pool, size and seed give the same images on every machine; digits201 uses seed 0. Each source digit occurs
    equally often (up to one). SettingError for another pool or a size below 1. The arrays are read-only.
    """
    checks.one_of("pool", pool, tuple(SOURCES))
    size = SIZES[pool] if size is None else size
    return _composed(pool, checks.whole("size", size, 1), checks.seed(seed))


@lru_cache(maxsize=8)
def _composed(pool: str, size: int, seed: int) -> Pool:
    rng = np.random.default_rng([12, list(SOURCES).index(pool), seed])
    images, targets = (array[slice(*SOURCES[pool])] for array in _sources())
    chosen = np.concatenate([rng.permutation(len(images)) for _ in range(-(-size // len(images)))])[:size]
    canvas = np.zeros((size, CANVAS, CANVAS), np.float32)
    _place(canvas, images[chosen], rng)
    span = np.arange(FRAGMENT)
    for _ in range(FRAGMENTS):
        other = rng.integers(len(images), size=size)
        top, left = rng.integers(DIGIT - FRAGMENT + 1, size=(2, size))
        rows, columns = top[:, None] + span, left[:, None] + span
        _place(canvas, images[other[:, None, None], rows[:, :, None], columns[:, None, :]], rng)
    canvas += NOISE * rng.standard_normal(canvas.shape, dtype=np.float32)
    made = Pool(((canvas - MEAN) / STD)[:, None], targets[chosen])
    for array in (made.images, made.labels):
        array.setflags(write=False)
    return made


def _place(canvas: np.ndarray, patches: np.ndarray, rng: np.random.Generator) -> None:
    """Lay one patch on each canvas at a random place; where things overlap the brighter pixel is seen."""
    count, side = len(patches), patches.shape[1]
    top, left = rng.integers(CANVAS - side + 1, size=(2, count))
    span = np.arange(side)
    where = (np.arange(count)[:, None, None], (top[:, None] + span)[:, :, None], (left[:, None] + span)[:, None, :])
    canvas[where] = np.maximum(canvas[where], patches)
