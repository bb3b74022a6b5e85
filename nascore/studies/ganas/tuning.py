"""The recorded tuning of what the paper leaves open: on 12-epoch tables and seeds from 1000 on, never the reported
ones.

Stage "training": one setting at a time around a centre, under the paper's schedule. Stage "schedule": how many
architectures to start with, to add and to keep, for finding the best cell with few queries.
"""

from __future__ import annotations

from nascore.benchmarks import Oracle
from nascore.benchmarks.recipes.digits201.recipe import RECIPE
from nascore.search.ganas.schedule import NASBENCH201
from nascore.search.loop import run as search
from nascore.studies.experiment import Experiment, Unit
from nascore.studies.ganas.rows import baseline, data_label, load, search_row

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


def settings(changes: dict) -> dict:
    """GANAS arguments from a flat record of changes to CENTRE: ppo_epochs and entropy belong to its PPO."""
    from nascore.search.ganas.ganas import Training
    from nascore.search.ganas.ppo import PPO

    changes = {**CENTRE, **changes}
    ppo = {name: changes.pop(key) for key, name in (("ppo_epochs", "epochs"), ("entropy", "entropy")) if key in changes}
    return {"schedule": NASBENCH201, "training": Training(ppo=PPO(**ppo)), **changes}


def _question(config: dict) -> dict:
    short = RECIPE.steps_at[3] if config["benchmark"] == "digits201" else 12  # of a training, so that it is cheap
    return {"name": config["benchmark"], "dataset": config["dataset"], "split": "test", "epochs": short}


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
    return units + [
        Unit({"benchmark": table, "dataset": dataset, "stage": "reference", "settings": {"method": "REA"}}, seed, 1)
        for dataset in datasets
        for seed in seeds
    ]


def _run(config: dict, seed: int) -> dict:
    table = load(**_question(config))
    optimum = table.best()[1]
    if config["stage"] == "reference":
        method = baseline(config["settings"]["method"], table.space, seed)
    else:
        from nascore.search.ganas.ganas import GANAS

        method = GANAS(table.space, seed=seed, **settings(config["settings"]))
    # what counts is the query that finds the best cell: nothing is learnt by going on after it
    result = search(method, Oracle(table, BUDGET), callback=lambda _, oracle: oracle.best()[1] >= optimum)
    return search_row(result, table)


TUNING = Experiment(
    "ganas/tuning",
    1,
    "Recorded tuning of the open hyper-parameters",
    _units,
    _run,
    lambda config: data_label(**_question(config)),
    "ganas",
)
