"""Each one-shot strategy against its equation: gradients by hand or by enumeration, and the sign of learning."""

from __future__ import annotations

import itertools
import math

import pytest
import torch

import nascore as nc
from nascore.errors import SettingError
from nascore.networks.choices import Choices, Draw, one_hot

oneshot = nc.search.oneshot
LEARNING = [
    ("AdvantageNAS", {}),
    ("AdvantageNAS", {"exact": True}),
    ("DARTS", {}),
    ("GDAS", {}),
    ("GDAS", {"constants": False}),
    ("NASP", {}),
    ("NASP", {"projection": "rescale", "init": 1.0}),
    ("PARSEC", {}),
    ("PARSEC", {"weighting": "loss"}),
    ("PARSEC", {"sequential": True}),
    ("ProxylessNAS", {}),
    ("ProxylessNAS", {"mixing": "sum"}),
    ("ProxylessNAS", {"mixing": "gate"}),
    ("Reinforce", {}),
    ("Reinforce", {"baseline": 0}),
    ("SNAS", {}),
]


def outputs(draw, cost):
    """What each edge puts out when operation j of edge i puts out cost[i, j]: float (edges,)."""
    used = torch.zeros(cost.shape)
    for i, active in enumerate(draw.active):
        used[i, list(active)] = 1.0
    constant = (draw.weights * (1 - used)).sum(1) if getattr(draw, "constants", False) else 0.0
    return (draw.weights * cost * used).sum(1) + constant


def linear(cost):
    return lambda draw: outputs(draw, cost).sum()


def curved(cost):
    """No function of one edge alone, and not linear in any."""
    return lambda draw: (outputs(draw, cost).cumsum(0) ** 2).sum() + torch.sin(2 * outputs(draw, cost)).prod()


def learn(strategy, loss, steps):
    for step in range(steps):
        strategy.progress = step / steps
        draws, losses = [strategy.draw() for _ in range(strategy.samples)], []
        for draw in draws:
            losses.append(evaluate(strategy, draw, loss))
        strategy.update(draws, losses, lambda draw: float(loss(draw).detach()))


def evaluate(strategy, draw, loss):
    value = loss(draw)
    if draw.weights.requires_grad:
        value.backward()
    return float(value.detach())


def build(name, choices, theta=None, **settings):
    strategy = getattr(oneshot, name)(choices, **settings)
    if theta is not None:
        with torch.no_grad():
            strategy.theta.copy_(torch.as_tensor(theta))
    return strategy


def gradient_of(strategy, draws, losses, evaluate=None):
    """d loss / d theta as `update` would step along it; theta stays."""
    taken, strategy.step = [], lambda gradient: taken.append(gradient.detach().clone())
    strategy.update(draws, losses, evaluate)
    del strategy.step
    assert len(taken) == 1
    return taken[0]


COST = torch.tensor([[0.6, -1.0, 0.3], [0.9, 0.2, -0.8], [0.4, -0.9, 0.8]])  # the cheapest is never the first
CHEAPEST = (1, 2, 1)
THETA = torch.tensor([[0.3, -0.4, 0.1], [1.0, 0.0, -0.5], [0.2, 0.6, -1.2]])
THREE = Choices(3, ("a", "b", "c"))


@pytest.mark.parametrize("name, options", LEARNING, ids=str)
@pytest.mark.parametrize("flip", [False, True], ids=["", "flipped"])
def test_the_cheapest_operation_becomes_likely(name, options, flip):
    order = [2, 0, 1] if flip else [0, 1, 2]  # the same costs elsewhere: it is the cost that counts, not the place
    cost = COST[:, order]
    cheapest = tuple(order.index(j) for j in CHEAPEST)
    strategy = build(name, THREE, learning_rate=0.1, **options)
    learn(strategy, linear(cost), 80 if strategy.samples == 1 else 20)
    rows = torch.arange(3)
    assert (strategy.probabilities()[rows, list(cheapest)] > 0.45).all(), strategy.probabilities()
    assert strategy.derive() == cheapest


def test_random_sharing_learns_nothing_and_remembers_the_best():
    strategy = build("RandomSharing", THREE)
    assert strategy.derive() == (0, 0, 0)
    learn(strategy, linear(COST), 3)
    few = strategy.best[0]
    learn(strategy, linear(COST), 300)
    assert strategy.derive() == CHEAPEST and strategy.best[0] == pytest.approx(-2.7) and few >= strategy.best[0]
    assert torch.equal(strategy.probabilities(), torch.full((3, 3), 1 / 3))


