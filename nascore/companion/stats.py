"""Statistics for few runs: bootstrap intervals, probability of improvement, IQM, profiles, and averaged query curves.

Percentile bootstrap throughout, seeded, so that an interval is the same on every machine. The choices follow Agarwal et
al. (2021), "Deep reinforcement learning at the edge of the statistical precipice"; the code is a few lines of numpy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from nascore import checks
from nascore.errors import SettingError

Statistic = Callable[..., np.ndarray]
RESAMPLES = 2000


class Estimate(NamedTuple):
    """A point estimate and its interval; shows itself as `0.42 [0.31, 0.50]`."""

    value: float
    low: float
    high: float

    def text(self, digits: int = 2) -> str:
        """Rounded text of value and interval. What lies half-way, as shares of few runs do, is rounded alike on every
        processor: sums that differ in their last bit are first made equal. An interval without width (all runs agree,
        or no resampling can make them differ) would look like certainty: then the value alone."""
        value, low, high = (round(float(part), digits + 6) for part in self)
        if value == low == high:
            return f"{value:.{digits}f}"
        return f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def values_of(values: Sequence[float], name: str = "values", least: int = 1) -> np.ndarray:
    """`values` as a float array of shape [n]; SettingError when there are fewer than `least`, or NaN among them."""
    try:
        array = np.asarray(values, dtype=float).ravel()
    except (TypeError, ValueError):
        raise SettingError(f"{name}={checks.shown(values)}: expected numbers") from None
    if array.size < least:
        raise SettingError(f"{name}: {array.size} numbers given, at least {least} needed")
    if not np.isfinite(array).all():
        raise SettingError(f"{name}: {int((~np.isfinite(array)).sum())} of {array.size} numbers are NaN or infinite")
    return array


def _level(level: float) -> tuple[float, float]:
    level = checks.number("level", level, above=0, below=1)
    return (1 - level) / 2, (1 + level) / 2


def _resampling(seed: int, n: int) -> tuple[np.random.Generator, int]:
    """The generator and the number of resamples, checked."""
    return np.random.default_rng(checks.seed(seed)), checks.whole("n", n, 1, 10**7)


def _resamples(array: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """`n` bootstrap samples of a vector, shape [n, len(array)]."""
    return array[rng.integers(0, array.size, (n, array.size))]


def bootstrap_ci(
    values: Sequence[float],
    statistic: Statistic = np.mean,
    level: float = 0.95,
    seed: int = 0,
    n: int = RESAMPLES,
) -> Estimate:
    """Percentile bootstrap interval of a statistic: a function with `axis` (np.mean, np.median, `iqm`)."""
    array = values_of(values)
    bounds = _level(level)
    rng, n = _resampling(seed, n)
    drawn = statistic(_resamples(array, n, rng), axis=1)
    low, high = np.quantile(drawn, bounds)
    return Estimate(float(statistic(array[None], axis=1)[0]), float(low), float(high))


def difference(
    a: Sequence[float],
    b: Sequence[float],
    statistic: Statistic = np.mean,
    level: float = 0.95,
    seed: int = 0,
    n: int = RESAMPLES,
) -> Estimate:
    """statistic(a) - statistic(b) of two independent samples, with its bootstrap interval."""
    a, b = values_of(a, "a"), values_of(b, "b")
    bounds = _level(level)
    rng, n = _resampling(seed, n)
    drawn = statistic(_resamples(a, n, rng), axis=1) - statistic(_resamples(b, n, rng), axis=1)
    low, high = np.quantile(drawn, bounds)
    point = statistic(a[None], axis=1)[0] - statistic(b[None], axis=1)[0]
    return Estimate(float(point), float(low), float(high))


def proportion(successes: int, total: int, level: float = 0.95) -> Estimate:
    """A share of runs with its Wilson interval (a bootstrap would call 20 of 20 certain)."""
    if not 0 <= successes <= total or total < 1:
        raise SettingError(f"{successes} of {total} is not a share of runs")
    from statistics import NormalDist

    z = NormalDist().inv_cdf(_level(level)[1])
    share = successes / total
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * np.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    return Estimate(share, float(max(0.0, middle - half)), float(min(1.0, middle + half)))


def probability_of_improvement(
    a: Sequence[float] | Mapping[str, Sequence[float]],
    b: Sequence[float] | Mapping[str, Sequence[float]],
    level: float = 0.95,
    seed: int = 0,
    n: int = RESAMPLES,
) -> Estimate:
    """P(a run of A exceeds a run of B), ties counted half, averaged over tasks.

    `a` and `b` are the runs of one task, or dicts task -> runs with the same tasks; the bootstrap resamples runs
    within each task (stratified).
    """
    tasks_a = dict(a) if isinstance(a, Mapping) else {"": a}
    tasks_b = dict(b) if isinstance(b, Mapping) else {"": b}
    if set(tasks_a) != set(tasks_b) or not tasks_a:
        raise SettingError(f"A has the tasks {sorted(tasks_a)}, B has {sorted(tasks_b)}: they must be the same")
    bounds = _level(level)
    rng, n = _resampling(seed, n)
    point, drawn = 0.0, np.zeros(n)
    for task in sorted(tasks_a):
        x, y = values_of(tasks_a[task], f"A {task}".strip()), values_of(tasks_b[task], f"B {task}".strip())
        wins = _wins(x, y)
        point += wins.mean()
        # resampling the runs of A and B resamples rows and columns: weights times wins, no [n, A, B] array
        rows = _counts(x.size, n, rng)
        columns = _counts(y.size, n, rng)
        drawn += np.einsum("na,ab,nb->n", rows, wins, columns, optimize=True)
    low, high = np.quantile(drawn / len(tasks_a), bounds)
    return Estimate(float(point / len(tasks_a)), float(low), float(high))


def chance(a: Sequence[float], b: Sequence[float]) -> float:
    """P(a run of A exceeds a run of B), ties counted half: `probability_of_improvement` without its interval."""
    return float(_wins(values_of(a, "a"), values_of(b, "b")).mean())


def _wins(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """1 where a run of A exceeds one of B, a half for a tie, shape [runs of A, runs of B]."""
    return (x[:, None] > y[None]) + 0.5 * (x[:, None] == y[None])


def _counts(size: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """Share of every run in each of `n` resamples, shape [n, size]."""
    return rng.multinomial(size, np.full(size, 1 / size), size=n) / size


def iqm(values: Sequence[float] | np.ndarray, axis: int | None = None) -> np.ndarray | float:
    """Interquartile mean: the mean of the middle half (a quarter of the runs, rounded down, is cut at either end).

    `axis=None` pools all entries, as for a matrix of runs x tasks.
    """
    array = np.asarray(values, dtype=float)
    if array.size == 0 or not np.isfinite(array).all():
        raise SettingError("iqm: needs at least one number, and no NaN or infinite ones")
    if axis is None:
        array, axis = array.ravel(), 0
    array = np.sort(np.moveaxis(array, axis, 0), axis=0)
    cut = array.shape[0] // 4
    result = array[cut : array.shape[0] - cut].mean(axis=0)
    return float(result) if np.ndim(result) == 0 else result


def performance_profile(
    values: Sequence[float], thresholds: Sequence[float], level: float = 0.95, seed: int = 0, n: int = RESAMPLES
) -> dict[str, np.ndarray]:
    """Share of runs above each threshold: arrays `threshold`, `share`, `low`, `high` of one length."""
    array, steps = values_of(values), values_of(thresholds, "thresholds")
    rng, n = _resampling(seed, n)
    above = (array[:, None] > steps[None]).astype(float)  # [runs, thresholds]
    drawn = _counts(array.size, n, rng) @ above
    low, high = np.quantile(drawn, _level(level), axis=0)
    return {"threshold": steps, "share": above.mean(axis=0), "low": low, "high": high}


def curve_on_grid(query: Sequence[float], value: Sequence[float], grid: Sequence[float]) -> np.ndarray:
    """A stored curve (improvement steps) read on a grid of query counts: the last step at or before; NaN before."""
    query, value, grid = np.asarray(query, float), np.asarray(value, float), np.asarray(grid, float)
    if query.size == 0 or query.shape != value.shape:
        raise SettingError(f"a curve needs as many values as queries, at least one; got {query.size} and {value.size}")
    if (np.diff(query) < 0).any():
        raise SettingError("a curve's queries must not decrease")
    at = np.searchsorted(query, grid, side="right") - 1
    return np.where(at >= 0, value[np.maximum(at, 0)], np.nan)


def aggregate_curves(
    curves: Sequence[Mapping[str, Sequence[float]]],
    grid: Sequence[float],
    value: str = "best",
    statistic: str = "mean",
    band: str = "interval",
    level: float = 0.95,
    seed: int = 0,
    n: int = 500,
) -> dict[str, np.ndarray]:
    """Average several runs' curves on a grid of query counts.

    `statistic`: "mean" or "median"; `band`: "interval" (bootstrap interval of the statistic), "quartiles" (25 to
    75 % of the runs) or "std". Returns arrays `query`, `value`, `low`, `high`; grid points before some run's
    first query are left out.
    """
    if not curves:
        raise SettingError("no curves to aggregate")
    functions = {"mean": np.mean, "median": np.median}
    if statistic not in functions:
        raise SettingError(f"unknown statistic {statistic!r}; choose one of {', '.join(functions)}")
    runs = np.stack([curve_on_grid(curve["query"], curve[value], grid) for curve in curves])  # [runs, grid]
    known = np.isfinite(runs).all(axis=0)
    if not known.any():
        raise SettingError("no point of the grid is reached by every run")
    runs, grid = runs[:, known], np.asarray(grid, float)[known]
    middle = functions[statistic](runs, axis=0)
    if band == "interval":
        picks = np.random.default_rng(seed).integers(0, len(runs), (n, len(runs)))
        drawn = np.stack([functions[statistic](runs[pick], axis=0) for pick in picks])
        low, high = np.quantile(drawn, _level(level), axis=0)
    elif band == "quartiles":
        low, high = np.quantile(runs, (0.25, 0.75), axis=0)
    elif band == "std":
        spread = runs.std(axis=0, ddof=1) if len(runs) > 1 else np.zeros(runs.shape[1])
        low, high = middle - spread, middle + spread
    else:
        raise SettingError(f"unknown band {band!r}; choose one of interval, quartiles, std")
    return {"query": grid, "value": middle, "low": low, "high": high}
