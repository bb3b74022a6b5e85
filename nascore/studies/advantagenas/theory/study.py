"""The experiment "advantagenas/theory": Theorems 4.1 and 4.2 and Section 4.4 by summing over all architectures."""

from __future__ import annotations

import numpy as np

from nascore.studies.advantagenas.theory import closed_forms, estimators
from nascore.studies.advantagenas.theory.estimators import moments
from nascore.studies.advantagenas.theory.rewards import Reward, reward
from nascore.studies.experiment import Experiment, Unit

OPS, DRAWS = 3, 20_000
EPSILONS = tuple(np.round(np.geomspace(0.001, 3.0, 16), 5).tolist())
LARGEST_BOUND = 4  # edges up to which the improvement is summed over all estimates
EXACT = 1e-10  # relative; what rounding leaves


def theta_of(config: dict, seed: int) -> np.ndarray:
    """Architecture parameters of a unit, (edges, ops): normal with deviation 0.5; 0 for the reward "centred", so that
    every edge has mean 0 under mu."""
    rng = np.random.default_rng([seed, 1])
    scale = 0.0 if config["kind"] == "centred" else 0.5
    return scale * rng.standard_normal((config["edges"], config.get("ops", OPS)))


def run(config: dict, seed: int) -> dict:
    """One reward (`seed`) with config = {"kind", "edges", "zero"} of `rewards.reward`; optional: ops (3), draws.

    metrics: see `_moments`, `_closed_forms` and `_improvement`; those that do not apply are None. All variances are
    traces of covariances, summed over edges unless named "per edge".
    """
    table = reward(config["kind"], config["edges"], config.get("ops", OPS), seed, config["zero"])
    theta = theta_of(config, seed)
    metrics = _moments(table, theta, config.get("draws", DRAWS), seed)
    metrics |= _closed_forms(table, theta)
    more, curve = _improvement(table, theta)
    return {"metrics": {name: _rounded(value) for name, value in {**metrics, **more}.items()}, "curve": curve}


def _rounded(value):
    return float(f"{value:.7g}") if isinstance(value, float) else value


def _moments(table: Reward, theta: np.ndarray, draws: int, seed: int) -> dict:
    """bias_*: ||E[delta] - grad J|| / ||grad J|| of REINFORCE (base), Equation 6 (adv), Equation 7 (taylor) and
    footnote 4; unbiased_*: whether that is rounding. variance_*: of each, and of REINFORCE with the reward relative to
    J (baseline), or made positive (positive) as Theorem 4.1 needs. reduction_per_edge: (variance_base - variance_adv)
    per edge. mc_*: the second moment from random draws, relative to the exact one."""
    true = estimators.gradient(table, theta)
    size, edges = float(np.linalg.norm(true)), table.edges
    found = {
        "base": moments(table, theta, "reinforce"),
        "adv": moments(table, theta, "advantage"),
        "taylor": moments(table, theta, "taylor"),
        "footnote": moments(table, theta, "footnote"),
        "baseline": moments(table.plus(-float(estimators.expected_reward(table, theta))), theta, "reinforce"),
        "positive": moments(positive(table), theta, "reinforce"),
    }
    metrics: dict = {"gradient": size**2}
    for name in ("base", "adv", "taylor", "footnote"):
        bias = float(np.linalg.norm(found[name].mean - true)) / size
        metrics |= {f"bias_{name}": bias if bias > EXACT else 0.0, f"unbiased_{name}": int(bias <= EXACT)}
    for name, each in found.items():
        metrics[f"variance_{name}"] = float(each.variance.sum())
    drawn = {
        name: estimators.monte_carlo(table, theta, kind, draws, seed)
        for name, kind in (("base", "reinforce"), ("adv", "advantage"))
    }
    return metrics | {
        "gradient_per_edge": size**2 / edges,
        "variance_adv_per_edge": float(found["adv"].variance.mean()),
        "reduction_per_edge": (metrics["variance_base"] - metrics["variance_adv"]) / edges,
        "variance_ratio": metrics["variance_base"] / metrics["variance_adv"],
        "variance_ratio_baseline": metrics["variance_baseline"] / metrics["variance_adv"],
        "taylor_equals_exact": int(
            np.allclose(table.taylor, estimators.credits(table, theta, "advantage"), rtol=0, atol=1e-9)
        ),
        **{f"mc_{name}": float(each.second.sum() / found[name].second.sum()) for name, each in drawn.items()},
    }