# -- sampling ---------------------------------------------------------------------------------------------------------
def test_samples_follow_the_probabilities():
    theta = torch.tensor([0.0, 1.0, -1.0]).expand(60_000, 3)
    strategy = build("Reinforce", Choices(60_000, ("a", "b", "c")), theta)
    found = torch.bincount(strategy.sample(), minlength=3) / 60_000
    assert torch.allclose(found, torch.softmax(theta[0], 0), atol=0.008)


def test_the_floor_explores():
    """With 0.001 the authors' code was seen to draw an operation of probability 4.5e-5 at about 7e-4."""
    theta = torch.tensor([10.0, 0.0]).expand(200_000, 2)
    rates = []
    for floor in (0.0, 0.001):
        strategy = build("AdvantageNAS", Choices(200_000, ("a", "b")), theta, floor=floor)
        rates.append(float(strategy.sample().float().mean()))
    assert rates[0] < 1.5e-4 and 5e-4 < rates[1] < 1.1e-3


def test_two_draws_without_replacement():
    theta = torch.tensor([0.0, 1.0, -1.0]).expand(40_000, 3)
    strategy = build("ProxylessNAS", Choices(40_000, ("a", "b", "c")), theta)
    pairs = torch.tensor(strategy.draw().active)
    p = torch.softmax(theta[0], 0)
    assert (pairs[:, 0] != pairs[:, 1]).all()
    for j, k in itertools.permutations(range(3), 2):
        found = ((pairs[:, 0] == j) & (pairs[:, 1] == k)).float().mean()
        assert float(found) == pytest.approx(float(p[j] * p[k] / (1 - p[j])), abs=0.01)


# -- policy gradients -------------------------------------------------------------------------------------------------
def policy_gradient(theta, loss):
    """d E_a[loss] / d theta by enumeration of all architectures."""
    theta = theta.clone().requires_grad_()
    log_p = torch.log_softmax(theta, 1)
    total = 0.0
    for arch in itertools.product(range(theta.shape[1]), repeat=len(theta)):
        log_prob = sum(log_p[i, j] for i, j in enumerate(arch))
        total = total + log_prob.exp() * loss(one_hot(arch, theta.shape[1])).detach()
    return torch.autograd.grad(total, theta)[0]


def expected_update(name, theta, loss, **options):
    """E_a[what `update` steps along] by enumeration of all architectures."""
    p, total = torch.softmax(theta, 1), torch.zeros(theta.shape)
    for arch in itertools.product(range(theta.shape[1]), repeat=len(theta)):
        strategy = build(name, THREE, theta, **options)
        draw = one_hot(arch, theta.shape[1], requires_grad=strategy.draw().weights.requires_grad)
        prob = math.prod(float(p[i, j]) for i, j in enumerate(arch))
        further = lambda other: float(loss(other).detach())  # noqa: E731
        total += prob * gradient_of(strategy, [draw], [evaluate(strategy, draw, loss)], further)
    return total


def test_equation_6_is_unbiased():
    """Theorem 4.2, for a loss in which every edge depends on every other."""
    true = policy_gradient(THETA, curved(COST))
    assert true.abs().max() > 0.1
    assert torch.allclose(expected_update("AdvantageNAS", THETA, curved(COST), exact=True), true, atol=1e-5)


def test_equation_3_is_unbiased():
    true = policy_gradient(THETA, curved(COST))
    assert torch.allclose(expected_update("Reinforce", THETA, curved(COST), baseline=0), true, atol=1e-5)


def test_equation_7_is_unbiased_where_the_reward_is_linear():
    true = policy_gradient(THETA, linear(COST))
    assert torch.allclose(expected_update("AdvantageNAS", THETA, linear(COST)), true, atol=1e-6)
    curved_true = policy_gradient(THETA, curved(COST))
    assert (expected_update("AdvantageNAS", THETA, curved(COST)) - curved_true).abs().max() > 0.05, "not in general"


