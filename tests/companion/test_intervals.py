"""Intervals against what the field's own software says, against brute force, and in the cases where little is known."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats as scipy_stats

from nascore.companion import intervals, quantiles
from nascore.errors import SettingError

RNG = np.random.default_rng(5)
A, B = RNG.normal(1.0, 1.0, 7), RNG.normal(0.0, 1.5, 6)


@pytest.mark.parametrize("tail", [0.025, 0.001, 0.0001])
@pytest.mark.parametrize("df", [1, 2, 5, 19, 200])
def test_quantiles_of_t(tail, df):
    assert quantiles.t_quantile(tail, df) == pytest.approx(scipy_stats.t.isf(tail, df), rel=1e-6)
    assert quantiles.t_quantile(tail, df + 0.9) == quantiles.t_quantile(tail, df)  # never too small


@pytest.mark.parametrize("k, n", [(0, 5), (5, 5), (7, 10), (19, 20), (80, 160)])
def test_shares(k, n):
    expected = scipy_stats.binomtest(k, n).proportion_ci(0.95)
    assert intervals.share(k, n)[1:] == pytest.approx((expected.low, expected.high), abs=1e-9)


@pytest.mark.parametrize("m, n", [(5, 5), (5, 9), (8, 8)])
def test_rank_sums(m, n):
    """The largest number of wins that the smaller group has, by chance, in no more than the tail."""
    ranks = [sum(pick) - m * (m + 1) // 2 for pick in itertools.combinations(range(1, m + n + 1), m)]
    shares = np.cumsum(np.bincount(ranks)) / len(ranks)
    assert quantiles.rank_sum_cut(m, n, 0.025) == int((shares <= 0.025).sum())


def test_large_rank_sums_are_near_the_counted_ones():
    counted, near = quantiles.rank_sum_cut(50, 50, 0.025), quantiles.rank_sum_cut(50, 51, 0.025)
    assert counted < near < counted + 25


@pytest.mark.parametrize("n", [6, 9])
def test_signed_ranks_and_signs(n):
    ranks = [sum(r for r, s in enumerate(signs, 1) if s) for signs in itertools.product((0, 1), repeat=n)]
    assert quantiles.signed_rank_cut(n, 0.025) == int((np.cumsum(np.bincount(ranks)) / 2**n <= 0.025).sum())
    assert quantiles.sign_cut(n, 0.025) == int((scipy_stats.binom.cdf(range(n), n, 0.5) <= 0.025).sum())


def refused(apart: float) -> bool:
    """Whether the permutation test of all ways refuses that A is `apart` above B."""
    pool, own = np.concatenate([A - apart, B]), (A - apart).mean() - B.mean()
    ways = []
    for pick in itertools.combinations(range(len(pool)), len(A)):
        first = np.isin(np.arange(len(pool)), pick)
        ways.append(pool[first].mean() - pool[~first].mean())
    ways = np.array(ways)
    return min((ways >= own - 1e-12).mean(), (ways <= own + 1e-12).mean()) <= 0.025


def test_the_interval_of_a_difference_is_where_the_permutation_test_does_not_refuse():
    found = intervals.difference(A, B)
    welch = scipy_stats.ttest_ind(A, B, equal_var=False)
    df = int(welch.df)
    half = scipy_stats.t.isf(0.025, df) * math.sqrt(A.var(ddof=1) / len(A) + B.var(ddof=1) / len(B))
    low = found.value - half if found.low == pytest.approx(found.value - half) else found.low + 1e-6
    assert found.value == pytest.approx(A.mean() - B.mean())
    assert refused(found.low - 1e-6) and refused(found.high + 1e-6) and not refused(low + (found.value - low) / 2)
    assert found.low <= found.value - half + 1e-9 and found.high >= found.value + half - 1e-9


def test_pairs_and_medians():
    apart = np.array([1.0, 2, 3, 4, 5, 6])
    assert intervals.paired(apart)[1:] == (1.0, 6.0)  # 1 of 64 on either side
    assert intervals.paired(apart, "median")[1:] == (1.0, 6.0)
    assert intervals.single(apart, "median")[1:] == (1.0, 6.0)
    assert intervals.difference(apart, apart - 10, "median").low == pytest.approx(7.0)  # the sixth of 36: U <= 5


@pytest.mark.parametrize(
    "found",
    [
        intervals.difference([1, 2, 3, 4], [9, 8, 7, 6]),
        intervals.difference([1, 2, 3, 4, 5], [9, 8, 7, 6], "std"),
        intervals.paired([1, 2, 3, 4, 5]),
        intervals.paired([1, 2, 3, 4, 5], "median"),
        intervals.single([1, 2, 3, 4]),
        intervals.single([1, 1, 1, 1, 1]),
        intervals.single([1, 2, 3, 4, 5], "median"),
        intervals.single([1, 2, 3, 4, 5, 6, 7, 8, 9], "std"),
    ],
)
def test_few_runs_say_nothing(found):
    assert found[1:] == (-math.inf, math.inf) and intervals.side(found) == 0
    assert "[" not in found.text()


def test_equal_runs():
    assert intervals.difference([2] * 5, [1] * 5) == (1, 1, 1)  # 1 of 252
    assert intervals.single([3.0] * 6) == (3, 3, 3)
    assert intervals.single([3.0] * 19 + [4.0]).high > 3.1  # one other run, and the mean is open to it
    assert intervals.single([3.0] * 14, "std") == (0, 0, 0)
    assert intervals.single([3.0] * 13, "std")[1:] == (-math.inf, math.inf)
    assert intervals.share(2, 4)[1:] == (0, 1)


def test_scaling_and_shifting_move_the_interval_with_the_values():
    for statistic in intervals.STATISTICS:
        once = intervals.difference(A, B, statistic)
        assert intervals.difference(3 * A + 7, 3 * B + 7, statistic) == pytest.approx([3 * part for part in once])
        other = intervals.difference(B, A, statistic)
        assert other == pytest.approx((-once.value, -once.high, -once.low))


def test_deviations_lie_in_their_interval_and_scale():
    values = RNG.normal(size=20)
    found = intervals.single(values, "std")
    assert 0 < found.low < values.std(ddof=1) < found.high
    assert intervals.single(10 * values, "std") == pytest.approx([10 * part for part in found])


def test_the_side_of_zero_is_not_decided_by_the_last_bit_of_a_sum():
    assert intervals.side(intervals.Estimate(1.0, 1e-12, 2.0)) == 0
    assert [intervals.side(intervals.Estimate(0, *ends)) for ends in ((0.1, 2), (-2, -0.1), (-1, 1))] == [1, -1, 0]


def test_more_runs_are_needed_for_less():
    few, many = (intervals.runs_needed(apart, 1.0, 5) for apart in (1.0, 0.1))
    assert few == 8 and many == 785  # the textbook's for 80 % power at 2.5 % a side, normal quantiles
    assert intervals.runs_needed(100.0, 1.0, 5) == 5 and intervals.runs_needed(0.0, 1.0, 5) is None
    assert intervals.runs_needed(1.0, math.nan, 5) is None


@pytest.mark.parametrize("values", [[], [math.nan] * 6, "abc", [[1, 2], [3]]])
def test_what_is_no_group_of_runs_is_refused(values):
    with pytest.raises(SettingError):
        intervals.single(values)
    with pytest.raises(SettingError, match="statistic"):
        intervals.difference(A, B, "mode")
