"""What is particular to each baseline; what they share is in test_conformance."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest

import nascore as nc
from nascore.errors import SettingError
from nascore.search.baselines.random import Unseen
from nascore.spaces import CellSpace, MacroSpace, NASBench201, NASBenchMacro
from nascore.spaces.base import Space


def additive(space, seed=0, noise=0.3):
    """A table in which each position adds its own amount, and a part of the value follows no rule."""
    rng = np.random.default_rng(seed)
    archs = space.array().astype(int)
    own = rng.normal(size=(space.positions, len(space.ops)))
    score = own[np.arange(space.positions), archs].sum(1) + noise * rng.normal(size=len(archs))
    return nc.benchmarks.from_table(space, dict(zip(map(tuple, archs.tolist()), score.tolist(), strict=True)))


@pytest.fixture(scope="module")
def bench():
    return additive(NASBench201())


def tell(search, archs, values):
    search.tell(archs, [float(value) for value in values])


# -- random search ----------------------------------------------------------------------------------------------------
def test_random_search_proposes_the_whole_space_once():
    space = NASBenchMacro()
    search = nc.search.RandomSearch(space, seed=3)
    archs = search.ask(7_000)
    assert len(archs) == len(set(archs)) == space.size and search.done and search.ask(5) == []


def test_random_search_is_uniform():
    space = MacroSpace(1, tuple("abcdefgh"))
    first = [nc.search.RandomSearch(space, seed=seed).ask(8) for seed in range(2_000)]
    for place in (0, 3, 7):  # by rejection, and from the list of what is left
        counts = np.bincount([archs[place][0] for archs in first], minlength=8)
        assert np.abs(counts - 250).max() < 5 * (250 * 7 / 8) ** 0.5


def test_random_search_leaves_out_what_it_was_told():
    space = MacroSpace(2, ("a", "b"))
    search = nc.search.RandomSearch(space)
    tell(search, [(0, 0), (1, 1)], [1, 2])
    assert sorted(search.ask(9)) == [(0, 1), (1, 0)]


def test_a_search_goes_on_while_it_draws_from_the_list(tmp_path):
    """The last architectures come from a list that a saved state has to hold."""
    space = CellSpace(4, ("a", "b", "c"))
    one, two = nc.search.RandomSearch(space), nc.search.RandomSearch(space, seed=9)
    one.ask(727)
    one.save(tmp_path / "state")
    two.load(tmp_path / "state")
    assert one.ask(9) == two.ask(9) and one.done and two.done


class Unlisted(Space):
    """Ten architectures that cannot be enumerated, and one of them is never drawn."""

    name, ops, size = "unlisted", ("n",), 10

    def sample(self, rng):
        return (int(rng.random() * 9),)

    def mutate(self, arch, rng):
        return ((arch[0] + 1) % 10,)

    def neighbours(self, arch):
        return [((arch[0] + 1) % 10,)]

    def validate(self, arch):
        return tuple(arch)

    def dag(self, arch):
        raise NotImplementedError

    def parse(self, text):
        return (int(text),)

    def format(self, arch):
        return str(arch[0])


def test_drawing_ends_where_a_space_cannot_be_listed():
    unseen, rng = Unseen(Unlisted()), np.random.default_rng(0)
    drawn = [unseen.draw(rng) for _ in range(10)]
    assert sorted(drawn[:9]) == [(i,) for i in range(9)] and drawn[9] is None and unseen.empty


# -- regularised evolution --------------------------------------------------------------------------------------------
def test_failures_are_never_parents():
    space = CellSpace(4, ("a", "b", "c", "d"))
    search = nc.search.RegularizedEvolution(space, population=6, sample=3)
    first = search.ask(6)
    tell(search, first, [math.nan, math.nan, 1.0, math.inf, math.nan, -math.inf])
    for _ in range(50):
        (child,) = search.ask()
        assert child in space.neighbours(first[2])
        tell(search, [child], [math.nan])


def test_the_population_is_the_last_told_and_the_best_ages_too():
    space = CellSpace(4, ("a", "b", "c", "d"))
    search = nc.search.RegularizedEvolution(space, population=4, sample=4)
    told = search.ask(4)
    tell(search, told, [99, 1, 1, 1])
    for value in range(2, 12):
        (child,) = search.ask()
        tell(search, [child], [value])
        told.append(child)
        assert sorted(search._members) == sorted(told[-4:])
    assert sorted(search._values) == [8, 9, 10, 11]


def test_the_best_of_a_sample_with_replacement_is_mutated():
    space = MacroSpace(8, ("a", "b", "c", "d"))
    search = nc.search.RegularizedEvolution(space, seed=1, population=10, sample=4)
    tell(search, search.ask(10), range(10))
    n = 4_000
    wins = np.bincount([search._winner(search._values, 10) for _ in range(n)], minlength=10)
    chance = np.diff((np.arange(11) / 10) ** 4)  # the largest of four draws
    assert np.abs(wins - n * chance).max() < 5 * (n * chance * (1 - chance)).max() ** 0.5


def test_evolution_beats_random_search_at_equal_queries(bench):
    def ranks(kind):
        return [nc.run(kind(bench.space, seed=seed), nc.Oracle(bench, budget=300)).rank(bench) for seed in range(8)]

    assert np.mean(ranks(nc.search.RegularizedEvolution)) < np.mean(ranks(nc.search.RandomSearch)) / 3


def test_evolution_is_fast(bench):
    """The bar is 50k proposals/s on an idle core (`nascore bench`); a fifth of it must hold on any machine."""
    search, oracle, count = nc.search.RegularizedEvolution(bench.space), nc.Oracle(bench, stall=20_000), 0
    inner = search.ask

    def ask():
        nonlocal count
        count += 1
        return inner()

    search.ask = ask
    begin = time.process_time()
    nc.run(search, oracle, callback=lambda search, oracle: count >= 20_000)
    assert count / (time.process_time() - begin) > 10_000


# -- local search -----------------------------------------------------------------------------------------------------
def test_local_search_asks_all_neighbours_then_those_of_the_best():
    space = CellSpace(3, ("a", "b", "c", "d"))
    search = nc.search.LocalSearch(space, seed=2)
    (start,) = search.ask(5)
    assert search.ask(5) == [], "the neighbours depend on whether the start can be trained"
    tell(search, [start], [0])
    around = search.ask(100)
    assert sorted(around) == sorted(space.neighbours(start)) and search.ask() == []
    best = around[4]
    tell(search, around, [2.0 if arch == best else 1.0 for arch in around])
    assert set(search.ask(100)) == set(space.neighbours(best)) - {start, *around}


@pytest.mark.parametrize("eager", [False, True])
def test_local_search_climbs_a_single_hill_and_restarts_on_top(eager):
    space = MacroSpace(5, ("a", "b", "c", "d"))
    oracle = nc.Oracle(lambda arch: float(sum(arch)), space=space, budget=400)
    result = nc.run(nc.search.LocalSearch(space, seed=1, eager=eager), oracle)
    # at most 15 neighbours for each of at most 5 steps lead to the top from anywhere
    assert result.queries_to(15.0) <= 1 + 15 * 5
    assert result.queries == 400, "it goes on from elsewhere"


def test_local_search_leaves_a_local_optimum():
    space = MacroSpace(6, ("a", "b"))

    def two_hills(arch):
        return float(max(5 * (arch == (0,) * 6), sum(arch)) if sum(arch) else 5)

    result = nc.run(nc.search.LocalSearch(space, seed=0), nc.Oracle(two_hills, space=space))
    assert result.stopped == "finished" and result.queries == 64 and result.best_value == 6.0


def test_local_search_starts_elsewhere_when_the_start_fails():
    space = CellSpace(3, ("a", "b", "c", "d"))
    search = nc.search.LocalSearch(space, seed=2)
    (start,) = search.ask()
    tell(search, [start], [math.nan])
    (second,) = search.ask(5)
    assert second != start and search.ask() == []


def test_eager_local_search_moves_at_once():
    space = CellSpace(3, ("a", "b", "c", "d"))
    search = nc.search.LocalSearch(space, seed=2, eager=True)
    (start,) = search.ask()
    tell(search, [start], [0])
    (better,) = search.ask()
    tell(search, [better], [1])
    assert set(search.ask(100)) == set(space.neighbours(better)) - {start}


# -- decisions --------------------------------------------------------------------------------------------------------
def test_decisions_of_nasbench101_make_every_cell_they_can():
    space = nc.spaces.NASBench101()
    decisions = space.decisions()
    assert decisions.sizes == (2,) * 21 + (3,) * 5
    rng, valid = np.random.default_rng(0), 0
    for _ in range(300):
        arch = decisions.arch([int(rng.random() * size) for size in decisions.sizes])
        if arch is not None:
            valid += 1
            assert arch in space
    assert 100 < valid < 290, "some have more than 9 edges or no path"
    for arch in [space.sample(rng) for _ in range(50)]:
        if len(arch) == 6:  # all seven vertices: the bits of the arch are the decisions
            bits = [arch[0] >> i & 1 for i in range(21)]
            assert decisions.arch([*bits, *arch[1:]]) == arch


@pytest.mark.parametrize("kind", ["Reinforce", "TPE"])
def test_searches_over_decisions_say_which_spaces_they_know(kind):
    with pytest.raises(SettingError, match="space=unlisted: it does not say how decisions"):
        getattr(nc.search, kind)(Unlisted())


# -- REINFORCE --------------------------------------------------------------------------------------------------------
def test_the_policy_starts_uniform_and_learns_the_better_options():
    space = MacroSpace(3, ("a", "b", "c"))
    search = nc.search.Reinforce(space, learning_rate=0.05)
    assert np.allclose(search.probabilities(), 1 / 3)
    for _ in range(150):
        archs = search.ask(1)
        tell(search, archs, [(arch[0] == 2) + (arch[1] == 0) for arch in archs])
    policy = search.probabilities()
    assert np.allclose(policy.sum(1), 1)
    assert policy[0, 2] > 0.8 and policy[1, 0] > 0.8


def test_samples_follow_the_policy():
    space = MacroSpace(2, ("a", "b", "c"))
    search = nc.search.Reinforce(space)
    search._logits = np.log(np.array([[0.2, 0.3, 0.5], [0.9, 0.05, 0.05]]))
    n = 4_000
    archs = np.array(search.ask(n))
    for position in range(2):
        counts, chance = np.bincount(archs[:, position], minlength=3), search.probabilities()[position]
        assert (np.abs(counts - n * chance) < 5 * (n * chance * (1 - chance)) ** 0.5).all()


def test_the_step_is_the_score_function_gradient_through_adam():
    """The first step with a direction, against the formulas written out."""
    space = MacroSpace(2, ("a", "b"))
    search = nc.search.Reinforce(space, learning_rate=0.1, baseline_decay=0.9)
    first, second = search.ask(2)
    tell(search, [first], [1.0])  # the average starts at the first value, so this is no direction
    assert np.allclose(search.probabilities(), 0.5)
    tell(search, [second], [3.0])
    gradient = 2.0 * (np.eye(2)[list(second)] - 0.5)  # advantage 3 - 1, one-hot less probability
    mean, square = 0.1 * gradient / (1 - 0.9**2), 0.001 * gradient**2 / (1 - 0.999**2)
    expected = 0.1 * mean / (np.sqrt(square) + 1e-8)
    assert np.allclose(search._logits, expected) and search._baseline == pytest.approx(1.2)


def test_failures_and_strangers_do_not_move_the_policy():
    search = nc.search.Reinforce(MacroSpace(3, ("a", "b", "c")))
    archs = search.ask(4)
    tell(search, archs[:2], [1.0, 5.0])
    before = search.probabilities()
    tell(search, archs[2:], [math.nan, math.inf])
    tell(search, [(2, 2, 2)] * 3, [100.0] * 3)
    assert np.array_equal(search.probabilities(), before)


def test_a_settled_policy_is_done():
    space = MacroSpace(2, ("a", "b"))
    oracle = nc.Oracle(lambda arch: float(sum(arch)), space=space)
    result = nc.run(nc.search.Reinforce(space, patience=50), oracle)
    assert result.stopped == "finished" and result.queries <= 4


def test_reinforce_beats_random_search(bench):
    def ranks(kind):
        return [nc.run(kind(bench.space, seed=seed), nc.Oracle(bench, budget=300)).rank(bench) for seed in range(6)]

    assert np.mean(ranks(nc.search.Reinforce)) < np.mean(ranks(nc.search.RandomSearch)) / 3


# -- TPE --------------------------------------------------------------------------------------------------------------
def test_tpe_beats_random_search(bench):
    def ranks(kind):
        return [nc.run(kind(bench.space, seed=seed), nc.Oracle(bench, budget=80)).rank(bench) for seed in range(4)]

    assert np.mean(ranks(nc.search.TPE)) < np.mean(ranks(nc.search.RandomSearch)) / 3


def test_tpe_never_proposes_twice_and_counts_invalid_ones_as_failed_trials():
    import optuna

    space = nc.spaces.NASBench101()
    search = nc.search.TPE(space, startup=5)
    keys = []
    for _ in range(15):
        archs = search.ask()
        keys += [space.key(arch) for arch in archs]
        tell(search, archs, [arch[1:].count(0) for arch in archs])
    assert len(set(keys)) == 15
    states = [trial.state for trial in search._study.get_trials(deepcopy=False)]
    # a repeat is told from memory, so there may be more trials than queries
    assert states.count(optuna.trial.TrialState.COMPLETE) >= 15 and states.count(optuna.trial.TrialState.FAIL) > 0
    assert len(states) == len(search._trials)


def test_tpe_says_nothing(capfd):
    search = nc.search.TPE(MacroSpace(2, ("a", "b")), startup=1)
    for _ in range(3):
        archs = search.ask()
        tell(search, archs, [math.nan if arch[0] else 1.0 for arch in archs])
    assert capfd.readouterr() == ("", "")
