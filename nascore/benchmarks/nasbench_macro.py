"""NAS-Bench-Macro (Su et al., 2021): 6,561 chains of MBConv blocks on CIFAR-10, three trainings each."""

from __future__ import annotations

import numpy as np

from nascore.benchmarks.index import TupleIndex
from nascore.benchmarks.table import TabularBenchmark
from nascore.data import built
from nascore.spaces.macro import NASBenchMacro

STAGES = ((0, 1), (2, 3, 4), (5, 6, 7))  # positions of the three stages
AXES = {"dataset": ("cifar10",), "split": ("test",), "epochs": ("final",), "seed": ("mean", 0, 1, 2)}
ABOUT = {
    ("cifar10", "test", "final"): "Top-1 CIFAR-10 test accuracy at the end of training; seed 0, 1, 2 = three "
    "independent trainings, 'mean' = their mean; percent. 3,969 networks were trained: keys that differ only in "
    "where identity blocks stand behind a stage's first layer are the same network and carry copied values."
}


def canonical(archs: np.ndarray) -> np.ndarray:
    """Which trained network each key stands for: identities behind a stage's first layer moved to the stage's end.

    archs: integer array (N, 8) of 0, 1, 2; returns an array of the same shape. The table's keys are never merged by
    this; it only says which of them are copies.
    """
    archs = np.array(archs)
    for stage in STAGES:
        block = archs[:, stage[1:]]
        order = np.argsort(block == 0, axis=1, kind="stable")  # identities last, the others in their order
        archs[:, stage[1:]] = np.take_along_axis(block, order, axis=1)
    return archs


def load_nasbench_macro(
    dataset: str = "cifar10", split: str = "test", epochs: str = "final", seed: str | int = "mean"
) -> TabularBenchmark:
    """The table (percent, float32), rows in lexicographic order of the architecture strings.

    seed: "mean", or 0, 1, 2 for one training. Costs: params and flops (counts). Raises DataError where the file has not
    been fetched.
    """
    arrays = built.load("nasbench-macro")
    runs = arrays["accuracies"]
    values = np.concatenate([runs.mean(1, keepdims=True, dtype=np.float64).astype(np.float32), runs], axis=1)
    return TabularBenchmark(
        space=NASBenchMacro(),
        index=TupleIndex(arrays["archs"]),
        values=values[:, None, None, None],
        axes=AXES,
        name="nasbench-macro",
        about=ABOUT,
        checksum=built.digest(arrays),
        costs={"params": arrays["params"].astype(float), "flops": arrays["flops"].astype(float)},
        dataset=dataset,
        split=split,
        epochs=epochs,
        seed=seed,
    )
