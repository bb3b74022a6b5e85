"""DARTS's and NDS's networks: published counts, the cell as it is defined, each operation against torch's layers."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

import nascore as nc
from nascore.errors import SettingError
from nascore.networks import build, parameters
from nascore.networks.ops import Layer, operation
from nascore.networks.ops.standard import FactorizedReduction

SPACE = nc.spaces.DARTSSpace()
DARTS_V2 = SPACE.parse(
    "Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('sep_conv_3x3', 1), "
    "('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0), ('dil_conv_3x3', 2)], "
    "reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 1), ('max_pool_3x3', 0), "
    "('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)])"
)


def images(side, n=2):
    return torch.randn(n, 3, side, side, generator=torch.Generator().manual_seed(side))


def test_published_counts_of_darts_second_order():
    """3.3 M on CIFAR-10, 4.7 M on ImageNet (Liu et al., 2019, Tables 1 and 3); to the last one as the published code
    prints them."""
    assert parameters(SPACE, DARTS_V2) == parameters(SPACE, DARTS_V2, channels=36, cells=20) == 3_349_342
    assert parameters(SPACE, DARTS_V2, channels=48, cells=14, stem="imagenet") == 4_718_752


def test_a_network_computes_what_is_written():
    """Cell by cell from the genotype, with the network's own operations."""
    rng = np.random.default_rng(2)
    for space in (nc.spaces.NDSSpace("darts"), nc.spaces.NDSSpace("enas"), SPACE):
        arch = space.sample(rng)
        for stem in ("cifar", "imagenet"):
            net = build(space, arch, channels=4, cells=5, stem=stem, classes=3, statistics="batch")
            older, newer = net.stem(images(32))
            depth = 0
            for stage in net.stages:
                for cell in stage:
                    reduction = depth in (1, 3)
                    kind = "reduce" if reduction else "normal"
                    states = [cell.older(older), cell.newer(newer)]
                    pairs = space.cell(arch, kind)
                    assert states[0].shape == states[1].shape
                    for node in range(space.nodes):
                        total = 0
                        for i in (2 * node, 2 * node + 1):
                            total = total + cell.operations[i](states[pairs[i][1]])
                        states.append(total)
                    out = torch.cat([states[i] for i in space.concat(arch, kind)], 1)
                    assert torch.allclose(out, cell(older, newer), atol=1e-5)
                    assert out.shape[2] == -(-newer.shape[2] // (2 if reduction else 1))
                    older, newer, depth = newer, out, depth + 1
            assert depth == 5 and torch.allclose(net.head(newer.mean((2, 3))), net(images(32)), atol=1e-5)


def test_depth_and_width_are_the_architectures_or_the_callers():
    space = nc.spaces.NDSSpace("enas")
    arch = (*space.sample(np.random.default_rng(0))[:-2], 10, 48)
    net = build(space, arch)
    assert (net.depth, net.width, net.classes, net.halvings) == (10, 48, 1000, 5)
    net = build(space, arch, cells=6, channels=8, stem="cifar")
    assert (net.depth, net.width, net.classes, net.halvings) == (6, 8, 10, 2)
    assert build(nc.spaces.NDSSpace("enas-f", 6, 8), arch[:-2], classes=4).depth == 6


@pytest.mark.parametrize("stem, side, extra", [("cifar", 32, 128 * 2 + 768 * 2), ("imagenet", 224, 128 * 2)])
def test_the_auxiliary_head(stem, side, extra):
    options = {"channels": 4, "cells": 6, "stem": stem, "classes": 5}
    net = build(SPACE, DARTS_V2, auxiliary=True, statistics="batch", **options)
    logits, auxiliary = net.both_logits(images(side))
    assert logits.shape == auxiliary.shape == (2, 5) and torch.allclose(logits, net(images(side)))
    head = 64 * 128 + 128 * 768 * 4 + extra + 768 * 5 + 5
    assert parameters(SPACE, DARTS_V2, auxiliary=True, **options) - parameters(SPACE, DARTS_V2, **options) == head
    with pytest.raises(SettingError, match="auxiliary=False"):
        build(SPACE, DARTS_V2, **options).both_logits(images(side))
    same = build(SPACE, DARTS_V2, auxiliary=True, **options).state_dict()
    again = build(SPACE, DARTS_V2, auxiliary=True, **options).state_dict()
    assert all(torch.equal(same[key], again[key]) for key in same)


# -- operations -------------------------------------------------------------------------------------------------------
def half(channels, kernel, stride, dilation=1):
    """ReLU, depthwise, 1x1, normalisation of torch's own layers."""
    padding = dilation * (kernel // 2)
    return [
        nn.ReLU(),
        nn.Conv2d(channels, channels, kernel, stride, padding, dilation, channels, bias=False),
        nn.Conv2d(channels, channels, 1, bias=False),
        nn.BatchNorm2d(channels),
    ]


def stripes(channels, kernel, stride):
    return [
        nn.ReLU(),
        nn.Conv2d(channels, channels, (1, kernel), (1, stride), (0, kernel // 2), bias=False),
        nn.Conv2d(channels, channels, (kernel, 1), (stride, 1), (kernel // 2, 0), bias=False),
        nn.BatchNorm2d(channels),
    ]


THEIRS = {
    "sep_conv_3x3": lambda c, s: [*half(c, 3, s), *half(c, 3, 1)],
    "sep_conv_7x7": lambda c, s: [*half(c, 7, s), *half(c, 7, 1)],
    "dil_conv_3x3": lambda c, s: half(c, 3, s, 2),
    "dil_conv_5x5": lambda c, s: half(c, 5, s, 2),
    "dil_sep_conv_3x3": lambda c, s: [*half(c, 3, s, 2), *half(c, 3, 1, 2)],
    "conv_3x3": lambda c, s: [nn.ReLU(), nn.Conv2d(c, c, 3, s, 1, bias=False), nn.BatchNorm2d(c)],
    "conv_1x1": lambda c, s: [nn.ReLU(), nn.Conv2d(c, c, 1, s, bias=False), nn.BatchNorm2d(c)],
    "conv_7x1_1x7": lambda c, s: stripes(c, 7, s),
    "conv_3x1_1x3": lambda c, s: stripes(c, 3, s),
    "max_pool_3x3": lambda c, s: [nn.MaxPool2d(3, s, 1)],
    "max_pool_7x7": lambda c, s: [nn.MaxPool2d(7, s, 3)],
    "avg_pool_3x3": lambda c, s: [nn.AvgPool2d(3, s, 1, count_include_pad=False)],
    "conv3x3-bn-relu": lambda c, s: [nn.Conv2d(c, c, 3, s, 1, bias=False), nn.BatchNorm2d(c), nn.ReLU()],
    "maxpool3x3": lambda c, s: [nn.MaxPool2d(3, s, 1)],
}


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("name", THEIRS)
def test_an_operation_is_torchs_layers(name, stride):
    ours = operation(name).build(Layer(6, 6, stride, statistics="batch"))
    theirs = nn.Sequential(*THEIRS[name](6, stride))
    weights = [each for each in ours.parameters() if each.dim() > 1]
    layers = [each for each in theirs if isinstance(each, nn.Conv2d)]
    assert [each.shape for each in weights] == [each.weight.shape for each in layers]
    with torch.no_grad():
        for weight, layer in zip(weights, layers, strict=True):
            layer.weight.copy_(weight)
    for side in (8, 9):
        x = torch.randn(3, 6, side, side)
        assert torch.allclose(ours(x), theirs(x), atol=1e-5), side


def test_noise_is_noise():
    made = operation("noise").build(Layer(4, 4, 2))
    x = torch.zeros(8, 4, 9, 9)
    first, second = made(x), made(x)
    assert first.shape == (8, 4, 5, 5) and not torch.equal(first, second)
    assert float(first.std()) == pytest.approx(1, abs=0.1) and not list(made.parameters())


@pytest.mark.parametrize("side", [8, 7])
def test_a_factorised_reduction_reads_every_second_pixel_of_both_phases(side):
    made = FactorizedReduction(Layer(6, 5, 2, statistics="batch"))
    x = torch.randn(2, 6, side, side)
    padded = F.pad(F.relu(x), (0, side % 2, 0, side % 2))
    joined = torch.cat(
        [F.conv2d(padded[:, :, a::2, a::2], conv.weight) for a, conv in enumerate((made.near, made.far))], 1
    )
    assert made(x).shape == (2, 5, 4, 4)
    assert torch.allclose(made(x), F.batch_norm(joined, None, None, training=True), atol=1e-5)
    assert type(operation("skip_connect").build(Layer(6, 6, 2))) is FactorizedReduction


def test_strided_1x1_convolutions_on_few_channels_survive_a_backward_pass():
    """torch 2.13 writes outside its memory there when the channels are last; ours go around it."""
    for _ in range(20):
        made = FactorizedReduction(Layer(4, 4, 2, statistics="batch")).to(memory_format=torch.channels_last)
        x = torch.randn(3, 4, 8, 8).contiguous(memory_format=torch.channels_last).requires_grad_()
        made(x).square().sum().backward()
        assert torch.isfinite(x.grad).all()


@pytest.mark.parametrize(
    "name, layer, word",
    [
        ("max_pool_3x3", Layer(4, 6), "4 to 6"),
        ("skip_connect", Layer(4, 6), "stride"),
        ("skip_connect", Layer(4, 1, 2), "at least 2"),
    ],
    ids=range(3),
)
def test_what_cannot_be_placed_is_named(name, layer, word):
    with pytest.raises(SettingError, match=word):
        operation(name).build(layer)


@pytest.mark.parametrize("name", ["sep_conv_2x2", "sep_conv_3x5", "max_pool_1x1", "conv_7x1_1x3", "conv_1x1_1x1"])
def test_names_that_mean_nothing(name):
    with pytest.raises(SettingError, match="expected"):
        operation(name)


def test_a_users_operation_is_tried_in_these_cells_too():
    space = nc.spaces.TwoCellSpace(
        "mine", ("writes_in_place", "skip_connect"), 1, dict.fromkeys(("normal", "reduce"), ((0, 1),) * 2)
    )
    from nascore.networks.ops import Operation, register
    from nascore.networks.ops import registry as shelves

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shelves, "_makers", list(shelves._makers))
        register("writes_in_place", "x")(lambda name, match: Operation(name, lambda layer: nn.ReLU(inplace=True)))
        arch = (0, 0, 0, 1) * 2
        with pytest.raises(SettingError, match="writes into its input"):
            build(space, arch, channels=4, cells=3)
    shelves.operation.cache_clear()
    assert space.mutate(arch, random.Random(0)) in space
