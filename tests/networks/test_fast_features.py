"""The same features and gradients with fewer passes over memory."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import nascore as nc
from nascore.networks import build
from nascore.networks.cells.fast import fast_features

SPACE = nc.spaces.NASBench201()
CELLS = {
    "all none": (0,) * 6,
    "all skip": (1,) * 6,
    "all 3x3": (3,) * 6,
    "dead ends": SPACE.parse("|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|nor_conv_1x1~2|"),
    "cut off": SPACE.parse("|none~0|+|nor_conv_1x1~0|avg_pool_3x3~1|+|none~0|nor_conv_3x3~1|skip_connect~2|"),
    "mixed": SPACE.parse(
        "|nor_conv_1x1~0|+|avg_pool_3x3~0|nor_conv_3x3~1|+|avg_pool_3x3~0|skip_connect~1|nor_conv_1x1~2|"
    ),
    "pools": SPACE.parse(
        "|avg_pool_3x3~0|+|avg_pool_3x3~0|avg_pool_3x3~1|+|avg_pool_3x3~0|skip_connect~1|avg_pool_3x3~2|"
    ),
}


def images(count: int = 4, dtype=torch.float64) -> torch.Tensor:
    return torch.randn(count, 3, 32, 32, generator=torch.Generator().manual_seed(1), dtype=dtype)


def network(arch, dtype=torch.float64, **options) -> nn.Module:
    return build(SPACE, arch, **{"channels": 4, "cells": 2, "statistics": "running", **options}).to(dtype)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("statistics", ["batch", "running"])
def test_fast_features_are_the_networks(cell, statistics):
    one, two = (network(CELLS[cell], statistics=statistics) for _ in range(2))
    found, expected = fast_features(one)(images()), two.features(images())
    for a, b in zip(found, expected, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-9)
    for x in (found, expected):
        total = torch.stack([(each**2).sum() for each in x]).sum()
        if total.requires_grad:  # zero whatever the weights are, where nothing leads through the cells
            total.backward()
    for a, b in zip(one.parameters(), two.parameters(), strict=True):
        if a.grad is None:  # left out: nothing depends on it
            assert b.grad is None or not b.grad.any()
        else:
            torch.testing.assert_close(a.grad, b.grad, rtol=1e-6, atol=1e-6)


def test_a_network_of_other_parts_keeps_its_own_features():
    class Other(nn.Module):
        def features(self, x):
            return (x, x)

    made = Other()
    assert fast_features(made) == made.features
