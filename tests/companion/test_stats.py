from __future__ import annotations

import numpy as np
import pytest

from nascore.companion import stats
from nascore.errors import SettingError


def test_iqm_on_a_known_matrix():
    # 16 pooled values 0..15: 4 are cut at either end, the mean of 4..11 is 7.5; one outlier moves it not at all
    matrix = np.arange(16.0).reshape(4, 4)
    assert stats.iqm(matrix) == 7.5
    matrix[3, 3] = 1e9
    assert stats.iqm(matrix) == 7.5
    assert stats.iqm([1.0, 2.0, 30.0]) == 11.0  # nothing to cut from three
    np.testing.assert_allclose(stats.iqm(np.arange(16.0).reshape(4, 4), axis=0), [6, 7, 8, 9])


def test_bootstrap_interval_is_seeded_and_covers():
    rng = np.random.default_rng(1)
    hits = 0
    for _ in range(200):
        estimate = stats.bootstrap_ci(rng.normal(5, 2, 30), n=400)
        hits += estimate.low <= 5 <= estimate.high
    assert 0.88 <= hits / 200 <= 0.99  # nominal 0.95, percentile intervals of 30 runs are a little short
    values = rng.normal(size=20)
    assert stats.bootstrap_ci(values) == stats.bootstrap_ci(values)
    assert stats.bootstrap_ci(values, seed=1) != stats.bootstrap_ci(values)


def test_bootstrap_matches_the_normal_interval():
    values = np.random.default_rng(0).normal(0, 1, 400)
    estimate = stats.bootstrap_ci(values, n=8000)
    half = 1.96 * values.std() / 20
    assert estimate.high - estimate.value == pytest.approx(half, rel=0.06)
    assert estimate.value == pytest.approx(values.mean())


def test_a_constant_sample_has_a_point_interval():
    assert stats.bootstrap_ci([3.0] * 5) == (3.0, 3.0, 3.0)
    assert stats.bootstrap_ci([3.0]).text(1) == "3.0"


def test_difference():
    estimate = stats.difference([2.0, 3.0, 4.0], [1.0, 1.0, 1.0])
    assert estimate.value == 2 and 1 <= estimate.low < 2 < estimate.high <= 3


def test_probability_of_improvement():
    assert stats.probability_of_improvement([2, 3], [0, 1]) == (1, 1, 1)
    assert stats.probability_of_improvement([1, 1], [1, 1]) == (0.5, 0.5, 0.5)
    # 3 of 4 pairs won in one task, 0 of 1 in the other: the mean over tasks is 0.375
    both = stats.probability_of_improvement({"x": [1, 3], "y": [0]}, {"x": [0, 2], "y": [5]})
    assert both.value == pytest.approx(0.375)
    a, b = np.random.default_rng(0).normal(0.5, 1, 40), np.random.default_rng(1).normal(0, 1, 40)
    estimate = stats.probability_of_improvement(a, b)
    assert estimate.low < estimate.value < estimate.high
    assert estimate.value == pytest.approx(np.mean(a[:, None] > b[None]))
    with pytest.raises(SettingError, match="tasks"):
        stats.probability_of_improvement({"x": [1]}, {"y": [1]})


def test_wilson_interval():
    # 20 of 20: lower end n / (n + z^2)
    estimate = stats.proportion(20, 20)
    assert (
        estimate.value == 1 and estimate.low == pytest.approx(20 / (20 + 1.959964**2), abs=1e-6) and estimate.high == 1
    )
    assert stats.proportion(0, 5).low == 0
    with pytest.raises(SettingError):
        stats.proportion(3, 2)


def test_performance_profile():
    profile = stats.performance_profile([1, 2, 3, 4], [0, 2, 4])
    np.testing.assert_allclose(profile["share"], [1, 0.5, 0])
    assert (profile["low"] <= profile["share"]).all() and (profile["share"] <= profile["high"]).all()


def test_curves_are_step_functions():
    np.testing.assert_array_equal(stats.curve_on_grid([2, 5], [10, 20], [1, 2, 4, 5, 9]), [np.nan, 10, 10, 20, 20])


def test_aggregate_curves():
    curves = [{"query": [1, 4], "best": [0.0, 2.0]}, {"query": [2], "best": [4.0]}]
    out = stats.aggregate_curves(curves, [1, 2, 3, 4], band="quartiles")
    np.testing.assert_array_equal(out["query"], [2, 3, 4])  # the second run has no value at query 1
    np.testing.assert_array_equal(out["value"], [2, 2, 3])
    np.testing.assert_array_equal(out["low"], [1, 1, 2.5])
    median = stats.aggregate_curves(curves * 3, [4], statistic="median", band="interval")
    assert median["value"] == 3 and median["low"] == 2 and median["high"] == 4


