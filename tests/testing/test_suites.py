"""The shipped suites: ours pass them, and a faulty search, strategy or space does not."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

import nascore as nc
from nascore.testing import SearchConformance, SpaceConformance, StrategyConformance
from nascore.testing.landscapes import SMALL
from nascore.testing.strategies import CHOICES

SEARCHES = {
    "GANAS": {
        "initial": 8,
        "base": 4,
        "increment": 1,
        "iterations": None,
        "truth": 4,
        "width": 8,
        "layers": 2,
        "rounds": 1,
        "episodes": 16,
        "discriminator_passes": 1,
        "exploration": 3,
        "device": "cpu",
    },
    "RLNAS": {"width": 8, "layers": 2, "episodes": 5, "exploration": 3, "device": "cpu"},
    "RandomSearch": {},
    "LocalSearch": {},
    "RegularizedEvolution": {"population": 8, "sample": 3},
    "Reinforce": {"patience": 200},
    "TPE": {"startup": 6},
}
VARIANTS = {
    "AdvantageNAS": [{}, {"exact": True}],
    "DARTS": [{}, {"order": 2}],
    "DrNAS": [{}, {"regulariser": "kl"}, {"regulariser": "none"}],
    "GDAS": [{}, {"constants": False}],
    "NASP": [{}, {"projection": "rescale", "init": 1.0}],
    "PARSEC": [{}, {"sequential": True, "weighting": "loss"}, {"samples": 3, "scale": 50.0}],
    "ProxylessNAS": [{}, {"mixing": "sum"}, {"mixing": "gate"}],
    "RandomSharing": [{}],
    "Reinforce": [{}, {"baseline": 0}],
    "SGAS": [{}, {"criterion": 2}],
    "SNAS": [{}],
}
STRATEGIES = [(name, options) for name, all_ in VARIANTS.items() for options in all_]


def test_every_search_and_strategy_is_tried():
    assert set(SEARCHES) == set(nc.search.available())
    assert set(VARIANTS) == set(nc.search.oneshot.available())


@pytest.mark.parametrize("name", SEARCHES)
class TestSearches(SearchConformance):
    @pytest.fixture(autouse=True)
    def _which_search(self, name):
        self.name = name

    def make(self, space, seed=0):
        return getattr(nc.search, self.name)(space, seed=seed, **SEARCHES[self.name])


@pytest.mark.parametrize("case", STRATEGIES, ids=str)
class TestStrategies(StrategyConformance):
    @pytest.fixture(autouse=True)
    def _which_strategy(self, case):
        self.name, self.options = case
        dense = ("DARTS", "DrNAS", "NASP", "SGAS", "SNAS")
        self.most_active = 3 if self.name in dense else 2 if self.name == "ProxylessNAS" else 1
        self.total = 2.0 if self.options.get("mixing") == "sum" else 1.0
        self.stochastic = self.name not in ("DARTS", "NASP", "SGAS")

    def make(self, choices=CHOICES, seed=0, **settings):
        kind = getattr(nc.search.oneshot, self.name)
        return kind(choices, **{"seed": seed, "learning_rate": 0.05, **self.options, **settings})


SPACES = {
    **SMALL,
    "nasbench201": nc.spaces.NASBench201,
    "nasbench101": nc.spaces.NASBench101,
    "nasbench-macro": nc.spaces.NASBenchMacro,
    "recurrent": nc.spaces.RecurrentSpace,
}


@pytest.mark.parametrize("name", SPACES)
class TestSpaces(SpaceConformance):
    @pytest.fixture(autouse=True)
    def _which_space(self, name):
        self.name = name

    def make(self):
        return SPACES[self.name]()


FAULTY = """
import numpy as np, torch
import nascore as nc
from nascore.testing import SearchConformance, SpaceConformance, StrategyConformance

class Unseeded(nc.search.Search):
    def ask(self, n=None):
        return [self.space.sample(np.random.default_rng())]
    def tell(self, archs, values):
        pass

class TestUnseeded(SearchConformance):
    def make(self, space, seed=0):
        return Unseeded(space, seed=seed)

class Deaf(nc.search.oneshot.Reinforce):          # draws what has left the race
    def draw(self):
        return nc.networks.one_hot(torch.randint(3, (4,), generator=self.generator).tolist(), 3)

class TestDeaf(StrategyConformance):
    most_active = 1
    def make(self, choices=None, seed=0, **settings):
        from nascore.testing.strategies import CHOICES
        return Deaf(choices or CHOICES, **{"seed": seed, **settings})

class Lazy(nc.spaces.MacroSpace):
    def mutate(self, arch, rng):
        return arch

class TestLazy(SpaceConformance):
    def make(self):
        return Lazy(6, ("a", "b"))
"""


def test_faulty_ones_do_not_pass(tmp_path):
    file = tmp_path / "test_faulty.py"
    file.write_text(textwrap.dedent(FAULTY))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(file)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    failed = {line.split("::", 1)[1].split("[")[0] for line in done.stdout.splitlines() if line.startswith("FAILED")}
    assert "TestUnseeded::test_the_same_seed_gives_the_same_log_and_another_seed_another - assert" in {
        name.split(" ")[0] + " - assert" for name in failed
    }
    names = {name.split(" ")[0] for name in failed}
    assert "TestDeaf::test_only_live_operations_are_drawn_and_derived" in names
    assert "TestLazy::test_mutation_changes_something_and_stays_inside" in names
    assert "TestDeaf::test_weights_are_leaves" not in names  # what is right passes
