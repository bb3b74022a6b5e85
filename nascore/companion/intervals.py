"""The intervals that decide: of a difference between two groups of runs, of pairs, of one group, and of a share.

Every verdict of a claim and every "better", "worse" or "no clear difference" of a notebook comes from here, so that
text and verdict cannot differ. Each side of an interval is wrong for at most 2.5 % of samples from the distributions
of `data/results/false_passes.json` (normal, skewed, heavy-tailed, in a few steps with ties), which
`nascore.bench.false_passes` simulates; the kinds were chosen there, and their nominal levels set so that this holds
with 5 runs as with 20:

- `difference`, mean: the permutation test, inverted, joined with Welch's interval (which holds up better where spreads
  differ); median: Wilcoxon's rank sum, inverted; std: the permutation test on distances from each group's own median
  (Brown and Forsythe), at 1 % a side;
- `paired`, mean: sign changes, inverted; median: Wilcoxon's signed ranks, inverted;
- `single`, mean: studentised bootstrap at 0.25 % a side, Student's interval at 0.1 % where so many runs are equal that
  resamples have no spread; median: order statistics; std: jackknife of the logarithm of the variance at 0.01 % a side.
  Where all runs are equal no interval of a mean exists: then that of the median, which takes six runs;
- `share`: Clopper and Pearson.

With fewer runs than `LEAST` an interval is open on both sides: it decides nothing. What a rule cannot see: a group in
which one run of twenty is a disaster that happened in no run.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence

import numpy as np

from nascore import checks
from nascore.companion import quantiles
from nascore.companion.stats import Estimate, values_of

TAIL = 0.025
SPREAD_TAIL = 0.01  # two groups' spreads
MEAN_TAIL = 0.0025  # one group's mean
TIED_TAIL = 0.001  # the same where many runs are equal
STD_TAIL = 0.0001  # one group's standard deviation
DRAWS = 4000
STATISTICS = ("mean", "median", "std")
LEAST = {"difference": 5, "paired": 6, "mean": 5, "median": 6, "std": 10, "share": 5}
POWER = 0.8416  # of the runs that would decide: the normal quantile of 80 %


def value_of(values: np.ndarray, statistic: str) -> float:
    """The statistic of some runs."""
    if statistic == "std":
        return float(np.std(values, ddof=1)) if len(values) > 1 else math.nan
    return float({"mean": np.mean, "median": np.median, "min": np.min, "max": np.max}[statistic](values))


def difference(a: Sequence[float], b: Sequence[float], statistic: str = "mean") -> Estimate:
    """statistic(a) - statistic(b) of two independent groups. For "std" value and interval are of the mean distances
    from the median."""
    a, b, statistic = values_of(a, "a"), values_of(b, "b"), _known(statistic)
    if statistic == "std":
        a, b = distances(a), distances(b)
    point = value_of(a, "median" if statistic == "median" else "mean")
    point -= value_of(b, "median" if statistic == "median" else "mean")
    if min(len(a), len(b)) < LEAST["difference"]:
        return _open(point)
    if statistic == "median":
        apart = np.sort((a[:, None] - b[None]).ravel())
        return _between(apart, quantiles.rank_sum_cut(len(a), len(b), TAIL), point)
    leaving, coming = _exchanges(len(a), len(b))
    tail = SPREAD_TAIL if statistic == "std" else TAIL
    swapped = np.sort(leaving @ a - coming @ b)
    found = _between(swapped, math.floor(tail * (len(swapped) + 1) + 1e-9), point)
    if statistic == "std":
        return found
    half = _welch(a, b)
    return Estimate(point, min(found.low, point - half), max(found.high, point + half))


def paired(apart: Sequence[float], statistic: str = "mean") -> Estimate:
    """The same of pairs, from their differences: statistic "mean" or "median"."""
    apart, statistic = values_of(apart, "apart"), checks.one_of("statistic", statistic, STATISTICS[:2])
    point, n = value_of(apart, statistic), len(apart)
    if n < LEAST["paired"]:
        return _open(point)
    if statistic == "median":
        first, second = np.triu_indices(n)
        middles = np.sort((apart[first] + apart[second]) / 2)
        return _between(middles, quantiles.signed_rank_cut(n, TAIL), point)
    means = np.sort(_flips(n) @ apart)
    return _between(means, math.floor(TAIL * (len(means) + 1) + 1e-9), point)


def single(values: Sequence[float], statistic: str = "mean") -> Estimate:
    """A statistic of one group of runs, to be held against a number."""
    values, statistic = values_of(values), _known(statistic)
    point, n = value_of(values, statistic), len(values)
    if n < LEAST[statistic]:
        return _open(point)
    if statistic == "median":
        return _between(np.sort(values), quantiles.sign_cut(n, TAIL), point)
    if statistic == "std":
        return _deviation(values, point)
    if values.min() == values.max():
        return _between(np.sort(values), quantiles.sign_cut(n, TAIL), point)
    drawn = values[_resamples(n)]
    spread = drawn.std(axis=1, ddof=1)
    flat = spread <= 1e-12 * max(1.0, float(np.abs(values).max()))
    scale = float(values.std(ddof=1)) / math.sqrt(n)
    cut = math.floor(MEAN_TAIL * DRAWS)
    if flat.sum() > cut:  # resamples without spread would decide
        half = quantiles.t_quantile(TIED_TAIL, n - 1) * scale
        return Estimate(point, point - half, point + half)
    errors = (drawn.mean(axis=1) - point) / np.where(flat, 1.0, spread / math.sqrt(n))
    top = np.sort(np.where(flat, np.inf, errors))[-cut - 1]
    bottom = np.sort(np.where(flat, -np.inf, errors))[cut]
    return Estimate(point, float(point - top * scale), float(point - bottom * scale))


def share(successes: int, total: int) -> Estimate:
    """A share of runs; of fewer than `LEAST["share"]` runs it is open (0 to 1)."""
    total = checks.whole("total", total, 1, 10**6)
    successes = checks.whole("successes", successes, 0, total)
    if total < LEAST["share"]:
        return Estimate(successes / total, 0.0, 1.0)
    return Estimate(successes / total, *quantiles.clopper_pearson(successes, total, TAIL))


def distances(values: np.ndarray) -> np.ndarray:
    """How far each run lies from the median of its group."""
    return np.abs(values - np.median(values))


def side(found: Estimate) -> int:
    """1 where the interval lies above 0, -1 where below, 0 where it decides nothing. The one place where "clearly" is
    decided: rounding of sums does not make a difference clear."""
    low, high = (round(bound, 9) if math.isfinite(bound) else bound for bound in (found.low, found.high))
    return 1 if low > 0 else -1 if high < 0 else 0


def runs_needed(apart: float, variance: float, least: int, tail: float = TAIL) -> int | None:
    """About how many runs (a side; at least `least`) would show that something lies `apart` from a bound: four times
    of five, where `variance` is that of one run (of both sides together). None where that says nothing."""
    if not (math.isfinite(apart) and math.isfinite(variance)) or apart == 0:
        return None
    from statistics import NormalDist

    needed = (NormalDist().inv_cdf(1 - tail) + POWER) ** 2 * variance / apart**2
    return max(least, math.ceil(needed)) if needed < 1e9 else None


def _known(statistic: str) -> str:
    return checks.one_of("statistic", statistic, STATISTICS)


def _open(point: float) -> Estimate:
    return Estimate(point, -math.inf, math.inf)


def _between(ordered: np.ndarray, cut: int, point: float) -> Estimate:
    """From the `cut`-th smallest to the `cut`-th largest, stretched to the point; open where `cut` is 0."""
    if cut < 1:
        return _open(point)
    scale = 10.0 ** -(12 - math.ceil(math.log10(max(1e-300, float(np.abs(ordered).max())))))  # sums' last bits
    low, high = float(ordered[cut - 1]), float(ordered[-cut])
    low, high = (0.0 if abs(bound) < scale else bound for bound in (low, high))
    return Estimate(point, min(low, point), max(high, point))


def _welch(a: np.ndarray, b: np.ndarray) -> float:
    """Half the width of Welch's interval."""
    x, y = a.var(ddof=1) / len(a), b.var(ddof=1) / len(b)
    if x + y == 0:
        return 0.0
    df = (x + y) ** 2 / (x**2 / (len(a) - 1) + y**2 / (len(b) - 1))
    return quantiles.t_quantile(TAIL, int(df)) * math.sqrt(x + y)


