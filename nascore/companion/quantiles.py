"""Quantiles of the exact distributions that intervals need: Student's t, the binomial, and counts of ranks.

In numpy and the standard library: scipy takes longer to load than all claims take to judge.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np


def _root(rising: Callable[[float], bool], low: float, high: float) -> float:
    """Where `rising` turns from False to True between `low` and `high`, by halving."""
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if rising(middle) else (middle, high)
    return (low + high) / 2


def _t_within(t: float, df: int) -> float:
    """P(|T| <= t) of Student's t with a whole number of degrees of freedom (Abramowitz and Stegun 26.7.3 and 4)."""
    angle = math.atan(t / math.sqrt(df))
    cosine = math.cos(angle)
    term = total = cosine if df % 2 else 1.0
    for i in range(2 + df % 2, df - 1, 2):
        term *= cosine**2 * (i - 1) / i
        total += term
    if df % 2 == 0:
        return math.sin(angle) * total
    return (2 / math.pi) * (angle + (math.sin(angle) * total if df > 1 else 0.0))


@functools.lru_cache(maxsize=1024)
def t_quantile(tail: float, df: float) -> float:
    """The value that Student's t exceeds with probability `tail` (below a half). Degrees of freedom are rounded down,
    which makes the quantile no smaller, and end at 1000."""
    whole = min(max(int(df), 1), 1000)
    return _root(lambda t: 1 - _t_within(t, whole) <= 2 * tail, 0.0, 1e7)


@functools.lru_cache(maxsize=1024)
def clopper_pearson(k: int, n: int, tail: float) -> tuple[float, float]:
    """Exact bounds of a share of which `k` of `n` were seen, each missed with probability `tail` at most."""
    ways = np.array([math.log(math.comb(n, i)) for i in range(n + 1)])
    number = np.arange(n + 1)

    def up_to(most: int, p: float) -> float:
        """P(X <= most) of a binomial."""
        shares = ways[: most + 1] + number[: most + 1] * math.log(p) + (n - number[: most + 1]) * math.log1p(-p)
        return float(np.exp(shares).sum())

    low = 0.0 if k == 0 else _root(lambda p: 1 - up_to(k - 1, p) >= tail, 0.0, 1.0)
    high = 1.0 if k == n else _root(lambda p: up_to(k, p) <= tail, 0.0, 1.0)
    return low, high


def _cut(ways: np.ndarray, tail: float) -> int:
    """How many of the smallest values of a count have together a probability of at most `tail`."""
    return int((np.cumsum(ways / ways.sum()) <= tail * (1 + 1e-9)).sum())


@functools.lru_cache(maxsize=256)
def sign_cut(n: int, tail: float) -> int:
    """k such that the k-th smallest of `n` values lies above their median with probability `tail` at most; 0: none."""
    return _cut(np.array([float(math.comb(n, i)) for i in range(n + 1)]), tail)


@functools.lru_cache(maxsize=256)
def signed_rank_cut(n: int, tail: float) -> int:
    """The same for the averages of all pairs of `n` values (each with itself too), as Wilcoxon's signed ranks have
    it."""
    ways = np.ones(1)
    for rank in range(1, n + 1):
        longer = np.zeros(len(ways) + rank)
        longer[: len(ways)] += ways
        longer[rank:] += ways
        ways = longer / 2
    return _cut(ways, tail)


@functools.lru_cache(maxsize=256)
def rank_sum_cut(m: int, n: int, tail: float) -> int:
    """The same for the `m` x `n` differences of two samples, as Wilcoxon's rank sum has it.

    Counted for up to 2,500 differences; beyond, the normal form with continuity correction, rounded down.
    """
    if m * n > 2500:
        from statistics import NormalDist

        spread = math.sqrt(m * n * (m + n + 1) / 12)
        return max(0, math.floor(m * n / 2 - 0.5 - NormalDist().inv_cdf(1 - tail) * spread))
    # the Gaussian binomial (m + n over m): multiplied by 1 - q^(n + i), divided by 1 - q^i
    ways = np.zeros(m * n + 1, dtype=object)
    ways[0] = 1
    for i in range(1, m + 1):
        for at in range(m * n, n + i - 1, -1):
            ways[at] -= ways[at - n - i]
        for at in range(i, m * n + 1):
            ways[at] += ways[at - i]
    return _cut(ways.astype(float), tail)
