"""The exact cross-entropy method against brute force, and what Theorems A.1 and 3.1 imply."""

import itertools
import math

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import softmax

from nascore.errors import SettingError
from nascore.spaces import CellSpace
from nascore.studies.ganas.theory.cross_entropy import conditional_density, cross_entropy, quantile_level
from nascore.studies.ganas.theory.densities import FullFamily, ProductFamily, floored, js_divergence, kl_divergence
from nascore.studies.ganas.theory.sampled_cross_entropy import sampled_cross_entropy, truth_set_rho
from nascore.studies.ganas.theory.study import OPS, RULES, deceptive_table, run, score_table

SPACE = CellSpace(3, OPS)  # 64 cells


def target(scores, top=2):
    return float(np.sort(scores)[-top])


def test_the_product_density_is_the_product_over_the_positions():
    theta = np.random.default_rng(0).dirichlet(np.ones(4), 3)
    density = ProductFamily(SPACE).density(theta)
    expected = [theta[0, a] * theta[1, b] * theta[2, c] for a, b, c in itertools.product(range(4), repeat=3)]
    np.testing.assert_allclose(density, expected)
    assert density.sum() == pytest.approx(1)


def test_js_is_the_formula_of_equation_6_and_bounded_by_log_2():
    p, q = np.array([0.5, 0.5, 0.0]), np.array([0.0, 0.5, 0.5])
    middle = (p + q) / 2
    assert js_divergence(q, p) == pytest.approx((kl_divergence(q, middle) + kl_divergence(p, middle)) / 2)
    assert js_divergence(q, p) == pytest.approx(js_divergence(p, q))
    assert js_divergence(np.array([1.0, 0]), np.array([0, 1.0])) == pytest.approx(math.log(2))
    assert kl_divergence(q, p) == math.inf


@pytest.mark.parametrize("floor", [0.0, 0.02])
@pytest.mark.parametrize("seed", range(3))
def test_the_closed_form_of_kl_is_the_numeric_optimum(seed, floor):
    scores = score_table(SPACE, seed)
    q = conditional_density(scores, target(scores, 12))
    family = ProductFamily(SPACE, floor)
    closed = family.project(q, "KL")

    def objective(logits):
        theta = floor + (1 - 4 * floor) * softmax(logits.reshape(3, 4), axis=1)
        return kl_divergence(q, family.density(theta))

    numeric = minimize(objective, np.zeros(12), method="L-BFGS-B", bounds=[(-30, 30)] * 12)
    assert kl_divergence(q, family.density(closed)) == pytest.approx(numeric.fun, abs=2e-4)
    assert kl_divergence(q, family.density(closed)) <= numeric.fun + 1e-9
    assert closed.min() >= floor - 1e-15
    np.testing.assert_allclose(closed.sum(1), 1)


def test_without_a_floor_the_kl_projection_is_the_marginals():
    q = np.random.default_rng(1).dirichlet(np.ones(64))
    family = ProductFamily(SPACE)
    np.testing.assert_allclose(family.project(q, "KL"), family.marginals(q))
    cube = q.reshape(4, 4, 4)
    np.testing.assert_allclose(family.marginals(q), [cube.sum((1, 2)), cube.sum((0, 2)), cube.sum((0, 1))])


def test_a_floor_raises_small_entries_and_scales_the_others():
    np.testing.assert_allclose(floored(np.array([[0.7, 0.3, 0.0, 0.0]]), 0.1), [[0.56, 0.24, 0.1, 0.1]])


@pytest.mark.parametrize("seed", range(4))
def test_the_js_projection_beats_random_restarts_and_the_kl_projection(seed):
    scores = score_table(SPACE, seed)
    q = conditional_density(scores, target(scores, 10))
    family, rng = ProductFamily(SPACE), np.random.default_rng(seed)
    best = js_divergence(q, family.density(family.project(q, "JS")))
    others = [js_divergence(q, family.density(family._descend(q, rng.dirichlet(np.ones(4), 3)))) for _ in range(8)]
    assert best <= min(others) + 1e-6
    assert best <= js_divergence(q, family.density(family.project(q, "KL"))) + 1e-12


