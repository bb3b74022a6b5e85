"""How often the verdict rule passes what is false: simulated, and stored in data/results/false_passes.json.

    python -m nascore.bench.false_passes --write        (about fifteen minutes)

Every sample is drawn where the claim is just not true: two groups of one distribution ("better"), pairs of columns of
one distribution, a group whose mean, median or standard deviation is the number that it is held against, runs that
succeed with just the probability asked for. A false pass is an interval that lies wholly on one side; of the two
sides the worse is given. `rule` is "ours" (`nascore.companion.intervals`) or one that was thought of and not taken.
`asked`: whether the bar of 2.5 % is held against the row; where it is not, the two groups differ in shape and agree
in their mean alone, which no rule can promise to see with twenty runs.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from nascore import paths
from nascore.companion import intervals, quantiles
from nascore.companion.stats import Estimate

BAR = 0.025
SAMPLES, OTHERS = 4_000, 1_000  # of our rule, and of the others
RUNS = (5, 6, 8, 10, 20)
OLD = (2, 3, 5, 10, 20)
SEED = 11

Draw = Callable[[np.random.Generator, int], np.ndarray]
STEPS, WEIGHTS = np.array([4.0, 3.0, 2.0, 1.0]), np.array([0.5, 0.25, 0.15, 0.1])
DRAWS: dict[str, Draw] = {
    "normal": lambda rng, n: rng.normal(size=n),
    "skewed (exponential)": lambda rng, n: rng.exponential(size=n),
    "heavy tails (t, 3 degrees)": lambda rng, n: rng.standard_t(3, size=n),
    "five steps, ties": lambda rng, n: rng.binomial(4, 0.5, size=n).astype(float),
    "half at the top, ties": lambda rng, n: rng.choice(STEPS, n, p=WEIGHTS),
}
_MEAN = float(STEPS @ WEIGHTS)
TRUTH = {  # mean, median (a number that half the runs do not exceed), standard deviation
    "normal": (0.0, 0.0, 1.0),
    "skewed (exponential)": (1.0, math.log(2), 1.0),
    "heavy tails (t, 3 degrees)": (0.0, 0.0, math.sqrt(3)),
    "five steps, ties": (2.0, 2.0, 1.0),
    "half at the top, ties": (_MEAN, 3.5, math.sqrt(float(STEPS**2 @ WEIGHTS) - _MEAN**2)),
}
UNLIKE: dict[str, tuple[Draw, Draw]] = {
    "normal, spreads 1 and 3": (DRAWS["normal"], lambda rng, n: 3 * rng.normal(size=n)),
    "skewed to either side": (lambda rng, n: 1 - rng.exponential(size=n), lambda rng, n: rng.exponential(size=n) - 1),
    "constant, and skewed": (lambda rng, n: np.zeros(n), lambda rng, n: rng.exponential(size=n) - 1),
}
SHARES = (0.2, 0.5, 0.8, 0.95)


def percentile(groups: list[np.ndarray], statistic: str, rng: np.random.Generator) -> Estimate:
    """The rule that there was: a percentile bootstrap of the statistic, or of its difference."""
    drawn = [_applied(group[rng.integers(0, len(group), (1000, len(group)))], statistic) for group in groups]
    apart = drawn[0] - drawn[1] if len(drawn) > 1 else drawn[0]
    low, high = np.quantile(apart, (BAR, 1 - BAR))
    return Estimate(0.0, float(low), float(high))


def accelerated(groups: list[np.ndarray], statistic: str, rng: np.random.Generator) -> Estimate:
    """Efron's BCa interval."""
    normal = statistics.NormalDist()
    sign = (1, -1)
    drawn = [_applied(group[rng.integers(0, len(group), (1000, len(group)))], statistic) for group in groups]
    apart = np.sort(sum(way * part for way, part in zip(sign, drawn)))
    point = sum(way * _applied(group[None], statistic)[0] for way, group in zip(sign, groups))
    share = (float((apart < point).mean()) + float((apart <= point).mean())) / 2
    offset = normal.inv_cdf(min(max(share, 0.001), 0.999))
    parts = [
        way * (values.mean() - values) * (len(group) - 1) / len(group)
        for way, group in zip(sign, groups)
        for values in [_applied(np.stack([np.delete(group, i) for i in range(len(group))]), statistic)]
    ]
    influence = np.concatenate(parts)
    size = float((influence**2).sum()) ** 1.5
    skew = float((influence**3).sum()) / (6 * size) if size > 0 else 0.0
    ends = []
    for tail in (BAR, 1 - BAR):
        moved = offset + normal.inv_cdf(tail)
        ends.append(float(np.quantile(apart, normal.cdf(offset + moved / (1 - skew * moved)))))
    return Estimate(0.0, *ends)


def student(groups: list[np.ndarray], statistic: str, rng: np.random.Generator) -> Estimate:
    """Student's interval of a mean, Welch's of a difference."""
    point = groups[0].mean() - (groups[1].mean() if len(groups) > 1 else 0.0)
    parts = [group.var(ddof=1) / len(group) for group in groups]
    below = sum(part**2 / (len(group) - 1) for part, group in zip(parts, groups))
    half = quantiles.t_quantile(BAR, sum(parts) ** 2 / below) * math.sqrt(sum(parts)) if below > 0 else 0.0
    return Estimate(point, point - half, point + half)


