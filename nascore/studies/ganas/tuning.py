"""The recorded tuning of what the paper leaves open: on 12-epoch tables and seeds from 1000 on, never the reported
ones.

Stage "training": one setting at a time around a centre, under the paper's schedule. Stage "schedule": how many
architectures to start with, to add and to keep, for finding the best cell with few queries. Stage "nasbench101": where
edges are searched too, whole runs of both setups; what counts first is that the generator itself makes the cells.
"""

from __future__ import annotations

from nascore.benchmarks import Oracle
from nascore.search.ganas.schedule import NASBENCH201, SETUP1, SETUP2
from nascore.search.loop import run as search
from nascore.studies.experiment import Experiment, Unit
from nascore.studies.ganas.rows import baseline, data_label, drawn, load, search_row, short, until_best

DATASETS = ("cifar10", "cifar100", "imagenet16-120")
SEEDS = (1000, 1001)
BUDGET = 500

# the centre, around which one setting changes at a time (the names are those of Training and PPO)
CENTRE = {
    "width": 64,
    "layers": 3,
    "rounds": 10,
    "episodes": 128,
    "discriminator_passes": 5,
    "generator_rate": 1e-3,
    "heat": 1.1,
    "ppo_epochs": 4,
    "entropy": 0.1,
}
TRAINING = [
    {},
    {"width": 32},
    {"layers": 2},
    {"rounds": 5},
    {"episodes": 64},
    {"generator_rate": 1e-4},
    {"generator_rate": 3e-4},
    {"width": 32, "entropy": 0.05},
    {"width": 32, "discriminator_passes": 2},
]
SCHEDULES = [
    {"initial": initial, "base": base, "increment": 0, "truth": truth, "iterations": None, "width": 32, **training}
    for initial, base, truth, training in [
        (20, 10, 10, {"rounds": 5}),
        (20, 10, 20, {"rounds": 5}),
        (30, 20, 15, {"rounds": 5}),
        (20, 10, 5, {"rounds": 5}),
        (20, 10, 10, {"generator_rate": 3e-3, "rounds": 5}),
        (20, 10, 10, {"entropy": 0.05, "rounds": 5}),
        (20, 10, 10, {"entropy": 0.02, "rounds": 5}),
        (20, 5, 10, {"rounds": 3, "generator_rate": 3e-3}),
        # a second look around the best of the above
        (20, 10, 10, {"entropy": 0.01, "rounds": 5}),
        (20, 10, 5, {"entropy": 0.02, "rounds": 5}),
        (20, 5, 5, {"entropy": 0.02, "rounds": 5}),
        (10, 10, 5, {"entropy": 0.02, "rounds": 5}),
        (20, 10, 10, {"entropy": 0.02, "rounds": 10}),
        (20, 10, 5, {"entropy": 0.05, "rounds": 5}),
    ]
]


# the same for NAS-Bench-101
CENTRE101 = {"fill": 20, "exploration": 100, "dry": 0.02, "hottest": 2.0, "entropy": 0.2}
SETUPS = {1: SETUP1, 2: SETUP2}
ENTROPIES = [{}, *({"entropy": entropy} for entropy in (0.1, 0.3, 0.05, 0.5))]
OTHERS = [  # in setup 1 only
    {"fill": 0},
    {"dry": 0.1},
    {"generator_rate": 3e-4},
    {"generator_rate": 1e-4},
    {"discriminator_passes": 2},
]


def settings(changes: dict) -> dict:
    """GANAS arguments from a flat record of changes to CENTRE: ppo_epochs and entropy belong to its PPO."""
    changes = {**CENTRE, **changes}
    return {"schedule": NASBENCH201, "training": training(changes), **changes}


def training(changes: dict):
    """The `Training` of a flat record; what is its PPO's is taken out of the record."""
    from nascore.search.ganas.ppo import PPO
    from nascore.search.ganas.training import Training

    ppo = {name: changes.pop(key) for key, name in (("ppo_epochs", "epochs"), ("entropy", "entropy")) if key in changes}
    return Training(ppo=PPO(**ppo))