def test_both_advantages_are_the_edge_s_own_part_where_the_reward_is_linear():
    """Section 4.4: A_i(a) = r_i . a_i."""
    arch = (2, 0, 1)
    for exact in (False, True):
        strategy = build("AdvantageNAS", THREE, THETA, exact=exact)
        draw = one_hot(arch, 3, requires_grad=not exact)
        value = evaluate(strategy, draw, linear(COST))
        own = COST[torch.arange(3), list(arch)]
        expected = own[:, None] * (draw.weights.detach() - torch.softmax(THETA, 1))
        found = gradient_of(strategy, [draw], [value], lambda other: float(linear(COST)(other).detach()))
        assert torch.allclose(found, expected, atol=1e-6)


def test_equation_6_asks_for_one_draw_per_edge():
    strategy = build("AdvantageNAS", THREE, exact=True)
    draw = strategy.draw()
    others = strategy.counterfactuals(draw)
    assert not draw.weights.requires_grad and len(others) == 3
    for i, other in enumerate(others):
        expected = draw.weights.clone()
        expected[i] = 0.0
        assert torch.equal(other.weights, expected) and other.active == draw.active
    asked = []
    strategy.update([draw], [1.0], lambda other: asked.append(other) or 0.0)
    assert [other.weights.tolist() for other in asked] == [other.weights.tolist() for other in others]
    with pytest.raises(SettingError, match="exact=True: update needs `evaluate`"):
        strategy.update([draw], [1.0])


def test_the_zero_operation_takes_the_worst_expected_advantage():
    """Footnote 4, two edges by hand: advantages 4 then 2 of operation 1, -3 of operation 2, on the first edge."""
    strategy = build("AdvantageNAS", Choices(2, ("none", "b", "c"), zero=0), rate=0.05)

    def gradient(arch, advantages):
        draw = one_hot(arch, 3, requires_grad=True)
        draw.weights.grad = -torch.tensor(advantages)[:, None] * draw.weights.detach()  # of the loss
        return gradient_of(strategy, [draw], [0.0])

    assert torch.equal(gradient((0, 0), (0.0, 0.0)), torch.zeros(2, 3)), "nothing to compare with yet"
    gradient((1, 1), (4.0, 1.0))
    gradient((1, 1), (2.0, 1.0))
    centred = one_hot((0, 0), 3).weights - 1 / 3
    expected = [4.0 + 0.05 * (2.0 - 4.0), 1.0]
    found = gradient((0, 0), (0.0, 0.0))
    assert torch.allclose(found, -torch.tensor(expected)[:, None] * centred)
    ordinary = gradient((2, 1), (-3.0, 1.0))
    assert torch.allclose(ordinary[0], 3.0 * (one_hot((2,), 3).weights[0] - 1 / 3)), "other operations keep their own"
    found = gradient((0, 0), (0.0, 0.0))
    assert torch.allclose(found, -torch.tensor([-3.0, 1.0])[:, None] * centred)
    assert found[0, 0] > 0, "a bad advantage makes the zero operation rarer"


def test_without_a_zero_operation_there_is_no_such_rule():
    strategy = build("AdvantageNAS", Choices(1, ("a", "b")))
    for op, slope in ((1, 5.0), (0, 0.0)):
        draw = one_hot((op,), 2, requires_grad=True)
        draw.weights.grad = torch.full((1, 2), slope)
        found = gradient_of(strategy, [draw], [0.0])
    assert torch.equal(found, torch.zeros(1, 2))


def test_the_baseline_of_reinforce():
    strategy = build("Reinforce", Choices(1, ("a", "b")))
    centred = torch.tensor([[0.5, -0.5]])
    assert torch.equal(gradient_of(strategy, [one_hot((0,), 2)], [2.0]), 0 * centred), "the first loss is its own"
    strategy.observe(4.0)  # 2 -> 2.1
    found = gradient_of(strategy, [one_hot((0,), 2)], [3.1])  # 2.1 -> 2.15, before it is used
    assert strategy.average == pytest.approx(2.15) and torch.allclose(found, 0.95 * centred)


@pytest.mark.parametrize("weighting, sign", [("likelihood", -1.0), ("loss", 1.0)])
def test_parsec_weighs_its_draws(weighting, sign):
    strategy = build(
        "PARSEC", Choices(1, ("a", "b")), torch.tensor([[0.2, -0.1]]), samples=3, scale=2.0, weighting=weighting
    )
    losses, archs = [0.1, 0.9, 0.4], [0, 1, 1]
    omega = torch.softmax(sign * 2.0 * torch.tensor(losses), 0)
    p = torch.softmax(torch.tensor([0.2, -0.1]), 0)
    expected = sign * sum(w * (torch.eye(2)[j] - p) for w, j in zip(omega, archs, strict=True))
    found = gradient_of(strategy, [one_hot((j,), 2) for j in archs], losses)
    assert torch.allclose(found, expected[None])
    assert strategy.samples == 3 and not strategy._losses, "the next step starts afresh"


