"""Real NAS-Bench-101 accuracies of some hundred to 2,000 cells, as pools: what GenNAS and NASLib have published."""

from __future__ import annotations

import hashlib

import numpy as np

from nascore import checks
from nascore.benchmarks.nasbench101 import partial_accuracies
from nascore.benchmarks.pooled import pooled
from nascore.benchmarks.table import TabularBenchmark
from nascore.errors import DataError
from nascore.spaces.nasbench101.cost import arch_costs
from nascore.spaces.nasbench101.space import NASBench101

# data set -> split -> (source of `partial_accuracies`, epochs, what the numbers are)
SOURCES = {
    "cifar10": {
        "unstated": (
            "GenNAS-Zero_nasbench1_2500",
            108,
            "CIFAR-10 accuracy at the end of one training of 108 epochs, percent, of 2,000 cells drawn uniformly; the "
            "source does not say whether of validation or test images (their mean fits test)",
        ),
        "val": (
            "NASLib_zc101",
            108,
            "CIFAR-10 validation accuracy at the end of 108 epochs, percent, of 292 cells; seeds are trainings",
        ),
    },
    "imagenet": {
        "unstated": (
            "GenNAS-Zero_nasbench1_imgnet",
            "final",
            "ImageNet top-1 accuracy, percent, of 500 cells; neither the training nor the split is stated",
        )
    },
}


def load_nasbench101_sample(
    dataset: str = "cifar10", split: str | None = None, epochs: int | str | None = None, seed: str | int = "mean"
) -> TabularBenchmark:
    """The cells of one published sample, as a pool (percent): cifar10 with split "unstated" (2,000 cells, one training
    each) or "val" (292 cells, 340 trainings), or imagenet (500 cells). A question that another sample answers is asked
    by loading that one, not by `select`.

    Costs: params and flops by our formula. The 2,000 cells are no public download: they are read from a NASCORE_MIRROR
    folder's tables/nasbench101_partial.parquet. Raises DataError where the numbers are not here.
    """
    checks.one_of("dataset", dataset, tuple(SOURCES))
    split = next(iter(SOURCES[dataset])) if split is None else split
    source, length, about = SOURCES[dataset][checks.one_of("split", split, tuple(SOURCES[dataset]))]
    table = partial_accuracies()
    rows = table[table["source"] == source]
    if not len(rows):
        raise DataError(
            "nasbench101-sample: the 2,000 cells with a CIFAR-10 accuracy are no public download; set NASCORE_MIRROR "
            "to a folder with tables/nasbench101_partial.parquet, or ask for dataset='imagenet' or split='val'"
        )
    space = NASBench101()
    archs = [space.canonical(arch) for arch in rows["arch"]]
    values = rows["value"].to_numpy(np.float64)
    digest = hashlib.sha256(repr(archs).encode())
    digest.update(values.tobytes())
    costs = np.array([arch_costs(arch) for arch in archs])
    return pooled(
        space,
        archs,
        values[:, None, None],
        name="nasbench101-sample",
        dataset=dataset,
        splits=(split,),
        epochs=(length,),
        about=f"{about}; source {source}.",
        checksum=digest.hexdigest(),
        costs={"params": costs[:, 0], "flops": costs[:, 1]},
        question={"dataset": dataset, "split": split, "epochs": length if epochs is None else epochs, "seed": seed},
        resumable=False,
    )