def test_js_finds_a_product_density_again():
    """A wrong gradient would stop short of the only density with divergence 0."""
    family = ProductFamily(SPACE, 0.02)
    theta = floored(np.random.default_rng(3).dirichlet(np.ones(4), 3), 0.02)
    found = family.project(family.density(theta), "JS", previous=family.start)
    np.testing.assert_allclose(found, theta, atol=1e-4)


@pytest.mark.parametrize("divergence", ["KL", "JS"])
def test_the_full_family_gives_q_itself(divergence):
    scores = score_table(SPACE, 0)
    trace = cross_entropy(scores, SPACE, target(scores), 0.5, 0.3, divergence, "full")
    for before, step in itertools.pairwise(trace.steps):
        np.testing.assert_allclose(step.density, conditional_density(scores, before.gamma))
        assert step.divergence == 0
    assert trace.optimum.mass == pytest.approx(1)
    assert FullFamily(SPACE).start.sum() == pytest.approx(1)


def test_the_quantile_level_has_rho_above_and_the_rest_below():
    rng = np.random.default_rng(0)
    scores, density = rng.integers(0, 6, 64).astype(float), rng.dirichlet(np.ones(64))
    for rho in (0.01, 0.1, 0.5, 0.9):
        level = quantile_level(scores, density, rho)
        assert density[scores >= level].sum() >= rho - 1e-9
        assert density[scores <= level].sum() >= 1 - rho - 1e-9
        assert density[scores > level].sum() < rho  # the largest such level


@pytest.mark.parametrize("family", ["product", "full"])
@pytest.mark.parametrize("divergence", ["KL", "JS"])
@pytest.mark.parametrize("rho", [0.1, 0.9])
def test_gamma_rises_by_delta_and_the_loop_stops_within_the_bound(divergence, family, rho):
    for seed in range(4):
        scores = score_table(SPACE, seed)
        alpha = target(scores)
        trace = cross_entropy(scores, SPACE, alpha, 0.7, rho, divergence, family, 0.01 if family == "product" else 0)
        gammas = trace.gammas
        assert gammas[0] < alpha <= gammas[-1] and (gammas[:-1] < alpha).all()
        assert (gammas[1:] >= np.minimum(alpha, gammas[:-1] + 0.7) - 1e-12).all() and trace.rises
        assert (np.diff(gammas) >= 0).all()
        assert 0 < trace.iterations <= trace.bound <= trace.printed_bound
        assert trace.bound == math.ceil((alpha - gammas[0]) / 0.7)
        assert trace.reached and all(0 < step.rho <= rho for step in trace.steps)
        for step in trace.steps:  # gamma_t is a level that p(.; theta_t) draws with probability at least rho_t
            assert step.density[scores >= step.gamma].sum() >= step.rho - 1e-12
            assert step.mass == pytest.approx(step.density[scores >= alpha].sum())


@pytest.mark.parametrize("divergence", ["KL", "JS"])
def test_the_rare_event_gains_mass_and_the_optimum_gains_more(divergence):
    scores = score_table(SPACE, 5)
    trace = cross_entropy(scores, SPACE, target(scores, 1), 0.5, 0.3, divergence)
    assert trace.steps[0].mass == pytest.approx(1 / 64)
    assert trace.steps[-1].mass > 5 * trace.steps[0].mass
    assert trace.optimum.mass >= trace.steps[-1].mass


def test_the_printed_loop_stops_one_update_before_the_optimum():
    scores = score_table(SPACE, 0)
    alpha = target(scores, 1)
    trace = cross_entropy(scores, SPACE, alpha, 0.5, 0.5, "KL", "full")
    assert trace.optimum.mass == pytest.approx(1)
    assert trace.steps[-1].mass < 0.6  # theta_T is fitted to gamma_{T-1} < alpha
    assert not trace.end_optimal and trace.end_divergence > 0.5 and trace.optimum.divergence == 0
    there = cross_entropy(scores, SPACE, float(scores.min()), 0.5, 0.5, "KL", "full")  # nothing to climb
    assert there.end_optimal and there.end_divergence == there.optimum.divergence == 0


