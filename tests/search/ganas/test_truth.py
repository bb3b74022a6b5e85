"""Truth sets and schedules."""

import math

import numpy as np
import pytest

from nascore.errors import SettingError
from nascore.search.ganas.ppo import PPO
from nascore.search.ganas.schedule import NASBENCH201, SETUP1, SETUP2, Schedule
from nascore.search.ganas.truth import ParetoFronts, TopK, pareto_front

RNG = np.random.default_rng(0)


def test_top_k_ignores_failures_and_breaks_ties_at_random():
    rows = [(1.0,), (math.nan,), (3.0,), (2.0,), (2.0,)]
    assert TopK(2).select([(1.0,), (3.0,), (2.0,)], RNG) == [1, 2]
    second = {TopK(2).select(rows, np.random.default_rng(seed))[1] for seed in range(20)}
    assert second == {3, 4}
    assert len(TopK(10).select(rows, RNG)) == 4


def test_hard_constraints_filter_the_truth_set():
    rows = [(9.0, 5.0), (8.0, 1.0), (7.0, 2.0), (6.0, 9.0)]
    assert TopK(3, lambda row: row[1] <= 2).select(rows, RNG) == [1, 2]


def test_levels_are_values_and_what_failed_or_violates_the_constraint_is_below_them():
    rows = [(9.0, 5.0), (8.0, 1.0), (math.nan, math.nan), (-7.0, 2.0)]
    assert TopK(3).levels(rows) == [9.0, 8.0, -math.inf, -7.0]
    assert TopK(3, lambda row: row[1] <= 2).levels(rows) == [-math.inf, 8.0, -math.inf, -7.0]


def brute_force_front(points):
    return [i for i, p in enumerate(points) if not any((q <= p).all() and (q < p).any() for q in points)]


@pytest.mark.parametrize("objectives", [2, 3])
def test_pareto_front_equals_brute_force(objectives):
    for seed in range(30):
        points = np.random.default_rng(seed).integers(0, 8, (40, objectives)).astype(float)
        assert sorted(pareto_front(points).tolist()) == brute_force_front(points)


def test_fronts_are_peeled_one_after_the_other():
    rows = [(accuracy, cost) for accuracy, cost in [(9, 9), (5, 1), (8, 9), (4, 1), (1, 20)]]
    assert set(ParetoFronts(1).select(rows, RNG)) == {0, 1}
    assert set(ParetoFronts(2).select(rows, RNG)) == {0, 1, 2, 3}
    assert len(ParetoFronts(9).select(rows, RNG)) == 5
    with pytest.raises(SettingError, match="costs"):
        ParetoFronts().select([(1.0,), (2.0,)], RNG)


def test_failures_belong_to_no_front():
    rows = [(math.nan, math.nan), (9.0, 9.0), (math.nan,), (5.0, 1.0), (4.0, 2.0)]
    assert ParetoFronts(1).select(rows, RNG) == [1, 3] and ParetoFronts(1).select(rows[:1], RNG) == []


@pytest.mark.parametrize("minimize", [(-1,), (1.0,), (True,), "1", 1, {1: 2}, (10**30, -1)], ids=str)
def test_bad_entries_of_a_row(minimize):
    with pytest.raises(SettingError, match="minimize="):
        ParetoFronts(minimize=minimize)


def test_entries_that_the_rows_do_not_have():
    with pytest.raises(SettingError, match=r"minimize=\[2\]: the rows have the entries 0 to 1"):
        ParetoFronts(minimize=np.array([2])).select([(1.0, 2.0), (2.0, 1.0)], RNG)


@pytest.mark.parametrize(
    "bad",
    [{"clip": 0}, {"clip": "a"}, {"gamma": 1.5}, {"lam": math.nan}, {"epochs": 0}, {"minibatch": -1}, {"critic": None}]
    + [{"entropy": True}, {"max_grad_norm": 0}],
    ids=str,
)
def test_bad_settings_of_ppo(bad):
    with pytest.raises(SettingError, match=next(iter(bad))):
        PPO(**bad)


def test_schedules_of_the_paper():
    assert [NASBENCH201.size(t) for t in range(6)] == [60, 60, 70, 80, 90, 100] and NASBENCH201.total == 460
    assert SETUP1.total == 50 + 3250 and SETUP2.total == 100 + 6500  # "main text" sums of Section 4.1
    assert SETUP1.uniform().total == SETUP1.total and SETUP1.uniform().increment == 0
    for wrong in ({"initial": 1}, {"base": 0}, {"increment": -1}, {"truth": 1}, {"iterations": -1}, {"truth": 2.5}):
        with pytest.raises(SettingError, match=next(iter(wrong))):
            Schedule(**{"initial": 5, "base": 5, "increment": 0, "iterations": 2, "truth": 3, **wrong})
    for iterations in (None, 0):
        with pytest.raises(SettingError, match="iterations"):
            Schedule(5, 5, 0, iterations, 3).uniform()
