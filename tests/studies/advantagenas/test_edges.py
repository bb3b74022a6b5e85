"""The edges study: sizes, judge, tuning, and that its smoke runs repeat."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from nascore.companion import stored
from nascore.spaces.cell import CellSpace
from nascore.studies.advantagenas import edges


def test_every_number_of_edges_is_that_of_a_complete_cell():
    for count, nodes in edges.EDGES.items():
        assert len(CellSpace(nodes, edges.OPS).pairs) == count


@pytest.mark.parametrize("profile", ["smoke", "laptop"])
def test_units_are_distinct_fair_and_tuned_on_other_seeds(profile):
    units = edges._units(profile)
    assert len({json.dumps([u.config, u.seed], sort_keys=True) for u in units}) == len(units)
    seeds = {}
    for unit in units:
        seeds.setdefault((unit.config["role"], unit.config["task"], unit.config["edges"]), {}).setdefault(
            unit.config["method"], set()
        ).add(unit.seed)
    for (role, task, _), by_method in seeds.items():
        assert len({tuple(sorted(found)) for found in by_method.values()}) == 1, (role, task)
        assert all((seed >= 1000) == (role == "tuning") for found in by_method.values() for seed in found)


@pytest.mark.parametrize("task, method", [("toy", "AdvantageNAS"), ("digits", "REINFORCE"), ("digits", "random cell")])
def test_a_unit_gives_the_same_row_again(task, method):
    unit = next(u for u in edges._units("smoke") if (u.config["task"], u.config["method"]) == (task, method))
    first, again = (edges._run(dict(unit.config), unit.seed) for _ in range(2))
    assert first == again and json.dumps(first)
    if task == "toy":
        assert 0 <= first["metrics"]["share_mean"] <= 1
    else:
        assert 0 <= first["metrics"]["test"] <= 100 and first["metrics"]["arch"].startswith("|")


def test_the_best_rate_is_chosen_by_each_tasks_own_measure():
    rows = pd.DataFrame(
        [
            {"role": "tuning", "task": "toy", "method": "A", "edges": 6, "learning_rate": 0.1, "share_mean": 0.4},
            {"role": "tuning", "task": "toy", "method": "A", "edges": 6, "learning_rate": 0.3, "share_mean": 0.6},
            {"role": "tuning", "task": "digits", "method": "A", "edges": 15, "learning_rate": 0.1, "val": 71.0},
            {"role": "tuning", "task": "digits", "method": "A", "edges": 15, "learning_rate": 0.3, "val": 70.0},
            {"role": "search", "task": "digits", "method": "A", "edges": 15, "learning_rate": 0.3, "val": 99.0},
        ]
    )
    assert edges.tuned(rows) == {("toy", "A", 6): 0.3, ("digits", "A", 15): 0.1}


def test_the_rates_in_use_are_the_tuned_ones():
    planned = [unit for unit in edges._units("laptop") if unit.config["role"] == "tuning"]
    try:
        rows = stored.rows("advantagenas/edges", "laptop")
        done = int((rows["role"] == "tuning").sum())
    except stored.NoRows:
        done = 0
    if done < len(planned):
        pytest.skip(f"{done} of {len(planned)} tuning rows are stored: nothing is tuned yet")
    found = edges.tuned(rows)
    toy = {(method, count): rate for (task, method, count), rate in found.items() if task == "toy"}
    assert toy == {key: rate for key, rate in edges.TOY_RATES.items() if key[0] != edges.EXACT}
    assert {m: r for (task, m, _), r in found.items() if task == "digits"} == edges.DIGIT_RATES