def test_kl_depends_on_the_previous_theta_only_through_gamma():
    """Equation (3) takes the expectation under the prior, so the fit at a level is the same wherever one comes from."""
    scores = score_table(SPACE, 2)
    alpha = target(scores, 1)
    for rho in (0.1, 0.4):
        trace = cross_entropy(scores, SPACE, alpha, 0.5, rho, "KL")
        family = ProductFamily(SPACE)
        for before, step in itertools.pairwise(trace.steps):
            q = conditional_density(scores, before.gamma)
            np.testing.assert_allclose(step.theta, family.marginals(q), atol=1e-12)


def test_the_printed_bound_needs_scores_that_start_above_zero():
    """ceil(alpha / delta) counts from 0: with gamma_0 < 0 the loop may need more, but never more than from gamma_0."""
    scores = np.linspace(-60, 1, SPACE.size)
    trace = cross_entropy(scores, SPACE, 1.0, 1.0, 0.95, "KL", "full")
    assert trace.printed_bound == 1
    assert trace.printed_bound < trace.iterations <= trace.bound


def test_js_can_lose_the_target_where_kl_cannot():
    """supp q holds the target, so a finite KL keeps it; JS stays finite without it, and step 6 has no rho to choose."""
    scores = deceptive_table(SPACE)
    assert sorted(set(scores)) == [50, 80, 94] and (scores == 80).sum() == 8 and (scores == 94).sum() == 1
    kl = cross_entropy(scores, SPACE, 90.0, 1.0, 0.1, "KL")
    assert kl.reached and kl.iterations == 1
    assert kl.steps[1].mass == pytest.approx((1 / 9) ** 3)
    js = cross_entropy(scores, SPACE, 90.0, 1.0, 0.1, "JS")
    assert not js.reached and js.iterations == 0
    assert js.failed.t == 1 and js.failed.mass < 1e-12
    kept = cross_entropy(scores, SPACE, 90.0, 1.0, 0.1, "JS", floor=0.01)  # p(x; theta) > 0 restores the theorem
    assert kept.reached and kept.iterations <= kept.bound
    assert kept.steps[1].rho == pytest.approx(0.01**3, rel=1e-3)  # at a price: a million draws among 64 cells


def test_a_target_below_gamma_0_needs_no_iteration():
    scores = score_table(SPACE, 0)
    trace = cross_entropy(scores, SPACE, float(np.median(scores)) - 1, 0.5, 0.1)
    assert trace.iterations == 0 and trace.bound == 0 and trace.reached


def test_the_trace_is_a_table_and_repeats_exactly():
    scores = score_table(SPACE, 1)
    one, two = (cross_entropy(scores, SPACE, target(scores), 0.5, 0.3, "JS").frame() for _ in range(2))
    assert list(one.columns) == ["t", "gamma", "rho", "divergence", "mass"]
    assert list(one["t"]) == list(range(len(one)))
    assert one.equals(two)


@pytest.mark.parametrize(
    "change, word",
    [
        ({"alpha": 94.5}, "out of reach"),
        ({"alpha": 0.0}, "alpha=0.0"),
        ({"alpha": math.nan}, "alpha=nan"),
        ({"delta": 0}, "delta=0"),
        ({"rho": 1.0}, "rho=1.0"),
        ({"rho": 0}, "rho=0"),
        ({"delta": "1"}, "delta='1'"),
        ({"divergence": "TV"}, "KL, JS"),
        ({"family": "gnn"}, "product, full"),
        ({"floor": 0.25}, "floor=0.25"),
        ({"family": "full", "floor": 0.1}, "takes no floor"),
        ({"scores": [1.0, 2.0]}, r"\(64,\)"),
        ({"scores": ["a"]}, "64 numbers"),
        ({"scores": [math.nan] * 64}, r"scores\[0\]=nan"),
        ({"space": "cells"}, "space='cells'"),
        ({"space": CellSpace(5, tuple("abcdefgh"))}, "at most"),
    ],
)
def test_bad_settings_are_named(change, word):
    settings = {"scores": score_table(SPACE, 0), "space": SPACE, "alpha": 93.0, "delta": 0.5, "rho": 0.1} | change
    with pytest.raises(SettingError, match=word):
        cross_entropy(**settings)


