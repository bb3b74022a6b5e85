"""A seeded synthetic table of the shape of NAS-Bench-Macro, for work without any download.

No number is measured and none is taken from the real table: a made-up landscape (later layers of a stage matter less,
operations interact, trainings are noisy, equal networks score alike). Everything computed on it is labelled
"synthetic". In NAS-Bench-201's space no invention is needed: digits201 is measured.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from nascore import checks
from nascore.benchmarks.index import TupleIndex
from nascore.benchmarks.nasbench_macro import canonical
from nascore.benchmarks.table import TabularBenchmark
from nascore.spaces.macro import NASBenchMacro

_ABOUT = "Synthetic: an invented landscape of this shape (seed {seed}); no number is measured."


@lru_cache(maxsize=4)
def _chains(table_seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """archs uint8 [6561, 8], accuracies float32 [6561, 3], params and flops float64 [6561] (all invented)."""
    rng = np.random.default_rng([3, 8, table_seed])
    archs = np.indices((3,) * 8).reshape(8, -1).T.astype(np.uint8)
    networks = canonical(archs)  # copies of one network get one value, as in the real table
    row = networks.astype(np.int64) @ 3 ** np.arange(7, -1, -1)
    gain = np.array([0.0, 0.8, 1.0]) * (1 + 0.25 * rng.random((8, 1)))  # later layers of a stage matter less
    gain[[1, 3, 4, 6, 7]] *= np.array([0.6, 0.7, 0.4, 0.6, 0.3])[:, None]
    strength = gain[np.arange(8), networks].sum(1)
    clash = 0.06 * rng.standard_normal((7, 3, 3))
    strength = strength + sum(clash[i][networks[:, i], networks[:, i + 1]] for i in range(7))
    grade = (strength - strength.min()) / (strength.max() - strength.min())
    level = 60.0 + 30.0 * (1 - np.exp(-4.0 * grade)) / (1 - np.exp(-4.0))
    runs = level[:, None] + 0.2 * rng.standard_normal((len(archs), 3))
    stage = np.array([0, 0, 1, 1, 1, 2, 2, 2])
    width = 32.0 * 2**stage
    block = width**2 * np.array([0.0, 6.0, 12.0])[:, None] + width * np.array([0.0, 27.0, 150.0])[:, None]
    params = 2e4 + block[networks, np.arange(8)].sum(1)
    flops = 5e6 + (block * (16.0 / 2**stage) ** 2)[networks, np.arange(8)].sum(1)
    made = archs, np.clip(runs, 0.0, 99.9).astype(np.float32).round(4)[row], params, flops
    for array in made:
        array.setflags(write=False)
    return made


def load_nasbench_macro_synthetic(
    dataset: str = "cifar10", split: str = "test", epochs: str = "final", seed: str | int = "mean", table_seed: int = 0
) -> TabularBenchmark:
    """An invented table over NAS-Bench-Macro's space: 6,561 chains, three runs and their mean, costs invented.

    Percent; label "synthetic"; equivalent chains carry equal values, as in the real table. Needs no download.
    """
    archs, runs, params, flops = _chains(checks.seed(table_seed, "table_seed"))
    values = np.concatenate([runs.mean(1, keepdims=True, dtype=np.float64).astype(np.float32), runs], axis=1)
    axes = {"dataset": ("cifar10",), "split": ("test",), "epochs": ("final",), "seed": ("mean", 0, 1, 2)}
    return TabularBenchmark(
        space=NASBenchMacro(),
        index=TupleIndex(archs),
        values=values[:, None, None, None],
        axes=axes,
        name="nasbench-macro-synthetic",
        label="synthetic",
        about=_ABOUT.format(seed=table_seed),
        checksum=f"synthetic-1-{table_seed}",
        costs={"params": params, "flops": flops},
        dataset=dataset,
        split=split,
        epochs=epochs,
        seed=seed,
    )
