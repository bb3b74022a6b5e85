"""What digits201 is made by, as data: the training recipe, the seeds, and where its files lie. Needs no torch."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nascore import paths
from nascore.data import cluttered

SEEDS = (0, 1, 2)  # of the table; the recipe was chosen on seeds 100 to 102


@dataclass(frozen=True)
class Recipe:
    """One training: `steps` steps of SGD (Nesterov) with `batch` images; linear warm-up, then a cosine to zero."""

    widths: tuple[int, ...] = (8, 16)
    steps: int = 160
    batch: int = 64
    learning_rate: float = 0.4
    warm_up: int = 20
    momentum: float = 0.9
    weight_decay: float = 5e-4
    checkpoints: int = 8
    early_images: int = 200  # of val and of test each, at the checkpoints before the last; all of both at the last

    @property
    def steps_at(self) -> tuple[int, ...]:
        """The steps after which accuracy is measured."""
        return tuple(self.steps * (i + 1) // self.checkpoints for i in range(self.checkpoints))

    @property
    def skeleton(self) -> dict[str, Any]:
        """Options of `networks.build` that make the networks of the table."""
        return {"widths": self.widths, "cells": 1, "stem": 1, "inputs": 1, "reduction": "pooled"}

    @property
    def mark(self) -> str:
        """Names recipe and task in the files of finished trainings, so that those of another one are not mixed in."""
        task = [
            cluttered.CANVAS,
            cluttered.DIGIT,
            cluttered.FRAGMENT,
            cluttered.FRAGMENTS,
            cluttered.NOISE,
            *cluttered.SIZES.values(),
        ]
        return hashlib.sha256(repr((sorted(asdict(self).items()), task)).encode()).hexdigest()[:16]

    def rate(self, step: int) -> float:
        if step < self.warm_up:
            return self.learning_rate * (step + 1) / self.warm_up
        return self.learning_rate * (1 + np.cos(np.pi * (step - self.warm_up) / (self.steps - self.warm_up))) / 2


RECIPE = Recipe()


def folder() -> Path:
    """Where the committed table, its card and the training files lie."""
    return paths.data() / "benchmarks" / "digits201"
