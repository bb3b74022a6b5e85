"""Sums over all architectures against finite differences, other sums, random draws, and the strategies' updates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from nascore.errors import SettingError
from nascore.networks.choices import Choices, one_hot
from nascore.search import oneshot
from nascore.studies.advantagenas.report import theory as report
from nascore.studies.advantagenas.theory import closed_forms, estimators
from nascore.studies.advantagenas.theory import study as theory
from nascore.studies.advantagenas.theory.ascent import ascend, mean_update
from nascore.studies.advantagenas.theory.growth import growth
from nascore.studies.advantagenas.theory.rewards import KINDS, linear, reward

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
    for estimator in ("reinforce", "baseline", "advantage"):
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


def test_a_baseline_removes_what_a_constant_adds_and_the_advantage_never_sees_it():
    table = reward("table", 3, 3, 1)
    far = table.plus(50.0)
    second = {name: estimators.moments(far, THETA, name).second for name in ("reinforce", "baseline", "advantage")}
    for name in ("baseline", "advantage"):
        np.testing.assert_allclose(second[name], estimators.moments(table, THETA, name).second)
    assert (second["reinforce"] > 100 * second["baseline"]).all()
    # r(a) and r(s_i, 0) are independent here: their difference has twice the variance
    many = [reward("table", 3, 3, seed) for seed in range(40)]
    ratio = [
        (estimators.moments(t, THETA, "advantage").second / estimators.moments(t, THETA, "reinforce").second).mean()
        for t in many
    ]
    assert np.mean(ratio) == pytest.approx(2, rel=0.1)


def test_the_estimate_as_used_is_equation_7_with_footnote_4():
    plain, zero = reward("network", 3, 3, 1), reward("network", 3, 3, 1, zero=True)
    same = [estimators.credits(plain, THETA, name) for name in ("used", "taylor")]
    np.testing.assert_array_equal(*same)
    used, taylor = (estimators.credits(zero, THETA, name) for name in ("used", "taylor"))
    rest = zero.archs != 2
    np.testing.assert_array_equal(used[:, rest], taylor[:, rest])
    assert not taylor[:, ~rest].any()
    p = estimators.density(estimators.softmax(THETA), zero.archs)
    for i in range(3):  # the least of the conditional means of the other operations
        means = [p[at] @ taylor.mean(0)[at, i] / p[at].sum() for at in (zero.archs[:, i] == 0, zero.archs[:, i] == 1)]
        np.testing.assert_allclose(used[:, zero.archs[:, i] == 2, i], min(means))


@pytest.mark.parametrize("estimator", estimators.ESTIMATORS)
def test_the_mean_update_is_the_mean_of_the_estimates(estimator):
    table = reward("network", 3, 3, 2, zero=True)
    expected = estimators.moments(table, THETA, estimator).mean
    np.testing.assert_allclose(mean_update(table, THETA, estimator), expected, atol=1e-12)


def test_small_steps_up_the_gradient_end_at_an_architecture_that_no_edge_improves():
    for seed in range(4):
        table = reward("table", 3, 3, seed)
        end = ascend(table, "reinforce")
        assert end.falls == 0 and end.gain > 0
        values = table.r.mean(0)
        arch = table.archs[np.argsort(-values, kind="stable")[end.rank - 1]]
        near = (table.archs != arch).sum(1) == 1
        assert values[near].max() < np.sort(values)[-end.rank]
        best = ascend(reward("linear", 3, 3, seed), "reinforce")
        assert best.rank == 1


def test_a_wrong_direction_falls():
    table = reward("linear", 3, 3, 0)
    upside_down = linear(table.parts)
    object.__setattr__(upside_down, "taylor", -table.taylor)
    end = ascend(upside_down, "taylor")
    assert end.falls == end.steps > 0 and end.gain < 0 and end.rank == 27


def test_growth_compares_one_edge_with_itself():
    found = growth(reward("centred", 6, 3, 3), np.zeros((6, 3)))
    assert found["gradient_growth"] == pytest.approx(1) and found["variance_adv_growth"] == pytest.approx(1)
    parts = np.ones((5, 3)) * [1.0, 0.0, -1.0]  # equal edges: four others in place of one
    assert growth(linear(parts), np.zeros((5, 3)))["reduction_growth"] == pytest.approx(4)


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
    assert large["metrics"]["variance_ratio"] < 1 < large["metrics"]["variance_ratio_positive"]
    assert metrics["zero_advantage"] is None and metrics["cosine_used"] == pytest.approx(1)
    error = theory.run({"kind": "network", "edges": 2, "zero": True, "draws": 500}, 0)["metrics"]
    assert error["zero_advantage"] == 0 and error["unbiased_used"] == 0
    squares = error["bias_used"] ** 2 * error["gradient"] + error["variance_used"]
    assert error["error_ratio"] == pytest.approx(error["variance_base"] / squares, rel=1e-5)


@pytest.mark.parametrize(
    "wrong",
    [("other", 3, 3), ("linear", 0, 3), ("linear", 3, 1), ("linear", 11, 2), ("table", 9, 3), ("table", 3, 3, -1)],
)
def test_bad_input(wrong):
    with pytest.raises(SettingError):
        reward(*wrong)


def test_the_report_compares_within_a_reward():
    configs = [
        {"kind": kind, "edges": edges, "zero": False, "draws": 100} for kind, edges in (("table", 2), ("linear", 5))
    ]
    rows = pd.DataFrame([{**config, "seed": 0, **theory.run(config, 0)["metrics"]} for config in configs])
    named = report.named(rows)
    pairs = report.against(named)
    assert list(pairs["reward"]) == ["table"] * 3 + ["linear"] * 3
    assert list(pairs["rival"][:3]) == list(report.RIVALS)
    assert pairs["variance"].iloc[1] == rows["variance_ratio_baseline"][0]
    assert pairs["bound"].iloc[0] == rows["bound_ratio"][0] and pairs["bound"].iloc[3:].isna().all()
    ends = report.ascents(named)
    assert list(ends["along"]) == ["exact gradient", "estimate as used"] * 2
    assert list(ends["rank"]) == [
        value for row in (0, 1) for value in rows.loc[row, ["end_rank_exact", "end_rank_used"]]
    ]
    assert (ends["monotone"] == 1).all()
