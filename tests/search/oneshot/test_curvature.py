"""The Hessian with respect to theta: against finite differences and a loss whose Hessian is known."""

from __future__ import annotations

import math

import pytest
import torch

import nascore as nc
from nascore.errors import SettingError
from nascore.networks.choices import Choices, Draw
from nascore.networks.supernets.base import Supernet
from nascore.search.oneshot.curvature import condition, hessian, spectrum
from nascore.testing.strategies import TinyData, TinySupernet

one = nc.search.oneshot


class Smooth(Supernet):
    """Edges that interact without a kink (what a ReLU's kinks add to finite differences, no derivative knows)."""

    def __init__(self):
        super().__init__()
        self.choices = Choices(3, ("a", "b", "c", "d"))
        self.scale = torch.nn.Parameter(torch.sin(torch.arange(12.0) * 1.7).reshape(3, 4))

    def loss(self, batch, draw):
        edges = torch.tanh((draw.weights * self.scale).sum(1) * batch)
        return edges.prod() + (edges.sum() - 1) ** 2

    def measures(self, batch, draw):
        return {"loss": float(self.loss(batch, draw).detach())}


def gradient_at(run, theta: torch.Tensor) -> torch.Tensor:
    """d loss / d theta there, by one backward pass."""
    with torch.no_grad():
        run.strategy.theta.copy_(theta)
    draw = Draw(torch.softmax(run.strategy.logits(), 1), run.strategy.all_active())
    return torch.autograd.grad(run.supernet.loss(torch.tensor(2.0), draw), run.strategy.theta)[0]


@pytest.mark.parametrize("make", [one.DARTS, one.DrNAS])
def test_it_is_the_derivative_of_the_gradient(make):
    net = Smooth()
    run = one.search(net, make(net.choices, seed=0, learning_rate=0.3), TinyData(), epochs=2, progress=False).run
    theta = run.strategy.theta.detach().clone()
    matrix = hessian(run, [torch.tensor(2.0)])
    edges, ops = theta.shape
    assert matrix.shape == (edges * ops,) * 2 and torch.equal(matrix, matrix.T) and matrix.abs().max() > 0.01
    for edge, op in [(0, 1), (1, 3), (2, 2)]:
        step = torch.zeros_like(theta)
        step[edge, op] = 0.02
        numeric = (gradient_at(run, theta + step) - gradient_at(run, theta - step)) / 0.04
        assert torch.allclose(matrix[edge * ops + op].reshape(edges, ops).float(), numeric, atol=2e-3)


@pytest.mark.parametrize("make", [one.DARTS, one.DrNAS])
def test_a_supernet_of_cells_has_one(make):
    net = nc.networks.digits201_supernet(seed=0)
    data = nc.data.digits(batch=8, seed=0)
    log = one.search(net, make(net.choices, seed=0), data, epochs=1, steps_per_epoch=2, progress=False)
    matrix = hessian(log.run, [next(iter(data.val(0)))])
    assert matrix.shape == (30, 30) and matrix.abs().max() > 0
    assert torch.equal(matrix, hessian(log.run, [next(iter(data.val(0)))]))


class Bowl(Supernet):
    """Half the sum of the squares of (weights - 1/2), times the batch: in the weights the Hessian is the batch times
    one."""

    def __init__(self):
        super().__init__()
        self.choices = Choices(2, ("a", "b", "c"))
        self.bias = torch.nn.Parameter(torch.zeros(()))

    def loss(self, batch, draw):
        return batch * ((draw.weights - 0.5) ** 2).sum() / 2 + 0 * self.bias

    def measures(self, batch, draw):
        return {"loss": float(self.loss(batch, draw).detach())}


def test_operations_that_left_are_left_out_and_batches_are_averaged():
    net = Bowl()
    run = one.search(net, one.DARTS(net.choices), TinyData(), epochs=1, progress=False).run
    whole = hessian(run, [torch.tensor(1.0), torch.tensor(3.0)])
    assert torch.allclose(whole, hessian(run, [torch.tensor(2.0)]))
    run.strategy.restrict(torch.tensor([[True, True, False], [True, True, True]]))
    assert hessian(run, [torch.tensor(1.0)]).shape == (5, 5)


def test_eigenvalues_and_condition():
    found = spectrum(torch.diag(torch.tensor([3.0, -1.0, 0.5])))
    assert found.tolist() == [-1.0, 0.5, 3.0] and condition(found) == 6.0
    assert condition(torch.tensor([0.0, 1.0])) == math.inf


