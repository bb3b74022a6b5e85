"""A supernet as one would write it down: a module per operation, each computed by itself (Equation 1 read literally).

It takes its weights from a `CellSupernet` of NAS-Bench-201's skeleton, so that both must give the same numbers.
"""

from __future__ import annotations

import copy

import torch
import torch.nn.functional as F
from torch import nn

from nascore.networks.cells.mixed import MixedCell
from nascore.networks.choices import Draw
from nascore.networks.supernets.cell import CellSupernet


class Zero(nn.Module):
    def forward(self, x):
        return x.mul(0.0)


def _operation(cell: MixedCell, edge: int, op: int) -> nn.Module:
    kind = cell.operations[op]
    if kind.fused == "nor_conv":
        convolution = nn.Conv2d(cell.channels, cell.channels, kind.kernel, padding=kind.kernel // 2, bias=False)
        convolution.weight.data.copy_(cell.kernels[f"{edge}_{op}"].data)
        norm = nn.BatchNorm2d(cell.channels, affine=False, track_running_stats=False)
        return nn.Sequential(nn.ReLU(), convolution, norm)
    if kind.fused == "avg_pool":
        return nn.AvgPool2d(kind.kernel, 1, kind.kernel // 2, count_include_pad=False)
    return nn.Identity() if kind.fused == "skip_connect" else Zero()


class NaiveCell(nn.Module):
    def __init__(self, cell: MixedCell):
        super().__init__()
        self.pairs, self.nodes = cell.pairs, cell.nodes
        self.edges = nn.ModuleList(
            nn.ModuleList(_operation(cell, edge, op) for op in range(len(cell.operations)))
            for edge in range(len(cell.pairs))
        )

    def forward(self, x, draw: Draw):
        nodes = [x]
        for target in range(1, self.nodes):
            nodes.append(
                sum(
                    draw.weights[edge, op] * self.edges[edge][op](nodes[source])
                    for edge, (source, end) in enumerate(self.pairs)
                    if end == target
                    for op in draw.active[edge]
                )
            )
        return nodes[-1]


class NaiveSupernet(nn.Module):
    """The weights are copies; stem, reductions and head are the same modules in both, in this one's layout."""

    def __init__(self, net: CellSupernet):
        super().__init__()
        self.stem, self.reductions, self.last, self.head = (
            copy.deepcopy(m).to(memory_format=torch.contiguous_format)
            for m in (net.stem, net.reductions, net.last, net.head)
        )
        self.stages = nn.ModuleList(nn.ModuleList(NaiveCell(cell) for cell in stage) for stage in net.stages)
        self.to(net.head.weight.dtype)

    def forward(self, images, draw: Draw):
        x = self.stem(images)
        for number, stage in enumerate(self.stages):
            if number:
                x = self.reductions[number - 1](x)
            for cell in stage:
                x = cell(x, draw)
        return self.head(F.relu(self.last(x)).mean((2, 3)))

    def loss(self, batch, draw: Draw):
        images, labels = batch
        logits = self(images, draw)
        return F.cross_entropy(logits.float() if logits.dtype is torch.bfloat16 else logits, labels)
