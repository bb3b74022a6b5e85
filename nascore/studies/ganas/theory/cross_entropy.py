"""The multi-stage cross-entropy method with exact densities (GA-NAS, Algorithms 3 and 4, Theorems A.1 and 3.1).

Nothing is sampled: the space is small enough to sum over all of it. The prior p(.; lambda) is uniform.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from nascore import checks
from nascore.errors import SettingError
from nascore.spaces.choice import ChoiceSpace
from nascore.studies.ganas.theory.densities import DIVERGENCES, divergence_of, family_of

# a smaller probability counts as zero (a generator would need 10^12 draws): then step 6 has no rho > 0 to choose
NO_MASS = 1e-12


@dataclass
class Step:
    """One iteration: the fitted parameters and what they are worth. At t = 0 it is the prior (no divergence)."""

    t: int
    gamma: float  # gamma(theta_t, rho_t), the (1 - rho_t)-quantile of S under p(.; theta_t)
    rho: float
    divergence: float  # from q(., gamma_{t-1}) to p(.; theta_t), nats
    mass: float  # P(S >= alpha; theta_t)
    theta: np.ndarray = field(repr=False)
    density: np.ndarray = field(repr=False)


@dataclass
class Trace:
    """What `cross_entropy` did. `steps[t]` belongs to iteration t, `steps[0]` to the prior.

    `failed` is None if gamma_T >= alpha was reached. Otherwise it is the fit for which step 6 could not be carried out:
    its density gave no mass to any architecture at the next level, the assumption of the proof that JS can break.
    `optimum` is the CE-optimal (or JS-optimal) solution, fitted to q(., alpha) as Theorem A.1 asserts. The loop as
    printed stops before that update: its last theta_T is fitted to q(., gamma_{T-1}) with gamma_{T-1} < alpha.
    `end_divergence`: from q(., alpha) to p(.; theta_T), which the optimum has as `optimum.divergence`.
    """

    alpha: float
    delta: float
    rho: float
    divergence: str
    family: str
    steps: list[Step]
    failed: Step | None
    optimum: Step
    end_divergence: float

    @property
    def reached(self) -> bool:
        """Whether the loop ended with gamma_T >= alpha."""
        return self.failed is None

    @property
    def iterations(self) -> int:
        """T, the number of passes through the loop."""
        return self.steps[-1].t

    @property
    def gammas(self) -> np.ndarray:
        """gamma_0 ... gamma_T."""
        return np.array([step.gamma for step in self.steps])

    @property
    def bound(self) -> int:
        """ceil((alpha - gamma_0) / delta), the bound that gamma_t >= min(alpha, gamma_{t-1} + delta) implies."""
        return steps_needed(self.alpha - self.steps[0].gamma, self.delta)

    @property
    def printed_bound(self) -> int:
        """ceil(alpha / delta), as printed in the proof of Theorem A.1; it is a bound only if gamma_0 >= 0."""
        return steps_needed(self.alpha, self.delta)

    @property
    def rises(self) -> bool:
        """Whether gamma_t >= min(alpha, gamma_{t-1} + delta) held in every iteration (up to rounding)."""
        gammas = self.gammas
        return bool((gammas[1:] >= np.minimum(self.alpha, gammas[:-1] + self.delta) - 1e-12).all())

    @property
    def end_optimal(self) -> bool:
        """Whether theta_T, where the loop as printed stops, is as close to q(., alpha) as the optimum is."""
        return self.end_divergence <= self.optimum.divergence + 1e-6  # JS is fitted numerically

    @property
    def draws(self) -> float:
        """Sum over the iterations of 1 / rho_t: expected draws from p(.; theta_t) for one architecture at gamma_t."""
        return float(sum(1 / step.rho for step in self.steps))

    def frame(self):
        """A DataFrame with one row per iteration: t, gamma, rho, divergence, mass."""
        import pandas as pd

        names = ("t", "gamma", "rho", "divergence", "mass")
        return pd.DataFrame([{name: getattr(step, name) for name in names} for step in self.steps])


def steps_needed(distance: float, delta: float) -> int:
    """The number of steps of at least `delta` that surely cover `distance`; 0 if there is nothing to cover."""
    return max(0, math.ceil(distance / delta - 1e-9))


def quantile_level(scores: np.ndarray, density: np.ndarray, rho: float) -> float:
    """gamma(theta, rho): the largest score s with P(S >= s) >= rho, which is a (1 - rho)-quantile of S.

    `scores`, `density`: (size,). Scores without mass are never returned: the level is one that p(.; theta) can draw.
    """
    order = np.argsort(-scores, kind="stable")
    tail = np.cumsum(density[order])  # at the last of several equal scores this is P(S >= s)
    # rho is often computed as such a tail sum itself; a relative slack keeps rounding from missing that score
    first = int(np.searchsorted(tail, rho * (1 - 1e-9)))
    return float(scores[order[min(first, len(order) - 1)]])


def conditional_density(scores: np.ndarray, level: float) -> np.ndarray:
    """q(x, gamma; lambda) of equation (2) for the uniform prior: uniform on {S >= level}. Shape (size,)."""
    above = (scores >= level).astype(float)
    return above / above.sum()


def cross_entropy(
    scores,
    space: ChoiceSpace,
    alpha: float,
    delta: float,
    rho: float = 0.1,
    divergence: str = "KL",
    family: str = "product",
    floor: float = 0.0,
) -> Trace:
    """Algorithm 3 (`divergence="KL"`) or Algorithm 4 (`"JS"`) of GA-NAS, exactly.

    `scores`: S(x) for every architecture in the order of `space.array()`, shape (size,). `alpha`: the target level,
    positive and at most max S. `delta` > 0: the least rise of gamma per iteration. `rho` in (0, 1): rho_0, and the
    largest rho_t; each iteration takes the largest rho_t <= rho that step 6 allows. `family`: "product" (one
    categorical per position) or "full" (any density). `floor`: the least probability of an operation ("product").
    Raises SettingError for settings outside these ranges, among them an alpha that no architecture reaches.
    """
    alpha, delta, rho = _numbers(alpha, delta, rho)
    checks.one_of("divergence", divergence, DIVERGENCES)
    densities = family_of(family, space, floor)
    scores = checked_scores(scores, space)
    if alpha > scores.max():
        raise SettingError(
            f"alpha={alpha!r} is out of reach: Theorem 3.1 assumes max S(x) >= alpha, and the best "
            f"score here is {scores.max():.6g}"
        )
    event = scores >= alpha

    def fit(t: int, level: float, previous: np.ndarray) -> Step:
        q = conditional_density(scores, level)
        theta = densities.project(q, divergence, previous)
        p = densities.density(theta)
        return Step(t, math.nan, math.nan, divergence_of(divergence, q, p), float(p[event].sum()), theta, p)

    theta = densities.start
    prior = densities.density(theta)
    steps = [Step(0, quantile_level(scores, prior, rho), rho, math.nan, float(prior[event].sum()), theta, prior)]
    failed = None
    while steps[-1].gamma < alpha:
        last = steps[-1]
        step = fit(last.t + 1, min(alpha, last.gamma), last.theta)  # steps 4 and 5
        target = min(alpha, last.gamma + delta)
        above = float(step.density[scores >= target].sum())
        if above < NO_MASS:  # step 6 cannot be carried out
            failed = step
            break
        step.rho = min(rho, above)
        step.gamma = quantile_level(scores, step.density, step.rho)
        steps.append(step)
    optimum = fit(steps[-1].t + 1, alpha, steps[-1].theta)
    end = divergence_of(divergence, conditional_density(scores, alpha), steps[-1].density)
    return Trace(alpha, delta, rho, divergence, family, steps, failed, optimum, end)


def checked_scores(scores, space: ChoiceSpace) -> np.ndarray:
    """`scores` as a float array of shape (space.size,); SettingError if it is not one finite number each."""
    try:
        values = np.asarray(scores, dtype=float)
    except (TypeError, ValueError):
        raise SettingError(f"scores of type {type(scores).__name__}: expected {space.size:,} numbers") from None
    if values.shape != (space.size,):
        raise SettingError(
            f"scores of shape {values.shape}: {space.name} has {space.size:,} architectures, so the "
            f"shape must be ({space.size},)"
        )
    if not np.isfinite(values).all():
        bad = int(np.flatnonzero(~np.isfinite(values))[0])
        raise SettingError(f"scores[{bad}]={values[bad]}: every score must be a finite number")
    return values


def _numbers(alpha, delta, rho) -> tuple[float, float, float]:
    """Checked: the theorem is stated for alpha > 0, and gamma has to rise by delta > 0."""
    alpha, delta = checks.number("alpha", alpha, above=0), checks.number("delta", delta, above=0)
    return alpha, delta, checks.number("rho", rho, above=0, below=1)
