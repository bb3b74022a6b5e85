"""How few queries can find the best cell of NAS-Bench-201: GA-NAS with settings for the fewest, and its rivals, tuned.

Stage "tuning": 12-epoch tables and seeds from 1000 on. GA-NAS step by step from FEW_QUERIES (nothing changed, a pool,
an order), then around where these steps lead to; and a small grid of each rival's own settings. Stage
"final": 200-epoch test accuracy and seeds that no other study has used. Every run ends when it has found the table's
best cell, or after BUDGET queries.
"""

from __future__ import annotations

from nascore.search.ganas.schedule import FEW_QUERIES
from nascore.studies.experiment import Experiment, Unit
from nascore.studies.ganas.nasbench201 import BUDGET, DATASETS
from nascore.studies.ganas.rows import METHODS, data_label, load, search_row, short, until_best

TUNING_SEEDS = range(1000, 1020)  # for searches that cost next to nothing; the others take the first few

# Changes to FEW_QUERIES and its training. From START one thing was changed at a time; the best of that is FEWEST, which
# is FEWEST_QUERIES_TRAINING written out.
START = {"evidence": "order", "pool": 1000, "discriminator_passes": 20, "rounds": 1, "exploration": 12}
START |= {"heat": 1.3, "hottest": 5.0}
AROUND = [{}, {"discriminator_passes": 60}, {"discriminator_rate": 3e-3}, {"pool": 300}, {"initial": 10}, {"base": 3}]
FEWEST = {**START, "discriminator_passes": 60}
DEAF = {**FEWEST, "generator_rate": 1e-9}  # its generator learns nothing: is the discriminator all that counts?
STEPS = [{}, {"evidence": "order"}]  # from FEW_QUERIES to START, beside the next
POOL = {"pool": 1000}  # A.3's own discriminator, which then chooses
LARGE_POOL = {"pool": 4000, "exploration": 12, "heat": 1.3, "hottest": 5.0}  # a minute a run

# each rival's own settings, the published ones first, and those that the tuning chose
POPULATIONS = [(20, 5), (20, 10), (20, 20), (10, 10), (50, 25), (100, 25)]
RIVALS = {
    "LocalSearch": [{}, {"eager": True}],
    "REA": [{}, *({"population": population, "sample": sample} for population, sample in POPULATIONS)],
    "TPE": [{}, {"startup": 5}, {"startup": 20}],
}
TUNED = [
    ("LocalSearch", {"eager": True}),
    ("REA", {"population": 50, "sample": 25}),  # as good as each other on average
    ("REA", {"population": 20, "sample": 10}),
    ("TPE", {"startup": 5}),
]

FINAL_SEEDS = range(100, 120)
SECONDS = {"GA-NAS": 7, "TPE": 4}
SMALL = {**FEWEST, "episodes": 32, "pool": 64, "discriminator_passes": 2}


def searcher(method: str, space, seed: int, settings: dict):
    """GA-NAS with changes to its few-query settings, or a rival with changes to its published ones."""
    from nascore import search as searches

    if method != "GA-NAS":
        return getattr(searches, METHODS[method])(space, seed=seed, **settings)
    return searches.GANAS(space, seed=seed, schedule=FEW_QUERIES, **{"iterations": None, **settings})


def _tuning(profile: str) -> list[tuple[str, dict, int]]:
    """(method, settings, runs on each data set)."""
    if profile == "smoke":
        return [("GA-NAS", SMALL, 1), ("LocalSearch", {"eager": True}, 1)]
    quick = [(rival, change, len(TUNING_SEEDS)) for rival in ("LocalSearch", "REA") for change in RIVALS[rival]]
    ours = [*((({**START, **change}), 4) for change in AROUND), (DEAF, 4), (POOL, 4)]
    ours += [(change, 2) for change in (*STEPS, LARGE_POOL)]
    return [*quick, *(("GA-NAS", *each) for each in ours), *(("TPE", change, 4) for change in RIVALS["TPE"])]


def _final(profile: str) -> list[tuple[str, dict, int]]:
    if profile == "smoke":
        return [("GA-NAS", SMALL, 2), ("LocalSearch", {}, 2)]
    compared = [("GA-NAS", FEWEST), *TUNED, *((rival, {}) for rival in ("LocalSearch", "REA", "RS", "TPE"))]
    return [(method, settings, len(FINAL_SEEDS)) for method, settings in compared]


def _units(profile: str) -> list[Unit]:
    table, datasets = ("digits201", ("digits",)) if profile == "smoke" else ("nasbench201", DATASETS)
    return [
        Unit(
            {"benchmark": table, "dataset": dataset, "stage": stage, "method": method, "settings": settings},
            seed,
            SECONDS.get(method, 1),
        )
        for stage, runs, seeds in (("final", _final, FINAL_SEEDS), ("tuning", _tuning, TUNING_SEEDS))
        for method, settings, count in runs(profile)
        for dataset in datasets
        for seed in seeds[:count]
    ]


def _question(config: dict) -> dict:
    question = {"name": config["benchmark"], "dataset": config["dataset"], "split": "test"}
    if config["stage"] == "tuning":
        question["epochs"] = short(config["benchmark"])
    return question


def _run(config: dict, seed: int) -> dict:
    table = load(**_question(config))
    method = searcher(config["method"], table.space, seed, config["settings"])
    return search_row(until_best(method, table, BUDGET), table)


QUERIES = Experiment(
    "ganas/queries",
    1,
    "The fewest queries to the best cell of NAS-Bench-201",
    _units,
    _run,
    lambda config: data_label(**_question(config)),
    "ganas",
)