def test_parsec_one_draw_at_a_time():
    together = build("PARSEC", THREE, THETA, samples=4)
    apart = build("PARSEC", THREE, THETA, samples=4, sequential=True)
    assert apart.samples == 1
    draws = [one_hot(arch, 3) for arch in ((0, 1, 2), (2, 2, 1), (1, 0, 0), (0, 0, 1))]
    together.update(draws, [0.5, 1.0, 0.2, 0.7])
    for draw, loss in zip(draws, [0.5, 1.0, 0.2, 0.7], strict=True):
        assert torch.equal(apart.theta, THETA), "zero gradients before the first real one: nothing moves"
        apart.update([draw], [loss])
    moved = apart.theta.detach() - THETA
    assert torch.equal(moved.sign(), (together.theta.detach() - THETA).sign()) and moved.abs().max() > 0
    before = apart.theta.detach().clone()
    apart.update([draws[0]], [0.5])
    assert not torch.equal(apart.theta, before), "the momentum moves on between updates, as in the authors' code"


# -- through the mixture ----------------------------------------------------------------------------------------------
def test_darts_follows_the_loss_of_its_softmax():
    strategy = build("DARTS", THREE, THETA)
    draw = strategy.draw()
    assert torch.allclose(draw.weights.detach(), torch.softmax(THETA, 1))
    found = gradient_of(strategy, [draw], [evaluate(strategy, draw, curved(COST))])
    theta = THETA.clone().requires_grad_()
    loss = curved(COST)(Draw(torch.softmax(theta, 1), draw.active))
    assert torch.allclose(found, torch.autograd.grad(loss, theta)[0], atol=1e-6)
    assert not strategy.unrolled and build("DARTS", THREE, order=2).unrolled


@pytest.mark.parametrize("progress, temperature", [(0.0, 1.0), (0.5, 0.5), (1.0, 0.03)])
def test_snas_follows_the_loss_of_its_sample(progress, temperature):
    strategy, twin = build("SNAS", THREE, THETA, seed=4), build("SNAS", THREE, THETA, seed=4)
    strategy.progress = twin.progress = progress
    assert strategy.temperature == pytest.approx(temperature)
    draw, noise = strategy.draw(), twin.noisy().detach() - torch.log_softmax(THETA, 1)
    theta = THETA.clone().requires_grad_()
    mixture = torch.softmax((torch.log_softmax(theta, 1) + noise) / strategy.temperature, 1)
    assert torch.allclose(draw.weights.detach(), mixture.detach(), atol=1e-5)
    expected = torch.autograd.grad(curved(COST)(Draw(mixture, draw.active)), theta)[0]
    found = gradient_of(strategy, [draw], [evaluate(strategy, draw, curved(COST))])
    assert torch.isfinite(found).all() and torch.allclose(found, expected, rtol=1e-3, atol=1e-4)


def test_gdas_is_hard_forward_and_soft_backward():
    for constants in (True, False):
        strategy, twin = (build("GDAS", THREE, THETA, seed=3, constants=constants) for _ in range(2))
        strategy.progress = 0.95
        assert strategy.temperature == pytest.approx(0.595)
        draw, noisy = strategy.draw(), twin.noisy().detach()
        chosen = noisy.argmax(1)
        assert torch.equal(draw.weights.detach(), one_hot(chosen.tolist(), 3).weights)
        assert draw.active == tuple((j,) for j in chosen.tolist())
        found = gradient_of(strategy, [draw], [evaluate(strategy, draw, linear(COST))])
        # the chosen operation's derivative is its cost; that of the others is that of ones, or none
        slope = torch.full((3, 3), 1.0 if constants else 0.0)
        slope[torch.arange(3), chosen] = COST[torch.arange(3), chosen]
        theta = THETA.clone().requires_grad_()
        noise = noisy - torch.log_softmax(THETA, 1)
        soft = torch.softmax((torch.log_softmax(theta, 1) + noise) / 0.595, 1)
        assert torch.allclose(found, torch.autograd.grad((soft * slope).sum(), theta)[0], atol=1e-5)
    strategy.progress = 0.0
    assert strategy.temperature == 10.0
    strategy.progress = 1.0
    assert strategy.temperature == pytest.approx(0.1)