def _question(config: dict) -> dict:
    if config["stage"] == "nasbench101":
        return {"name": config["benchmark"]}
    name = config["benchmark"]
    return {"name": name, "dataset": config["dataset"], "split": "test", "epochs": short(name)}


def _units(profile: str) -> list[Unit]:
    seeds, datasets, table = (
        (SEEDS[:1], ("digits",), "digits201") if profile == "smoke" else (SEEDS, DATASETS, "nasbench201")
    )
    stages = [("training", change) for change in TRAINING] + [("schedule", change) for change in SCHEDULES]
    if profile == "smoke":
        stages = [
            ("training", {"rounds": 2, "episodes": 32}),
            ("schedule", {"initial": 10, "base": 10, "rounds": 2, "episodes": 32, "iterations": 2}),
        ]
    units = [
        Unit(
            {"benchmark": table, "dataset": dataset, "stage": stage, "settings": change},
            seed,
            1 if profile == "smoke" else 12,
        )
        for stage, change in stages
        for dataset in datasets
        for seed in seeds
    ]
    return (
        units
        + [
            Unit({"benchmark": table, "dataset": dataset, "stage": "reference", "settings": {"method": "REA"}}, seed, 1)
            for dataset in datasets
            for seed in seeds
        ]
        + _units101(profile)
    )


def _units101(profile: str) -> list[Unit]:
    small = {"initial": 20, "base": 20, "increment": 10, "iterations": 2, "truth": 10, "rounds": 2, "episodes": 32}
    tried = [("pairwise", 1, {**small, "fill": 2})]
    if profile != "smoke":
        tried = [("pairwise", setup, change) for change in ENTROPIES for setup in SETUPS]
        tried += [("pairwise", 1, change) for change in OTHERS]
        tried += [("standard", setup, {}) for setup in SETUPS]
        tried += [("none", setup, {"method": "RS"}) for setup in SETUPS]
    return [
        Unit(
            {
                "benchmark": "nasbench101-surrogate",
                "stage": "nasbench101",
                "setup": setup,
                "discriminator": kind,
                "settings": change,
            },
            seed,
            2 if profile == "smoke" else 1 if "method" in change else 25 if setup == 1 else 45,
        )
        for kind, setup, change in tried
        for seed in (SEEDS[:1] if profile == "smoke" else SEEDS)
    ]


def _run101(config: dict, seed: int) -> dict:
    table, schedule = load(config["benchmark"]), SETUPS[config["setup"]]
    changes = {**CENTRE101, **config["settings"]}
    if "method" in changes:
        method = baseline(changes["method"], table.space, seed)
        result = search(method, Oracle(table, int(schedule.total)))
        return search_row(result, table)
    from nascore.search.ganas.ganas import GANAS

    kind = {"schedule": schedule, "discriminator": config["discriminator"], "training": training(changes)}
    searcher = GANAS(table.space, seed=seed, **kind, **changes)
    row = search_row(search(searcher, Oracle(table, None)), table)
    share, iterations = drawn(searcher)
    return {**row, "metrics": row["metrics"] | share, "sampling": iterations}


def _run(config: dict, seed: int) -> dict:
    if config["stage"] == "nasbench101":
        return _run101(config, seed)
    table = load(**_question(config))
    if config["stage"] == "reference":
        method = baseline(config["settings"]["method"], table.space, seed)
    else:
        from nascore.search.ganas.ganas import GANAS

        method = GANAS(table.space, seed=seed, **settings(config["settings"]))
    return search_row(until_best(method, table, BUDGET), table)


TUNING = Experiment(
    "ganas/tuning",
    1,
    "Recorded tuning of the open hyper-parameters",
    _units,
    _run,
    lambda config: data_label(**_question(config)),
    "ganas",
)
