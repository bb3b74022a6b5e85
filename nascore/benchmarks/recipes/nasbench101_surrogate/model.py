"""The NAS-Bench-101 surrogate as an ensemble of Gaussian processes and boosted trees, kept in plain npz and text files.

Every member predicts a normal score (the normal quantile of the accuracy's rank among the fitted cells), because ranks
are what a search uses and because accuracies have a long lower tail.  The weighted mean of the members is turned into
percent by an increasing curve fitted to held-out predictions (`calibrate`).
"""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from nascore.benchmarks.packed_npz import read_npz, write_npz
from nascore.benchmarks.recipes.nasbench101_surrogate.features import describe
from nascore.errors import DataError
from nascore.paths import atomic_write

CHUNK = 8_000
# Chosen by tune.py (record: data/benchmarks/nasbench101/tuning.json); a Gaussian process's `stats` is the
# share of the kernel over statistics, the rest is over paths.
SETTINGS = {
    "min_paths": 15,
    "gp": [{"length_stats": 1.5, "length_paths": 2.0, "stats": 1.0, "noise": 0.05, "weight": 0.5}],
    "trees": {
        "num_leaves": 20,
        "min_child_samples": 8,
        "learning_rate": 0.03,
        "feature_fraction": 0.15,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
        "rounds": 500,
        "members": 6,
        "weight": 0.5,
    },
}


@dataclass
class Inputs:
    """Which columns the members see, and their scaling: statistics of the cell, then log(1 + count) of common paths."""

    paths: np.ndarray  # int [P], columns of the path counts
    mean: np.ndarray = field(default=None)
    scale: np.ndarray = field(default=None)
    stats: int = 0

    @classmethod
    def fit(cls, bits, ops, min_paths: int) -> tuple[Inputs, np.ndarray]:
        columns, counts = describe(bits, ops)
        inputs = cls(paths=np.flatnonzero((counts > 0).sum(0) >= min_paths), stats=len(columns))
        raw = inputs._raw(columns, counts)
        inputs.mean, inputs.scale = raw.mean(0), raw.std(0) + 1e-6
        return inputs, inputs._scaled(raw)

    def __call__(self, bits, ops) -> np.ndarray:
        """Scaled inputs, float64 [N, F], of cells given as masks [N] and operations [N, 5] padded with -1."""
        return self._scaled(self._raw(*describe(bits, ops)))

    def _raw(self, columns, counts) -> np.ndarray:
        return np.column_stack([*columns.values(), np.log1p(counts[:, self.paths])]).astype(np.float64)

    def _scaled(self, raw) -> np.ndarray:
        return ((raw - self.mean) / self.scale).clip(-8, 8)


def kernel(left: np.ndarray, right: np.ndarray, stats: int, setting: dict) -> np.ndarray:
    """Sum of two squared-exponential kernels, over the first `stats` inputs and over the paths, [N, M]."""
    share = setting["stats"]
    out = share * _gauss(left[:, :stats], right[:, :stats], setting["length_stats"])
    if share < 1:
        out += (1 - share) * _gauss(left[:, stats:], right[:, stats:], setting["length_paths"])
    return out


def _gauss(left, right, length) -> np.ndarray:
    square = (left**2).sum(1)[:, None] + (right**2).sum(1)
    square -= 2 * left @ right.T
    np.maximum(square, 0, out=square)
    square *= -0.5 / (length**2 * left.shape[1])
    return np.exp(square, out=square)


