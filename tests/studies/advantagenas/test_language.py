"""The Penn Treebank study: what its units are, and that a smoke unit searches, retrains and reports."""

import json
import math

import pytest

from nascore.data.text import ptb_label
from nascore.networks.supernets.recurrent import RecurrentNetwork
from nascore.spaces.recurrent import SPACE
from nascore.studies.advantagenas import gates, language
from nascore.studies.advantagenas.language import LANGUAGE, PAPER, SMOKE


@pytest.fixture(scope="module")
def units():
    return {(unit.config["method"], unit.seed): unit for unit in LANGUAGE.units("smoke")}


@pytest.fixture(scope="module")
def row(units):
    unit = units["AdvantageNAS", 0]
    return LANGUAGE.run(unit.config, unit.seed)


def test_every_method_has_trials_in_every_profile():
    sizes = (("smoke", 8, 1), ("laptop", 48, 2), ("laptop", 96, 10), ("paper", 300, 5))
    for profile, width, trials in sizes:
        found = [unit.config["method"] for unit in LANGUAGE.units(profile) if unit.config["units"] == width]
        assert all(found.count(method) == trials for method in (*language.SEARCHES, language.TANH))
        assert found.count(language.RANDOM) >= trials
        json.dumps([unit.config for unit in LANGUAGE.units(profile)])


def test_the_paper_profile_is_the_papers():
    assert (PAPER.search_epochs, PAPER.retrain_epochs, PAPER.units) == (30, 100, 300)
    assert language.SEARCHES["REINFORCE"] == language.SEARCHES["GDAS"] == "process_best"  # Section 5.3
    assert {language.SEARCHES[m] for m in ("PARSEC", "ProxylessNAS", "AdvantageNAS")} == {"argmax"}


def test_synthetic_rows_say_so(units):
    assert all("synthetic" in LANGUAGE.data(unit.config) for unit in units.values())
    assert {LANGUAGE.data(unit.config) for unit in LANGUAGE.units("laptop")} == {ptb_label()}


def test_a_unit_searches_retrains_and_reports(row):
    metrics, curve = row["metrics"], row["curve"]
    assert metrics["arch"] == metrics["argmax_arch"] and metrics["derived_by"] == "argmax"
    assert 1 < metrics["test"] < SMOKE.words and 1 < metrics["val"] < SMOKE.words
    assert metrics["params"] == pytest.approx(
        RecurrentNetwork(SPACE.parse(metrics["arch"]), SMOKE.words, SMOKE.units).params, abs=1e-5
    )
    assert len(row["retrain"]) == SMOKE.retrain_epochs and row["retrain"][-1] == metrics["train"] < row["retrain"][0]
    assert {len(values) for values in curve.values()} == {SMOKE.search_epochs}
    probabilities = curve["probabilities"]
    assert len(probabilities[0]) == 6 and all(sum(edge) == pytest.approx(1, abs=1e-3) for edge in probabilities[-1])
    assert curve["entropy"][-1] < math.log(5)
    json.dumps(row)


def test_the_same_seed_gives_the_same_row(units, row):
    again = LANGUAGE.run(units["AdvantageNAS", 0].config, 0)
    other = LANGUAGE.run(units["AdvantageNAS", 0].config, 1)
    timeless = {key: value for key, value in row["metrics"].items() if not key.endswith("_s")}
    assert {key: again["metrics"][key] for key in timeless} == timeless and again["curve"] == row["curve"]
    assert other["metrics"]["val"] != row["metrics"]["val"]


def test_process_best_is_what_is_retrained(units):
    metrics = LANGUAGE.run(units["REINFORCE", 0].config, 0)["metrics"]
    assert metrics["arch"] == metrics["process_best_arch"] and metrics["derived_by"] == "process_best"


def test_references_are_not_searched(units):
    for method in (language.RANDOM, language.TANH):
        row = LANGUAGE.run(units[method, 0].config, 0)
        assert "curve" not in row and row["metrics"]["entropy"] is None
    assert row["metrics"]["arch"] == SPACE.format((1,) * 6)


def test_theta_moves_at_the_settings_rate(monkeypatch):
    from nascore.search import oneshot

    seen = []
    monkeypatch.setattr(
        oneshot, "search", lambda supernet, strategy, *rest, **more: seen.append(strategy.settings["learning_rate"])
    )
    language.find("GDAS", SMOKE, 0)
    assert seen == [SMOKE.theta_rate]
    cosine = [3e-3 * (1 + math.cos(math.pi * t / 1000)) / 2 for t in range(1000)]
    assert PAPER.theta_rate == pytest.approx(sum(cosine) / 1000, rel=1e-2)


def test_the_larger_setting_is_shown_once_every_search_has_enough():
    import pandas as pd

    from nascore.studies.advantagenas.report import language as report

    small = [{"method": m, "seed": 0, "units": 48, "tokens": 60_000} for m in language.SEARCHES]
    large = [{"method": m, "seed": s, "units": 96, "tokens": 200_000} for m in language.SEARCHES for s in range(5)]
    for rows, shown in ((small, 48), (small + large[1:], 48), (small + large, 96)):
        assert set(report.decided(pd.DataFrame(rows))["units"]) == {shown}


def test_the_gate_says_whether_it_holds():
    import pandas as pd

    from nascore.studies.advantagenas.report import language as report

    rows = pd.DataFrame({"gate": "ptb", "cell": [0, 0, 1, 1], "seed": [0, 1, 0, 1], "val": [90.0, 91.0, 60.0, 61.0]})
    rows["retrain_epochs"] = language.DECIDING.retrain_epochs
    assert report.gate(rows)["place"].tolist() == [1, 1, 2, 2] and "the gate holds" in report.gate_in_words(rows)
    assert "does not hold" in report.gate_in_words(rows.assign(val=[60.0, 90.0, 61.0, 91.0]))
    assert "not all there" in report.gate_in_words(rows[:3])
    longer = rows.assign(val=[60.0, 90.0, 61.0, 91.0], **gates.TEXT_PILOTS[0])
    words = report.gate_in_words(pd.concat([rows, longer]))
    assert "the gate holds. Trained for 12 epochs instead" in words and words.endswith("**does not hold**.")
