"""The experiment "advantagenas/theory": Theorems 4.1 and 4.2 and Section 4.4 by summing over all architectures."""

from __future__ import annotations

import numpy as np

from nascore.studies.advantagenas.theory import closed_forms, estimators
from nascore.studies.advantagenas.theory.ascent import ascend
from nascore.studies.advantagenas.theory.estimators import moments
from nascore.studies.advantagenas.theory.growth import growth
from nascore.studies.advantagenas.theory.rewards import Reward, reward
from nascore.studies.experiment import Experiment, Unit

OPS, DRAWS = 3, 20_000
EPSILONS = tuple(np.round(np.geomspace(0.001, 3.0, 16), 5).tolist())
LARGEST_BOUND = 4  # edges up to which the improvement is summed over all estimates
LARGEST_ASCENT = 6  # edges up to which the mean update is followed to its end
GROWN = 8  # edges of the linear rewards whose first edge is compared with the same edge among two
# REINFORCE, the same relative to J, Equation 6, Equation 7, each of them with footnote 4
NAMES = {
    "base": "reinforce",
    "baseline": "baseline",
    "adv": "advantage",
    "taylor": "taylor",
    "footnote": "footnote",
    "used": "used",
}
EXACT = 1e-10  # relative; what rounding leaves


def theta_of(config: dict, seed: int) -> np.ndarray:
    """Architecture parameters of a unit, (edges, ops): normal with deviation 0.5; 0 for the reward "centred", so that
    every edge has mean 0 under mu."""
    rng = np.random.default_rng([seed, 1])
    scale = 0.0 if config["kind"] == "centred" else 0.5
    return scale * rng.standard_normal((config["edges"], config.get("ops", OPS)))


def run(config: dict, seed: int) -> dict:
    """One reward (`seed`) with config = {"kind", "edges", "zero"} of `rewards.reward`; optional: ops (3), draws.

    metrics: see `_moments`, `_ratios`, `_ascents`, `_growths`, `_closed_forms` and `_improvement`; those that do not
    apply are None. All variances are traces of covariances, summed over edges unless named "per edge". Every ratio
    compares two estimates of the same reward: a claim about less variance is judged within an instance.
    """
    table = reward(config["kind"], config["edges"], config.get("ops", OPS), seed, config["zero"])
    theta = theta_of(config, seed)
    metrics = _moments(table, theta, config.get("draws", DRAWS), seed)
    metrics |= _ratios(metrics) | _ascents(table) | _growths(config, table, theta)
    metrics |= _closed_forms(table, theta)
    more, curve = _improvement(table, theta)
    return {"metrics": {name: _rounded(value) for name, value in {**metrics, **more}.items()}, "curve": curve}


def _rounded(value):
    return float(f"{value:.7g}") if isinstance(value, float) else value


def _moments(table: Reward, theta: np.ndarray, draws: int, seed: int) -> dict:
    """For each estimate of NAMES, bias_*: ||E[delta] - grad J|| / ||grad J||; unbiased_*: whether that is rounding;
    variance_*; also variance_positive: of REINFORCE with a reward made positive, as Theorem 4.1 needs it.

    cosine_used, ascends_used: the angle between the mean update as used and grad J, and whether small steps along it
    raise J. offset: |E r| over the standard deviation of r. zero_advantage: the largest advantage that Equations 6 and
    7 give to a zero operation. reduction_per_edge: (variance_base - variance_adv) per edge. mc_*: the second moment
    from random draws, relative to the exact one."""
    true = estimators.gradient(table, theta)
    size, edges = float(np.linalg.norm(true)), table.edges
    found = {name: moments(table, theta, estimator) for name, estimator in NAMES.items()}
    metrics: dict = {"gradient": size**2}
    for name, each in found.items():
        bias = float(np.linalg.norm(each.mean - true)) / size
        metrics |= {f"bias_{name}": bias if bias > EXACT else 0.0, f"unbiased_{name}": int(bias <= EXACT)}
        metrics[f"variance_{name}"] = float(each.variance.sum())
    metrics["variance_positive"] = float(moments(positive(table), theta, "reinforce").variance.sum())
    inner, used = float((found["used"].mean * true).sum()), float(np.linalg.norm(found["used"].mean))
    drawn = {
        name: estimators.monte_carlo(table, theta, NAMES[name], draws, seed).second.sum() / found[name].second.sum()
        for name in ("base", "adv")
    }
    return metrics | {
        "cosine_used": inner / (size * used),
        "ascends_used": int(inner > 0),
        "offset": _offset(table, theta),
        "zero_advantage": _zero_advantage(table, theta),
        "gradient_per_edge": size**2 / edges,
        "variance_adv_per_edge": float(found["adv"].variance.mean()),
        "reduction_per_edge": (metrics["variance_base"] - metrics["variance_adv"]) / edges,
        "taylor_equals_exact": int(
            np.allclose(table.taylor, estimators.credits(table, theta, "advantage"), rtol=0, atol=1e-9)
        ),
        **{f"mc_{name}": float(value) for name, value in drawn.items()},
    }


