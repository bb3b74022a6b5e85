from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

import nascore as nc
from nascore.bench import naive_gennas
from nascore.errors import SettingError
from nascore.networks import build
from nascore.proxies.gennas import PUBLISHED_CODE, GenNAS, Settings, task
from nascore.proxies.gennas.descent import Adam, Momentum
from nascore.proxies.gennas.heads import nearest
from nascore.proxies.gennas.plain import plain_cells
from nascore.proxies.gennas.regression import fit
from nascore.proxies.gennas.targets import Problem
from tests.single_cells import CELLS, SPACE, images, network


@pytest.mark.parametrize(("cell", "name"), [*((cell, "search-n") for cell in CELLS), ("mixed", "combo")])
def test_fast_and_plain_mathematics_agree(cell, name):
    for settings in (
        Settings(iterations=4),
        Settings(iterations=2, decay=0.01, decayed="matrices", evaluation="batch"),
    ):
        expected = naive_gennas.score(network(CELLS[cell]), images(), name, 7, settings)
        found = GenNAS(name, settings.iterations, 4, settings=settings).loss(network(CELLS[cell]), images(), 7)
        assert found == pytest.approx(expected, rel=1e-9)


def test_plain_cells_are_plain_inside_only():
    made = network(CELLS["mixed"])
    before = {name: value.clone() for name, value in made.state_dict().items()}
    with plain_cells(made):
        assert len(made.state_dict()) < len(before)
        made.features(images())
    after = made.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[name], before[name]) for name in before if ".operations." in name)


@pytest.mark.parametrize("decayed", ["all", "matrices"])
def test_momentum_is_torchs(decayed):
    settings = Settings(rate=0.1, decay=0.05, decayed=decayed)
    torch.manual_seed(0)
    ours, theirs = ([torch.randn(3, 2, requires_grad=True), torch.randn(3, requires_grad=True)] for _ in range(2))
    for a, b in zip(ours, theirs, strict=True):
        b.data.copy_(a.data)
    groups = [{"params": theirs[:1]}, {"params": theirs[1:], "weight_decay": 0.05 if decayed == "all" else 0.0}]
    reference, mine = torch.optim.SGD(groups, 0.1, 0.9, weight_decay=0.05), Momentum(ours, settings)
    for step in range(5):
        gradients = [torch.randn(each.shape, generator=torch.Generator().manual_seed(step)) for each in ours]
        for each, gradient in zip(theirs, gradients, strict=True):
            each.grad = gradient.clone()
        reference.step()
        mine.step(gradients)
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b)


def test_adam_leaves_no_gradients():
    weight = torch.zeros(2, requires_grad=True)
    optimiser = Adam([weight], Settings(rate=0.1, optimiser="adam"))
    optimiser.step([torch.ones(2)])
    assert weight.grad is None and torch.allclose(weight, torch.full((2,), -0.1))


@pytest.mark.parametrize("side", [8, 5, 6])
def test_nearest_pixels(side):
    x = torch.randn(2, 3, 32, 32)
    assert torch.equal(nearest(x, side), nn.functional.interpolate(x, (side, side)))
    assert nearest(x, 32) is x


def test_the_loss_falls_and_can_be_watched():
    seen: list[tuple[int, float]] = []
    made = GenNAS("combo", 30, 16)
    left = made.loss(
        network(CELLS["mixed"], torch.float32), images(16, torch.float32), 0, lambda *each: seen.append(each)
    )
    assert [step for step, _ in seen] == list(range(1, 31)) and left < seen[-1][1] * 1.2 < seen[0][1]


def test_no_number_where_the_training_diverges():
    made = GenNAS("combo", 3, 4, settings=Settings(rate=1e30))
    assert math.isnan(made.loss(network(CELLS["all skip"], torch.float32), images(4, torch.float32), 0))
    with pytest.raises(nc.errors.Diverged):
        problem = Problem(task("combo"), torch.zeros(1), [torch.full((1,), math.inf)], torch.Generator())
        fit(lambda x: [x], (), problem, Settings(iterations=0))


def test_what_decides_a_score_is_in_its_identity():
    base = GenNAS("combo").identity()
    others = [
        GenNAS("single"),
        GenNAS("combo", 50),
        GenNAS("combo", batch=8),
        GenNAS("combo", cells="built"),
        GenNAS("combo", settings=PUBLISHED_CODE),
        GenNAS("combo", weights="xavier"),
        GenNAS("combo", bias="zero"),
    ]
    assert GenNAS(task("combo"), name="gennas-combo").identity() == base
    assert all(each.identity() != base for each in others)
    assert GenNAS("search-n").good(2.0) == -2.0


def test_the_heads_start_as_they_are_told():
    start = {first: GenNAS("combo", 0, 4, weights=first[0], bias=first[1]) for first in
             (("default", "default"), ("kaiming", "default"), ("xavier", "default"), ("default", "zero"))}  # fmt: skip
    made = network(CELLS["mixed"], torch.float32)
    losses = {each.loss(made, images(4, torch.float32), 0) for each in start.values()}
    assert len(losses) == 4  # without a step only the heads differ
    with pytest.raises(SettingError, match="recurrent cell"):
        GenNAS("combo-nlp", bias="zero")
    with pytest.raises(SettingError, match="weights='he'"):
        GenNAS("combo", weights="he")


def test_two_stages_small_images_one_colour():
    options = {"widths": (4, 8), "cells": 1, "stem": 1, "inputs": 1, "reduction": "pooled"}
    small = torch.rand(8, 1, 10, 10, generator=torch.Generator().manual_seed(0))
    values = [GenNAS(name, 3)(build(SPACE, CELLS["mixed"], **options), nc.proxies.as_batch(small)) for name in
              ("single", "combo", "search-n", "search-d", "search-r")]  # fmt: skip
    assert all(math.isfinite(value) for value in values) and len(set(values)) == 5


def test_sequences():
    space = nc.spaces.NASBenchNLP()
    arch = space.parse(space.format(space.sample(np.random.default_rng(0))))
    made = build(space, arch, words=20, units=12, embedding=8, layers=2)
    words = nc.proxies.as_batch(torch.zeros(8, 4, dtype=torch.long))
    before, after = (GenNAS("search-nlp", iterations)(made, words) for iterations in (0, 20))
    assert math.isfinite(after) and after < before


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: GenNAS("combos"), "did you mean combo"),
        (lambda: GenNAS("combo", -1), "iterations=-1"),
        (lambda: GenNAS("combo", batch=0), "batch=0"),
        (lambda: GenNAS("combo", cells="affine"), "cells='affine'"),
        (lambda: GenNAS("combo", settings={}), "settings="),
        (lambda: Settings(rate=0), "rate=0"),
        (lambda: Settings(momentum=1), "momentum=1"),
        (lambda: Settings(decayed="some"), "decayed='some'"),
        (lambda: Settings(evaluation="eval"), "evaluation='eval'"),
        (lambda: Settings(optimiser="lion"), "optimiser='lion'"),
        (lambda: GenNAS("combo")(nn.Linear(2, 2), nc.proxies.as_batch(torch.zeros(2, 3, 8, 8))), "no `features"),
        (lambda: GenNAS("search-nlp")(nn.Linear(2, 2), nc.proxies.as_batch(torch.zeros(2, 3, 8, 8))), "embedding"),
    ],
)
def test_what_is_wrong_is_named(call, words):
    with pytest.raises(SettingError, match=words):
        call()
