"""Table 11 and other facts that the paper states of its benchmarks, counted here."""

from __future__ import annotations

from nascore.search.ganas.schedule import NASBENCH201, SETUP1, SETUP2
from nascore.spaces import NASBench201
from nascore.spaces.nasbench101.space import NASBench101
from nascore.studies.experiment import Experiment, Unit
from nascore.studies.ganas.constrained import reference
from nascore.studies.ganas.rows import data_label, load


def _units(profile: str) -> list[Unit]:
    units = [Unit({"what": "spaces"}, 0, 5), Unit({"what": "handmade"}, 0, 5)]
    measured = [Unit({"what": what}, 0, 2) for what in ("nasbench201", "macro")]
    return units if profile == "smoke" else [*units, *measured]


def _run(config: dict, seed: int) -> dict:
    return {
        "metrics": {"spaces": _spaces, "handmade": _handmade, "nasbench201": _nasbench201, "macro": _macro}[
            config["what"]
        ]()
    }


def _spaces() -> dict:
    nb101, nb201 = NASBench101(), NASBench201()
    topologies = {nb201.dag(arch).edges for arch in nb201.enumerate()}
    return {
        "nasbench101_cells": nb101.size,
        "nasbench101_labelled": len(nb101.graphs.class_of),
        "nasbench101_ops": len(nb101.ops),
        "nasbench201_cells": nb201.size,
        "nasbench201_ops": len(nb201.ops),
        "nasbench201_nodes": nb201.positions,
        "nasbench201_topologies": len(topologies),
        "nasbench201_queried_share": round(100 * 500 / nb201.size, 4),
        "setup1_total": int(SETUP1.total),
        "setup2_total": int(SETUP2.total),
        "nasbench201_total": int(NASBENCH201.total),
    }


def _handmade() -> dict:
    table = load("nasbench101-surrogate")
    out = {}
    for cell in ("resnet", "inception"):
        arch = reference(cell)
        out |= {
            f"{cell}_params_M": round(table.cost(arch, "params") / 1e6, 4),
            f"{cell}_operators": len(arch) - 1,
            f"{cell}_accuracy": round(table.value(arch), 4),
        }
    return out


def _nasbench201() -> dict:
    out = {}
    for dataset in ("cifar10", "cifar100", "imagenet16-120"):
        test, val = (load("nasbench201", dataset, split, 200) for split in ("test", "val"))
        short = dataset.replace("-", "_")
        out |= {
            f"{short}_best_test": round(test.best()[1], 4),
            f"{short}_best_val_rank_in_test": test.rank(test.value(val.best()[0])),
        }
    return out


def _macro() -> dict:
    from nascore.studies.ganas.macro import facts

    return facts("nasbench-macro")


def _data(config: dict) -> str:
    table = {"handmade": "nasbench101-surrogate", "nasbench201": "nasbench201", "macro": "nasbench-macro"}.get(
        config["what"]
    )
    return data_label(table) if table else ""


FACTS = Experiment("ganas/facts", 1, "Table 11: facts about the benchmarks", _units, _run, _data, "ganas")