def _offset(table: Reward, theta: np.ndarray) -> float:
    p = estimators.density(estimators.softmax(theta), table.archs)
    mean = float((table.r @ p).mean())
    return abs(mean) / float(np.sqrt((table.r**2 @ p).mean() - mean**2))


def _zero_advantage(table: Reward, theta: np.ndarray) -> float | None:
    if table.zero is None:
        return None
    chosen = table.archs == table.zero
    return max(
        float(np.abs(estimators.credits(table, theta, name)[:, chosen]).max()) for name in ("advantage", "taylor")
    )


def _ratios(metrics: dict) -> dict:
    """variance_ratio*: of REINFORCE (base), of it relative to J (baseline) and with a positive reward, over Equation
    6's; error_ratio*: the mean squared error (bias^2 + variance) of the first two over that of the estimate as used."""
    error = {
        name: metrics[f"bias_{name}"] ** 2 * metrics["gradient"] + metrics[f"variance_{name}"]
        for name in ("base", "baseline", "used")
    }
    adv = metrics["variance_adv"]
    return {
        "variance_ratio": metrics["variance_base"] / adv,
        "variance_ratio_baseline": metrics["variance_baseline"] / adv,
        "variance_ratio_positive": metrics["variance_positive"] / adv,
        "error_ratio": error["base"] / error["used"],
        "error_ratio_baseline": error["baseline"] / error["used"],
    }


def _ascents(table: Reward) -> dict:
    """best_* (the end is a best architecture), end_rank_*, falls_* (steps in which J fell) and monotone_* (none) of
    small steps along the exact gradient and along the mean update as used, from uniform probabilities."""
    metrics: dict = {}
    for name, estimator in (("exact", "reinforce"), ("used", "used")):
        end = ascend(table, estimator) if table.edges <= LARGEST_ASCENT else None
        metrics |= {
            f"best_{name}": end and int(end.rank == 1),
            f"end_rank_{name}": end and end.rank,
            f"falls_{name}": end and end.falls,
            f"monotone_{name}": end and int(end.falls == 0),
            f"gain_{name}": end and end.gain,
        }
    return metrics


def _growths(config: dict, table: Reward, theta: np.ndarray) -> dict:
    names = ("gradient_growth", "variance_adv_growth", "reduction_growth")
    if table.parts is None or config["edges"] != GROWN:
        return dict.fromkeys(names)
    return growth(table, theta)


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
    true one among the epsilons. bound_ratio*, true_ratio*: Equation 6's best over that of REINFORCE, and of REINFORCE
    relative to J."""
    names = ("bound_holds", "half_holds", "best_bound", "best_true")
    kinds = {"base": "reinforce", "baseline": "baseline", "adv": "advantage"}
    ratios = ("bound_ratio", "bound_ratio_baseline", "true_ratio", "true_ratio_baseline")
    if table.edges > LARGEST_BOUND:
        return {**{f"{name}_{kind}": None for name in names for kind in kinds}, **dict.fromkeys(ratios)}, None
    shifted, curve = positive(table), {"epsilon": list(EPSILONS)}
    metrics: dict[str, float | int] = {}
    square = (estimators.gradient(shifted, theta) ** 2).sum()
    start = float(estimators.expected_reward(shifted, theta))
    for name, kind in kinds.items():
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
    for what in ("bound", "true"):
        for rest, other in (("", "base"), ("_baseline", "baseline")):
            metrics[f"{what}_ratio{rest}"] = metrics[f"best_{what}_adv"] / metrics[f"best_{what}_{other}"]
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
    2,
    "Theorems 4.1 and 4.2, Section 4.4: exact sums over all architectures",
    _units,
    run,
    lambda config: "synthetic rewards",
    "advantagenas",
)
