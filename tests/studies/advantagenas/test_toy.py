"""The toy study: what a row holds, that trials are paired, and that credit assignment pays."""

from __future__ import annotations

import numpy as np
import pytest

from nascore.networks.supernets.toy import ToySupernet
from nascore.studies.advantagenas import toy


def test_a_row():
    row = toy.run({"method": "AdvantageNAS", "settings": "paper", "iterations": 60}, 0)
    metrics, curve = row["metrics"], row["curve"]
    assert curve["iteration"] == [0, 10, 20, 30, 40, 50, 60] and len(curve["loss"]) == len(curve["edges"]) == 7
    assert metrics["loss_0"] == curve["loss"][0] and metrics["loss_end"] == curve["loss"][-1]
    assert metrics["loss_100"] is None and metrics["loss_600"] is None
    assert metrics["loss_end"] < metrics["loss_0"] and metrics["edges_end"] > curve["edges"][0]
    assert metrics["passes"] == 1 and metrics["active"] == 10


def test_trials_are_paired_and_repeat():
    config = {"method": "REINFORCE", "settings": "code", "iterations": 20}
    rows = [toy.run(config, 1), toy.run(config, 1), toy.run({**config, "method": "DARTS"}, 1), toy.run(config, 2)]
    first, again, other, next_trial = (row["metrics"] for row in rows)
    del first["seconds_per_1000"], again["seconds_per_1000"]
    assert first == again and rows[0]["curve"] == rows[1]["curve"]
    assert first["random_loss"] == other["random_loss"] != next_trial["random_loss"]
    assert first["loss_0"] == other["loss_0"]


def test_dense_draws_keep_every_operation():
    cost = {
        name: toy.run({"method": name, "settings": "paper", "iterations": 10}, 0)["metrics"]
        for name in ("PARSEC", "ProxylessNAS", "NASP", "SNAS", "AdvantageNAS, Eq. 6")
    }
    assert {name: metrics["active"] for name, metrics in cost.items()} == {
        "PARSEC": 10,
        "ProxylessNAS": 20,
        "NASP": 100,
        "SNAS": 100,
        "AdvantageNAS, Eq. 6": 10,
    }
    assert cost["SNAS"]["bytes_operations"] == 10 * cost["PARSEC"]["bytes_operations"]
    assert cost["SNAS"]["bytes_architecture"] > 4 * cost["PARSEC"]["bytes_architecture"]
    assert cost["NASP"]["bytes_weights"] == cost["PARSEC"]["bytes_weights"] < cost["SNAS"]["bytes_weights"]
    assert (cost["PARSEC"]["passes"], cost["AdvantageNAS, Eq. 6"]["passes"]) == (8, 11)


@pytest.mark.parametrize("settings", ["paper", "code"])
def test_every_method_can_be_made(settings):
    net = ToySupernet()
    for method in toy.METHODS:
        searcher = toy.strategy(method, settings, net.choices, 0)
        assert searcher.settings["floor"] == (0.001 if settings == "code" else 0.0)
        assert (searcher.draw().active == searcher.all_active()) == (method in toy.DENSE)


def test_course():
    losses = np.array([4.0, 3.0, 0.2, 0.6, 0.3, 0.1, 0.1, 0.0, 0.0])
    archs = [(0, 0)] * 2 + [(0, 1)] * 2 + [(1, 0)] + [(1, 1)] * 4
    found = toy._course(losses, archs, (1, 1), level=4.0)
    assert found["iterations_to_90"] == 40 and found["found_at"] == 50  # 0.2 at iteration 20 did not last
    assert found["edges_600"] == found["edges_end"] == 2 and found["late_changes"] == 0
    assert found["loss_100"] is None and found["area_600"] == pytest.approx(losses[1:].mean())
    assert found["late_loss"] == pytest.approx(np.mean([0.1, 0.0, 0.0]))
    assert toy._course(losses, archs, (0, 9), level=0.0)["iterations_to_90"] == 70
    assert toy._course(losses[:4], archs[:4], (0, 9), level=1.0)["iterations_to_90"] is None


def test_units():
    units = toy.TOY.units("laptop")
    assert len(units) == 10 * (12 + 8) and {unit.config["iterations"] for unit in units} == {2000}
    assert len(toy.TOY.units("smoke")) == 2 * 20
