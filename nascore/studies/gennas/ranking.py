"""Tables 3, 4 and 5: do scores without training rank architectures as real trainings do?

One unit is one proxy on one group of a sample (`samples`). Kendall's tau of a group is an unbiased estimate of that of
the space, the groups are disjoint, and every proxy sees the same ones: so differences between proxies are paired, and
an interval over groups is one over architectures. The seed of weights, images and signals is SEED throughout, as in
print, where one task serves a table; what another seed changes is the subject of `sensitivity`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from nascore.studies.experiment import Experiment, Unit
from nascore.studies.gennas.samples import SAMPLES, data_label, group, images, ranks

SEED = 0
# seconds for one cell, for the plan: (digits201, others)
CHEAP = {
    "parameters": (0.01, 0.02),
    "flops": (0.02, 0.05),
    "naswot": (0.05, 0.4),
    "synflow": (0.05, 0.4),
    "jacob_cov": (0.05, 0.6),
    "snip": (0.05, 0.6),
    "grad_norm": (0.05, 0.6),
    "fisher": (0.05, 0.6),
    "grasp": (0.1, 1.5),
    "zen": (0.05, 0.6),
    "zico": (0.1, 1.0),
}
DEAR = {"gennas-combo": (2, 8), "gennas-search-n": (2, 8)}
TOP = 0.1  # retrieving rate: of the best tenth of a group, how many are in the best tenth by the score


def _units(profile: str) -> list[Unit]:
    if profile == "smoke":
        return [
            Unit({"sample": "smoke", "proxy": proxy}, number, 1)
            for proxy in ("naswot", "gennas-combo")
            for number in range(2)
        ]
    units: list[Unit] = []
    for name in ("digits201", "nasbench201", "nasbench-macro"):
        sample, place = SAMPLES[name], int(name != "digits201")
        for proxies, groups in ((DEAR, sample.dear), (CHEAP, sample.cheap)):
            units += [
                Unit({"sample": name, "proxy": proxy}, number, seconds[place] * sample.cells)
                for number in range(groups)
                for proxy, seconds in proxies.items()
            ]
    return units


def _run(config: dict, seed: int) -> dict:
    """metrics: tau_COLUMN and rho_COLUMN (Kendall's tau-b and Spearman's rho of the score, turned so that higher is
    better, and the accuracy) and top_COLUMN (retrieving rate) for each column of the sample; cells, failed (cells
    without a score), seconds (a cell). curve: row (of the benchmark), score (turned), rank_COLUMN."""
    from nascore import proxies

    sample = SAMPLES[config["sample"]]
    members = group(config["sample"], seed)
    archs = list(members.values())
    proxy = proxies.get(config["proxy"])
    if config["sample"] == "smoke" and config["proxy"].startswith("gennas-"):
        from nascore.proxies.gennas import GenNAS

        proxy = GenNAS(config["proxy"].removeprefix("gennas-"), iterations=2)
    began = time.perf_counter()
    found = proxies.score(
        sample.space, archs, [proxy], images(sample.images), seeds=[SEED], progress=False, **sample.network
    )
    seconds = (time.perf_counter() - began) / len(archs)
    score = found["good"].to_numpy(float)
    metrics: dict[str, float] = {}
    curve: dict[str, list] = {"row": list(members), "score": [short(value) for value in score]}
    for column in sample.answers:
        place = ranks(config["sample"], column, archs)
        metrics |= agreement(score, place, column)
        curve[f"rank_{column}"] = place
    counts = {"cells": len(archs), "failed": int(np.isnan(score).sum()), "seconds": round(seconds, 4)}
    return {"metrics": {**metrics, **counts}, "curve": curve}


def agreement(score: Sequence[float], rank: Sequence[float], column: str) -> dict[str, float]:
    """tau_, rho_ and top_ of `column`: scores (higher is better) and true ranks (1 is best). A cell without a score
    counts as the worst."""
    from scipy import stats

    filled, better = worst_where_missing(np.asarray(score, float)), -np.asarray(rank, float)
    tau, rho = (float(test(filled, better).statistic) for test in (stats.kendalltau, stats.spearmanr))
    return {
        f"tau_{column}": round(tau, 5),
        f"rho_{column}": round(rho, 5),
        f"top_{column}": round(retrieved(filled, better, TOP), 5),
    }


def worst_where_missing(score: np.ndarray) -> np.ndarray:
    """Scores in which those that are missing are below all others."""
    missing = np.isnan(score)
    return np.where(missing, (score[~missing].min() if not missing.all() else 0.0) - 1.0, score)


def retrieved(score: np.ndarray, better: np.ndarray, share: float) -> float:
    """A.3.4: of the best `share` by the truth, the part that is among the best `share` by the score; equal scores at
    the border share the places that are left."""
    count = max(1, round(share * len(score)))
    true = np.argsort(-better, kind="stable")[:count]
    border = np.sort(score)[::-1][count - 1]
    above, at = score > border, score == border
    chance = (count - above.sum()) / at.sum()
    return float((above[true].sum() + chance * at[true].sum()) / count)


def short(value: float) -> float | None:
    """A score as it is stored."""
    return None if np.isnan(value) else float(f"{value:.6g}")


RANKING = Experiment(
    "gennas/ranking",
    1,
    "Tables 3, 4 and 5: scores without training against real accuracies",
    _units,
    _run,
    lambda config: data_label(config["sample"]),
    "gennas",
)