@pytest.mark.parametrize(
    "call",
    [
        lambda: stats.bootstrap_ci([]),
        lambda: stats.bootstrap_ci([1, np.nan]),
        lambda: stats.bootstrap_ci([1, 2], level=1.5),
        lambda: stats.bootstrap_ci([1, 2], n=0),
        lambda: stats.bootstrap_ci([1, 2], n=2.5),
        lambda: stats.bootstrap_ci([1, 2], seed=-1),
        lambda: stats.bootstrap_ci("ab"),
        lambda: stats.bootstrap_ci(["a"]),
        lambda: stats.bootstrap_ci([1, 2], level="wide"),
        lambda: stats.performance_profile([1, 2], [1], n=None),
        lambda: stats.probability_of_improvement([1], [2], n=None),
        lambda: stats.chance([1], []),
        lambda: stats.difference([1], []),
        lambda: stats.iqm([]),
        lambda: stats.iqm([np.inf]),
        lambda: stats.performance_profile([1], [np.nan]),
        lambda: stats.curve_on_grid([1, 2], [1], [1]),
        lambda: stats.curve_on_grid([2, 1], [1, 2], [1]),
        lambda: stats.aggregate_curves([], [1]),
        lambda: stats.aggregate_curves([{"query": [9], "best": [1]}], [1]),
        lambda: stats.aggregate_curves([{"query": [1], "best": [1]}], [1], statistic="mode"),
        lambda: stats.aggregate_curves([{"query": [1], "best": [1]}], [1], band="wide"),
    ],
)
def test_bad_input_is_refused(call):
    with pytest.raises(SettingError):
        call()


CURVES = [{"query": [1], "best": [1.0]}]


@pytest.mark.parametrize(
    ("call", "named"),
    [
        *((lambda v=v: stats.bootstrap_ci(v), "values") for v in ("12", [True], [1, True], [1, None], {1: 2}, b"1")),
        (lambda: stats.bootstrap_ci([10**400]), "values"),
        (lambda: stats.difference("12", [1]), "a='12'"),
        (lambda: stats.difference([1], np.array([True])), "b=array"),
        *((lambda f=f: stats.bootstrap_ci([1, 2], f), "statistic") for f in ("mean", None, np.sort, lambda v: 1)),
        (lambda: stats.difference([1], [2], lambda v, axis: 1), "statistic"),
        (lambda: stats.proportion(0.5, 5), "successes=0.5"),
        (lambda: stats.proportion(True, 5), "successes=True"),
        (lambda: stats.proportion(3, ()), "total"),
        (lambda: stats.proportion(3, 2), "successes=3"),
        (lambda: stats.probability_of_improvement({1: [1], "a": [2]}, [1]), "a task of a=1"),
        (lambda: stats.iqm("12"), "values='12'"),
        (lambda: stats.iqm([1, 2], axis=0.0), "axis=0.0"),
        (lambda: stats.iqm([1, 2], axis=1), "axis=1"),
        (lambda: stats.performance_profile("12", [1]), "values='12'"),
        (lambda: stats.performance_profile([1], [10**400]), "thresholds"),
        (lambda: stats.curve_on_grid([1, None], [1, 2], [1]), "query"),
        (lambda: stats.curve_on_grid([1, 2], "ab", [1]), "value='ab'"),
        (lambda: stats.curve_on_grid([1, 2], [1, 2], "12"), "grid='12'"),
        (lambda: stats.aggregate_curves(CURVES, [1, np.nan]), "grid"),
        (lambda: stats.aggregate_curves(slice(1), [1]), "curves=slice"),
        (lambda: stats.aggregate_curves([None], [1]), r"curves\[0\]=None"),
        (lambda: stats.aggregate_curves([{"query": [1], "best": "a"}], [1]), r"curves\[0\]: value='a'"),
        (lambda: stats.aggregate_curves(CURVES, [1], value="rank"), "value='rank'"),
        (lambda: stats.aggregate_curves(CURVES, [1], value=[1]), "value"),
        (lambda: stats.aggregate_curves(CURVES, [1], statistic=["mean"]), "statistic"),
        (lambda: stats.aggregate_curves(CURVES, [1], band="std", n="1"), "n='1'"),
        (lambda: stats.aggregate_curves(CURVES, [1], band="std", seed="1"), "seed='1'"),
    ],
)
def test_what_is_no_number_statistic_or_curve_is_refused_by_name(call, named):
    with pytest.raises(SettingError, match=named):
        call()


@pytest.mark.parametrize("values", [(1, 2.5), np.array([1, 2.5], np.float32), [np.int64(1), 2.5]])
def test_numbers_of_numpy_count_as_pythons(values):
    assert stats.bootstrap_ci(values) == stats.bootstrap_ci([1.0, 2.5])


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        (stats.Estimate(0.5, 0.25, 0.75), "0.50 [0.25, 0.75]"),
        (stats.Estimate(1.0, 1.0, 1.0), "1.00"),  # all of a few runs agree: an interval would look like certainty
        (stats.Estimate(0.1 + 0.2, 0.3, 0.3), "0.30"),
        (stats.Estimate(94.371, 94.370, 94.372), "94.37 [94.37, 94.37]"),
    ],
)
def test_an_interval_without_width_is_not_printed(estimate, text):
    assert estimate.text() == text
