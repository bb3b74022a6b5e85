"""Tables 3, 4 and 5: do scores without training rank architectures as real trainings do?

One unit is one proxy on one group of a sample (`samples`). Kendall's tau of a group is an unbiased estimate of that of
the space, the groups are disjoint, and every proxy sees the same ones: so differences between proxies are paired, and
an interval over groups is one over architectures. The seed of weights, images and signals is SEED throughout, as in
print, where one task serves a table; what another seed changes is the subject of `sensitivity`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from nascore.studies.experiment import Experiment, Unit
from nascore.studies.gennas.samples import SAMPLES, data_label, group, images, ranks

if TYPE_CHECKING:
    from nascore.proxies.registry import Proxy

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
DEAR = ("gennas-combo", "gennas-search-n")
DEAR_SECONDS = {"digits201": 2, "nasbench-nlp": 17, "nds-resnext-a": 20, "nds-resnext-b": 20}  # others: 10
WIDE = (
    160  # of NDS's cell networks as they are: more than a laptop's share, except a few groups for the proxies printed
)
PRINTED = ("naswot", "synflow", "parameters", "flops")  # on NDS and NAS-Bench-101, and the two that cost nothing
SEQUENCES = ("gennas-combo-nlp", "gennas-search-nlp")
TEXT = ("parameters", "flops", "naswot", "synflow", "snip", "grad_norm", "fisher", "grasp", "zico")  # defined for text
RESNEXT = ("nds-resnext-a", "nds-resnext-b")
TOP = 0.1  # retrieving rate: of the best tenth of a group, how many are in the best tenth by the score


def _plan(paper: bool) -> list[tuple[str, tuple[str, ...], int]]:
    """(sample, proxies, groups): what decides the tables' claims first."""
    nds = [name for name in SAMPLES if name.startswith("nds-")]
    plan = [
        ("nasbench201", (*DEAR, *CHEAP), SAMPLES["nasbench201"].dear),
        ("nasbench101", (*DEAR, *PRINTED), SAMPLES["nasbench101"].dear),
        ("nasbench-nlp", (*SEQUENCES, *TEXT), SAMPLES["nasbench-nlp"].dear),
        ("digits201", (*DEAR, *CHEAP), SAMPLES["digits201"].dear),
        *((name, ("gennas-combo", "gennas-search-d", *PRINTED), SAMPLES[name].dear) for name in RESNEXT),
        ("nasbench101-imagenet", (*DEAR, *PRINTED), SAMPLES["nasbench101-imagenet"].dear),
        ("nasbench-macro", tuple(CHEAP), SAMPLES["nasbench-macro"].cheap),
        *((name, PRINTED, SAMPLES[name].cheap) for name in nds if name not in RESNEXT),
        ("nasbench-nlp", TEXT, SAMPLES["nasbench-nlp"].cheap),
        ("digits201", tuple(CHEAP), SAMPLES["digits201"].cheap),
        ("nasbench201", tuple(CHEAP), SAMPLES["nasbench201"].cheap),
        ("nasbench101", PRINTED, SAMPLES["nasbench101"].cheap),
        ("nasbench101-imagenet", PRINTED, SAMPLES["nasbench101-imagenet"].cheap),
    ]
    if paper:
        tasks = ("gennas-single", "gennas-search-d", "gennas-search-r")
        plan += [(name, (*DEAR, *tasks), SAMPLES[name].dear) for name in nds]
        plan += [(name, (*tasks, "econas"), SAMPLES[name].dear) for name in ("nasbench201", "nasbench101")]
    return plan


def _units(profile: str) -> list[Unit]:
    if profile == "smoke":
        return [
            Unit({"sample": "smoke", "proxy": proxy}, number, 1)
            for proxy in ("naswot", "gennas-combo")
            for number in range(2)
        ]
    units: dict[tuple[str, str, int], Unit] = {}
    for name, asked, groups in _plan(profile == "paper"):
        for number in range(groups):
            for proxy in asked:
                cost = _seconds(name, proxy) * SAMPLES[name].cells
                units.setdefault((name, proxy, number), Unit({"sample": name, "proxy": proxy}, number, cost))
    return list(units.values())


def _seconds(name: str, proxy: str) -> float:
    """For one architecture, on one laptop core."""
    wide = name.startswith("nds-") and name not in RESNEXT
    if proxy in CHEAP:
        return CHEAP[proxy][name != "digits201"] * (8 if wide else 1)
    return DEAR_SECONDS.get(name, WIDE if wide else 10)


def asked_for(name: str) -> Proxy:
    """The proxy of this name; tasks of GenNAS that are not registered by theirs."""
    from nascore import proxies
    from nascore.proxies.gennas import GenNAS

    return GenNAS(name.removeprefix("gennas-")) if name in SEQUENCES else proxies.get(name)


def _run(config: dict, seed: int) -> dict:
    """metrics: tau_COLUMN and rho_COLUMN (Kendall's tau-b and Spearman's rho of the score, turned so that higher is
    better, and the accuracy) and top_COLUMN (retrieving rate) for each column of the sample; cells, failed (cells
    without a score), seconds (a cell). curve: row (of the benchmark), score (turned), rank_COLUMN."""
    from nascore import proxies

    sample = SAMPLES[config["sample"]]
    members = group(config["sample"], seed)
    archs = list(members.values())
    proxy = asked_for(config["proxy"])
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
