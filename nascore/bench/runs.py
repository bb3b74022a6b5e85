"""What whole runs cost: from the stored rows' own CPU times, measured here where a row is not stored (bar E3)."""

from __future__ import annotations

import functools
import json
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterator

from nascore.bench.clock import row, seconds
from nascore.companion import store, stored
from nascore.studies import registry as experiments

CORES = 2


def rows(quick: bool = False) -> Iterator[dict]:
    """One GA-NAS run on NAS-Bench-201 and of each NAS-Bench-101 setup, and Tables 4 and 2 in full.

    `quick` measures nothing: what is not stored stays None.
    """
    yield _one(
        "NB-201 GA-NAS run",
        "ganas/nasbench201",
        lambda c: c["method"] == "GA-NAS",
        30,
        "GA-NAS on NAS-Bench-201, schedule of Table 10 (460 to 500 queries)",
        quick,
    )
    for setup in (1, 2):
        yield _one(
            f"NB-101 setup {setup} run",
            "ganas/nasbench101",
            lambda c, setup=setup: c["method"] == "GA-NAS" and c["setup"] == setup,
            None,
            f"GA-NAS on NAS-Bench-101, setup {setup}",
            quick,
        )
    yield _whole("Table 4 in full", "ganas/nasbench201", lambda c: True, 30, quick)
    yield _whole("Table 2 in full", "ganas/nasbench101", lambda c: c["method"] in ("GA-NAS", "RS"), 60, quick)


def _chosen(experiment: str, wanted: Callable[[dict], bool]) -> tuple[list, dict]:
    """Units of the laptop profile that `wanted` accepts, and the CPU seconds of those stored, by (config, seed)."""
    units = [unit for unit in experiments.get(experiment).units("laptop") if wanted(unit.config)]
    costs = {
        store.canonical([r["config"], r["seed"]]): r["provenance"]["cpu_s"]
        for r in stored.stored(experiment, "laptop")
        if wanted(r["config"])
    }
    return units, costs


def _one(
    name: str, experiment: str, wanted: Callable[[dict], bool], most: float | None, what: str, quick: bool
) -> dict:
    units, costs = _chosen(experiment, wanted)
    if costs:
        return row(
            name,
            list(costs.values()),
            "CPU s",
            what,
            most=most,
            reference=f"{len(costs)} of {len(units)} stored runs of {experiment}, 1 thread, their own load",
        )
    if quick or not units:
        return row(name, [], "CPU s", what, most=most, reference="not stored, not measured")
    unit = units[0]
    return row(
        name,
        [_measured(experiment, store.canonical(unit.config), unit.seed)],
        "CPU s",
        what,
        most=most,
        reference=f"measured now: {store.canonical(unit.config)}, seed {unit.seed}",
    )


@functools.cache
def _measured(experiment: str, config: str, seed: int) -> float:
    """CPU seconds of one unit, run here; nothing is stored."""
    return seconds(lambda: experiments.get(experiment).run(json.loads(config), seed), 1, warm_up=False)[0]


def _whole(name: str, experiment: str, wanted: Callable[[dict], bool], most: float, quick: bool) -> dict:
    """Minutes on two cores: CPU time of all units / 2. Missing units count the median of their method's stored ones,
    or one run measured now."""
    units, costs = _chosen(experiment, wanted)
    what = f"{len(units)} runs of {experiment}, CPU time / {CORES} cores"
    by_method, first = defaultdict(list), {}
    keys = [(store.canonical([unit.config, unit.seed]), _kind(unit.config)) for unit in units]
    for unit, (key, kind) in zip(units, keys, strict=True):
        first.setdefault(kind, unit)
        if key in costs:
            by_method[kind].append(costs[key])
    absent = [kind for kind in first if kind not in by_method]
    if quick and absent:
        return row(name, [], "min", what, most=most, reference=f"no stored rows of {', '.join(absent)}")
    for kind in absent:
        by_method[kind] = [_measured(experiment, store.canonical(first[kind].config), first[kind].seed)]
    total = sum(costs.get(key, statistics.median(by_method[kind])) for key, kind in keys)
    note = f"{len(costs)} of {len(units)} runs stored"
    if len(costs) < len(units):
        note += ", the others at the median of their method"
    if absent:
        note += f" (one run measured now: {', '.join(absent)})"
    return row(name, [total / 60 / CORES], "min", what, most=most, reference=note)


def _kind(config: dict) -> str:
    return config["method"] + (f" setup {config['setup']}" if "setup" in config else "")
