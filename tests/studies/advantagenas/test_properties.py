"""What the text states in passing: passes of a step, the toy's only zero, Table 3's counts."""

import pytest

from nascore.networks.supernets.toy import ToyData, ToySupernet
from nascore.search import oneshot
from nascore.studies.advantagenas import properties, step_cost, toy_optimum
from nascore.studies.advantagenas.properties import PROPERTIES


@pytest.mark.parametrize(
    "name, options, forward, backward",
    [
        ("AdvantageNAS", {}, 1, 1),
        ("AdvantageNAS", {"exact": True}, 11, 0),
        ("Reinforce", {}, 1, 0),
        ("GDAS", {}, 1, 1),
        ("DARTS", {}, 1, 1),
    ],
)
def test_passes_are_counted(name, options, forward, backward):
    net = ToySupernet(seed=0)
    strategy = getattr(oneshot, name)(net.choices, seed=0, **options)
    counts = step_cost.passes(net, strategy, ToyData(net, batch=4, steps=step_cost.STEPS))
    assert counts == {"forward": forward * step_cost.STEPS, "backward": backward * step_cost.STEPS}
    assert "loss" not in vars(net)  # the wrapper is gone


def test_a_weight_step_is_counted_too():
    net, fixed = ToySupernet(seed=0, trainable=True), ToySupernet(seed=0)
    data = ToyData(fixed, batch=4, steps=step_cost.STEPS)
    counts = step_cost.passes(net, oneshot.Reinforce(net.choices, seed=0), data)
    assert counts == {"forward": 2 * step_cost.STEPS, "backward": step_cost.STEPS}


def test_a_row_of_the_cost(monkeypatch):
    monkeypatch.setattr(step_cost, "BLOCKS", 1)
    monkeypatch.setattr(step_cost, "BATCH", 2)
    found = step_cost.compared("REINFORCE", 0)
    assert (found["forward_theta"], found["backward_theta"], found["rival_backward_theta"]) == (1, 1, 0)
    assert (found["forward"], found["backward"], found["rival_backward"]) == (2, 2, 1)
    assert found["cpu_ratio"] > 0


def test_the_toys_loss_is_zero_at_the_teacher_only(monkeypatch):
    monkeypatch.setattr(toy_optimum, "OTHERS", 50)
    found = toy_optimum.zero_only_at_teacher(3)
    assert found["only_there"] == 1 and found["teacher_loss"] == 0 < found["smallest_other"]


def test_table_3_counts_cells_without_identity():
    metrics = PROPERTIES.run({"check": "parameters"}, 0)["metrics"]
    assert metrics == {"params_no_identity": 7.44, "params_one_identity": 7.26}


def test_a_row_of_table_1_and_the_units():
    metrics = PROPERTIES.run({"method": "GDAS"}, 0)["metrics"]
    assert metrics["row"] == "gdas" and metrics["as_declared"]
    configs = [unit.config for unit in PROPERTIES.units("smoke")]
    assert {config["method"] for config in configs if "method" in config} == set(properties.METHODS)
    assert {config["rival"] for config in configs if "rival" in config} == set(step_cost.RIVALS)
