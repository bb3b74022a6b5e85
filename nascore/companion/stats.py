"""Statistics for few runs: bootstrap intervals, probability of improvement, IQM, profiles, and averaged query curves.

Percentile bootstrap throughout, seeded, so that an interval is the same on every machine. The choices follow Agarwal et
al. (2021), "Deep reinforcement learning at the edge of the statistical precipice"; the code is a few lines of numpy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

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
        or no resampling can make them differ) would look like certainty: then the value alone. An end that is not
        known is written as three dots; of too few runs neither is, and nothing but the value is shown."""
        value, low, high = (round(float(part), digits + 6) if np.isfinite(part) else float(part) for part in self)
        if value == low == high or (low == -np.inf and high == np.inf):
            return f"{value:.{digits}f}"
        ends = (f"{end:.{digits}f}" if np.isfinite(end) else "..." for end in (low, high))
        return f"{value:.{digits}f} [{', '.join(ends)}]"


def values_of(values: Sequence[float], name: str = "values", least: int = 1) -> np.ndarray:
    """`values` as a float array of shape [n]; SettingError when there are fewer than `least`, or NaN among them."""
    return _known(checks.numbers(name, values), name, least).ravel()


def _known(array: np.ndarray, name: str, least: int = 1) -> np.ndarray:
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


def _applied(statistic: Statistic, samples: np.ndarray) -> np.ndarray:
    """One number for each sample [samples, runs]; SettingError where `statistic` does not give them."""
    try:
        found = checks.numbers("its result", statistic(samples, axis=1))
    except Exception as error:  # no function, or whatever a user's own does
        raise SettingError(
            f"statistic={checks.shown(statistic)}: expected a function such as numpy.mean, called with the runs of "
            f"each sample [samples, runs] and axis=1; it fails ({type(error).__name__}: {error})"
        ) from error
    if found.shape != (len(samples),):
        raise SettingError(
            f"statistic={checks.shown(statistic)}: expected one number for each of {len(samples)} samples with axis=1, "
            f"not shape {list(found.shape)}"
        )
    return found


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
    drawn = _applied(statistic, _resamples(array, n, rng))
    low, high = np.quantile(drawn, bounds)
    return Estimate(float(_applied(statistic, array[None])[0]), float(low), float(high))


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
    drawn = _applied(statistic, _resamples(a, n, rng)) - _applied(statistic, _resamples(b, n, rng))
    low, high = np.quantile(drawn, bounds)
    point = _applied(statistic, a[None])[0] - _applied(statistic, b[None])[0]
    return Estimate(float(point), float(low), float(high))


def proportion(successes: int, total: int, level: float = 0.95) -> Estimate:
    """A share of runs with its Wilson interval (a bootstrap would call 20 of 20 certain)."""
    total = checks.whole("total", total, 1, 2**63 - 1)
    successes = checks.whole("successes", successes, 0, total)
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
    tasks_a, tasks_b = _tasks("a", a), _tasks("b", b)
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


def _tasks(name: str, given: Any) -> dict[str, Any]:
    """Task -> runs; the one task of runs without a name is ""."""
    if not isinstance(given, Mapping):
        return {"": given}
    return {checks.text(f"a task of {name}", task): runs for task, runs in given.items()}


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
    array = np.atleast_1d(_known(checks.numbers("values", values), "values"))
    if axis is None:
        array, axis = array.ravel(), 0
    axis = checks.whole("axis", axis, -array.ndim, array.ndim - 1)
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
    query, value, grid = values_of(query, "query"), values_of(value, "value"), values_of(grid, "grid")
    if query.size != value.size:
        raise SettingError(f"a curve needs as many values as queries; got {query.size} queries, {value.size} values")
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
    functions = {"mean": np.mean, "median": np.median}
    average = functions[checks.one_of("statistic", statistic, functions)]
    band = checks.one_of("band", band, ("interval", "quartiles", "std"))
    bounds, grid = _level(level), values_of(grid, "grid")
    rng, n = _resampling(seed, n)
    runs = _runs(curves, checks.text("value", value), grid)
    known = np.isfinite(runs).all(axis=0)
    if not known.any():
        raise SettingError("no point of the grid is reached by every run")
    runs, grid = runs[:, known], grid[known]
    middle = average(runs, axis=0)
    if band == "interval":
        picks = rng.integers(0, len(runs), (n, len(runs)))
        drawn = np.stack([average(runs[pick], axis=0) for pick in picks])
        low, high = np.quantile(drawn, bounds, axis=0)
    elif band == "quartiles":
        low, high = np.quantile(runs, (0.25, 0.75), axis=0)
    else:
        spread = runs.std(axis=0, ddof=1) if len(runs) > 1 else np.zeros(runs.shape[1])
        low, high = middle - spread, middle + spread
    return {"query": grid, "value": middle, "low": low, "high": high}


def _runs(curves: Any, value: str, grid: np.ndarray) -> np.ndarray:
    """The curves' `value` on the grid, shape [runs, grid]."""
    listed = checks.listed("curves", curves, "a list of curves, each a dict of query and values")
    if not listed:
        raise SettingError("no curves to aggregate")
    found = []
    for i, curve in enumerate(listed):
        checks.instance(f"curves[{i}]", curve, Mapping, "a curve, a dict of query and values")
        if missing := [name for name in ("query", value) if name not in curve]:
            asked = f"value={checks.shown(value)}: " if missing == [value] else ""
            raise SettingError(f"{asked}curves[{i}] has no {missing[0]!r}{checks.suggest(missing[0], map(str, curve))}")
        try:
            found.append(curve_on_grid(curve["query"], curve[value], grid))
        except SettingError as error:
            raise SettingError(f"curves[{i}]: {error}") from None
    return np.stack(found)
