"""SGAS: which edge is decided, when, and on what."""

from __future__ import annotations

import pytest
import torch

import nascore as nc
from nascore.errors import SettingError
from nascore.networks.choices import Choices
from nascore.search.oneshot.strategies import greedy
from nascore.testing.strategies import TinyData, TinySupernet

one = nc.search.oneshot
CHOICES = Choices(3, ("none", "skip", "conv"), zero=0)
SURE = torch.tensor([[0.0, 0.0, 0.1], [0.0, 0.0, 4.0], [3.0, 1.0, 0.0]])


def sgas(**settings):
    strategy = one.SGAS(CHOICES, seed=0, **settings)
    with torch.no_grad():
        strategy.theta.copy_(SURE)
    return strategy


def test_the_surest_edge_comes_first_and_never_keeps_none():
    strategy = sgas()
    assert strategy.decide() == (1, 2) and strategy.undecided() == [0, 2]
    found = dict([strategy.decide(), strategy.decide()])
    assert found == {0: 2, 2: 1}  # edge 2 likes "none" most: it keeps the next
    with pytest.raises(SettingError, match="every edge is decided"):
        strategy.decide()


def test_the_three_scores():
    p = torch.tensor([[0.5, 0.25, 0.25], [0.2, 0.8, 0.0]])
    assert torch.allclose(greedy.importance(p, 0), torch.tensor([0.5, 0.8]))
    assert torch.allclose(greedy.certainty(p, 0), torch.tensor([0.0, 1.0]), atol=1e-6)
    entropy = -(p[0] * p[0].log()).sum() / torch.tensor(3.0).log()
    assert float(greedy.certainty(p, None)[0]) == pytest.approx(1 - float(entropy), abs=1e-6)
    assert torch.allclose(greedy.stability(p, [p, torch.tensor([[1.0, 0.0, 0.0]] * 2)]), torch.tensor([0.75, 0.6]))
    assert not greedy.stability(p, []).any()
    assert torch.equal(greedy.normalised(torch.tensor([2.0, 4.0, 3.0])), torch.tensor([0.0, 1.0, 0.5]))
    assert not greedy.normalised(torch.full((3,), 7.0)).any()


def test_stability_counts_with_criterion_2():
    p = torch.softmax(SURE, 1)
    shaken = p.clone()
    shaken[1] = torch.tensor([1.0, 0.0, 0.0])  # where the edge that looks surest was just now
    strategy = sgas(criterion=2)
    strategy._noted = [(0.1, shaken)]
    assert strategy.decide()[0] != 1 and sgas(criterion=1).decide()[0] == 1


def test_decisions_are_spread_over_the_search():
    strategy = sgas(warm_up=0.2, last=0.2)
    counts = []
    for progress in (0.0, 0.19, 0.2, 0.49, 0.5, 0.79, 0.8, 1.0):
        strategy.progress = progress
        counts.append(strategy.due())
    assert counts == [0, 0, 1, 1, 2, 2, 3, 3]


def test_a_whole_search_decides_every_edge_and_keeps_to_it():
    net, seen = TinySupernet(), []

    class Watch(one.Hook):
        def after_epoch(self, run):
            seen.append(int((run.strategy.live.sum(1) == 1).sum()))
            return {"decided": seen[-1]}

    log = one.search(net, one.SGAS(net.choices, seed=0), TinyData(), epochs=10, progress=False, hooks=[Watch()])
    assert seen == sorted(seen) and seen[0] == 0 and seen[-1] == net.choices.edges
    assert log.frame["decided"].tolist() == seen and 0 not in log.derive()
    assert log.frame["entropy"].iloc[-1] == 0.0


def test_a_choice_of_ones_own_decides():
    strategy = sgas()
    strategy.choose = lambda edge: 1
    assert strategy.decide() == (1, 1)
    strategy.choose = lambda edge: 7
    with pytest.raises(SettingError, match="op=7"):
        strategy.decide()


def test_the_two_shares_fit_together():
    with pytest.raises(SettingError, match=r"last=0\.5.*expected at most 1"):
        one.SGAS(CHOICES, warm_up=0.7, last=0.5)
