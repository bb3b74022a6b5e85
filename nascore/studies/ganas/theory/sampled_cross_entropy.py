"""Algorithm 1 of GA-NAS with an ideal generator: samples in place of exact densities (Appendix A.2)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nascore import checks
from nascore.errors import SettingError
from nascore.spaces.choice import ChoiceSpace
from nascore.studies.ganas.theory.cross_entropy import checked_scores, quantile_level
from nascore.studies.ganas.theory.densities import DIVERGENCES, family_of


@dataclass
class SampledStep:
    """One iteration of Algorithm 1. gamma is the lowest score in the truth set, best the highest score so far."""

    t: int
    seen: int  # |X_0 u ... u X_{t-1}|, before this iteration's architectures
    k: int
    rho: float  # k / seen: the link of Appendix A.2
    gamma: float
    best: float
    worst: float  # the lowest score in X_{t-1}: Theorem 3.1 supposes that it is at least gamma_{t-1}
    quantile: float  # gamma(theta_{t-1}, rho_t) of Algorithm 4, the (1 - rho_t)-quantile under the generator's density


def truth_set_rho(initial: int, base: int, increment: int, k: int, iterations: int) -> list[float]:
    """rho_t = k / |X_0 u ... u X_{t-1}| for t = 1 ... `iterations`, for a truth set of fixed size k.

    |X_0| = `initial`, |X_1| = `base`, and every later set is larger by `increment` (Table 10 of the paper).
    """
    seen, ratios = initial, []
    for t in range(iterations):
        ratios.append(min(1.0, k / seen))
        seen += base + increment * t
    return ratios


def sampled_cross_entropy(
    scores,
    space: ChoiceSpace,
    initial: int = 60,
    base: int = 60,
    increment: int = 10,
    iterations: int = 5,
    k: int | None = 40,
    rho: float | None = None,
    divergence: str = "JS",
    floor: float = 0.01,
    seed: int = 0,
) -> list[SampledStep]:
    """Algorithm 1 where step 4 is exact: the product family is projected on the truth set, then unseen cells drawn.

    Give a fixed `k` (as in Table 10) or `rho` (then k = rho * |union|, as in A.2), not both. Returns one step per
    iteration and a last one for the final truth set. `scores`: (size,), in the order of `space.array()`.
    """
    checks.one_of("divergence", divergence, DIVERGENCES)
    if (k is None) == (rho is None):
        raise SettingError(f"k={k!r} and rho={rho!r}: give exactly one of them, the other as None")
    rho = None if rho is None else checks.number("rho", rho, above=0, high=1)
    k = None if k is None else checks.whole("k", k, 1)
    initial, base, iterations = (
        checks.whole(name, value, 1)
        for name, value in (("initial", initial), ("base", base), ("iterations", iterations))
    )
    family = family_of("product", space, floor)
    scores = checked_scores(scores, space)
    if initial > space.size:
        raise SettingError(f"initial={initial}: {space.name} has only {space.size:,} architectures")
    rng = np.random.default_rng(seed)
    seen = latest = rng.permutation(space.size)[:initial]
    theta, steps = family.start, []
    for t in range(1, iterations + 2):
        size = min(len(seen), k if k is not None else max(1, math.ceil(rho * len(seen))))
        truth = seen[np.argsort(-scores[seen], kind="stable")[:size]]
        rho_t = size / len(seen)
        level, best, worst = scores[truth].min(), scores[seen].max(), scores[latest].min()
        quantile = quantile_level(scores, family.density(theta), rho_t)
        steps.append(SampledStep(t, len(seen), size, rho_t, float(level), float(best), float(worst), quantile))
        if t > iterations:
            break
        q = np.zeros(space.size)
        q[truth] = 1 / size
        theta = family.project(q, divergence, theta)
        p = family.density(theta)
        p[seen] = 0  # a query is spent on a new architecture only, as in the paper's count of queries
        wanted = min(base + increment * (t - 1), int((p > 0).sum()))
        if wanted:
            latest = rng.choice(space.size, wanted, replace=False, p=p / p.sum())
            seen = np.concatenate([seen, latest])
    return steps