class Ensemble:
    """Fitted members. `score` gives normal scores, `predict` percent of test accuracy after 108 epochs."""

    def __init__(self, inputs, cells, train, alphas, boosters, settings, curve=None):
        self.inputs, self.cells, self.train, self.alphas = inputs, cells, train, alphas
        self.boosters, self.settings, self.curve = boosters, settings, curve

    @classmethod
    def fit(cls, bits, ops, target, noise_scale=None, settings=None, seed: int = 0) -> Ensemble:
        """Fit to normal scores `target` [N]; `noise_scale` [N] multiplies a cell's noise variance (1: one training)."""
        import lightgbm

        settings = settings or SETTINGS
        noise_scale = np.ones(len(target)) if noise_scale is None else noise_scale
        inputs, train = Inputs.fit(bits, ops, settings["min_paths"])
        alphas = []
        for one in settings["gp"]:
            gram = kernel(train, train, inputs.stats, one) + np.diag(one["noise"] * noise_scale)
            alphas.append(np.linalg.solve(gram, target - target.mean()))
        alphas = np.array(alphas).reshape(-1, len(target))
        trees = dict(settings["trees"])
        rounds, members, trees_weight = trees.pop("rounds"), trees.pop("members"), trees.pop("weight")
        data = lightgbm.Dataset(train, target, weight=1 / noise_scale, free_raw_data=False)
        boosters = [
            lightgbm.train(
                {
                    "objective": "l2",
                    "verbose": -1,
                    "num_threads": 1,
                    "deterministic": True,
                    "force_row_wise": True,
                    "seed": 1000 * seed + k,
                    **trees,
                },
                data,
                rounds,
            )
            for k in range(members if trees_weight else 0)
        ]
        ensemble = cls(inputs, (np.asarray(bits), np.asarray(ops)), train, alphas, boosters, settings)
        ensemble.offset = float(target.mean())
        return ensemble

    def score(self, bits, ops) -> np.ndarray:
        """Normal scores, float64 [N]."""
        out = []
        for start in range(0, len(bits), CHUNK):
            x = self.inputs(bits[start : start + CHUNK], ops[start : start + CHUNK])
            total = np.zeros(len(x))
            for booster in self.boosters:
                total += self.settings["trees"]["weight"] / len(self.boosters) * booster.predict(x, num_threads=1)
            for one, alpha in zip(self.settings["gp"], self.alphas):
                total += one["weight"] * (kernel(x, self.train, self.inputs.stats, one) @ alpha + self.offset)
            out.append(total)
        weight = self.settings["trees"]["weight"] + sum(one["weight"] for one in self.settings["gp"])
        return np.concatenate(out) / weight if out else np.zeros(0)

    def predict(self, bits, ops) -> np.ndarray:
        """Test accuracy after 108 epochs, percent, float64 [N]."""
        return apply_curve(self.curve, self.score(bits, ops))

    def save(self, folder: Path) -> None:
        """Write model.npz (arrays and settings) and trees.txt.gz (LightGBM's text, members separated by a line)."""
        bits, ops = self.cells
        write_npz(
            folder / "model.npz",
            {
                "bits": bits.astype(np.int32),
                "ops": ops.astype(np.int8),
                "alphas": self.alphas,
                "paths": self.inputs.paths,
                "mean": self.inputs.mean,
                "scale": self.inputs.scale,
                "curve": np.asarray(self.curve),
                "offset": np.array(self.offset),
                "stats": np.array(self.inputs.stats),
                "settings": np.frombuffer(json.dumps(self.settings).encode(), dtype=np.uint8),
            },
        )
        text = _SEPARATOR.join(_slim(b.model_to_string()) for b in self.boosters)
        atomic_write(folder / "trees.txt.gz", gzip.compress(text.encode(), 9, mtime=0))

    @classmethod
    def load(cls, folder: Path) -> Ensemble:
        """Read what `save` wrote; DataError when a file is missing or broken."""
        import lightgbm

        a = read_npz(folder / "model.npz")
        try:
            text = gzip.decompress((folder / "trees.txt.gz").read_bytes()).decode()
        except (OSError, EOFError, UnicodeDecodeError) as error:
            raise DataError(
                f"{folder / 'trees.txt.gz'} cannot be read ({error}); it is part of the repository: restore it with git"
            ) from error
        inputs = Inputs(a["paths"], a["mean"], a["scale"], int(a["stats"]))
        cells = (a["bits"], a["ops"])
        boosters = [lightgbm.Booster(model_str=part) for part in text.split(_SEPARATOR)]
        settings = json.loads(a["settings"].tobytes())
        ensemble = cls(inputs, cells, inputs(*cells), a["alphas"], boosters, settings, a["curve"])
        ensemble.offset = float(a["offset"])
        return ensemble


_SEPARATOR = "\n#### next member ####\n"
# Lines that prediction does not read; without tree_sizes LightGBM finds the trees by their headings.
_UNREAD = (
    "tree_sizes=",
    "split_gain=",
    "leaf_weight=",
    "leaf_count=",
    "internal_value=",
    "internal_weight=",
    "internal_count=",
)


def _slim(text: str) -> str:
    trees = text[: text.index("end of trees")]
    return "\n".join(line for line in trees.split("\n") if not line.startswith(_UNREAD)) + "end of trees\n"


def calibrate(score: np.ndarray, accuracy: np.ndarray, knots: int = 25) -> np.ndarray:
    """Strictly increasing piecewise-linear curve [2, K] from scores to percent: the isotonic regression of accuracy on
    held-out scores, read at the means of equally filled bins, with a least slope so that no two scores tie."""
    from sklearn.isotonic import IsotonicRegression

    order = np.argsort(score, kind="stable")
    bins = np.array_split(order, knots)
    x = np.array([score[b].mean() for b in bins])
    y = np.array([accuracy[b].mean() for b in bins])
    y = IsotonicRegression().fit(x, y, sample_weight=[len(b) for b in bins]).predict(x)
    return np.stack([x, np.maximum.accumulate(y + 1e-3 * (x - x[0]))])


def apply_curve(curve: np.ndarray, score: np.ndarray) -> np.ndarray:
    """Percent of scores; beyond the curve's ends its first and last slopes go on (never below 10 or above 100)."""
    x, y = curve
    out = np.interp(score, x, y)
    low, high = (y[1] - y[0]) / (x[1] - x[0]), (y[-1] - y[-2]) / (x[-1] - x[-2])
    out = np.where(score < x[0], y[0] + low * (score - x[0]), out)
    return np.where(score > x[-1], y[-1] + high * (score - x[-1]), out).clip(10, 100)
