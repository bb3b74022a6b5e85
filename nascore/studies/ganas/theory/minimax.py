"""The remark after Theorem 3.1: the minimax game of Algorithm 1 against the Jensen-Shannon divergence, by optimisation.

V(G, D) = E_q[log D(x)] + E_p[log(1 - D(x))] with one free number D(x) for each architecture. Its maximum over D is
looked for numerically and not by the formula D = q / (q + p) that the remark rests on.
"""

from __future__ import annotations

import numpy as np

from nascore.studies.ganas.theory.densities import ProductFamily, js_divergence


def best_discriminator(q: np.ndarray, p: np.ndarray) -> tuple[np.ndarray, float]:
    """(D, V): D (size,) in (0, 1) that maximises V for fixed densities q and p (size,), found by L-BFGS."""
    from scipy.optimize import minimize
    from scipy.special import expit, log_expit

    def loss(logits: np.ndarray) -> tuple[float, np.ndarray]:
        value = q @ log_expit(logits) + p @ log_expit(-logits)
        return -float(value), (q + p) * expit(logits) - q

    limits = [(-60.0, 60.0)] * len(q)
    options = {"maxiter": 5000, "maxfun": 50_000, "ftol": 1e-15, "gtol": 1e-10}
    found = minimize(loss, np.zeros(len(q)), jac=True, method="L-BFGS-B", bounds=limits, options=options)
    return expit(found.x), -float(found.fun)


def best_generator(q: np.ndarray, family: ProductFamily, start: np.ndarray, rounds: int = 400) -> np.ndarray:
    """theta that minimises max_D V from `start`: the generator steps along its gradient under the best D, as a GAN
    does, and never sees the divergence. Shape (positions, operations)."""
    from scipy.optimize import minimize
    from scipy.special import softmax

    floor, (positions, n) = family.floor, family.shape

    def theta_of(logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        soft = softmax(logits.reshape(positions, n), axis=1)
        return soft, floor + (1 - n * floor) * soft

    def loss(logits: np.ndarray) -> tuple[float, np.ndarray]:
        soft, theta = theta_of(logits)
        p = family.density(theta)
        discriminator, value = best_discriminator(q, p)
        # the envelope theorem: at the best D only p moves, d V / d p(x) = log(1 - D(x))
        by_theta = family.marginals(p * np.log1p(-np.minimum(discriminator, 1 - 1e-15))) / theta
        gradient = (1 - n * floor) * soft * (by_theta - (soft * by_theta).sum(1, keepdims=True))
        return value, gradient.ravel()

    soft = np.maximum((start - floor) / (1 - n * floor), 1e-4)
    options = {"maxiter": rounds, "ftol": 1e-13, "gtol": 1e-8}
    found = minimize(
        loss, np.log(soft).ravel(), jac=True, method="L-BFGS-B", bounds=[(-30, 30)] * soft.size, options=options
    )
    return theta_of(found.x)[1]


def check(q: np.ndarray, family: ProductFamily, seed: int) -> dict[str, float]:
    """What the remark says, for a target q (size,) and a generator family.

    value_error: |max_D V - (2 JS - log 4)| at a random theta, in nats. minimax_gap: how much larger JS is where the
    game ends than at the direct fit to q (the better of the same starts for both). reward_ideal: E[R_D] that Equation 9
    pays at that theta under the best D (cells of the truth set, where q > 0, earn nothing); reward_without_rule: the
    same if truth cells were paid too.
    """
    rng = np.random.default_rng([seed, 2])
    theta = family.floor + (1 - family.shape[1] * family.floor) * rng.dirichlet(
        np.ones(family.shape[1]), family.shape[0]
    )
    p = family.density(theta)
    discriminator, value = best_discriminator(q, p)
    starts = (family.marginals(q), family.start)
    game = min(js_divergence(q, family.density(best_generator(q, family, start))) for start in starts)
    outside = q == 0
    found = {
        "value_error": abs(value - (2 * js_divergence(q, p) - np.log(4))),
        "minimax_gap": game - js_divergence(q, family.density(family.project(q, "JS"))),
        "reward_ideal": p[outside] @ discriminator[outside],
        "reward_without_rule": p @ discriminator,
    }
    return {name: round(float(number), 7) for name, number in found.items()}  # what lies below is the optimiser's
