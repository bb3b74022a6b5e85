"""DARTS-PT: what is removed, what is kept, and that the search is afterwards as it was."""

from __future__ import annotations

import warnings

import pytest
import torch

import nascore as nc
from nascore.errors import SettingError
from nascore.networks.choices import Choices, Draw
from nascore.networks.supernets.base import Supernet
from nascore.networks.supernets.two_cells import TwoCellSupernet, darts_supernet
from nascore.search.oneshot.strength import Strength
from nascore.testing.strategies import TinyData, TinySupernet

one = nc.search.oneshot
WORTH = torch.tensor([[0.0, 1.0, 3.0], [0.0, 4.0, 1.0], [0.0, 2.0, 2.0]])


class Worth(Supernet):
    """Each operation adds what it is worth; the accuracy is the sum, the batch is not looked at."""

    def __init__(self):
        super().__init__()
        self.choices = Choices(3, ("none", "skip", "conv"), zero=0)
        self.bias = torch.nn.Parameter(torch.zeros(()))

    def loss(self, batch, draw):
        return 20 - (draw.weights * WORTH).sum() + self.bias**2

    def measures(self, batch, draw):
        used = torch.zeros_like(WORTH)
        for edge, ops in enumerate(draw.active):
            used[edge, list(ops)] = 1.0
        total = float((draw.weights.detach() * WORTH * used).sum())
        return {"loss": 20 - total, "accuracy": total}


def searched(net=None, make=one.DARTS, epochs=2, **settings):
    net = Worth() if net is None else net
    return one.search(net, make(net.choices, seed=0, **settings), TinyData(), epochs=epochs, progress=False)


@pytest.mark.parametrize("criterion", ["accuracy", "loss"])
@pytest.mark.parametrize("tune_steps", [0, 4])
def test_the_operation_that_is_missed_most_stays(criterion, tune_steps):
    log = searched()
    chosen = one.PerturbationSelection(TinyData(), tune_steps=tune_steps, seed=0, criterion=criterion)
    assert log.derive(chosen) == (2, 1, 1)  # of equal ones the first
    assert sorted(made["edge"] for made in chosen.decisions) == [0, 1, 2]
    for made in chosen.decisions:
        assert made["op"] == min(made["without"], key=lambda op: (made["without"][op], op))
        assert made["without"][0] == made["before"]  # "none" adds nothing


def test_the_other_weights_stay_as_they_are_when_one_operation_is_removed():
    log = searched()
    strength = Strength(log.run, TinyData().val(0))
    p = log.strategy.probabilities()
    whole = float((p * WORTH).sum())
    assert strength.value(strength.mixture()) == pytest.approx(whole, abs=1e-5)
    assert strength.without(0)[2] == pytest.approx(whole - float(p[0, 2]) * 3.0, abs=1e-5)


class Pairs(TwoCellSupernet):
    """Each operation of S2 adds what it is worth, as in Worth."""

    worth = torch.rand(28, 2, generator=torch.Generator().manual_seed(3))

    def loss(self, batch, draw):
        return 20 - (draw.weights * self.worth).sum() + self.head.bias.square().sum()

    def measures(self, batch, draw):
        used = torch.zeros(28, 2)
        for edge in self.open_edges():
            used[edge, list(draw.active[edge])] = 1.0
        return {"loss": 0.0, "accuracy": float((draw.weights.detach() * self.worth * used).sum())}


@pytest.mark.parametrize("tune_steps", [0, 2])
def test_the_topology_is_chosen_by_what_removing_an_edge_costs(tune_steps):
    log = searched(Pairs(nc.spaces.DARTSSpace("s2"), channels=2, cells=3), epochs=1)
    chosen = one.PerturbationSelection(TinyData(), tune_steps=tune_steps, seed=0)
    arch = log.derive(chosen)
    assert arch in log.supernet.space and len(chosen.decisions) == 28
    kept = {made["edge"]: made["op"] for made in chosen.decisions}
    worth = torch.full((28, 2), -torch.inf)
    for edge, op in kept.items():
        worth[edge, op] = Pairs.worth[edge, op]
    assert arch == log.supernet.decode(worth)  # one operation on each edge: all weights are 1
    assert len(chosen.closed) == 2 * (1 + 2 + 3)
    for made in chosen.closed:
        assert made["edge"] == max(made["without"], key=made["without"].get)
    assert log.supernet.open_edges() == list(range(28))  # as it was
    with pytest.raises(SettingError, match="keeps all of its edges"):
        Worth().close(0)


