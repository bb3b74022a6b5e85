"""Where small steps along the mean of an estimate lead: is J improved all the way, and is its end the best there is?

The mean update E[delta] is followed from uniform probabilities with steps so small that noise and step size play no
part. What falls here falls because of the direction alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from nascore.studies.advantagenas.theory import estimators
from nascore.studies.advantagenas.theory.rewards import Reward

STEPS, RATE = 2000, 0.5  # RATE: per standard deviation of R over all architectures
SURE = 0.98  # the ascent ends where every edge has an operation as probable as this


@dataclass(frozen=True)
class Ascent:
    """`rank`: 1 + how many architectures are better than the end's most probable one. `falls`: steps in which J fell.
    `gain`: J at the end minus J at the start, in standard deviations of R. `steps`: how many were taken."""

    rank: int
    falls: int
    gain: float
    steps: int


def mean_update(reward: Reward, theta: np.ndarray, estimator: str) -> np.ndarray:
    """E[delta], (edges, ops); the same as `estimators.moments` gives, without the second moment."""
    mu = estimators.softmax(theta)
    p = estimators.density(mu, reward.archs)
    weighted = p[:, None] * estimators.credits(reward, theta, estimator).mean(0)
    chosen = np.eye(reward.ops)[reward.archs]
    return np.einsum("ai,aij->ij", weighted, chosen) - mu * weighted.sum(0)[:, None]


def ascend(reward: Reward, estimator: str) -> Ascent:
    """Follow E[delta] of an estimator from theta = 0."""
    # the mean over minibatches first: it is all that the mean update depends on
    reward = replace(reward, values=reward.values.mean(0)[None], taylor=reward.taylor.mean(0)[None])
    values = reward.r.mean(0)
    spread = float(values.std())
    theta = np.zeros((reward.edges, reward.ops))
    start = now = float(estimators.expected_reward(reward, theta))
    falls, taken = 0, 0
    while taken < STEPS and estimators.softmax(theta).max(1).min() < SURE:
        theta = theta + RATE / spread * mean_update(reward, theta, estimator)
        after = float(estimators.expected_reward(reward, theta))
        falls += after < now - 1e-12 * spread
        now, taken = after, taken + 1
    ends = (reward.archs == theta.argmax(1)).all(1)
    return Ascent(1 + int((values > values[ends][0]).sum()), int(falls), (now - start) / spread, taken)
