"""Choose the surrogate's settings, and record it: python -m nascore.benchmarks.recipes.nasbench101_surrogate.tune
--table PATH.

Every trial is a ten-fold cross-validation on a partition (TUNING_SEED) that the model card's numbers do not use.
"""

from __future__ import annotations

import argparse
import copy
import json
import time
from pathlib import Path

import numpy as np

from nascore.benchmarks.nasbench101_surrogate import folder
from nascore.benchmarks.recipes.nasbench101_surrogate.card import quality
from nascore.benchmarks.recipes.nasbench101_surrogate.fit import (
    TUNING_SEED,
    held_out_scores,
    read_random_sample,
    read_small_cells,
)
from nascore.benchmarks.recipes.nasbench101_surrogate.model import SETTINGS
from nascore.paths import atomic_write

GP = [(length, noise, share) for length in (1.0, 1.5, 2.0) for noise in (0.05, 0.1) for share in (0.8, 0.9, 1.0)]
TREES = [(leaves, fraction) for leaves in (10, 20) for fraction in (0.15, 0.3)]


def trials() -> list[dict]:
    """Settings to try: Gaussian processes alone, trees alone (two members), and both together."""
    out = []
    for length, noise, share in GP:
        setting = copy.deepcopy(SETTINGS)
        setting["gp"] = [{**setting["gp"][0], "length_stats": length, "noise": noise, "stats": share, "weight": 1.0}]
        setting["trees"]["weight"] = 0.0
        out.append(setting)
    for leaves, fraction in TREES:
        setting = copy.deepcopy(SETTINGS)
        setting["gp"] = []
        setting["trees"] |= {"num_leaves": leaves, "feature_fraction": fraction, "members": 2, "weight": 1.0}
        out.append(setting)
    return [*out, copy.deepcopy(SETTINGS)]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", type=Path, required=True, help="nasbench101_partial.parquet")
    options = parser.parse_args(arguments)
    cells, accuracy = read_random_sample(options.table)
    extra = read_small_cells(options.table.with_name("nasbench101_ecnas_tfrecords.parquet"))
    record, start = [], time.process_time()
    for setting in trials():
        scores = held_out_scores(cells, accuracy, extra, TUNING_SEED, setting)
        found = {
            name: round(value, 4)
            for name, value in quality(scores, accuracy).items()
            if name.startswith(("spearman", "kendall"))
        }
        record.append({"settings": setting, **found})
        print(json.dumps(found), setting["gp"], setting["trees"]["weight"], flush=True)
    out = {
        "partition_seed": TUNING_SEED,
        "cells": int(np.size(cells)),
        "chosen": SETTINGS,
        "cpu_seconds": round(time.process_time() - start),
        "trials": record,
    }
    atomic_write(folder() / "tuning.json", json.dumps(out, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