def test_rho_follows_from_a_truth_set_of_fixed_size():
    assert truth_set_rho(60, 60, 10, 40, 3) == pytest.approx([40 / 60, 40 / 120, 40 / 190])
    steps = sampled_cross_entropy(score_table(CellSpace(4, OPS), 0), CellSpace(4, OPS), iterations=3)
    assert [step.rho for step in steps[:3]] == pytest.approx(truth_set_rho(60, 60, 10, 40, 3))
    assert [step.seen for step in steps] == [60, 120, 190, 270]


def test_a_truth_set_of_fixed_size_never_lowers_gamma():
    space = CellSpace(4, OPS)
    for seed in range(3):
        steps = sampled_cross_entropy(score_table(space, 1), space, divergence="KL", seed=seed)
        gammas = [step.gamma for step in steps]
        assert gammas == sorted(gammas)
        assert gammas[-1] > gammas[0] + 1
        assert all(step.best >= step.gamma for step in steps)


def test_a_step_says_what_was_drawn_and_where_algorithm_4_would_stand():
    space = CellSpace(4, OPS)
    scores = score_table(space, 0)
    steps = sampled_cross_entropy(scores, space, divergence="KL", iterations=2)
    assert steps[0].quantile == quantile_level(scores, np.full(space.size, 1 / space.size), 40 / 60)
    assert all(step.worst <= step.gamma for step in steps[:1])  # X_0 holds the truth set
    assert scores.min() <= min(step.worst for step in steps) < scores.max()


@pytest.mark.parametrize("rule", RULES)
def test_a_row_of_algorithm_1(rule):
    metrics = run({"check": "samples", "rule": rule}, seed=0)["metrics"]
    fixed = rule.startswith("k")
    assert (metrics["rho_last"] < metrics["rho_first"]) == fixed
    assert metrics["k_last"] == (40 if fixed else 138) and metrics["seen"] == 460
    assert not (fixed and metrics["level_falls"])
    assert metrics["same_levels"] == int(metrics["level_gap"] <= 0.5)


def test_sampling_stops_when_the_space_is_used_up():
    steps = sampled_cross_entropy(score_table(SPACE, 0), SPACE, 30, 30, 30, 4, k=10, divergence="KL")
    assert steps[-1].seen == SPACE.size and steps[-1].best == 94.0


@pytest.mark.parametrize(
    "change, word",
    [
        ({"k": 10, "rho": 0.1}, "exactly one"),
        ({"k": None}, "exactly one"),
        ({"k": 0}, "k=0"),
        ({"initial": 65}, "only 64"),
        ({"k": None, "rho": 2}, "rho=2"),
        ({"divergence": "x"}, "KL, JS"),
    ],
)
def test_bad_sampling_settings_are_named(change, word):
    with pytest.raises(SettingError, match=word):
        sampled_cross_entropy(score_table(SPACE, 0), SPACE, **({"initial": 20} | change))


def test_the_experiment_reports_the_theorem():
    metrics = run({"divergence": "KL", "family": "product", "nodes": 3, "top": 2}, seed=0)["metrics"]
    assert metrics["monotone"] == metrics["rises"] == metrics["reached"] == metrics["stopped_within_bound"] == 1
    assert metrics["iterations"] <= metrics["bound"] <= metrics["printed_bound"]
    assert metrics["gamma_0"] < metrics["alpha"] <= metrics["gamma_T"]
    assert metrics["mass_0"] == pytest.approx(2 / 64) and metrics["mass_T"] > metrics["mass_0"]


def test_the_score_table_is_seeded_and_in_percent():
    one, two = score_table(SPACE, 7), score_table(SPACE, 7)
    np.testing.assert_array_equal(one, two)
    assert one.max() == 94.0 and one.min() > 0 and not np.array_equal(one, score_table(SPACE, 8))