OTHER_RULES = {"percentile bootstrap": percentile, "BCa bootstrap": accelerated, "Student or Welch": student}


def _applied(samples: np.ndarray, statistic: str) -> np.ndarray:
    if statistic == "std":
        return samples.std(axis=1, ddof=1)
    return {"mean": np.mean, "median": np.median}[statistic](samples, axis=1)


def rate(samples: int, truth: float, interval: Callable[..., Estimate], *draws: Callable[[], np.ndarray]) -> float:
    """Share of false passes of `interval`, given what each of `draws` draws, on the worse side."""
    above = below = 0
    for _ in range(samples):
        found = interval(*(draw() for draw in draws))
        above += found.low > truth + 1e-9
        below += found.high < truth - 1e-9
    return max(above, below) / samples


def _apart(draw: Draw, rng: np.random.Generator, n: int) -> np.ndarray:
    return draw(rng, n) - draw(rng, n)


def _of(total: int, successes: int) -> Estimate:
    return intervals.share(int(successes), total)


def _grouped(interval: Callable, statistic: str, rng: np.random.Generator, *groups: np.ndarray) -> Estimate:
    return interval(list(groups), statistic, rng)


def _row(kind: str, statistic: str, shape: str, n: int, rule: str, samples: int, found: float, asked: bool) -> dict:
    return {
        "kind": kind,
        "statistic": statistic,
        "distribution": shape,
        "runs": n,
        "rule": rule,
        "false_passes": round(found, 5),
        "samples": samples,
        "asked": asked,
    }


def cells(samples: int = SAMPLES, others: int = OTHERS) -> Iterator[dict]:
    """All rows of the table, each with a generator of its own."""
    yield from _ours(samples)
    yield from _others(others)


def _rng(*names: object) -> np.random.Generator:
    return np.random.default_rng([SEED, *(int.from_bytes(str(name).encode()[:16], "little") for name in names)])


def _ours(samples: int) -> Iterator[dict]:
    two: dict[str, tuple[Draw, Draw]] = {shape: (draw, draw) for shape, draw in DRAWS.items()} | UNLIKE
    for n in RUNS:
        for shape, (first, second) in two.items():
            asked = shape not in UNLIKE
            for statistic in intervals.STATISTICS if asked else ("mean",):
                rng = _rng("better", statistic, shape, n)
                found = rate(
                    samples,
                    0.0,
                    partial(intervals.difference, statistic=statistic),
                    partial(first, rng, n),
                    partial(second, rng, n),
                )
                yield _row("better", statistic, shape, n, "ours", samples, found, asked)
        for shape, draw in DRAWS.items():
            for statistic in ("mean", "median"):
                if n >= intervals.LEAST["paired"]:
                    rng = _rng("pairs", statistic, shape, n)
                    found = rate(
                        samples, 0.0, partial(intervals.paired, statistic=statistic), partial(_apart, draw, rng, n)
                    )
                    yield _row("pairs", statistic, shape, n, "ours", samples, found, True)
            for statistic, truth in zip(intervals.STATISTICS, TRUTH[shape]):
                if n >= intervals.LEAST[statistic]:
                    rng = _rng("number", statistic, shape, n)
                    found = rate(samples, truth, partial(intervals.single, statistic=statistic), partial(draw, rng, n))
                    yield _row("number", statistic, shape, n, "ours", samples, found, True)
        for share in SHARES:
            rng = _rng("share", share, n)
            found = rate(samples, share, partial(_of, n), partial(rng.binomial, n, share))
            yield _row("share", "share", f"succeeds with {share:g}", n, "ours", samples, found, True)


def _others(samples: int) -> Iterator[dict]:
    for rule, interval in OTHER_RULES.items():
        for n in OLD:
            for shape, draw in DRAWS.items():
                for kind, statistic in (("better", "mean"), ("number", "mean"), ("better", "std"), ("number", "std")):
                    if (statistic == "std" and rule != "percentile bootstrap") or (n < 5 and rule == "BCa bootstrap"):
                        continue
                    rng = _rng(rule, kind, statistic, shape, n)
                    groups = 2 if kind == "better" else 1
                    truth = 0.0 if kind == "better" else TRUTH[shape][intervals.STATISTICS.index(statistic)]
                    draws = [partial(draw, rng, n)] * groups
                    found = rate(samples, truth, partial(_grouped, interval, statistic, rng), *draws)
                    yield _row(kind, statistic, shape, n, rule, samples, found, False)


def allowed(samples: int) -> float:
    """The bar, and what a simulation of so many samples may be off by (three standard errors)."""
    return BAR + 3 * math.sqrt(BAR * (1 - BAR) / samples)


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m nascore.bench.false_passes", description=__doc__)
    options.add_argument("--write", action="store_true", help="write data/results/false_passes.json")
    write = options.parse_args().write
    rows = []
    for row in cells():
        rows.append(row)
        print(json.dumps(row), flush=True)
    if write:
        head = {"bar": BAR, "seed": SEED, "rows": rows}
        text = "{\n" + ",\n".join(
            f'"{name}": '
            + (json.dumps(value) if name != "rows" else "[\n" + ",\n".join(map(json.dumps, value)) + "\n]")
            for name, value in head.items()
        )
        paths.atomic_write(paths.results() / "false_passes.json", text + "\n}\n")
    over = [row for row in rows if row["asked"] and row["false_passes"] > allowed(row["samples"])]
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
