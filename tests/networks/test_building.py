"""One architecture as a network: build, parameters, and operations of one's own through the registry."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

import nascore as nc
from nascore.bench.naive_network import Network
from nascore.benchmarks.recipes.digits201.recipe import RECIPE
from nascore.data.nasbench201_raw import costs as nasbench201_costs
from nascore.errors import ArchitectureError, SettingError
from nascore.networks import Fleet, build, digits201_supernet, one_hot, parameters
from nascore.networks.ops import Layer, Operation, operation, register
from nascore.networks.ops import registry as ops_registry
from nascore.networks.supernets.cell import DIGITS201_WIDTHS, CellSupernet

SPACE = nc.spaces.NASBench201()
NB101 = nc.spaces.NASBench101()


def cells(count, seed=0):
    rng = np.random.default_rng(seed)
    return [SPACE.sample(rng) for _ in range(count)]


def test_parameters_are_those_of_the_benchmark():
    archs = cells(60)
    table = nasbench201_costs(np.array(archs))["params"]
    assert [parameters(SPACE, arch) for arch in archs] == table.astype(int).tolist()


def test_parameters_of_digits201_are_its_tables():
    bench = nc.benchmarks.load("digits201")
    skeleton = {"widths": RECIPE.widths, "cells": 1, "stem": 1, "inputs": 1, "reduction": "pooled"}
    for arch in cells(25, 1):
        assert parameters(SPACE, arch, **skeleton) == bench.cost(arch, "params")
    assert tuple(DIGITS201_WIDTHS) == RECIPE.widths


def test_a_built_network_computes_what_the_supernets_draw_does():
    """Same weights, gains of one: a supernet under a one-hot draw is the single network."""
    images = torch.randn(6, 1, 10, 10, generator=torch.Generator().manual_seed(0))
    for arch in [*cells(6, 2), (0,) * 6, (3, 0, 0, 0, 0, 0)]:
        supernet = digits201_supernet(seed=3).eval()
        net = build(
            SPACE, arch, widths=DIGITS201_WIDTHS, cells=1, stem=1, inputs=1, reduction="pooled", statistics="batch"
        ).eval()
        source, target = supernet.state_dict(), net.state_dict()
        for name in target:
            if ".operations." in name and name.endswith("1.weight"):  # stages.0.0.operations.<edge>.1.weight
                stage, cell, edge = (name.split(".")[i] for i in (1, 2, 4))
                target[name] = source[f"stages.{stage}.{cell}.kernels.{edge}_{arch[int(edge)]}"]
            elif name in source:
                target[name] = source[name]
        net.load_state_dict(target)
        with torch.no_grad():
            assert torch.allclose(net(images), supernet(images, one_hot(arch, 5)), atol=1e-5)


def test_it_equals_the_networks_that_trained_the_table():
    arch = (3, 1, 2, 4, 0, 3)
    fleet = Fleet([arch], RECIPE.widths)
    reference = Network(fleet, 0)
    net = build(SPACE, arch, widths=RECIPE.widths, cells=1, stem=1, inputs=1, reduction="pooled")
    assert sum(p.numel() for p in net.parameters()) == sum(p.numel() for p in reference.parameters())


def test_the_same_seed_builds_the_same_network_and_it_trains():
    arch = (3, 1, 2, 4, 0, 3)
    a, b, other = (build(SPACE, arch, channels=4, cells=1, classes=3, seed=s) for s in (1, 1, 2))
    assert all(torch.equal(p, q) for p, q in zip(a.parameters(), b.parameters(), strict=True))
    assert not torch.equal(a.stem[0].weight, other.stem[0].weight)
    images, labels = torch.randn(8, 3, 8, 8), torch.randint(3, (8,))
    assert a(images).shape == (8, 3)
    optimizer, losses = torch.optim.SGD(a.parameters(), 0.1), []
    for _ in range(12):
        loss = nn.functional.cross_entropy(a(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0] / 2


def test_features_are_the_outputs_of_the_stages_and_the_head_reads_the_last():
    images = torch.randn(4, 3, 9, 9, generator=torch.Generator().manual_seed(0))
    net = build(SPACE, (3, 1, 2, 4, 0, 3), channels=4, cells=2, classes=3, statistics="batch")
    found = net.features(images)
    assert [tuple(each.shape) for each in found] == [(4, 4, 9, 9), (4, 8, 5, 5), (4, 16, 3, 3)]
    assert torch.equal(net.head(net.last(found[-1]).relu().mean((2, 3))), net(images))
    x = net.stem(images)
    for cell in net.stages[0]:
        x = cell(x)
    assert torch.equal(x, found[0])
    with pytest.raises(SettingError, match="images of shape"):
        net.features(images[0])


def test_a_recurrent_cell_is_a_language_model():
    space = nc.spaces.RecurrentSpace()
    net = build(space, (1, 0, 4, 2, 3, 1), words=20, units=6)
    assert type(net).__name__ == "RecurrentNetwork"
    assert parameters(space, (1, 0, 4, 2, 3, 1), words=20, units=6) == sum(p.numel() for p in net.parameters())


@pytest.mark.parametrize(
    "make, error, word",
    [
        (lambda: build("nasbench201", (0,) * 6), SettingError, "space="),
        (lambda: build(SPACE, (0,) * 5), ArchitectureError, "expected a tuple"),
        (lambda: build(SPACE, (0,) * 6, colour=1), SettingError, "colour"),
        (lambda: build(SPACE, (0,) * 6, channels=0), SettingError, "channels=0"),
        (lambda: build(SPACE, (0,) * 6, cells=True), SettingError, "cells=True"),
        (lambda: build(SPACE, (0,) * 6, statistics="x"), SettingError, "statistics="),
        (lambda: build(nc.spaces.RecurrentSpace(), (0,) * 6), SettingError, "words"),
        (
            lambda: build(nc.spaces.MacroSpace(3, ("a", "b")), (0, 1, 0)),
            SettingError,
            "no network is known for MacroSpace",
        ),
        (lambda: build(nc.spaces.CellSpace(3, ("a", "b")), (0, 1, 0)), SettingError, "operation 'a'"),
        (lambda: build(NB101, NB101.sample(np.random.default_rng(0)), channels=1), SettingError, "channels=1: too few"),
    ],
    ids=range(10),
)
def test_what_cannot_be_built_is_named(make, error, word):
    with pytest.raises(error, match=word):
        make()


# -- operations of one's own ------------------------------------------------------------------------------------------
@pytest.fixture
def scaled(monkeypatch):
    """A new operation, registered for one test: its input times a learned number per channel."""
    monkeypatch.setattr(ops_registry, "_makers", list(ops_registry._makers))

    class Scaled(nn.Module):
        def __init__(self, layer: Layer, start: float):
            super().__init__()
            self.factor = nn.Parameter(torch.full((layer.outputs, 1, 1), start))

        def forward(self, x):
            return x * self.factor

    @register(r"scaled_(\d)", "scaled_N")
    def maker(name, match):
        return Operation(name, lambda layer: Scaled(layer, float(match[1])))

    yield
    ops_registry.operation.cache_clear()


def test_an_operation_of_ones_own_works_in_supernets_and_networks(scaled):
    space = nc.spaces.CellSpace(3, ("scaled_2", "nor_conv_3x3", "skip_connect"), "mine")
    net = CellSupernet(space, (4,), 1, inputs=1, seed=0)
    images = torch.randn(5, 1, 6, 6)
    with torch.no_grad():
        a = net(images, one_hot((0, 0, 0), 3))
        net.stages[0][0].modules_alone["0_0"].factor.mul_(0)
        net.stages[0][0].modules_alone["1_0"].factor.mul_(0)
        assert not torch.allclose(a, net(images, one_hot((0, 0, 0), 3)))
    strategy = nc.search.oneshot.DARTS(net.choices, seed=0)
    loss = net.loss((images, torch.randint(10, (5,))), strategy.draw())
    loss.backward()
    assert net.stages[0][0].modules_alone["2_0"].factor.grad is not None
    single = build(space, (0, 1, 2), channels=4, cells=1, inputs=1)
    assert single(images).shape == (5, 10)
    with pytest.raises(SettingError, match="scaled_N"):
        operation("unheard_of")


def test_choices_of_a_supernet_may_differ_from_edge_to_edge():
    names = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3")
    allowed = [names[1:], ("nor_conv_3x3", "none"), ("skip_connect", "nor_conv_1x1")]
    space = nc.spaces.CellSpace(3, names, "mixed", allowed)
    net = CellSupernet(space, (4,), 1, inputs=1)
    assert net.choices.allowed == space.allowed and net.choices.zero == 0
    assert set(net.stages[0][0].kernels) == {"0_2", "0_3", "1_3", "2_2"}
    data = [(torch.randn(4, 1, 6, 6), torch.randint(10, (4,))) for _ in range(2)]
    batches = type("Data", (), {"train": lambda self, epoch: data, "val": lambda self, epoch: data})()
    for name in nc.search.oneshot.available():
        strategy = getattr(nc.search.oneshot, name)(net.choices, seed=0, learning_rate=0.1)
        log = nc.search.oneshot.search(net, strategy, batches, 2, progress=False)
        assert log.derive() in space, name