def test_nasp_goes_to_corners_of_the_box():
    strategy = build("NASP", Choices(2, ("a", "b", "c")), [[0.2, 0.9, 0.5], [0.6, 0.1, 0.3]])
    draw = strategy.draw()
    assert draw.weights.tolist() == [[0, 1, 0], [1, 0, 0]] and draw.active == ((0, 1, 2), (0, 1, 2))
    assert strategy.weight_draw().active == ((1,), (0,)), "weight steps are sparse (footnote 3)"
    cost = torch.tensor([[1.0, 2.0, 3.0], [-1.0, 0.0, 5.0]])
    found = gradient_of(strategy, [draw], [evaluate(strategy, draw, linear(cost))])
    assert torch.equal(found, cost), "every operation has its derivative"


@pytest.mark.parametrize("projection, expected", [("clip", [[0.0, 1.0, 0.5]]), ("rescale", [[0.0, 1.0, 0.5625]])])
def test_nasp_projects(projection, expected):
    strategy = build("NASP", Choices(1, ("a", "b", "c")), [[-0.4, 1.2, 0.5]], projection=projection)
    strategy.step(torch.zeros(1, 3))  # Adam does not move on a first gradient of 0
    assert torch.allclose(strategy.theta.detach(), torch.tensor(expected))
    assert torch.allclose(strategy.probabilities(), torch.tensor(expected) / sum(expected[0]))


# -- two paths --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("mixing", ["softmax", "sum", "gate"])
def test_proxylessnas_leaves_the_others_alone(mixing):
    strategy = build(
        "ProxylessNAS",
        Choices(3, tuple("abcde")),
        torch.randn(3, 5, generator=torch.Generator().manual_seed(1)),
        learning_rate=0.2,
        mixing=mixing,
    )
    cost = torch.randn(3, 5, generator=torch.Generator().manual_seed(2))
    for _ in range(20):  # with momentum from earlier pairs
        before, theta = strategy.probabilities(), strategy.theta.detach().clone()
        draw = strategy.draw()
        pair = torch.tensor(draw.active)
        strategy.update([draw], [evaluate(strategy, draw, linear(cost))])
        after = strategy.probabilities()
        others = torch.ones(3, 5, dtype=torch.bool).scatter(1, pair, False)
        assert torch.equal(strategy.theta.detach()[others], theta[others])
        assert torch.allclose(after[others], before[others], atol=1e-6)
        assert torch.allclose(after.gather(1, pair).sum(1), before.gather(1, pair).sum(1), atol=1e-6)
        assert (after - before).gather(1, pair).abs().max() > 1e-3, "one gains, the other loses"


@pytest.mark.parametrize("mixing", ["softmax", "sum", "gate"])
def test_proxylessnas_two_way_gradient(mixing):
    strategy = build("ProxylessNAS", THREE, THETA, mixing=mixing, seed=5)
    draw = strategy.draw()
    pair = torch.tensor(draw.active)
    share = torch.softmax(THETA.gather(1, pair), 1)
    used = draw.weights.detach().gather(1, pair)
    if mixing == "softmax":
        assert torch.allclose(used, share)
    elif mixing == "sum":
        assert torch.equal(used, torch.ones(3, 2))
    else:
        assert torch.equal(used.sort(1).values, torch.tensor([[0.0, 1.0]] * 3))
    found = gradient_of(strategy, [draw], [evaluate(strategy, draw, linear(COST))])
    slope = COST.gather(1, pair)
    first = share[:, 0] * share[:, 1] * (slope[:, 0] - slope[:, 1])
    expected = torch.zeros(3, 3).scatter(1, pair, torch.stack([first, -first], 1))
    assert torch.allclose(found, expected, atol=1e-6)


def test_the_gate_is_drawn_from_the_two_way_softmax():
    theta = torch.tensor([1.0, 0.0]).expand(20_000, 2)
    draw = build("ProxylessNAS", Choices(20_000, ("a", "b")), theta, mixing="gate").draw()
    assert float(draw.weights[:, 0].detach().mean()) == pytest.approx(1 / (1 + math.exp(-1)), abs=0.015)
