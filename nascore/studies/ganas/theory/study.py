"""The experiment "ganas/theory": Theorem 3.1 and what its proof rests on, by enumeration on seeded score tables."""

from __future__ import annotations

import numpy as np

from nascore.spaces.cell import CellSpace
from nascore.spaces.choice import ChoiceSpace
from nascore.studies.experiment import Experiment, Unit
from nascore.studies.ganas.theory import minimax
from nascore.studies.ganas.theory.cross_entropy import conditional_density, cross_entropy
from nascore.studies.ganas.theory.densities import ProductFamily
from nascore.studies.ganas.theory.sampled_cross_entropy import sampled_cross_entropy

OPS = ("none", "skip", "conv1x1", "conv3x3")
DELTA, RHO = 0.5, 0.1
# how large the truth set of Algorithm 1 is: always k, or always the same share of what was seen (A.2)
RULES: dict[str, dict] = {"k = 40 (Table 10)": {"k": 40}, "ρ = 0.3": {"k": None, "rho": 0.3}}
FLOOR = 0.01  # least probability of an operation where densities may not vanish


def score_table(space: ChoiceSpace, seed: int = 0, top: float = 94.0, spread: float = 3.0) -> np.ndarray:
    """A seeded score S(x) in percent for each architecture, in the order of `space.array()`; the best is `top`.

    An effect per operation and position, an effect per pair of positions, and independent noise, with weights 1, 0.7
    and 0.3. So a product family can follow it in part, but not represent its level sets. Synthetic, not measured.
    """
    rng = np.random.default_rng(seed)
    codes, n = space.array().astype(int), len(space.ops)
    total = np.zeros(space.size)
    for i in range(space.positions):
        total += rng.standard_normal(n)[codes[:, i]]
    pairs = [(i, j) for i in range(space.positions) for j in range(i)]
    for i, j in pairs:
        total += 0.7 * np.sqrt(space.positions / len(pairs)) * rng.standard_normal((n, n))[codes[:, i], codes[:, j]]
    total += 0.3 * np.sqrt(space.positions) * rng.standard_normal(space.size)
    total = (total - total.mean()) / total.std()
    return top + spread * (total - total.max())


