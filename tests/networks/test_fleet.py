"""Training many networks side by side gives what training each alone gives."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from nascore.errors import NascoreError
from nascore.networks.fleet import Fleet
from nascore.spaces import NASBench201

SPACE = NASBench201()
ARCHS = [
    (3, 1, 2, 4, 3, 1),
    (3, 2, 0, 1, 1, 4),
    (1, 0, 3, 3, 3, 2),
    (4, 4, 4, 4, 4, 4),
    (0, 3, 1, 2, 0, 1),
    (1, 1, 1, 1, 1, 1),
    (0, 0, 0, 0, 0, 0),
]


class Plain(nn.Module):
    """One network written down edge by edge, with PyTorch's own layers."""

    def __init__(self, fleet: Fleet, place: int):
        super().__init__()
        self.arch, self.place, self.fleet = fleet.archs[place], place, fleet

    def fused(self, module, x, place, relu):
        width = len(module.weight) // module.count
        rows = slice(place * width, (place + 1) * width)
        x = F.relu(x) if relu else x
        x = F.conv2d(x, module.weight[rows], padding=module.kernel // 2)
        return F.batch_norm(x, None, None, module.gain[rows], module.shift[rows], True)

    def forward(self, x):
        fleet = self.fleet
        x = self.fused(fleet.stem, x, self.place, relu=False)
        for number, stage in enumerate(fleet.stages):
            if number:
                x = self.fused(
                    fleet.reductions[number - 1], F.avg_pool2d(F.relu(x), 2, ceil_mode=True), self.place, relu=False
                )
            nodes = [x]
            for target in range(1, 4):
                total = torch.zeros_like(x)
                for edge, (source, end) in enumerate(SPACE.pairs):
                    op = SPACE.ops[self.arch[edge]]
                    if end != target or op == "none":
                        continue
                    if op == "skip_connect":
                        total = total + nodes[source]
                    elif op == "avg_pool_3x3":
                        total = total + F.avg_pool2d(nodes[source], 3, 1, 1, count_include_pad=False)
                    else:
                        members = next(members for name, members, _ in stage.plan[edge] if name == op)
                        module = stage.convolutions[f"{edge}_{op}"]
                        total = total + self.fused(module, nodes[source], members.index(self.place), relu=True)
                nodes.append(total)
            x = nodes[-1]
        width = len(fleet.last.gain) // fleet.networks
        rows = slice(self.place * width, (self.place + 1) * width)
        x = F.batch_norm(x, None, None, fleet.last.gain[rows], fleet.last.shift[rows], True)
        return F.relu(x).mean((2, 3)) @ fleet.weight[self.place] + fleet.bias[self.place]


def test_outputs_and_gradients_equal_a_network_written_edge_by_edge():
    torch.manual_seed(0)
    fleet, images = Fleet(ARCHS, (4, 6), seed=3, dtype=torch.float64).double(), torch.randn(8, 1, 7, 7).double()
    fleet(images).square().sum().backward()
    found = {name: parameter.grad.clone() for name, parameter in fleet.named_parameters() if parameter.grad is not None}
    fleet.zero_grad()
    together = fleet(images)
    alone = torch.stack([Plain(fleet, place)(images) for place in range(len(ARCHS))], 1)
    assert torch.allclose(together, alone, atol=1e-10)
    alone.square().sum().backward()
    for name, grad in found.items():
        assert torch.allclose(grad, dict(fleet.named_parameters())[name].grad, atol=1e-8), name


def test_a_network_starts_and_ends_as_it_would_alone():
    images, labels = torch.randn(32, 1, 6, 6), torch.randint(10, (32,))

    def trained(archs):
        fleet = Fleet(archs, (4, 4), seed=5)
        optimizer = torch.optim.SGD(fleet.parameters(), 0.1, momentum=0.9)
        for _ in range(3):
            loss = F.cross_entropy(fleet(images).flatten(0, 1), labels.repeat_interleave(len(archs)), reduction="sum")
            optimizer.zero_grad()
            (loss / len(images)).backward()
            optimizer.step()
        return fleet.eval()(images).detach()

    together = trained(ARCHS)
    for place, arch in enumerate(ARCHS):
        assert torch.allclose(together[:, place], trained([arch])[:, 0], atol=1e-4), arch


def test_the_seed_decides_the_weights():
    first, second, other = (Fleet(ARCHS[:2], seed=seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["stem.weight"], other["stem.weight"])


@pytest.mark.parametrize("archs", [[], [(9, 0, 0, 0, 0, 0)], [(0, 0)]])
def test_bad_architectures_are_named(archs):
    with pytest.raises(NascoreError):
        Fleet(archs)


def test_groups_of_any_shape_are_found():
    rng = np.random.default_rng(0)
    archs = [SPACE.sample(rng) for _ in range(9)]
    assert Fleet(archs)(torch.randn(4, 1, 10, 10)).shape == (4, 9, 10)