@functools.lru_cache(maxsize=16)
def _exchanges(m: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Ways of mixing two groups, but the one that is there: weights [ways, m] and [ways, n] of those who leave.

    A shift of the one group by d is refused where at most `tail` of the ways are as extreme, and a way is as extreme
    just where d exceeds the mean of those who leave the one minus that of those who leave the other: the interval's
    ends are order statistics of these. All ways where there are few, else drawn with a fixed seed.
    """
    if math.comb(m + n, m) <= 13_000:  # up to 8 against 8
        picks = np.array(list(itertools.combinations(range(m + n), m)))[1:]  # the first is what is there
        first = np.zeros((len(picks), m + n), bool)
        first[np.arange(len(picks))[:, None], picks] = True
    else:
        ranks = np.random.default_rng(0).random((DRAWS, m + n)).argsort(axis=1)
        first = ranks < m
        first = first[~first[:, :m].all(axis=1)]
    leaving, coming = ~first[:, :m], first[:, m:]
    number = leaving.sum(axis=1, keepdims=True)
    return leaving / number, coming / number


@functools.lru_cache(maxsize=16)
def _flips(n: int) -> np.ndarray:
    """Choices of pairs whose sign changes, but none: weights [ways, n]; a shift is refused as in `_exchanges`."""
    if n <= 11:
        chosen = np.array(list(itertools.product((0, 1), repeat=n)))[1:]
    else:
        chosen = np.random.default_rng(0).integers(0, 2, (DRAWS, n))
        chosen = chosen[chosen.any(axis=1)]
    return chosen / chosen.sum(axis=1, keepdims=True)


@functools.lru_cache(maxsize=16)
def _resamples(n: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, n, (DRAWS, n))


def _deviation(values: np.ndarray, point: float) -> Estimate:
    """One group's standard deviation."""
    n, total, squares = len(values), (values - values.mean()).sum(), ((values - values.mean()) ** 2)
    centred = values - values.mean()
    without = (squares.sum() - squares - (total - centred) ** 2 / (n - 1)) / (n - 2)  # variance without each run
    if (without <= 1e-12 * max(1e-300, squares.max())).any():  # all runs but one are equal, or all: 14 runs at least
        return _between(np.sort(distances(values)), quantiles.sign_cut(n, STD_TAIL), point)
    pseudo = n * math.log(point**2) - (n - 1) * np.log(without)
    half = quantiles.t_quantile(STD_TAIL, n - 1) * pseudo.std(ddof=1) / math.sqrt(n)
    low, high = (math.exp((pseudo.mean() + sign * half) / 2) for sign in (-1, 1))
    return Estimate(point, min(low, point), max(high, point))