def _closed_forms(table: Reward, theta: np.ndarray) -> dict:
    """printed_X_ratio: the printed formula over what it should be (second: over E||delta||^2 instead), summed over
    edges; printed_X_exact: whether they agree on every edge; corrected_exact: whether our formulas do. Linear rewards
    only."""
    names = (
        "printed_gradient",
        "printed_adv_variance",
        "printed_adv_second",
        "printed_base_variance",
        "printed_base_second",
        "printed_reduction",
    )
    if table.parts is None:
        return {**{f"{name}_{what}": None for name in names for what in ("ratio", "exact")}, "corrected_exact": None}
    mu = estimators.softmax(theta)
    base, adv = moments(table, theta, "reinforce"), moments(table, theta, "advantage")
    gradient = (estimators.gradient(table, theta) ** 2).sum(1)
    printed_adv = closed_forms.printed_advantage(table.parts, mu)
    printed_base = closed_forms.printed_base(table.parts, mu)
    pairs = dict(
        zip(
            names,
            [
                (closed_forms.printed_gradient(table.parts, mu), gradient),
                (printed_adv, adv.variance),
                (printed_adv, adv.second),
                (printed_base, base.variance),
                (printed_base, base.second),
                (printed_base - printed_adv, base.variance - adv.variance),
            ],
            strict=True,
        )
    )
    metrics: dict = {}
    for name, (printed, true) in pairs.items():
        metrics |= {f"{name}_ratio": float(printed.sum() / true.sum()), f"{name}_exact": int(_same(printed, true))}
    corrected = _same(closed_forms.exact_gradient(table.parts, mu), gradient) and _same(
        closed_forms.exact_base(table.parts, mu), base.second
    )
    return metrics | {"corrected_exact": int(corrected)}


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    return bool(np.allclose(a, b, rtol=1e-9, atol=1e-12))


def positive(table: Reward) -> Reward:
    """The reward plus the constant that makes the worst architecture's reward 1: Theorem 4.1 needs R > 0."""
    return table.plus(1.0 - float(table.r.min()))


def _improvement(table: Reward, theta: np.ndarray) -> tuple[dict, dict | None]:
    """bound_holds_*: Equation 5 at every epsilon, half_holds_*: with half the curvature (see `estimators.bound`);
    best_bound_*: the largest guaranteed improvement, (||grad J||^2 / J)^2 / (2 E||delta||^2); best_true_*: the largest
    true one among the epsilons."""
    names = ("bound_holds", "half_holds", "best_bound", "best_true")
    if table.edges > LARGEST_BOUND:
        return {f"{name}_{kind}": None for name in names for kind in ("base", "adv")}, None
    shifted, metrics, curve = positive(table), {}, {"epsilon": list(EPSILONS)}
    square = (estimators.gradient(shifted, theta) ** 2).sum()
    start = float(estimators.expected_reward(shifted, theta))
    for name, kind in (("base", "reinforce"), ("adv", "advantage")):
        found = moments(shifted, theta, kind)
        true = estimators.improvement(shifted, theta, kind, EPSILONS)
        bound = estimators.bound(shifted, theta, found, EPSILONS)
        half = estimators.bound(shifted, theta, found, EPSILONS, 0.5)
        metrics |= {
            f"bound_holds_{name}": int((true >= bound - 1e-12).all()),
            f"half_holds_{name}": int((true >= half - 1e-12).all()),
            f"best_bound_{name}": float((square / start) ** 2 / (2 * found.second.sum())),
            f"best_true_{name}": float(true.max()),
        }
        curve |= {
            f"true_{name}": [_rounded(float(v)) for v in true],
            f"bound_{name}": [_rounded(float(v)) for v in bound],
        }
    return metrics, curve


def _units(profile: str) -> list[Unit]:
    smoke = profile == "smoke"
    shapes = [
        (kind, edges, False)
        for kind in ("linear", "centred", "table", "network")
        for edges in ((2, 3) if smoke else (2, 3, 4, 6, 8))
    ]
    shapes += [(kind, edges, True) for kind in ("table", "network") for edges in ((3,) if smoke else (3, 4))]
    return [
        Unit({"kind": kind, "edges": edges, "zero": zero}, seed, 0.1 if edges < 6 else 0.6)
        for kind, edges, zero in shapes
        for seed in range(2 if smoke else 10)
    ]


THEORY = Experiment(
    "advantagenas/theory",
    1,
    "Theorems 4.1 and 4.2, Section 4.4: exact sums over all architectures",
    _units,
    run,
    lambda config: "synthetic rewards",
    "advantagenas",
)
