"""What every one-shot strategy has to do, whatever its method."""

from __future__ import annotations

import copy
import io
import json
import math

import pytest
import torch

from nascore.errors import Diverged, ResultsError, SettingError
from nascore.networks.choices import Choices, Draw
from nascore.networks.supernets.base import Supernet
from nascore.search.oneshot.loop import search
from nascore.search.oneshot.strategies.base import Strategy

CHOICES = Choices(4, ("none", "skip", "conv"), zero=0)
STEPS = 12


def loss_of(draw: Draw, step: int = 0) -> torch.Tensor:
    """A differentiable loss in which edges interact, and with a little of its own at each step."""
    edges, ops = draw.weights.shape
    cost = torch.sin(torch.arange(edges * ops, dtype=torch.float32).reshape(edges, ops) * 1.7 + 0.1 * step)
    used = torch.zeros(edges, ops)
    for i, active in enumerate(draw.active):
        used[i, list(active)] = 1.0
    outputs = (draw.weights * cost * used).sum(1)
    if draw.constants:
        outputs = outputs + (draw.weights * (1 - used)).sum(1)
    return 2.0 + outputs.sum() + outputs.sum() ** 2 / 4


def one_step(strategy: Strategy, step: int) -> list:
    """A weight step and an architecture step, as the loop takes them; what happened, as plain values."""
    seen = strategy.weight_draw()
    strategy.observe(float(loss_of(seen, step)))
    draws, losses = [strategy.draw() for _ in range(strategy.samples)], []
    for draw in draws:
        loss = loss_of(draw, step)
        if draw.weights.requires_grad:
            loss.backward()
        losses.append(float(loss.detach()))
    strategy.update(draws, losses, lambda other: float(loss_of(other, step).detach()))
    drawn = [[d.weights.tolist(), d.active] for d in draws]
    return [seen.weights.tolist(), drawn, losses, strategy.theta.tolist(), strategy.derive()]


def steps(strategy: Strategy, first: int = 0, last: int = STEPS) -> list:
    """Several steps of `one_step`."""
    log = []
    for step in range(first, last):
        strategy.progress = step / STEPS
        log.append(one_step(strategy, step))
    return log


class TinySupernet(Supernet):
    """One scalar weight per operation; a batch is a target for the sum of the edges."""

    def __init__(self):
        super().__init__()
        self.choices = CHOICES
        self.scale = torch.nn.Parameter(torch.linspace(-1, 1, CHOICES.edges * 3).reshape(CHOICES.edges, 3))

    def loss(self, batch, draw):
        total = sum(draw.weights[i, j] * self.scale[i, j] for i, ops in enumerate(draw.active) for j in ops if j)
        return (torch.as_tensor(total) - batch) ** 2 + 0.0 * self.scale.sum()

    def measures(self, batch, draw):
        with torch.no_grad():
            return {"loss": float(self.loss(batch, draw))}


class TinyData:
    """Three targets an epoch."""

    def train(self, epoch):
        return [torch.tensor(1.0 + epoch), torch.tensor(2.0), torch.tensor(3.0)]

    def val(self, epoch):
        return [torch.tensor(1.5 + epoch), torch.tensor(2.5), torch.tensor(3.5)]


