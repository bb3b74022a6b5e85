"""First weights by rule: PyTorch's own, Kaiming, Xavier; biases; what stays; the same on every call."""

from __future__ import annotations

import math
import random

import pytest
import torch
from torch import nn

import nascore as nc
from nascore.errors import SettingError
from nascore.networks import build, initialise

SPACE = nc.spaces.NASBench201()
ARCH = (3, 1, 2, 4, 0, 3)


def network(seed=0):
    return build(SPACE, ARCH, channels=16, cells=1, seed=seed)


def test_default_is_what_torchs_own_layers_start_with():
    """Same mean and variance, layer by layer, as nn.Conv2d and nn.Linear."""
    net = initialise(network())
    for name, weight in net.named_parameters():
        if weight.dim() == 4 and weight.numel() > 2000:
            theirs = nn.Conv2d(weight.shape[1], weight.shape[0], weight.shape[2]).weight
            bound = 1 / math.sqrt(weight[0].numel())
            assert weight.abs().max() <= bound and theirs.abs().max() <= bound, name
            assert weight.abs().max() > 0.98 * bound and float((weight.std() / theirs.std()).detach()) == pytest.approx(
                1, abs=0.05
            )
    assert 0 < net.head.bias.abs().max() <= 1 / math.sqrt(net.head.in_features)


@pytest.mark.parametrize("weights, gain", [("kaiming", 2.0), ("xavier", 1.0)])
def test_normal_rules(weights, gain):
    net = initialise(network(), weights)
    for _, weight in net.named_parameters():
        if weight.dim() >= 2 and weight.numel() > 2000:
            inside, outside = weight[0].numel(), weight[:, 0].numel()
            variance = gain / inside if weights == "kaiming" else 2 * gain / (inside + outside)
            assert float(weight.detach().var()) == pytest.approx(variance, rel=0.12)


def test_biases_are_drawn_or_zero_and_normalisations_stay():
    layer = nn.Sequential(nn.Conv2d(4, 8, 3), nn.BatchNorm2d(8), nn.Embedding(5, 3), nn.Linear(8, 2))
    embedding = layer[2].weight.clone()
    with torch.no_grad():
        layer[1].weight.fill_(2.0)
        layer[1].bias.fill_(3.0)
    initialise(layer, bias="default")
    assert 0 < layer[0].bias.abs().max() <= 1 / 6 and 0 < layer[3].bias.abs().max() <= 1 / math.sqrt(8)
    initialise(layer, bias="zero")
    assert not layer[0].bias.any() and not layer[3].bias.any()
    assert (layer[1].weight == 2).all() and (layer[1].bias == 3).all() and torch.equal(layer[2].weight, embedding)


def test_squeeze_and_excitation_has_its_biases_drawn():
    space = nc.spaces.EfficientNetMacro()
    net = build(space, space.sample(random.Random(0)), classes=10)
    blocks = [module for module in net.modules() if hasattr(module, "squeeze_bias")]
    initialise(net)
    assert blocks and all(block.squeeze_bias.abs().max() > 0 for block in blocks)
    initialise(net, bias="zero")
    assert not any(block.squeeze_bias.any() for block in blocks)


def test_the_seed_decides_alone():
    a, b = initialise(network(0), seed=3), initialise(network(1), seed=3)
    assert all(torch.equal(p, q) for p, q in zip(a.parameters(), b.parameters(), strict=True))
    other, state = initialise(network(0), seed=4), torch.random.get_rng_state()
    assert not torch.equal(other.stem[0].weight, a.stem[0].weight)
    initialise(a)
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize(
    "make, word",
    [
        (lambda: initialise("net"), "network="),
        (lambda: initialise(network(), "he"), "weights="),
        (lambda: initialise(network(), bias="one"), "bias="),
        (lambda: initialise(network(), seed=-1), "seed="),
    ],
    ids=range(4),
)
def test_what_is_wrong_is_named(make, word):
    with pytest.raises(SettingError, match=word):
        make()
