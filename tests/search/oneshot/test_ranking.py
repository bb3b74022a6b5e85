"""SharedRanking: the correlation it reports, and that the search does not notice it."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

import nascore as nc
from nascore.errors import SettingError
from nascore.networks.choices import one_hot
from nascore.search.oneshot.hooks.ranking import _spearman
from nascore.testing.strategies import TinyData, TinySupernet

one = nc.search.oneshot


def search(hooks=(), epochs=4):
    net = TinySupernet()
    strategy = one.RandomSharing(net.choices, seed=0)
    return one.search(net, strategy, TinyData(), epochs, progress=False, hooks=hooks)


def test_it_reports_the_rank_correlation_of_the_shared_losses():
    net = TinySupernet()
    archs = [tuple((e * k + k) % len(net.choices.ops) for e in range(net.choices.edges)) for k in range(5)]
    batches = list(TinyData().val(0))
    values = [3.0, 1.0, 2.0, 5.0, 4.0]
    hook = one.SharedRanking(archs, values, batches, every=2)
    log = search([hook])
    found = log.frame["shared_spearman"].tolist()
    assert math.isnan(found[0]) and math.isnan(found[2])
    ops = len(net.choices.ops)
    losses = [np.mean([log.run.supernet.measures(b, one_hot(a, ops))["loss"] for b in batches]) for a in archs]
    assert found[3] == pytest.approx(spearmanr(-np.array(losses), values)[0])
    assert log.frame["shared_loss"].iloc[3] == pytest.approx(np.mean(losses))


def test_the_search_does_not_notice_it():
    net = TinySupernet()
    archs = [tuple(k % len(net.choices.ops) for _ in range(net.choices.edges)) for k in range(3)]
    plain, watched = search(), search([one.SharedRanking(archs, [1.0, 2.0, 3.0], list(TinyData().val(0)))])
    assert plain.frame["train_loss"].tolist() == watched.frame["train_loss"].tolist()
    assert np.array_equal(plain.probabilities, watched.probabilities)


def test_ties_share_their_rank_and_constants_have_none():
    a, b = torch.tensor([1.0, 2.0, 2.0, 4.0]), torch.tensor([1.0, 3.0, 2.0, 4.0])
    assert _spearman(a, b) == pytest.approx(spearmanr(a, b)[0])
    assert math.isnan(_spearman(torch.ones(4), b))


@pytest.mark.parametrize(
    "wrong, named",
    [
        ({"archs": [(0, 0)], "values": [1.0]}, "three or more"),
        ({"values": [1.0, 2.0]}, "one value for each"),
        ({"batches": []}, "batches is empty"),
        ({"every": 0}, "every=0"),
        ({"values": ["a", "b", "c"]}, "values"),
    ],
)
def test_bad_settings_are_named(wrong, named):
    right = {"archs": [(0, 0), (1, 1), (0, 1)], "values": [1.0, 2.0, 3.0], "batches": [None]}
    with pytest.raises(SettingError, match=named):
        one.SharedRanking(**{**right, **wrong})