class StrategyConformance:
    """Override `make`; `most_active` is how many operations of an edge a draw may compute, `total` what the weights of
    an edge add up to (Equation 1 of AdvantageNAS: 1), `stochastic` whether another seed gives other draws."""

    most_active = len(CHOICES.ops)
    total = 1.0
    stochastic = True

    def make(self, choices: Choices = CHOICES, seed: int = 0, **settings) -> Strategy:
        """Your strategy with a learning rate of 0.05 or so; `settings` are those of Strategy itself."""
        raise NotImplementedError("override make(choices, seed, **settings) so that it returns your strategy")

    def check_draw(self, draw: Draw, live: torch.Tensor) -> None:
        edges, ops = live.shape
        assert draw.weights.shape == (edges, ops) and draw.weights.dtype == torch.float32
        assert torch.isfinite(draw.weights).all() and (draw.weights >= 0).all()
        assert len(draw.active) == edges
        for i, active in enumerate(draw.active):
            assert active and len(set(active)) == len(active) and all(type(j) is int for j in active)
            assert all(live[i, j] for j in active), "an operation that is not live"
            assert len(active) <= self.most_active
            outside = [j for j in range(ops) if j not in active]
            assert not draw.weights[i, outside].any(), "a weight that is not computed"
            total = self.total if len(active) > 1 or self.most_active == 1 else min(self.total, 1.0)
            assert float(draw.weights[i].detach().sum()) == pytest.approx(total, abs=1e-5)

    # -- draws -----------------------------------------------------------------------------------------------------
    def test_draws_are_valid_all_along(self):
        strategy = self.make()
        for step in range(STEPS):
            strategy.progress = step / (STEPS - 1)  # the very end of every schedule included
            self.check_draw(strategy.draw(), strategy.live)
            weight_draw = strategy.weight_draw()
            self.check_draw(weight_draw, strategy.live)
            assert not weight_draw.weights.requires_grad
            one_step(strategy, step)
            assert torch.isfinite(strategy.theta).all()

    def test_weights_are_leaves(self):
        draw = self.make().draw()
        assert draw.weights.is_leaf
        if draw.weights.requires_grad:
            loss_of(draw).backward()
            assert draw.weights.grad is not None and torch.isfinite(draw.weights.grad).all()

    def test_probabilities_are_probabilities(self):
        strategy = self.make()
        for step in range(STEPS):
            p = strategy.probabilities()
            assert p.shape == (CHOICES.edges, len(CHOICES.ops)) and not p.requires_grad
            assert torch.allclose(p.sum(1), torch.ones(CHOICES.edges), atol=1e-6) and (p >= 0).all()
            assert 0 <= strategy.entropy() <= math.log(len(CHOICES.ops)) + 1e-6
            one_step(strategy, step)

    def test_derive_is_an_architecture(self):
        strategy = self.make()
        for step in range(STEPS):
            arch = strategy.derive()
            assert type(arch) is tuple and len(arch) == CHOICES.edges
            assert all(type(j) is int and 0 <= j < len(CHOICES.ops) for j in arch)
            one_step(strategy, step)

    # -- operations that have left the race ------------------------------------------------------------------------
    def test_only_live_operations_are_drawn_and_derived(self):
        strategy = self.make()
        live = torch.tensor([[True, True, False], [False, True, True], [False, False, True], [True, True, True]])
        steps(strategy, 0, 3)
        strategy.restrict(live)
        for step in range(3, STEPS):
            for _ in range(8):
                self.check_draw(strategy.draw(), live)
                self.check_draw(strategy.weight_draw(), live)
            p = strategy.probabilities()
            assert not p[~live].any() and torch.allclose(p.sum(1), torch.ones(4), atol=1e-6)
            assert float(p[2, 2]) == pytest.approx(1.0)
            assert strategy.entropy() <= (2 * math.log(2) + math.log(3)) / 4 + 1e-6
            assert all(live[i, op] for i, op in enumerate(strategy.derive()))
            one_step(strategy, step)
        assert torch.isfinite(strategy.theta).all()

    def test_a_mask_that_changes_nothing_changes_nothing(self):
        whole, masked = self.make(), self.make()
        masked.restrict(torch.ones(4, 3, dtype=torch.bool))
        assert steps(whole) == steps(masked)

    def test_choices_may_differ_from_edge_to_edge(self):
        strategy = self.make(Choices(4, CHOICES.ops, 0, ((0, 1), (1, 2), (2,), (0, 1, 2))))
        for step in range(STEPS):
            self.check_draw(strategy.draw(), strategy.live)
            one_step(strategy, step)
        assert strategy.derive()[2] == 2

    @pytest.mark.parametrize(
        "live", [torch.ones(4, 3), torch.ones(3, 3, dtype=torch.bool), torch.zeros(4, 3, dtype=torch.bool), "all", None]
    )
    def test_a_bad_mask_is_refused(self, live):
        with pytest.raises(SettingError, match="live="):
            self.make().restrict(live)

    # -- the same everywhere ---------------------------------------------------------------------------------------
    def test_the_same_seed_gives_the_same_log_and_another_seed_another(self):
        first = steps(self.make())
        assert steps(self.make()) == first
        assert (steps(self.make(seed=1)) != first) == self.stochastic

    @pytest.mark.parametrize("cut", [1, 5])
    def test_a_state_goes_on_where_it_was_taken(self, cut):
        reference = steps(self.make())
        first = self.make()
        steps(first, 0, cut)
        state = first.state_dict()
        kept = copy.deepcopy(state)
        assert steps(first, cut) == reference[cut:]
        second = self.make(seed=9)
        steps(second, 0, 2)
        second.load_state_dict(state)
        assert second.progress == (cut - 1) / STEPS and second.derive() == reference[cut - 1][-1]
        assert steps(second, cut) == reference[cut:]
        third = self.make()  # neither run has changed the state
        third.load_state_dict(state)
        assert steps(third, cut) == reference[cut:] and str(state) == str(kept)

    def test_a_state_survives_the_disk_with_its_mask(self):
        first, live = self.make(), torch.tensor([[True, False, True]] * 4)
        first.restrict(live)
        steps(first, 0, 5)
        file = io.BytesIO()
        torch.save(first.state_dict(), file)
        file.seek(0)
        second = self.make()
        second.load_state_dict(torch.load(file, weights_only=True))
        assert torch.equal(second.live, first.live)  # a strategy may have decided edges of its own
        assert not (first.live & ~live).any()
        assert steps(second, 5) == steps(first, 5)

    def test_a_state_of_other_choices_is_refused(self):
        strategy = self.make()
        for choices in (
            Choices(2, CHOICES.ops, 0),
            Choices(4, CHOICES.ops[::-1], 2),  # the same operations in another order
            Choices(4, CHOICES.ops, 0, ((0, 1), (0, 1, 2), (0, 1, 2), (0, 1, 2))),
        ):
            with pytest.raises(ResultsError, match="this one has"):
                strategy.load_state_dict(self.make(choices).state_dict())

    # -- what goes wrong -------------------------------------------------------------------------------------------
    def test_a_gradient_that_is_not_finite_is_named(self):
        strategy = self.make()
        with pytest.raises(Diverged, match="gradient of theta"):
            strategy.step(torch.full((4, 3), math.nan))
        assert strategy.theta.isfinite().all()

    @pytest.mark.parametrize(
        "bad", [{"seed": -1}, {"learning_rate": 0}, {"betas": (0.9, 1.0)}, {"floor": 0.5}], ids=str
    )
    def test_bad_settings_are_named(self, bad):
        with pytest.raises(SettingError, match=rf"^{next(iter(bad))}="):
            self.make(**bad)

    # -- a whole search --------------------------------------------------------------------------------------------
    def test_a_search_runs_and_repeats_itself(self):
        def found():
            log = search(TinySupernet(), self.make(), TinyData(), epochs=2, progress=False)
            return log.frame.drop(columns="seconds"), log.probabilities.tolist(), log.derive()

        (frame, probabilities, arch), again = found(), found()
        assert len(frame) == 2 and len(arch) == CHOICES.edges
        assert frame.equals(again[0]) and (probabilities, arch) == again[1:]
        json.dumps([probabilities, list(arch)])
