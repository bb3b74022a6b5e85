"""The minimax game against closed forms that it does not use."""

import numpy as np
import pytest

from nascore.spaces import CellSpace
from nascore.studies.ganas.theory import minimax
from nascore.studies.ganas.theory.densities import ProductFamily, js_divergence
from nascore.studies.ganas.theory.study import OPS

SPACE = CellSpace(2, OPS)  # 4 cells, one edge


def densities():
    rng = np.random.default_rng(0)
    q = rng.dirichlet(np.ones(4))
    q[0] = 0
    return q / q.sum(), rng.dirichlet(np.ones(4))


def test_the_best_discriminator_is_found():
    q, p = densities()
    found, value = minimax.best_discriminator(q, p)
    np.testing.assert_allclose(found, q / (q + p), atol=1e-5)
    assert value == pytest.approx(2 * js_divergence(q, p) - np.log(4), abs=1e-9)
    worse = q @ np.log(np.clip(found * 0.9, 1e-12, None)) + p @ np.log(1 - found * 0.9)
    assert worse < value


def test_the_game_ends_at_q_where_the_family_holds_it():
    q = np.array([0.1, 0.2, 0.3, 0.4])
    family = ProductFamily(SPACE, 0.01)
    theta = minimax.best_generator(q, family, family.start)
    np.testing.assert_allclose(family.density(theta), q, atol=1e-3)


def test_equation_9_pays_nothing_under_an_ideal_discriminator():
    q, _ = densities()
    found = minimax.check(q, ProductFamily(SPACE, 0.01), seed=1)
    assert found["value_error"] == 0 and found["reward_ideal"] == 0 < found["reward_without_rule"]
    assert abs(found["minimax_gap"]) < 1e-5
    everywhere = np.full(4, 0.25)
    assert minimax.check(everywhere, ProductFamily(SPACE, 0.01), seed=1)["reward_without_rule"] > 0.3
