"""Are our scores the ones that others have published? The same cells of NAS-Bench-201, side by side.

A score that looks at images or random weights cannot be repeated exactly (other draws, the JPEG copy of the images), so
the agreement with the published one is held against our own between two seeds.
"""

from __future__ import annotations

import time
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from nascore.studies.experiment import Experiment, Unit
from nascore.studies.gennas.ranking import CHEAP, short
from nascore.studies.gennas.samples import SAMPLES, data_label, images

if TYPE_CHECKING:
    import pandas as pd

CELLS, DRAW, SEEDS = 200, 12, (0, 1)
# under the same names in the published table, which has no ZiCo
NAMES = tuple(name for name in CHEAP if name != "zico")


def _units(profile: str) -> list[Unit]:
    if profile == "smoke":
        return []
    return [Unit({"proxy": name}, 0, 2 * CELLS * CHEAP[name][1]) for name in NAMES]


@lru_cache(maxsize=1)
def published() -> pd.DataFrame:
    """The cells that are compared, with the published scores: drawn among those that have all of them."""
    from nascore.data import published_scores

    found = published_scores("nasbench201", "cifar10").dropna(subset=list(NAMES)).reset_index(drop=True)
    return found.iloc[np.random.default_rng(DRAW).choice(len(found), CELLS, replace=False)]


def _run(config: dict, seed: int) -> dict:
    """metrics: published (Spearman of our score with the published one), own (of our scores with two seeds; 1 where the
    score depends on none), gap (own - published), cells, failed, seconds (a cell). curve: ours."""
    from scipy.stats import spearmanr

    from nascore import proxies

    sample, table, name = SAMPLES["nasbench201"], published(), config["proxy"]
    began = time.perf_counter()
    found = proxies.score(
        sample.space, list(table["arch"]), [name], images("cifar10"), seeds=SEEDS, progress=False, **sample.network
    )
    seconds = (time.perf_counter() - began) / len(found)
    first, second = (found.loc[found["seed"] == each, "score"].to_numpy(float) for each in SEEDS)
    theirs = table[name].to_numpy(float)
    both = np.isfinite(first) & np.isfinite(second)
    agree = float(spearmanr(first[both], theirs[both]).statistic)
    own = float(spearmanr(first[both], second[both]).statistic)
    return {
        "metrics": {
            "published": round(agree, 4),
            "own": round(own, 4),
            "gap": round(own - agree, 4),
            "cells": CELLS,
            "failed": int((~both).sum()),
            "seconds": round(seconds, 4),
        },
        "curve": {"ours": [short(value) for value in first]},
    }


PUBLISHED = Experiment(
    "gennas/published",
    1,
    "Our scores beside the published ones of the same 200 cells",
    _units,
    _run,
    lambda config: data_label("nasbench201"),
    "gennas",
)
