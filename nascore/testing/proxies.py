"""What every proxy has to do, whatever it measures."""

from __future__ import annotations

import copy
import functools
import math
import random
from typing import cast

import numpy as np
import pytest
import torch
from torch import nn

from nascore.errors import SettingError
from nascore.networks.building import build
from nascore.networks.initial import initialise
from nascore.proxies.batch import Batch, images_of
from nascore.proxies.registry import Proxy
from nascore.proxies.scoring import score
from nascore.spaces.base import Space
from nascore.spaces.nasbench201 import NASBench201

# the smallest images and networks that have all that larger ones have: two stages, a reduction, every operation
OPTIONS = {"widths": (4, 8), "cells": 1, "stem": 1, "inputs": 1, "reduction": "pooled"}
NONE, SKIP, MIXED, OTHER = (0,) * 6, (1,) * 6, (3, 1, 2, 4, 3, 2), (2, 3, 0, 1, 4, 3)
SAME_FOR = ("wrapped", "reordered", "renumbered")


@functools.cache
def pool():
    """40 made-up images with labels."""
    generator = torch.Generator().manual_seed(7)
    return images_of((torch.randn(40, 1, 10, 10, generator=generator), torch.arange(40) % 10))


def network_of(arch, seed: int = 0) -> nn.Module:
    """Its network with the weights that `score` gives it."""
    return initialise(build(NASBench201(), arch, **OPTIONS, seed=seed), seed=seed)


class Around(nn.Module):
    """A network within another module."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.inner = network

    def forward(self, images):
        return self.inner(images)

    def features(self, images):
        return self.inner.features(images)


def renumbered(network: nn.Module) -> nn.Module:
    """The same function with the cell's two inner nodes in the other order; only for cells without the edge between
    them. The weights move along."""
    swap = (1, 0, 2, 3, 5, 4)  # of the edges 0>1, 0>2, 1>2, 0>3, 1>3, 2>3 where nodes 1 and 2 change places
    space, cell = cast(Space, network.space), cast(tuple, network.arch)
    arch = tuple(cell[edge] for edge in swap)
    other = build(space, arch, **OPTIONS)
    values = {}
    for name, value in network.state_dict().items():
        head, found, tail = name.partition(".operations.")
        if found:
            edge, rest = tail.split(".", 1)
            name = f"{head}{found}{swap.index(int(edge))}.{rest}"
        values[name] = value
    other.load_state_dict(values)
    return other


class ProxyConformance:
    """Override `make`; `same_for`: what a score must not depend on: "wrapped": the modules around the network,
    "reordered": the order of the images, "renumbered": the order of nodes that do the same. Leave out what yours may
    depend on because it draws numbers in that order, or splits the images."""

    same_for: tuple[str, ...] = SAME_FOR
    images = 8
    rounding = 1e-3

    def make(self) -> Proxy:
        """Your proxy, with settings that make it quick."""
        raise NotImplementedError("override make() so that it returns your proxy")

    def batch(self, seed: int = 0) -> Batch:
        return pool().draw(self.images, seed)

    def close(self, value: float):
        return pytest.approx(value, rel=self.rounding, abs=1e-7)

    def test_it_says_what_it_is(self):
        made = self.make()
        assert isinstance(made, Proxy) and isinstance(made.name, str) and made.name
        assert type(made.higher_is_better) is bool and type(made.labels) is bool
        assert made.batch is None or made.batch >= 1
        assert made.good(2.0) == (2.0 if made.higher_is_better else -2.0)
        assert made.name in repr(made)

    @pytest.mark.parametrize("arch", [NONE, SKIP, MIXED, OTHER], ids=["none", "skip", "mixed", "other"])
    def test_a_number_for_every_cell_also_the_emptiest(self, arch):
        found = self.make()(network_of(arch), self.batch())
        assert type(found) is float and math.isfinite(found)

    def test_the_same_again_from_the_same_seed(self):
        network = network_of(MIXED)
        first = self.make()(network, self.batch())
        torch.rand(3), np.random.rand(3), random.random()
        assert self.make()(network, self.batch()) == first
        assert self.make()(copy.deepcopy(network), self.batch()) == first

    def test_the_same_in_another_process(self):
        options = {"seeds": [3], "batch": self.images, "progress": False, **OPTIONS}
        here, there = (
            score(NASBench201(), [MIXED, NONE], [self.make()], pool(), workers=workers, **options) for workers in (1, 2)
        )
        assert here.score.tolist() == there.score.tolist() and not here.error.any()

    def test_nothing_is_left_behind(self):
        network = network_of(MIXED, 1)
        network.eval()
        kept = list(network.parameters())[-1].requires_grad_(False)
        for parameter in network.parameters():
            parameter.grad = torch.full_like(parameter, 0.5)
        before = {name: value.clone() for name, value in network.state_dict().items()}
        torch.manual_seed(5), np.random.seed(5), random.seed(5)
        expected = torch.rand(1).item(), np.random.rand(), random.random()
        torch.manual_seed(5), np.random.seed(5), random.seed(5)
        batch, threads = self.batch(), torch.get_num_threads()
        images, labels = batch.images.clone(), batch.labels.clone()
        self.make()(network, batch)
        assert (torch.rand(1).item(), np.random.rand(), random.random()) == expected, "global random numbers"
        assert torch.get_num_threads() == threads and torch.is_grad_enabled()
        assert not any(module.training for module in network.modules()), "modes"
        after = network.state_dict()
        assert list(after) == list(before)
        for name, value in before.items():
            assert after[name].dtype == value.dtype and torch.equal(after[name], value), name
        for parameter in network.parameters():
            assert bool((parameter.grad == 0.5).all()) and parameter.requires_grad == (parameter is not kept)
        for module in network.modules():
            assert not (module._forward_hooks or module._forward_pre_hooks or module._backward_hooks), "hooks"
        assert torch.equal(batch.images, images) and torch.equal(batch.labels, labels), "the batch"
        assert not batch.images.requires_grad and batch.images.grad is None, "the batch"

    def test_a_network_within_another_module(self):
        if "wrapped" not in self.same_for:
            pytest.skip("not promised")
        network, made = network_of(MIXED), self.make()
        assert made(Around(network), self.batch()) == self.close(made(network, self.batch()))

    def test_images_in_another_order(self):
        if "reordered" not in self.same_for:
            pytest.skip("not promised")
        batch, made = self.batch(), self.make()
        order = torch.randperm(len(batch), generator=torch.Generator().manual_seed(1))
        other = Batch(batch.images[order], batch.labels[order], batch.source)
        assert made(network_of(MIXED), other) == self.close(made(network_of(MIXED), batch))

    def test_nodes_in_another_order(self):
        if "renumbered" not in self.same_for:
            pytest.skip("not promised")
        network, made = network_of((3, 2, 0, 4, 3, 1)), self.make()
        other = renumbered(network)
        batch = self.batch()
        torch.testing.assert_close(other(batch.images), network(batch.images), rtol=1e-4, atol=1e-4)
        assert made(other, batch) == self.close(made(network, batch))

    def test_labels_are_asked_for(self):
        made, images = self.make(), self.batch().images
        if made.labels:
            with pytest.raises(SettingError, match="labels"):
                made(network_of(MIXED), Batch(images))
        else:
            assert math.isfinite(made(network_of(MIXED), Batch(images, None, images_of(images))))
