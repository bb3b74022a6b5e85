"""What all image networks have in common: features, the head on the last of them, seeds, layouts, options by name."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import nascore as nc
from nascore.errors import SettingError
from nascore.networks import build, flops, parameters, work

SMALL = {"channels": 4, "cells": 3}
# space, options of a small network, channels of the features, and how much smaller the first of them is than the image
NETWORKS = {
    "nasbench101": (nc.spaces.NASBench101(), {"channels": 8, "cells": 1}, (8, 16, 32), 1),
    "nasbench201": (nc.spaces.NASBench201(), {"channels": 4, "cells": 1}, (4, 8, 16), 1),
    "macro": (nc.spaces.NASBenchMacro(), {}, (64, 128, 256), 2),
    "darts": (nc.spaces.DARTSSpace(), SMALL, (16, 32, 64), 1),
    "s4": (nc.spaces.DARTSSpace("s4", none=True), {**SMALL, "auxiliary": False}, (16, 32, 64), 1),
    "nds-darts": (nc.spaces.NDSSpace("darts"), {**SMALL, "stem": "cifar", "classes": 10}, (16, 32, 64), 1),
    "nds-pnas": (nc.spaces.NDSSpace("pnas-f", 6, 32), {**SMALL, "classes": 10}, (20, 40, 80), 8),
    "resnet": (nc.spaces.ResNetSpace(), {}, None, 1),
    "resnet-in": (nc.spaces.ResNetSpace("resnet-in"), {"classes": 10}, None, 4),
    "vanilla": (nc.spaces.ResNetSpace("vanilla"), {"classes": 10}, None, 1),
    "resnext-a": (nc.spaces.ResNetSpace("resnext-a"), {"classes": 10}, None, 8),
}


def case(name):
    space, options, widths, factor = NETWORKS[name]
    if isinstance(space, nc.spaces.ResNetSpace):  # a shallow one
        arch = tuple(values[min(1, len(values) - 1)] for values in space.values)
        widths = tuple(stage.width for stage in space.stages(arch))
    else:
        arch = space.sample(np.random.default_rng(len(name)))
    return space, arch, options, widths, factor


def images(side, n=3):
    return torch.randn(n, 3, side, side, generator=torch.Generator().manual_seed(side))


@pytest.mark.parametrize("side", [32, 37])
@pytest.mark.parametrize("name", NETWORKS)
def test_features_of_images_of_every_size(name, side):
    space, arch, options, widths, factor = case(name)
    net = build(space, arch, **options).eval()
    with torch.no_grad():
        torch.manual_seed(0)  # for noise
        found = net.features(images(side))
        torch.manual_seed(0)
        logits = net(images(side))
        assert torch.equal(net.classify(found[-1]), logits) and logits.shape == (3, 10)
    sides = [-(-side // (factor << stage)) for stage in range(len(widths))]
    assert [tuple(each.shape) for each in found] == [(3, w, s, s) for w, s in zip(widths, sides, strict=True)]


@pytest.mark.parametrize("name", NETWORKS)
def test_every_parameter_is_trained_or_hangs_on_nothing(name):
    space, arch, options, *_ = case(name)
    net = build(space, arch, **options, statistics="batch")
    net(images(32)).square().sum().backward()
    grads = [each.grad for each in net.parameters()]
    assert all(torch.isfinite(grad).all() for grad in grads if grad is not None)
    if name in ("macro", "resnet", "vanilla", "resnext-a", "nasbench101"):  # where nothing can be cut off
        assert all(grad is not None for grad in grads)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_seed_gives_one_network_and_layouts_the_same_numbers(name):
    space, arch, options, *_ = case(name)
    first, same, other = (build(space, arch, **options, seed=seed).state_dict() for seed in (4, 4, 5))
    assert all(torch.equal(first[key], same[key]) for key in first)
    assert any(not torch.equal(first[key], other[key]) for key in first)
    nets = [build(space, arch, **options, statistics="batch", channels_last=flag) for flag in (True, False)]
    if "noise" not in space.format(arch):
        with torch.no_grad():
            assert torch.allclose(nets[0](images(32)), nets[1](images(32)), atol=1e-3)


@pytest.mark.parametrize("name", NETWORKS)
def test_counts_are_those_of_the_built_network_and_leave_nothing(name):
    space, arch, options, *_ = case(name)
    net = build(space, arch, **options)
    assert parameters(space, arch, **options) == sum(each.numel() for each in net.parameters())
    found = []

    def conv2d(x, weight, *rest, **kwargs):
        out = real(x, weight, *rest, **kwargs)
        found.append(weight.numel() * out.shape[2] * out.shape[3])
        return out

    state = torch.random.get_rng_state()
    counted = flops(space, arch, side=37, **options)
    assert torch.equal(torch.random.get_rng_state(), state)
    real = torch.nn.functional.conv2d
    with pytest.MonkeyPatch.context() as patch, torch.no_grad():
        patch.setattr(torch.nn.functional, "conv2d", conv2d)
        net.eval()(images(37, 1))
    assert counted == sum(found) + net.head.weight.numel()
    assert found and work(space, arch, side=37, **options)[:2] == (sum(found), net.head.weight.numel())


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("option", [{"clases": 3}, {"classes": 1}, {"inputs": 0}, {"statistics": "no"}, {"seed": -1}])
def test_wrong_options_are_named(name, option):
    space, arch, options, *_ = case(name)
    with pytest.raises(SettingError, match=next(iter(option))):
        build(space, arch, **{**options, **option})


@pytest.mark.parametrize(
    "name, option",
    [
        ("nasbench101", {"channels": 0}),
        ("nasbench101", {"cells": True}),
        ("nasbench101", {"stem": 3}),
        ("macro", {"channels": 3}),
        ("darts", {"cells": 2}),
        ("darts", {"channels": 1}),
        ("darts", {"stem": "mnist"}),
        ("darts", {"auxiliary": 1}),
        ("resnet", {"stem": 3}),
        ("resnet", {"cells": 3}),
    ],
    ids=lambda part: part if isinstance(part, str) else "-".join(part),
)
def test_wrong_options_of_one_network_are_named(name, option):
    space, arch, options, *_ = case(name)
    with pytest.raises(SettingError, match=next(iter(option))):
        build(space, arch, **{**options, **option})


@pytest.mark.parametrize("option", [{"side": 0}, {"colour": 2}], ids=["side", "colour"])
def test_wrong_options_of_flops_are_named(option):
    with pytest.raises(SettingError, match=next(iter(option))):
        flops(nc.spaces.NASBench201(), (0,) * 6, **option)


def test_flops_need_a_network_of_images():
    space = nc.spaces.RecurrentSpace()
    with pytest.raises(SettingError, match="does not take images"):
        flops(space, (1,) * 6, words=5, units=3)


def test_work_of_a_network_by_hand():
    """NAS-Bench-201's skeleton of width 1 with one cell a stage: a pooling on each direct edge."""
    found = work(nc.spaces.NASBench201(), (0, 0, 0, 4, 0, 0), channels=1, cells=1, side=8)
    reductions = [9 * a * b * s * s + 9 * b * b * s * s + a * b * s * s for a, b, s in ((1, 2, 4), (2, 4, 2))]
    assert found.convolutions == 27 * 64 + sum(reductions) and found.linear == 40
    assert found.normalised == 64 + 2 * 2 * 16 + 2 * 4 * 4 + 4 * 4
    assert found.activated == 64 + 2 * 16 + 2 * 16 + 4 * 4 + 4 * 4
    assert found.pooled == 9 * (64 + 2 * 16 + 4 * 4) + 4 * 16 + 2 * 4 * 4


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize(
    "batch", [None, torch.zeros(2, 1, 8, 8), torch.zeros(3, 8, 8), torch.zeros(2, 3, 8, 8).double()]
)
def test_wrong_images_are_named(name, batch):
    space, arch, options, *_ = case(name)
    net = build(space, arch, **options)
    for call in (net, net.features):
        with pytest.raises(SettingError, match="images"):
            call(batch)


def test_one_line_says_what_it_is():
    space, arch, options, *_ = case("darts")
    assert repr(build(space, arch, **options)).startswith(
        "<TwoCellNetwork of darts-s5: 3 cells, 4 channels, 10 classes, "
    )
