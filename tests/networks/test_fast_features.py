"""The same features and gradients with fewer passes over memory."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from nascore.networks.cells.fast import fast_features
from tests.single_cells import CELLS, images, network


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
