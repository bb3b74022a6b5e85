"""Training derived networks: what the recipe does, drop-path, cutout, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

import nascore as nc
from nascore.errors import Diverged, SettingError
from nascore.networks import ImageData, build
from nascore.networks.training.images import PAPER, Recipe, evaluate, train

SPACE = nc.spaces.DARTSSpace("s2")
ARCH = SPACE.sample(np.random.default_rng(0))
PLAIN = Recipe(epochs=3, learning_rate=0.05, drop_path=0.0, auxiliary=0.0)


def data(seed=0, **options):
    """Bright and dark images, which a network can tell apart."""
    g = torch.Generator().manual_seed(seed)
    labels = torch.randint(2, (64,), generator=g)
    images = torch.randn(64, 3, 8, 8, generator=g) * 0.3 + labels[:, None, None, None].float()
    return ImageData((images, labels), (images, labels), **{"batch": 16, "seed": seed, **options})


def network(**options):
    return build(SPACE, ARCH, **{"channels": 4, "cells": 3, "classes": 2, "seed": 1, **options})


def test_it_learns_and_repeats():
    made, same = network(), network()
    found = train(made, data(), PLAIN)
    assert found == train(same, data(), PLAIN)
    assert found[-1]["loss"] < found[0]["loss"] and len(found) == 3
    images, labels = data().pools["val"]
    assert evaluate(made, images, labels)["accuracy"] > 90 and made.training
    assert math.isclose(evaluate(made, images, labels, 7)["loss"], evaluate(made, images, labels)["loss"], rel_tol=1e-5)


def test_the_rate_falls_to_zero_and_the_first_step_is_plain_sgd():
    made, once = network(), network()
    steps = data(batch=64)
    train(made, steps, Recipe(1, 0.1, 0.0, 0.0, None, 0.0, 0.0))
    images, labels = next(iter(steps.train(0)))
    torch.nn.functional.cross_entropy(once.train()(images), labels).backward()
    for after, before in zip(made.parameters(), once.parameters(), strict=True):
        if before.grad is not None:
            assert torch.allclose(after, before - 0.1 * before.grad, atol=1e-6)


def test_dropped_paths_are_missing_in_training_only_and_scaled():
    made = network().train()
    images = torch.randn(400, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    cell = made.stages[0][0]
    made.drop_paths(0.5)
    x = torch.ones(4000, 1, 1, 1)
    torch.manual_seed(0)
    dropped = cell._dropped(x, torch.nn.ReLU())
    assert set(dropped.unique().tolist()) == {0.0, 2.0} and abs(float(dropped.mean()) - 1) < 0.1
    assert torch.equal(cell._dropped(x, torch.nn.Identity()), x)
    torch.manual_seed(0)
    first = made(images)
    assert not torch.equal(first, made(images))
    made.eval()
    assert torch.equal(made(images), made(images))
    train(made, data(), Recipe(2, 0.05, drop_path=0.4, auxiliary=0.0))
    assert cell.drop_path == 0.2  # half of the way
    with pytest.raises(SettingError, match="probability=1"):
        made.drop_paths(1.0)


def test_the_second_head_learns_too():
    made = build(SPACE, ARCH, channels=2, cells=6, auxiliary=True, classes=2)
    g = torch.Generator().manual_seed(0)
    pool = torch.randn(16, 3, 32, 32, generator=g), torch.randint(2, (16,), generator=g)
    before = made.auxiliary.head.weight.clone()
    train(made, ImageData(pool, pool, batch=8), Recipe(1, drop_path=0.1))
    assert not torch.equal(made.auxiliary.head.weight, before)


def test_a_square_of_every_image_is_cut_out():
    plain, cut = data(), data(cutout=4)
    (images, labels), (holes, same) = next(iter(plain.train(0))), next(iter(cut.train(0)))
    assert torch.equal(labels, same) and cut.settings["cutout"] == 4 and "cutout" not in plain.settings
    gone = (holes == 0).all(1)
    assert torch.equal(holes[~gone[:, None].expand_as(holes)], images[~gone[:, None].expand_as(images)])
    sides = gone.any(2).sum(1), gone.any(1).sum(1)
    assert all(2 <= int(side) <= 4 for both in sides for side in both)
    assert (sides[0] * sides[1] == gone.sum((1, 2))).all()
    assert torch.equal(next(iter(cut.val(0)))[0], next(iter(plain.val(0)))[0])


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Recipe(0), SettingError, "epochs=0"),
        (lambda: Recipe(drop_path=1.0), SettingError, "drop_path=1"),
        (lambda: data(cutout=9), SettingError, "cutout=9"),
        (lambda: train(network(), data()), SettingError, "auxiliary=0.4"),
        (lambda: train(build(nc.spaces.NASBench201(), (3,) * 6, channels=2, cells=1, classes=2), data()),
         SettingError, "drop_path=0.2"),
        (lambda: train(network(), None), SettingError, "data="),
        (lambda: train(network(), data(), Recipe(2, 1e30, drop_path=0, auxiliary=0, clip=None)), Diverged, "loss of"),
    ],
    ids=range(7),
)  # fmt: skip
def test_wrong_input_is_named(make, error, words):
    with pytest.raises(error, match=words):
        make()


def test_the_paper_profile_is_darts_evaluation():
    assert PAPER.settings() == {
        "epochs": 600,
        "learning_rate": 0.025,
        "momentum": 0.9,
        "decay": 3e-4,
        "clip": 5.0,
        "drop_path": 0.2,
        "auxiliary": 0.4,
    }
