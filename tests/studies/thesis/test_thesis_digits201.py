"""Chapter 3 on digits201: what is asked, what a row says, and that every selection is from the same search."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from nascore import benchmarks
from nascore.studies.thesis import digits201 as study


def test_every_method_has_as_many_seeds_and_tuning_is_on_others():
    units = study.DIGITS.units("laptop")
    searches = [unit for unit in units if unit.config["role"] == "search"]
    counts = {}
    for unit in searches:
        counts.setdefault((unit.config["method"], unit.config["none"]), set()).add(unit.seed)
    assert set(map(len, counts.values())) == {10} and len(counts) == 2 * len(study.METHODS)
    tuning = {unit.seed for unit in units if unit.config["role"] == "tuning"}
    assert tuning and not tuning & {unit.seed for unit in searches}
    keys = {json.dumps([unit.config, unit.seed], sort_keys=True) for unit in units}
    assert len(keys) == len(units) and max(unit.seconds for unit in units) <= 1800


def test_the_rate_is_chosen_by_the_tables_validation_accuracy():
    rows = pd.DataFrame(
        [("tuning", "DARTS", 0.01, 70.0), ("tuning", "DARTS", 0.1, 60.0), ("search", "DARTS", 0.1, 90.0)],
        columns=["role", "method", "learning_rate", "magnitude_val"],
    )
    assert study.tuned(rows) == {"DARTS": 0.01}


@pytest.mark.parametrize("method", ["DARTS", "SGAS+PT", "DrNAS, progressive"])
def test_a_row_is_what_the_table_says_of_the_selected_cells(method):
    unit = next(u for u in study.DIGITS.units("smoke") if u.config["method"] == method and u.seed == 0)
    row = study._run(unit.config, unit.seed)
    metrics, curve = row["metrics"], row["curve"]
    table = benchmarks.load("digits201", split="test")
    names = ["magnitude", "pt", "untuned", "loss"] if method == "DARTS" else ["magnitude"]
    for name in names:
        arch = table.space.parse(metrics[f"{name}_arch"])
        assert metrics[f"{name}_accuracy"] == round(table.value(arch), 4)
        assert metrics[f"{name}_rank"] == table.rank(table.value(arch))
    assert curve["accuracy"][-1] == metrics["magnitude_accuracy"] and len(curve["epoch"]) == 2
    assert ("pt_accuracy" in metrics) == (method == "DARTS") == ("pt_epoch" in curve)
    again = study._run(unit.config, unit.seed)
    clock = ("search_s", "pt_s")
    assert {k: v for k, v in again["metrics"].items() if k not in clock} == {
        k: v for k, v in metrics.items() if k not in clock
    }


def test_drnas_readings_differ():
    from nascore.networks import Choices

    choices = Choices(6, ("none", "skip_connect", "nor_conv_3x3"), 0)
    plain, kl = (study.strategy(name, choices, 0, 0.03).settings for name in ("DrNAS", "DrNAS, KL"))
    assert (plain["regulariser"], plain["weight_decay"]) == ("none", study.DECAY)
    assert (kl["regulariser"], kl["weight_decay"]) == ("kl", 0.0)
    assert study.strategy("SDARTS-RS", choices, 0, 0.03).settings["epsilon"] == study.EPSILON
