"""Gradient estimators of Section 4 with their exact mean and variance, by summing over all architectures.

theta is (edges, ops), mu its softmax (Equation 2), and an estimate for architecture a and minibatch V is

    delta_i = A_i(a, V) (a_i - mu_i),

where A_i is the reward r(a) (REINFORCE, Equation 4), the reward relative to its mean ("baseline"), the advantage of
Equation 6, or its first-order form, Equation 7. "footnote" and "used" are these two with footnote 4, the rule for the
zero operation; "used" is what the algorithm does, with its moving averages at their limits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nascore.errors import SettingError
from nascore.studies.advantagenas.theory.rewards import Reward

ESTIMATORS = ("reinforce", "baseline", "advantage", "taylor", "footnote", "used")


def softmax(theta: np.ndarray) -> np.ndarray:
    """mu(theta), over the last axis."""
    weights = np.exp(theta - theta.max(-1, keepdims=True))
    return weights / weights.sum(-1, keepdims=True)


def density(mu: np.ndarray, archs: np.ndarray) -> np.ndarray:
    """p_theta(a) for all architectures; `mu` (..., edges, ops) -> (..., architectures)."""
    p = np.ones((*mu.shape[:-2], len(archs)))
    for i in range(archs.shape[1]):
        p = p * mu[..., i, archs[:, i]]
    return p


def expected_reward(reward: Reward, theta: np.ndarray) -> np.ndarray:
    """J(theta) = E[r(a, V)], theta (..., edges, ops) -> (...)."""
    return density(softmax(theta), reward.archs) @ reward.r.mean(0)


def gradient(reward: Reward, theta: np.ndarray) -> np.ndarray:
    """The gradient of J, (edges, ops), from J alone and not by way of log p: d J / d theta_i^j =
    mu_i^j (E[r | a_i = j] - J)."""
    archs, mu = reward.archs, softmax(theta)
    p, r = density(mu, archs), reward.r.mean(0)
    given = np.array(
        [
            [(p * r)[archs[:, i] == j].sum() / p[archs[:, i] == j].sum() for j in range(reward.ops)]
            for i in range(reward.edges)
        ]
    )
    return mu * (given - p @ r)


def credits(reward: Reward, theta: np.ndarray, estimator: str) -> np.ndarray:
    """A_i(a, V), (minibatches, architectures, edges), for one of ESTIMATORS."""
    if estimator not in ESTIMATORS:
        raise SettingError(f"estimator={estimator!r}: expected one of {', '.join(ESTIMATORS)}")
    if estimator in ("reinforce", "baseline"):
        constant = float(expected_reward(reward, theta)) if estimator == "baseline" else 0.0
        return np.repeat(reward.r[:, :, None] - constant, reward.edges, 2)
    found = reward.taylor if estimator in ("taylor", "used") else reward.r[:, :, None] - reward.without
    return _zero_replaced(reward, theta, found) if estimator in ("footnote", "used") else found


def _zero_replaced(reward: Reward, theta: np.ndarray, advantage: np.ndarray) -> np.ndarray:
    """Footnote 4: for the zero operation the worst expected advantage of the other operations of the edge."""
    if reward.zero is None:
        return advantage
    p, archs, replaced = density(softmax(theta), reward.archs), reward.archs, advantage.copy()
    mean = advantage.mean(0)
    for i in range(reward.edges):
        means = [
            p[chosen] @ mean[chosen, i] / p[chosen].sum()
            for j in range(reward.ops)
            if j != reward.zero
            for chosen in [archs[:, i] == j]
        ]
        replaced[:, archs[:, i] == reward.zero, i] = min(means)
    return replaced


@dataclass(frozen=True)
class Moments:
    """`mean` (edges, ops): E[delta]. `second` (edges,): E||delta_i||^2. `variance` (edges,): the trace of the
    covariance of delta_i, E||delta_i||^2 - ||E[delta_i]||^2."""

    mean: np.ndarray
    second: np.ndarray

    @property
    def variance(self) -> np.ndarray:
        return self.second - (self.mean**2).sum(1)


def estimates(reward: Reward, theta: np.ndarray, estimator: str) -> np.ndarray:
    """delta for all minibatches and architectures, (minibatches, architectures, edges, ops)."""
    score = np.eye(reward.ops)[reward.archs] - softmax(theta)
    return credits(reward, theta, estimator)[..., None] * score


def moments(reward: Reward, theta: np.ndarray, estimator: str) -> Moments:
    """Exact mean and second moment of an estimator; minibatches are equally likely."""
    p = density(softmax(theta), reward.archs)
    delta = estimates(reward, theta, estimator)
    return Moments(np.einsum("a,baij->ij", p, delta) / len(delta), np.einsum("a,baij->i", p, delta**2) / len(delta))


def monte_carlo(reward: Reward, theta: np.ndarray, estimator: str, draws: int, seed: int = 0) -> Moments:
    """Mean and second moment from `draws` independent draws of architecture and minibatch."""
    rng = np.random.default_rng(seed)
    mu, score = softmax(theta), np.eye(reward.ops)
    chosen = np.stack([rng.choice(reward.ops, draws, p=row) for row in mu], 1)
    number = np.ravel_multi_index(tuple(chosen.T), (reward.ops,) * reward.edges)
    credit = credits(reward, theta, estimator)[rng.integers(0, len(reward.values), draws), number]
    delta = credit[..., None] * (score[chosen] - mu)
    return Moments(delta.mean(0), (delta**2).sum(2).mean(0))


def improvement(reward: Reward, theta: np.ndarray, estimator: str, epsilons) -> np.ndarray:
    """E[log J(theta + epsilon delta)] - log J(theta), the left side of Equation 5, for each epsilon.

    SettingError unless every architecture has a positive reward, as Theorem 4.1 supposes.
    """
    _positive(reward)
    p = density(softmax(theta), reward.archs)
    delta = estimates(reward, theta, estimator)
    start = np.log(expected_reward(reward, theta))
    return np.array(
        [(np.log(expected_reward(reward, theta + epsilon * delta)) @ p).mean() - start for epsilon in epsilons]
    )


def bound(reward: Reward, theta: np.ndarray, moments: Moments, epsilons, curvature: float = 1.0) -> np.ndarray:
    """The right side of Equation 5, with epsilon^2 multiplied by `curvature`.

    1 is the printed bound. 0.5 holds too: log J(theta') - log J(theta) >= E_q[log p_theta'(a) - log p_theta(a)] with
    q = p_theta R / J (Jensen), and the log-sum-exp inside log p has a Hessian of at most 1/2.
    """
    _positive(reward)
    epsilons = np.asarray(epsilons, float)
    square = (gradient(reward, theta) ** 2).sum()
    linear = epsilons / expected_reward(reward, theta) * square
    return linear - curvature * epsilons**2 / 2 * (square + moments.variance.sum())


def _positive(reward: Reward) -> None:
    if reward.r.min() <= 0:
        raise SettingError(f"a reward of {reward.r.min():.3g}: Theorem 4.1 supposes R(a) > 0")