def test_a_search_watches_it():
    net = Bowl()
    hook = one.HessianSpectrum([torch.tensor(1.0)], every=2)
    frame = one.search(net, one.DARTS(net.choices), TinyData(), epochs=4, progress=False, hooks=[hook]).frame
    assert frame["hessian_max"].isna().tolist() == [True, False, True, False]
    assert (frame["hessian_min"].dropna() <= frame["hessian_max"].dropna()).all()


class Growing(one.StopOnCurvature):
    """Grows by half every epoch from the fifth on."""

    def after_epoch(self, run):
        self.now = 1.0 if run.epoch < 5 else 1.5 ** (run.epoch - 4)
        return super().after_epoch(run)


@pytest.fixture
def growing(monkeypatch):
    from nascore.search.oneshot.hooks import hessian as module

    hook = Growing([torch.tensor(1.0)], distance=2, window=1)
    monkeypatch.setattr(module, "hessian", lambda run, batches: torch.diag(torch.tensor([0.1, hook.now])))
    return hook


def test_a_search_stops_when_the_curvature_grows_and_says_which_epoch_counts(growing):
    net = Bowl()
    log = one.search(net, one.DARTS(net.choices), TinyData(), epochs=20, progress=False, hooks=[growing])
    assert len(log) == 6 and log.stopped.startswith("largest eigenvalue from 1 to 1.5") and growing.stopped_at == 4


def test_the_state_of_stopping_is_carried(growing):
    growing.largest, growing.stopped_at = [1.0, 2.0], 3
    other = Growing([torch.tensor(1.0)])
    other.load_state_dict(growing.state_dict())
    assert other.largest == [1.0, 2.0] and other.stopped_at == 3


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: one.HessianSpectrum([]), "batches is empty"),
        (lambda: one.HessianSpectrum([1], every=0), "every=0"),
        (lambda: one.StopOnCurvature([1], ratio=1.5), "ratio=1.5"),
        (lambda: one.StopOnCurvature([1], distance=0), "distance=0"),
        (lambda: one.ProgressiveShrinking({}), "at="),
        (lambda: one.ProgressiveShrinking({2: 2, 4: 3}), "falling numbers"),
        (lambda: one.ProgressiveShrinking({2: 0}), "operations=0"),
        (lambda: one.Snapshots(0), "every=0"),
    ],
)
def test_bad_settings(make, words):
    with pytest.raises(SettingError, match=words):
        make()


# -- snapshots and shrinking ------------------------------------------------------------------------------------------
def test_a_snapshot_is_the_search_as_it_was():
    def log_of(epochs, hooks=()):
        net = TinySupernet()
        return one.search(net, one.DARTS(net.choices, seed=0), TinyData(), epochs=epochs, progress=False, hooks=hooks)

    hook = one.Snapshots(every=2)
    log = log_of(6, [hook])
    assert hook.epochs == [2, 4, 6]
    weights, theta = log.supernet.scale.detach().clone(), log.strategy.theta.detach().clone()
    with hook.back(log.run, 2) as run:
        assert not torch.equal(run.supernet.scale, weights) and not torch.equal(run.strategy.theta, theta)
        assert torch.softmax(run.strategy.theta, 1).detach().numpy() == pytest.approx(log.probabilities[1], abs=1e-6)
        run.train_weights(3)
        run.strategy.keep(0, 1)
    assert torch.equal(log.supernet.scale, weights) and torch.equal(log.strategy.theta, theta)
    assert bool(log.strategy.live.all())
    with pytest.raises(SettingError, match=r"epoch=3: expected one of \[2, 4, 6\]"), hook.back(log.run, 3):
        pass


def test_shrinking_keeps_the_best():
    net, kept = TinySupernet(), []

    class Watch(one.Hook):
        def after_epoch(self, run):
            kept.append(run.strategy.live.sum(1).tolist())

    hooks = [one.ProgressiveShrinking({2: 2, 3: 1}), Watch()]
    log = one.search(net, one.DrNAS(net.choices, seed=0), TinyData(), epochs=4, progress=False, hooks=hooks)
    assert kept == [[3] * 4, [3] * 4, [2] * 4, [1] * 4]
    before = log.probabilities[1]
    assert (log.probabilities[2] > 0).sum(1).tolist() == [2] * 4
    assert ((log.probabilities[2] > 0) == (before > before.min(1, keepdims=True))).all()
