"""NAS-Bench-201 (Dong and Yang, 2020): 15,625 cells, three data sets, accuracies after 12 and 200 epochs."""

from __future__ import annotations

import numpy as np

from nascore.benchmarks.index import TupleIndex
from nascore.benchmarks.table import TabularBenchmark
from nascore.data import built, nasbench201_raw
from nascore.data.nasbench201_raw import DATASETS, EPOCHS, SPLITS
from nascore.errors import SettingError
from nascore.spaces.nasbench201 import NASBench201

_TRAINED = {
    ("cifar10", "val"): "CIFAR-10 validation accuracy (25,000 images), trained on the other 25,000 training images",
    ("cifar10", "test"): "CIFAR-10 test accuracy (10,000 images), trained on all 50,000 training images",
    ("cifar10", "test-25k"): "CIFAR-10 test accuracy (10,000 images), trained on the 25,000-image half of the training "
    "set: the same networks as split 'val'",
    ("cifar100", "val"): "CIFAR-100 validation accuracy (5,000 images taken from the test set), trained on all 50,000 "
    "training images",
    ("cifar100", "test"): "CIFAR-100 test accuracy (the other 5,000 test images), trained on all 50,000 training "
    "images",
    ("imagenet16-120", "val"): "ImageNet16-120 validation accuracy (3,000 images), trained on the training images",
    ("imagenet16-120", "test"): "ImageNet16-120 test accuracy (3,000 images), trained on the training images",
}
_SCHEDULE = {
    200: "after the last of 200 epochs, mean over the available seeds",
    # multiples of 1/images everywhere, of 1/(2*images) for CIFAR-10 val: the source itself does not state the seeds
    12: "after the last epoch of the benchmark's separate 12-epoch schedule (not epoch 12 of 200), as its API gives it "
    "(the values look like one training; CIFAR-10 val like a mean of two readings)",
}
ABOUT = {
    (dataset, split, epochs): f"Top-1 {what}; {_SCHEDULE[epochs]}; percent."
    for (dataset, split), what in _TRAINED.items()
    for epochs in EPOCHS
    if (split, epochs) != ("test-25k", 12)
}


def costs(archs: np.ndarray) -> dict[str, np.ndarray]:
    """params (count) and the two counts of flops in use (millions for one image) of the CIFAR-10 networks.

    flops_official: multiply-accumulates of convolutions and the dense layer, what the benchmark's own API prints
    (113.95 for a cell of three 3x3 convolutions). flops_naslib: what NASLib stores, which adds nine for each pixel that
    a pooling of the cells writes and three for each that a normalised convolution writes (116.69 with one pooling).
    archs: integer array (N, 6).
    """
    known = nasbench201_raw.costs(archs)
    n1, n3 = ((archs == op).sum(1) for op in (2, 3))
    # stem, two residual blocks with their shortcuts, and the head; then 15 cells, of which every stage costs the same
    official = 7.783040 + 35.389440 * n3 + 3.932160 * n1
    return {"params": known["params"], "flops_official": official, "flops_naslib": known["flops"]}


def load_nasbench201(
    dataset: str = "cifar10", split: str = "test", epochs: int = 200, seed: str = "mean"
) -> TabularBenchmark:
    """The table, answering for one data set, split and schedule (percent, float32).

    dataset: cifar10, cifar100 or imagenet16-120 (also ImageNet16-120). split: val, test, or test-25k (CIFAR-10 at 200
    epochs only: the test accuracy of the networks trained on 25,000 images). epochs: 12 or 200, two separate trainings.
    seed: "mean" only. Rows are in the official index order; `about` says what the number is. Costs of the CIFAR-10
    network: params (count), flops_official and flops_naslib (millions, see `costs`). Raises DataError where the files
    have not been fetched.
    """
    if not isinstance(dataset, str):
        raise SettingError(f"dataset={dataset!r}: nasbench201 has {', '.join(DATASETS)}")
    arrays = built.load("nasbench201")
    archs = arrays["archs"]
    axes = {"dataset": DATASETS, "split": SPLITS, "epochs": EPOCHS, "seed": ("mean",)}
    return TabularBenchmark(
        space=NASBench201(),
        index=TupleIndex(archs),
        values=arrays["values"],
        axes=axes,
        name="nasbench201",
        costs=costs(archs),
        about=ABOUT,
        checksum=built.digest(arrays),
        dataset=dataset.lower(),
        split=split,
        epochs=epochs,
        seed=seed,
    )
