"""Network Design Spaces on ImageNet: the networks that its authors drew and trained, as pools with learning curves."""

from __future__ import annotations

import numpy as np

from nascore.benchmarks.pooled import pooled
from nascore.benchmarks.table import TabularBenchmark
from nascore.data import built
from nascore.data.nds_raw import SHAPES, SPLITS, nets
from nascore.spaces.nds import nds_space

# benchmark -> its group in the published files
TABLES = {
    "nds-amoeba": "Amoeba_in",
    "nds-darts": "DARTS_in",
    "nds-darts-f": "DARTS_fix-w-d_in",
    "nds-darts-lr-wd": "DARTS_lr-wd_in",
    "nds-enas": "ENAS_in",
    "nds-nasnet": "NASNet_in",
    "nds-pnas": "PNAS_in",
    "nds-resnet-lr-wd": "ResNet_lr-wd_in",
    "nds-resnext-a": "ResNeXt-A_in",
    "nds-resnext-b": "ResNeXt-B_in",
    "nds-vanilla-lr-wd": "Vanilla_lr-wd_in",
}
BEST = "best"
ABOUT = (
    "ImageNet top-1 accuracy in percent, 100 minus the published error, after so many epochs of {epochs}: of the "
    "validation images (split test, as the files call it) or of the training images; '{best}' is the best epoch's. "
    "Networks of {group}; seeds are trainings of the same network, nearly always one."
)
SETTINGS = " Learning rate and weight decay were drawn anew for each training."


STAGES = ("ds", "ws", "num_gs", "bot_muls")  # what a stage of residual blocks is made of, in a `net` entry


def stage_features(entries: list[dict]) -> np.ndarray | None:
    """Logarithms of depth, width, groups and bottleneck of every stage, each column with variance 1, so that networks
    of residual blocks can be compared: their graphs hardly differ. None for networks of cells."""
    if not all("ds" in entry for entry in entries):
        return None
    columns = np.log2([[value for part in STAGES for value in entry.get(part) or ()] for entry in entries])
    columns = columns[:, np.ptp(columns, axis=0) > 0]
    return (columns - columns.mean(0)) / columns.std(0)


def load_nds(
    name: str,
    dataset: str = "imagenet",
    split: str = "test",
    epochs: int | str | None = None,
    seed: str | int = "mean",
) -> TabularBenchmark:
    """One of TABLES: accuracy in percent (100 minus top-1 error) on ImageNet after each of 50 epochs (nds-darts-f: 5).

    Its space is the pool of the networks that were trained, which compares cells by their graphs and chains of
    residual blocks by `stage_features`. split: test (the ImageNet validation images; upstream's
    word) or train. epochs: a number, by default the last, or "best", the best epoch's (which the published tables and
    GenNAS go by). The epochs are checkpoints of one training, whose learning rate falls to its end. Costs: params and
    flops (multiply-accumulates) as published; in the lr-wd groups, where they were drawn for each network, also
    learning_rate and weight_decay. Raises DataError where the files have not been fetched.
    """
    group = TABLES[name]
    arrays = built.load("nds")
    space = nds_space(group)
    entries = nets(arrays, group)
    stages = stage_features(entries)
    accuracies = 100 - arrays[f"{group}/errors"].astype(np.float64)
    length = SHAPES[group][1]
    costs = dict(zip(("params", "flops"), arrays[f"{group}/costs"].T, strict=True))
    drawn = group.endswith("lr-wd_in")
    if drawn:
        costs |= dict(zip(("learning_rate", "weight_decay"), arrays[f"{group}/optim"].T, strict=True))
    return pooled(
        space,
        [space.canonical(space.from_net(net)) for net in entries],
        np.concatenate([accuracies, accuracies.max(-1, keepdims=True)], axis=-1),
        name=name,
        dataset="imagenet",
        splits=SPLITS,
        epochs=(*range(1, length + 1), BEST),
        about=ABOUT.format(epochs=length, best=BEST, group=group) + SETTINGS * drawn,
        checksum=built.digest(arrays),
        costs=costs,
        question={"dataset": dataset, "split": split, "epochs": length if epochs is None else epochs, "seed": seed},
        resumable=True,
        features=stages,
        distance=None if stages is None else "stages",
    )