def test_an_edge_that_is_closed_carries_nothing():
    net = darts_supernet("s2", channels=2, cells=3)
    images = torch.randn(4, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    weights = torch.full((28, 2), 0.5)
    active = ((0, 1),) * 28
    net.close(4)
    without = Draw(weights, (*active[:4], (), *active[5:]))
    assert torch.equal(net(images, Draw(weights, active)), net(images, without))
    assert 4 not in net.open_edges() and "closed" in net.state_dict()
    with pytest.raises(SettingError, match="edge=3: its node has 2 edges left"):
        net.close(3)


def test_the_search_is_afterwards_as_it_was():
    log = searched(TinySupernet())
    before = {name: each.clone() for name, each in log.supernet.state_dict().items()}
    theta, live = log.strategy.theta.detach().clone(), log.strategy.live
    first = log.derive(one.PerturbationSelection(TinyData(), tune_steps=3, seed=1, criterion="loss"))
    assert all(torch.equal(before[name], each) for name, each in log.supernet.state_dict().items())
    assert torch.equal(theta, log.strategy.theta) and torch.equal(live, log.strategy.live)
    assert first == log.derive(one.PerturbationSelection(TinyData(), tune_steps=3, seed=1, criterion="loss"))
    assert log.run.train_weights(2) == searched(TinySupernet()).run.train_weights(2)


def test_tuning_is_weight_and_architecture_steps_at_a_tenth_of_the_rate():
    log, seen = searched(TinySupernet()), []
    run = log.run
    weight_step, architecture_step = run.weight_step, run.architecture_step
    run.weight_step = lambda batch: (seen.append(run.weights.optimizer.param_groups[0]["lr"]), weight_step(batch))[1]
    run.architecture_step = lambda *pair: (seen.append("theta"), architecture_step(*pair))[1]
    log.derive(one.PerturbationSelection(TinyData(), tune_steps=5, criterion="loss"))
    edges = run.supernet.choices.edges
    assert seen == [pytest.approx(0.0025), "theta"] * 5 * (edges - 1)


def test_so_many_batches_judge():
    log, seen = searched(), []
    log.supernet.measures = lambda batch, draw: (seen.append(batch), Worth.measures(log.supernet, batch, draw))[1]
    counts = []
    for batches in (1, 2, None):
        seen.clear()
        log.derive(one.PerturbationSelection(TinyData(), 0, batches=batches))
        counts.append(len(seen))
    assert counts[1] == 2 * counts[0] and counts[2] == len(list(TinyData().val(0))) * counts[0]


def test_edges_come_in_the_order_that_was_asked_for():
    log = searched(learning_rate=0.3, epochs=4)
    orders = set()
    for seed in range(6):
        chosen = one.PerturbationSelection(TinyData(), 0, seed)
        log.derive(chosen)
        orders.add(tuple(made["edge"] for made in chosen.decisions))
    assert len(orders) > 1
    chosen = one.PerturbationSelection(TinyData(), 0, order="sgas")
    log.derive(chosen)
    sgas = one.SGAS(log.supernet.choices)
    with torch.no_grad():
        sgas.theta.copy_(log.strategy.theta)
    assert chosen.decisions[0]["edge"] == sgas.decide()[0]


def wrapped(choices, **settings):
    return one.RandomSmoothing(one.DARTS(choices, **settings))


@pytest.mark.parametrize("make", [*(getattr(one, name) for name in one.available()), wrapped], ids=lambda m: m.__name__)
def test_any_strategys_supernet_can_be_asked(make):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        log = searched(make=make)
    arch = log.derive(one.PerturbationSelection(TinyData(), tune_steps=2))
    assert len(arch) == 3 and all(0 <= op < 3 for op in arch)


def test_edges_that_the_search_has_decided_stay():
    log = searched(make=one.SGAS, epochs=10)
    chosen = one.PerturbationSelection(TinyData())
    assert log.derive(chosen) == log.derive() and chosen.decisions == []


def test_sgas_lets_perturbation_choose():
    net = Worth()
    hook = one.PerturbationDecisions(TinyData())
    log = one.search(net, one.SGAS(net.choices, seed=0), TinyData(), epochs=10, progress=False, hooks=[hook])
    assert log.derive() == (2, 1, 1)
    with pytest.raises(SettingError, match="PerturbationDecisions: DARTS"):
        one.search(net, one.DARTS(net.choices), TinyData(), epochs=1, progress=False, hooks=[hook])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: one.PerturbationSelection(3), "data=3"),
        (lambda: one.PerturbationSelection(TinyData), "data="),
        (lambda: one.PerturbationSelection(TinyData(), tune_steps=-1), "tune_steps=-1"),
        (lambda: one.PerturbationSelection(TinyData(), criterion="speed"), "criterion='speed'"),
        (lambda: one.PerturbationSelection(TinyData(), order="up"), "order='up'"),
        (lambda: one.PerturbationSelection(TinyData(), rate=0), "rate=0"),
        (lambda: one.PerturbationSelection(TinyData(), batches=0), "batches=0"),
        (lambda: one.PerturbationDecisions(3), "data=3"),
        (lambda: searched(TinySupernet()).derive(one.PerturbationSelection(TinyData(), 0)), "criterion='accuracy'"),
    ],
)
def test_bad_input(make, words):
    with pytest.raises(SettingError, match=words):
        make()