def deceptive_table(space: ChoiceSpace, good: float = 80.0, best: float = 94.0) -> np.ndarray:
    """A score table made to mislead: all cells from the first half of the operations are good (80), the only better
    one (94) has the last operation at every position, everything else scores 50.
    """
    codes, n = space.array(), len(space.ops)
    scores = np.full(space.size, 50.0)
    scores[(codes < n // 2).all(1)] = good
    scores[(codes == n - 1).all(1)] = best
    return scores


def run(config: dict, seed: int) -> dict:
    """One table (`seed`): Algorithm 3 or 4 with exact densities, config = {"divergence": "KL" | "JS", "family":
    "product" | "full"}; or config = {"check": "samples", "rule": one of RULES}, see `_samples`, or {"check":
    "minimax"}, see `minimax.check`. Returns metrics.

    Optional in `config`: nodes (4), delta (0.5 percent), rho (0.1), floor (0), top (5: alpha is the score of the
    fifth best cell), table ("deceptive": see `deceptive_table`). gamma and alpha are in percent, mass_0, mass_T and
    mass_optimum are P(S >= alpha). end_optimal: whether theta_T is the CE- or JS-optimal solution for alpha; end_gap:
    how much farther from q(., alpha) it is than the optimum, in nats.
    """
    if config.get("check") == "minimax":
        return {"metrics": _minimax(seed)}
    if config.get("check") == "samples":
        return {"metrics": _samples(config["rule"], seed)}
    space = CellSpace(config.get("nodes", 4), OPS)
    scores = deceptive_table(space) if config.get("table") == "deceptive" else score_table(space, seed)
    alpha = float(np.sort(scores)[-config.get("top", 5)])
    trace = cross_entropy(
        scores,
        space,
        alpha,
        config.get("delta", DELTA),
        config.get("rho", RHO),
        config["divergence"],
        config["family"],
        config.get("floor", 0.0),
    )
    first, last = trace.steps[0], trace.steps[-1]
    return {
        "metrics": {
            "iterations": trace.iterations,
            "bound": trace.bound,
            "printed_bound": trace.printed_bound,
            "monotone": int(bool((np.diff(trace.gammas) >= 0).all())),
            "rises": int(trace.rises),
            "reached": int(trace.reached),
            "stopped_within_bound": int(trace.reached and trace.iterations <= trace.bound),
            "alpha": alpha,
            "gamma_0": first.gamma,
            "gamma_T": last.gamma,
            "mass_0": first.mass,
            "mass_T": last.mass,
            "mass_optimum": trace.optimum.mass,
            "rho_T": last.rho,
            "end_optimal": int(trace.end_optimal),
            "end_gap": trace.end_divergence - trace.optimum.divergence,
        }
    }


def _minimax(seed: int) -> dict:
    """`minimax.check` on a space of 64 cells, the best eight of them as the truth set."""
    space = CellSpace(3, OPS)
    scores = score_table(space, seed)
    q = conditional_density(scores, float(np.sort(scores)[-8]))
    return minimax.check(q, ProductFamily(space, FLOOR), seed)


def _samples(rule: str, seed: int) -> dict:
    """Algorithm 1 on samples with an ideal generator, JS-projected, at Table 10's counts for NAS-Bench-201 (alpha: the
    fifth best score of 4,096; delta: 0.5 percent).

    found: some architecture with S >= alpha was drawn; level_found: the level got there. level_rises: gamma_t >=
    min(alpha, gamma_{t-1} + delta) at every step; level_falls: it fell somewhere. premise: all architectures drawn in
    step t have S >= min(alpha, gamma_0 + t delta), gamma_0 the lowest score of X_0, as Theorem 3.1 supposes. rho_first,
    rho_last: k over what was seen. level_gap: the largest distance in percent between the truth set's level and
    Algorithm 4's, the (1 - rho_t)-quantile under the generator's density; same_levels: it is at most delta.
    """
    space = CellSpace(4, OPS)
    scores = score_table(space, seed)
    alpha = float(np.sort(scores)[-5])
    steps = sampled_cross_entropy(scores, space, floor=FLOOR, divergence="JS", seed=seed, **RULES[rule])
    gammas, worst = (np.array([getattr(step, name) for step in steps]) for name in ("gamma", "worst"))
    gap = max(abs(step.gamma - step.quantile) for step in steps[1:])  # step 1 has no generator yet

    def above(levels: np.ndarray, least: np.ndarray) -> int:
        return int((levels >= np.minimum(alpha, least) - 1e-12).all())

    return {
        "alpha": alpha,
        "seen": steps[-1].seen,
        "found": int(steps[-1].best >= alpha),
        "level_found": int(gammas[-1] >= alpha),
        "gamma_first": float(gammas[0]),
        "gamma_last": float(gammas[-1]),
        "level_rises": above(gammas[1:], gammas[:-1] + DELTA),
        "level_falls": int((np.diff(gammas) < 0).any()),
        "premise": above(worst, worst[0] + DELTA * np.arange(len(worst))),
        "rho_first": steps[0].rho,
        "rho_last": steps[-1].rho,
        "k_last": steps[-1].k,
        "level_gap": gap,
        "same_levels": int(gap <= DELTA),
    }


FAMILIES = [
    ("KL", "product", 0.0),
    ("KL", "full", 0.0),
    ("JS", "product", 0.0),
    ("JS", "full", 0.0),
    ("JS", "product", 0.01),
]


def _units(profile: str) -> list[Unit]:
    seeds = range(2 if profile == "smoke" else 20)
    checks = [({"check": "samples", "rule": rule}, 5.0) for rule in RULES] + [({"check": "minimax"}, 4.0)]
    return (
        [
            Unit({"divergence": divergence, "family": family, "floor": floor}, seed, 1 if divergence == "JS" else 0.1)
            for divergence, family, floor in FAMILIES
            for seed in seeds
        ]
        + [
            Unit(
                {
                    "divergence": divergence,
                    "family": "product",
                    "floor": floor,
                    "nodes": 3,
                    "top": 1,
                    "table": "deceptive",
                },
                0,
                0.2,
            )
            for divergence, floor in (("KL", 0.0), ("JS", 0.0), ("JS", 0.01))
        ]
        + [Unit(config, seed, seconds) for config, seconds in checks for seed in seeds]
    )


THEORY = Experiment(
    "ganas/theory",
    2,
    "Theorem 3.1: Algorithms 3 and 4 with exact densities",
    _units,
    run,
    lambda config: "synthetic scores",
    "ganas",
)
