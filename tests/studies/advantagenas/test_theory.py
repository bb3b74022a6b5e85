"""Sums over all architectures against finite differences, other sums, random draws, and the strategies' updates."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from nascore.errors import SettingError
from nascore.networks.choices import Choices, one_hot
from nascore.search import oneshot
from nascore.studies.advantagenas.theory import closed_forms, estimators
from nascore.studies.advantagenas.theory import study as theory
from nascore.studies.advantagenas.theory.rewards import KINDS, reward

THETA = np.random.default_rng(7).standard_normal((3, 3))
CASES = [(kind, zero) for kind in KINDS for zero in (False, True) if not (zero and kind == "centred")]


@pytest.mark.parametrize("kind,zero", CASES)
def test_gradient_is_the_derivative_of_the_expected_reward(kind, zero):
    table = reward(kind, 3, 3, 1, zero)
    step = 1e-5 * np.eye(9).reshape(9, 3, 3)
    sides = [estimators.expected_reward(table, THETA + sign * step) for sign in (1, -1)]
    numeric = ((sides[0] - sides[1]) / 2e-5).reshape(3, 3)
    np.testing.assert_allclose(estimators.gradient(table, THETA), numeric, atol=1e-8)


@pytest.mark.parametrize("kind,zero", CASES)
def test_theorem_42_and_where_equation_7_agrees(kind, zero):
    table = reward(kind, 3, 3, 1, zero)
    true = estimators.gradient(table, THETA)
    for estimator in ("reinforce", "advantage"):
        np.testing.assert_allclose(estimators.moments(table, THETA, estimator).mean, true, atol=1e-12)
    biased = not np.allclose(estimators.moments(table, THETA, "taylor").mean, true, atol=1e-6)
    assert biased == (kind == "network")
    replaced = not np.allclose(estimators.moments(table, THETA, "footnote").mean, true, atol=1e-6)
    assert replaced == zero


def test_equation_7_is_the_derivative_along_the_edges_output():
    table = reward("network", 2, 2, 4)
    # r along a_1 = t e_0 is not a straight line, so that the two advantages differ
    assert not np.allclose(table.taylor, estimators.credits(table, THETA[:2, :2], "advantage"), atol=1e-3)
    linear = reward("linear", 2, 2, 4)
    np.testing.assert_allclose(linear.taylor, estimators.credits(linear, THETA[:2, :2], "advantage"), atol=1e-12)


def test_zero_operation_has_no_advantage():
    table = reward("network", 3, 3, 1, zero=True)
    advantage = estimators.credits(table, THETA, "advantage")
    for i in range(3):
        assert not advantage[:, table.archs[:, i] == 2, i].any() and advantage[:, table.archs[:, i] != 2, i].all()
        worst = estimators.credits(table, THETA, "footnote")[:, table.archs[:, i] == 2, i]
        assert np.ptp(worst) < 1e-12 and abs(worst.ravel()[0]) > 0.1


def test_section_44():
    parts, mu = reward("linear", 3, 3, 2).parts, estimators.softmax(THETA)
    base, adv = (estimators.moments(reward("linear", 3, 3, 2), THETA, kind) for kind in ("reinforce", "advantage"))
    true = (estimators.gradient(reward("linear", 3, 3, 2), THETA) ** 2).sum(1)
    np.testing.assert_allclose(closed_forms.exact_gradient(parts, mu), true)
    np.testing.assert_allclose(closed_forms.exact_base(parts, mu), base.second)
    np.testing.assert_allclose(closed_forms.printed_advantage(parts, mu), adv.second)
    assert not np.allclose(closed_forms.printed_advantage(parts, mu), adv.variance, rtol=0.01)
    assert not np.allclose(closed_forms.printed_gradient(parts, mu), true, rtol=0.01)
    assert not np.allclose(closed_forms.printed_base(parts, mu), base.second, rtol=0.01)
    centred, flat = reward("centred", 3, 3, 2), np.zeros((3, 3))
    np.testing.assert_allclose(
        closed_forms.printed_base(centred.parts, estimators.softmax(flat)),
        estimators.moments(centred, flat, "reinforce").second,
    )


@pytest.mark.parametrize("kind", ["linear", "network"])
def test_theorem_41(kind):
    table = theory.positive(reward(kind, 3, 3, 5))
    for estimator in ("reinforce", "advantage"):
        found = estimators.moments(table, THETA, estimator)
        true = estimators.improvement(table, THETA, estimator, theory.EPSILONS)
        assert (true >= estimators.bound(table, THETA, found, theory.EPSILONS, 0.5)).all()
        assert (true < estimators.bound(table, THETA, found, theory.EPSILONS, -1)).any()  # it is no idle bound
    with pytest.raises(SettingError, match="R\\(a\\) > 0"):
        estimators.improvement(reward(kind, 3, 3, 5).plus(-100.0), THETA, "advantage", [0.1])


@pytest.mark.parametrize("kind", ["linear", "network"])
def test_monte_carlo_agrees(kind):
    table = reward(kind, 3, 3, 5)
    for estimator in estimators.ESTIMATORS:
        exact, drawn = (
            f(table, THETA, estimator, *rest)
            for f, rest in ((estimators.moments, ()), (estimators.monte_carlo, (40_000, 1)))
        )
        np.testing.assert_allclose(drawn.second, exact.second, rtol=0.05)
        np.testing.assert_allclose(drawn.mean, exact.mean, atol=5 * np.sqrt(exact.second.max() / 40_000))


@pytest.mark.parametrize(
    "name,estimator,options",
    [
        ("AdvantageNAS", "taylor", {}),
        ("AdvantageNAS", "advantage", {"exact": True}),
        ("Reinforce", "reinforce", {"baseline": 0.0}),
    ],
)
def test_the_strategies_follow_these_estimates(name, estimator, options, monkeypatch):
    """What the strategies of nascore.search.oneshot hand to their optimiser, averaged over all architectures."""
    table = reward("network", 3, 3, 1)
    strategy = getattr(oneshot, name)(Choices(3, ("a", "b", "c")), **options)
    strategy.theta.data.copy_(torch.tensor(THETA))
    steps: list = []
    monkeypatch.setattr(strategy, "step", steps.append)
    p = estimators.density(estimators.softmax(THETA), table.archs)
    for number, arch in enumerate(table.archs):
        draw = one_hot(arch.tolist(), 3)
        # of a loss -r: only the entry of the chosen operation can reach Equation 7
        draw.weights.grad = -draw.weights * torch.tensor(table.taylor.mean(0)[number]).float()[:, None]
        without = iter((-table.without.mean(0)[number]).tolist())  # edge by edge, as Equation 6 asks for them
        strategy.update([draw], [float(-table.r.mean(0)[number])], lambda _, left=without: next(left))
    mean = -sum(weight * step.numpy() for weight, step in zip(p, steps, strict=True))
    np.testing.assert_allclose(mean, estimators.moments(table, THETA, estimator).mean, atol=1e-5)


def test_a_row():
    row = theory.run({"kind": "linear", "edges": 3, "zero": False, "draws": 500}, 0)
    metrics = row["metrics"]
    assert metrics["unbiased_adv"] == metrics["taylor_equals_exact"] == metrics["corrected_exact"] == 1
    assert metrics["bound_holds_adv"] == 1 and metrics["printed_adv_variance_exact"] == 0
    peak = max(row["curve"]["bound_adv"])  # on a grid, below the largest of all
    assert 0.5 * metrics["best_bound_adv"] < peak <= metrics["best_bound_adv"] <= metrics["best_true_adv"]
    assert len(row["curve"]["epsilon"]) == len(row["curve"]["bound_adv"]) == len(theory.EPSILONS)
    large = theory.run({"kind": "table", "edges": 5, "zero": False, "draws": 500}, 0)
    assert set(large["metrics"]) == set(metrics) and large["curve"] is None
    assert large["metrics"]["best_bound_adv"] is None and large["metrics"]["printed_gradient_ratio"] is None


@pytest.mark.parametrize(
    "wrong",
    [("other", 3, 3), ("linear", 0, 3), ("linear", 3, 1), ("linear", 11, 2), ("table", 9, 3), ("table", 3, 3, -1)],
)
def test_bad_input(wrong):
    with pytest.raises(SettingError):
        reward(*wrong)
