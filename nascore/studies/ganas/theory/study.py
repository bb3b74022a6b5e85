"""The experiment "ganas/theory": Theorem 3.1 checked by exact enumeration on a seeded score table."""

from __future__ import annotations

import numpy as np

from nascore.spaces.cell import CellSpace
from nascore.spaces.choice import ChoiceSpace
from nascore.studies.experiment import Experiment, Unit
from nascore.studies.ganas.theory.cross_entropy import cross_entropy

OPS = ("none", "skip", "conv1x1", "conv3x3")
DELTA, RHO = 0.5, 0.1


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
    """One table (`seed`) under config = {"divergence": "KL" | "JS", "family": "product" | "full"}, as metrics.

    Optional in `config`: nodes (4), delta (0.5 percent), rho (0.1), floor (0), top (5: alpha is the score of the
    fifth best cell), table ("deceptive": see `deceptive_table`). gamma and alpha are in percent, mass_0, mass_T and
    mass_optimum are P(S >= alpha).
    """
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
        }
    }


FAMILIES = [
    ("KL", "product", 0.0),
    ("KL", "full", 0.0),
    ("JS", "product", 0.0),
    ("JS", "full", 0.0),
    ("JS", "product", 0.01),
]


def _units(profile: str) -> list[Unit]:
    return [
        Unit({"divergence": divergence, "family": family, "floor": floor}, seed, 1 if divergence == "JS" else 0.1)
        for divergence, family, floor in FAMILIES
        for seed in range(2 if profile == "smoke" else 20)
    ] + [
        Unit(
            {"divergence": divergence, "family": "product", "floor": floor, "nodes": 3, "top": 1, "table": "deceptive"},
            0,
            0.2,
        )
        for divergence, floor in (("KL", 0.0), ("JS", 0.0), ("JS", 0.01))
    ]


THEORY = Experiment(
    "ganas/theory",
    1,
    "Theorem 3.1: Algorithms 3 and 4 with exact densities",
    _units,
    run,
    lambda config: "synthetic scores",
    "ganas",
)
