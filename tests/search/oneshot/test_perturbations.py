"""SDARTS: how far weights are moved, that only weight steps see it, and that it repeats and goes on."""

from __future__ import annotations

import pytest
import torch

import nascore as nc
from nascore.errors import ResultsError, SettingError
from nascore.networks.choices import Choices, Draw
from nascore.testing.strategies import CHOICES, TinyData, TinySupernet

one = nc.search.oneshot
KINDS = (
    lambda inner: one.RandomSmoothing(inner, epsilon=0.3, seed=3),
    lambda inner: one.RandomSmoothing(inner, epsilon=0.3, noise="gaussian", seed=3),
    lambda inner: one.AdversarialPerturbation(inner, epsilon=0.3, steps=3, seed=3),
)


def darts(seed=0):
    return one.DARTS(CHOICES, seed=seed, learning_rate=0.05)


def uphill(draw: Draw) -> torch.Tensor:
    slope = torch.zeros_like(draw.weights)
    slope[:, -1] = 1.0  # the last operation's weight makes the loss larger
    return slope


@pytest.mark.parametrize("wrap", KINDS)
def test_moved_weights_stay_on_the_simplex_and_near(wrap):
    strategy = wrap(darts())
    strategy.progress = 1.0
    for _ in range(50):
        draw = strategy.weight_draw()
        moved = strategy.perturbed(draw, uphill).weights
        assert (moved >= 0).all() and torch.allclose(moved.sum(1), torch.ones(len(moved)))
        assert not moved.equal(draw.weights) and not moved.requires_grad


def test_the_radius_grows_to_epsilon():
    strategy = one.RandomSmoothing(darts(), epsilon=0.3)
    assert strategy.radius == pytest.approx(0.03)
    strategy.progress = 1.0
    assert strategy.radius == pytest.approx(0.3) and strategy.strategy.progress == 1.0
    shift = [float((strategy.perturbed(strategy.weight_draw()).weights - 1 / 3).abs().max()) for _ in range(200)]
    strategy.progress = 0.0
    less = [float((strategy.perturbed(strategy.weight_draw()).weights - 1 / 3).abs().max()) for _ in range(200)]
    assert max(less) < 0.05 < max(shift)


def test_the_adversary_goes_uphill_and_asks_as_often_as_it_says():
    asked = []

    def gradient(draw):
        asked.append(draw)
        return uphill(draw)

    strategy = one.AdversarialPerturbation(darts(), epsilon=0.3, steps=5)
    strategy.progress = 1.0
    moved = strategy.perturbed(strategy.weight_draw(), gradient).weights
    assert len(asked) == 5 and (moved[:, -1] > 1 / 3).all()


def test_operations_that_left_stay_out():
    strategy = one.RandomSmoothing(darts())
    strategy.keep(0, 2)
    strategy.progress = 1.0
    draw = strategy.perturbed(strategy.weight_draw())
    assert draw.active[0] == (2,) and draw.weights[0].tolist() == [0, 0, 1]


@pytest.mark.parametrize("wrap", KINDS)
def test_architecture_steps_are_the_strategys_own(wrap):
    inner, wrapped = darts(), wrap(darts())
    assert torch.equal(inner.draw().weights, wrapped.draw().weights)
    assert wrapped.theta is wrapped.strategy.theta and wrapped.derive() == inner.derive()
    assert isinstance(wrapped, one.Strategy) and wrapped.samples == 1


@pytest.mark.parametrize("wrap", KINDS)
def test_a_search_repeats_itself_differs_from_the_bare_one_and_says_what_it_was(wrap):
    def course(make):
        net = TinySupernet()
        log = one.search(net, make(), TinyData(), epochs=3, progress=False)
        return log.frame["train_loss"].tolist(), log.settings["strategy"]

    (first, settings), (again, _), (bare, _) = (
        course(lambda: wrap(darts())),
        course(lambda: wrap(darts())),
        course(darts),
    )
    assert first == again != bare
    assert settings["strategy"]["name"] == "DARTS" and settings["epsilon"] == 0.3


@pytest.mark.parametrize("wrap", KINDS)
def test_a_killed_search_goes_on(wrap, tmp_path):
    def search(epochs, file=None):
        hook = Stop(epochs)
        return one.search(
            TinySupernet(), wrap(darts()), TinyData(), epochs=4, progress=False, checkpoint=file, hooks=[hook]
        )

    class Stop(one.Hook):
        def __init__(self, epochs):
            self.epochs = epochs

        def after_epoch(self, run):
            if run.epoch + 1 == self.epochs:
                raise KeyboardInterrupt

    whole = search(9)
    with pytest.raises(KeyboardInterrupt):
        search(3, tmp_path / "run.pt")
    again = search(9, tmp_path / "run.pt")
    assert again.frame["train_loss"].tolist() == whole.frame["train_loss"].tolist()


def test_states_of_something_else_are_refused():
    state = one.RandomSmoothing(darts(), epsilon=0.3).state_dict()
    for other in (one.RandomSmoothing(darts(), epsilon=0.2), one.AdversarialPerturbation(darts(), epsilon=0.3)):
        with pytest.raises(ResultsError, match="no state of"):
            other.load_state_dict(state)
    with pytest.raises(ResultsError, match="no state of"):
        one.RandomSmoothing(darts()).load_state_dict({})


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: one.RandomSmoothing(darts(), epsilon=0), "epsilon=0"),
        (lambda: one.RandomSmoothing(darts(), epsilon=2), "epsilon=2"),
        (lambda: one.RandomSmoothing(darts(), noise="cauchy"), "noise='cauchy'"),
        (lambda: one.AdversarialPerturbation(darts(), steps=0), "steps=0"),
        (lambda: one.RandomSmoothing(one.DARTS), "strategy="),
        (lambda: one.RandomSmoothing("DARTS"), "strategy='DARTS'"),
        (lambda: one.RandomSmoothing(darts(), seed=-1), "seed=-1"),
    ],
)
def test_bad_settings(make, words):
    with pytest.raises(SettingError, match=words):
        make()


def test_one_operation_per_edge_cannot_be_moved_and_a_warning_says_so():
    with pytest.warns(UserWarning, match="GDAS"):
        strategy = one.RandomSmoothing(one.GDAS(Choices(2, ("a", "b"))))
    draw = strategy.weight_draw()
    assert torch.equal(strategy.perturbed(draw).weights, draw.weights)
