"""What every one-shot strategy has to do, whatever its method: one suite over all of them.

Run as a script it prints the logs of one run of each strategy: the same seed has to give the same log in another
process.
"""

from __future__ import annotations

import functools
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

import nascore as nc
from nascore.errors import SettingError
from nascore.networks.choices import Choices
from nascore.testing.strategies import CHOICES, TinyData, TinySupernet, steps

ROOT = Path(__file__).resolve().parents[3]
oneshot = nc.search.oneshot
STRATEGIES = oneshot.available()
DENSE = ("DARTS", "DrNAS", "NASP", "SGAS", "SNAS")
VARIANTS = {
    "AdvantageNAS": [{"exact": True}],
    "DARTS": [{"order": 2}],
    "DrNAS": [{"regulariser": "kl"}, {"regulariser": "none"}],
    "SGAS": [{"criterion": 2}],
    "GDAS": [{"constants": False}],
    "NASP": [{"projection": "rescale", "init": 1.0}],
    "PARSEC": [{"sequential": True, "weighting": "loss"}, {"samples": 3, "scale": 50.0}],
    "ProxylessNAS": [{"mixing": "sum"}, {"mixing": "gate"}],
    "Reinforce": [{"baseline": 0}],
}
CASES = [(name, {}) for name in STRATEGIES] + [(name, options) for name, all_ in VARIANTS.items() for options in all_]
BAD = [
    (name, bad)
    for name in STRATEGIES
    for bad in (
        {"seed": -1},
        {"seed": 0.5},
        {"seed": True},
        {"learning_rate": 0},
        {"learning_rate": math.nan},
        {"learning_rate": "fast"},
        {"betas": 0.9},
        {"betas": (0.9, 1.0)},
        {"weight_decay": -1},
        {"floor": 0.5},
        {"floor": -0.1},
    )
]
BAD += [
    ("AdvantageNAS", {"exact": 1}),
    ("AdvantageNAS", {"rate": 0}),
    ("DARTS", {"order": 3}),
    ("DARTS", {"order": True}),
    ("DrNAS", {"regulariser": "l1"}),
    ("DrNAS", {"scale": -1}),
    ("SGAS", {"criterion": 3}),
    ("SGAS", {"warm_up": 1.5}),
    ("SGAS", {"last": 0.9}),
    ("GDAS", {"temperature": 10}),
    ("GDAS", {"temperature": (10, 0)}),
    ("GDAS", {"constants": "yes"}),
    ("NASP", {"projection": "sphere"}),
    ("NASP", {"init": 1.5}),
    ("PARSEC", {"samples": 1}),
    ("PARSEC", {"samples": 8.5}),
    ("PARSEC", {"scale": -1}),
    ("PARSEC", {"weighting": "x"}),
    ("PARSEC", {"sequential": 1}),
    ("ProxylessNAS", {"mixing": "mean"}),
    ("Reinforce", {"baseline": 1}),
    ("SNAS", {"min_temperature": 0}),
    ("SNAS", {"min_temperature": 2}),
]


@pytest.fixture(params=CASES, ids=lambda case: "-".join([case[0], *(f"{k}={v}" for k, v in case[1].items())]))
def case(request):
    return request.param


def build(case, seed=0, choices=CHOICES, **settings):
    name, options = case
    return getattr(oneshot, name)(choices, seed=seed, learning_rate=0.05, **options, **settings)


@functools.cache
def _reference(index, seed):
    return steps(build(CASES[index], seed))


def reference(case, seed=0):
    return _reference(CASES.index(case), seed)


# -- draws ------------------------------------------------------------------------------------------------------------
# -- the same everywhere ----------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def other_process():
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "4711"}
    done = subprocess.run([sys.executable, __file__], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_same_seed_same_log_here_and_in_another_process(case, other_process):
    here = json.loads(json.dumps(reference(case)))
    assert json.loads(json.dumps(steps(build(case)))) == here
    assert other_process["steps"][CASES.index(case)] == here


# -- settings ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name, bad", BAD, ids=str)
def test_bad_settings(name, bad):
    ((setting, value),) = bad.items()
    shown = value[-1] if isinstance(value, tuple) else value
    with pytest.raises(SettingError, match=rf"^{setting}=.*expected") as error:
        getattr(oneshot, name)(CHOICES, **bad)
    assert repr(shown) in str(error.value)


@pytest.mark.parametrize("name", STRATEGIES)
def test_choices_have_to_be_choices(name):
    with pytest.raises(SettingError, match="choices=5"):
        getattr(oneshot, name)(5)
    with pytest.raises(TypeError, match="colour"):
        getattr(oneshot, name)(CHOICES, colour=1)


def test_settings_say_what_was_chosen(case):
    settings = build(case, floor=0.001).settings
    assert settings["floor"] == 0.001 and settings["learning_rate"] == 0.05
    assert {name: settings[name] for name in case[1]} == case[1]


# -- the house --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", STRATEGIES)
def test_one_short_file_each(name):
    kind = getattr(oneshot, name)
    assert issubclass(kind, oneshot.Strategy) and kind.__doc__ and kind.__name__ == name
    path = Path(sys.modules[kind.__module__].__file__)
    assert path.parent == ROOT / "nascore" / "search" / "oneshot" / "strategies"
    assert len(path.read_text().splitlines()) <= 80


def test_names():
    assert set(STRATEGIES) < set(dir(oneshot)) and oneshot.Choices is Choices
    with pytest.raises(AttributeError, match="abacus"):
        oneshot.abacus  # noqa: B018


# -- a whole search ---------------------------------------------------------------------------------------------------
def whole_search(case):
    log = oneshot.search(TinySupernet(), build(case), TinyData(), epochs=2, progress=False)
    frame = log.frame.drop(columns="seconds", errors="ignore")
    return [
        frame.astype(object).where(frame.notna(), None).to_dict("records"),
        log.probabilities.tolist(),
        log.derive(),
    ]


def test_a_search_runs_and_repeats_itself(case, other_process):
    here = whole_search(case)
    assert len(here[0]) == 2 and len(here[2]) == CHOICES.edges
    assert json.loads(json.dumps(here)) == other_process["search"][CASES.index(case)]


if __name__ == "__main__":
    print(json.dumps({"steps": [reference(case) for case in CASES], "search": [whole_search(case) for case in CASES]}))
