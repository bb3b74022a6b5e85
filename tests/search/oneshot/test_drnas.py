"""DrNAS: what it draws, what it learns, and the distances of Equation 3.2."""

from __future__ import annotations

import pytest
import torch
from torch.distributions import Dirichlet, kl_divergence

import nascore as nc
from nascore.networks.choices import Choices

one = nc.search.oneshot
CHOICES = Choices(2, ("a", "b", "c"))
THETA = torch.tensor([[1.0, -0.5, 0.0], [0.2, 2.0, -1.5]])


def at(theta=THETA, **settings):
    strategy = one.DrNAS(CHOICES, seed=0, **settings)
    with torch.no_grad():
        strategy.theta.copy_(theta)
    return strategy


def test_theta_zero_is_the_uniform_distribution_over_the_simplex():
    strategy = one.DrNAS(CHOICES)
    assert torch.equal(strategy.concentration(), torch.ones(2, 3))
    assert torch.allclose(strategy.probabilities(), torch.full((2, 3), 1 / 3))
    assert float(strategy.distance().detach()) == 0.0


def test_draws_have_the_moments_of_the_dirichlet():
    strategy = at()
    drawn = torch.stack([strategy.draw().weights.detach() for _ in range(6000)])
    exact = Dirichlet(strategy.concentration().detach())
    assert torch.allclose(drawn.mean(0), exact.mean, atol=0.015)
    assert torch.allclose(drawn.var(0), exact.variance, atol=0.01)
    assert torch.allclose(strategy.probabilities(), exact.mean, atol=1e-6)


def test_the_gradient_of_a_draw_is_that_of_the_expectation():
    """d E[c . a] / d theta is known: E[a] is the mean of the Dirichlet."""
    strategy, cost = at(), torch.tensor([[1.0, -2.0, 0.5], [0.3, 1.0, -1.0]])
    mean = strategy.concentration() / strategy.concentration().sum(1, keepdim=True)
    (exact,) = torch.autograd.grad((cost * mean).sum(), strategy.theta)
    found = []
    for _ in range(8000):
        draw = strategy.draw()
        draw.weights.grad = cost
        found.append(strategy.pull_back(draw))
    found = torch.stack(found)
    error = found.std(0) / len(found) ** 0.5
    assert ((found.mean(0) - exact).abs() < 4 * error + 1e-4).all()


def test_the_distances_are_those_of_the_equation():
    beta = at().concentration().detach()
    assert float(at(regulariser="l2").distance()) == pytest.approx(float(((beta - 1) ** 2).sum()), rel=1e-5)
    kl = kl_divergence(Dirichlet(beta), Dirichlet(torch.ones(2, 3))).sum()
    assert float(at(regulariser="kl").distance()) == pytest.approx(float(kl), rel=1e-4)
    assert float(at(regulariser="none").distance().detach()) == 0.0


def test_operations_that_left_count_in_no_distance_and_no_draw():
    live = torch.tensor([[True, False, True], [True, True, True]])
    for kind in ("l2", "kl"):
        strategy = at(regulariser=kind)
        strategy.restrict(live)
        beta = strategy.concentration().detach()
        pair, whole = beta[0, [0, 2]], beta[1]
        if kind == "kl":
            parts = [kl_divergence(Dirichlet(b), Dirichlet(torch.ones(len(b)))) for b in (pair, whole)]
        else:
            parts = [((b - 1) ** 2).sum() for b in (pair, whole)]
        assert float(strategy.distance()) == pytest.approx(float(sum(parts)), rel=1e-4)
        assert not strategy.draw().weights[0, 1] and strategy.draw().active[0] == (0, 2)


@pytest.mark.parametrize("kind", ["l2", "kl"])
def test_the_regulariser_pulls_to_the_uniform_distribution(kind):
    strategy = at(regulariser=kind, scale=1.0, learning_rate=0.05)
    before = float(strategy.distance())
    for _ in range(40):
        draw = strategy.draw()
        draw.weights.grad = torch.zeros_like(draw.weights)
        strategy.update([draw], [0.0])
    assert float(strategy.distance()) < before / 4


def test_tiny_concentrations_give_corners_and_no_nan():
    strategy = at(torch.full((2, 3), -40.0))
    for _ in range(50):
        draw = strategy.draw()
        assert torch.isfinite(draw.weights).all() and torch.allclose(draw.weights.sum(1), torch.ones(2))
        draw.weights.grad = torch.ones_like(draw.weights)
        assert torch.isfinite(strategy.pull_back(draw)).all()
