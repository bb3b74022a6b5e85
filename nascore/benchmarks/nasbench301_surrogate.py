"""nasbench301-surrogate: predicted accuracies of pairs of DARTS cells, by a model of our own.

A surrogate of a surrogate: see data/benchmarks/nasbench301/MODEL_CARD.md (`python -m
nascore.benchmarks.recipes.nasbench301_surrogate.fit` makes it again). The space has 1.1e18 pairs, so this is no table:
it answers architecture by architecture.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nascore import checks, paths
from nascore.benchmarks.nasbench301_features import design
from nascore.benchmarks.packed_npz import read_npz
from nascore.errors import DataError, SettingError
from nascore.spaces.base import Arch
from nascore.spaces.darts import DARTSSpace

QUESTION = {"dataset": "cifar10", "split": "val", "epochs": None, "seed": "mean"}


def folder() -> Path:
    """Where the committed model and its card lie."""
    return paths.data() / "benchmarks" / "nasbench301"


@functools.lru_cache(maxsize=1)
def _model() -> tuple[np.ndarray, float, str]:
    """Weights (the first is the mean), width of the similarities, and the SHA-256 of the file."""
    path = folder() / "model.npz"
    again = "it is part of the repository: restore it with git"
    try:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        stored = read_npz(path)
        weights, width = stored["weights"].astype(np.float64), float(stored["width"][0])
    except OSError as error:
        raise DataError(f"{path}: {error.strerror}; {again}") from error
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise DataError(f"{path}: damaged fields ({error}); {again}") from error
    if weights.ndim != 1 or not np.isfinite(weights).all() or not width > 0:
        raise DataError(f"{path}: weights that are not finite; {again}")
    return weights, width, digest


class PredictedBenchmark:
    """Answers `value(arch)` with a model's prediction, percent; higher is better. For `nc.Oracle`, which counts.

    `space` is the DARTS space without "none". Not a table: there is no best architecture and no rank.
    """

    direction, name, label = "max", "nasbench301-surrogate", "surrogate"
    about = (
        "CIFAR-10 validation accuracy (percent) as our model of the published NAS-Bench-301 predictions predicts it: a "
        "surrogate of a surrogate"
    )

    def __init__(self):
        self.space = DARTSSpace()
        self._weights, self._width, self.checksum = _model()

    def value(self, arch: Arch) -> float:
        """Predicted accuracy; ArchitectureError for what is not of the space."""
        return float(self.values([arch])[0])

    __call__ = value

    def values(self, archs: Sequence[Arch]) -> np.ndarray:
        """Of several architectures, float64."""
        known = [self.space.canonical(arch) for arch in checks.listed("archs", archs, "a list of architectures")]
        if not known:
            return np.empty(0)
        return design(self.space, known, self._width) @ self._weights

    def identity(self) -> dict:
        """What its answers depend on."""
        return {"benchmark": self.name, "checksum": self.checksum}

    def __repr__(self) -> str:
        return f"<{self.name}: predictions of {self.space.name}, {self.label}>"


def load_nasbench301_surrogate(
    dataset: str | None = None, split: str | None = None, epochs: int | None = None, seed: str | int | None = None
) -> PredictedBenchmark:
    """The model; there is one question only: CIFAR-10, validation accuracy."""
    given = {"dataset": dataset, "split": split, "epochs": epochs, "seed": seed}
    for name, value in given.items():
        if value is not None and value != QUESTION[name]:
            raise SettingError(f"{name}={checks.shown(value)}: nasbench301-surrogate knows {QUESTION[name]!r} only")
    return PredictedBenchmark()
