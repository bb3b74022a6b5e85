"""DARTS's search network as one would write it down: a module of PyTorch's per operation, each computed by itself.

It takes its weights from a `TwoCellSupernet`, so that both must give the same numbers.
"""

from __future__ import annotations

import copy

import torch
import torch.nn.functional as F
from torch import nn

from nascore.networks.cells.mixed_pairs import MixedPairCell
from nascore.networks.choices import Draw
from nascore.networks.ops.layers import Convolution, DepthwiseConvolution, Norm
from nascore.networks.supernets.two_cells import TwoCellSupernet
from nascore.spaces.two_cells import edge_index


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, affine=False, track_running_stats=False)


def _layer(made: nn.Module) -> nn.Module:
    """PyTorch's own layer in place of ours, with the same weights."""
    if isinstance(made, Norm):
        return nn.BatchNorm2d(1, affine=False, track_running_stats=False)
    if isinstance(made, DepthwiseConvolution):
        channels, _, kernel, _ = made.weight.shape
        padding = made.dilation * (kernel // 2)
        layer = nn.Conv2d(channels, channels, kernel, made.stride, padding, made.dilation, channels, bias=False)
    elif isinstance(made, Convolution):
        outputs, inputs, kernel, _ = made.weight.shape
        layer = nn.Conv2d(inputs, outputs, kernel, made.stride, kernel // 2, bias=False)
    else:
        return copy.deepcopy(made)
    layer.weight.data = made.weight.data.clone(memory_format=torch.contiguous_format)
    return layer


class NaiveCell(nn.Module):
    def __init__(self, cell: MixedPairCell, ops: tuple[str, ...]):
        super().__init__()
        self.older, self.newer = (
            copy.deepcopy(each).to(memory_format=torch.contiguous_format) for each in (cell.older, cell.newer)
        )
        self.nodes, self.first, self.partial, self.own = cell.nodes, cell.first, cell.partial, cell.own
        self.reduction = cell.reduction
        self.operations = nn.ModuleDict()
        for name, made in cell.operations.items():
            op = ops[int(name.split("_")[1])]
            if isinstance(made, nn.Sequential):
                layers = [_layer(each) for each in made]
            else:
                layers = [copy.deepcopy(made).to(memory_format=torch.contiguous_format)]
            self.operations[name] = nn.Sequential(*layers, *([_norm(cell.own)] if "_pool_" in op else []))

    def forward(self, older, newer, draw: Draw):
        states = [self.older(older), self.newer(newer)]
        for node in range(self.nodes):
            arrived = []
            for state, x in enumerate(states):
                edge = edge_index(state, node)
                stride = 2 if self.reduction and state < 2 else 1
                mixed = F.avg_pool2d(x[:, : self.own], 1, stride, 0, ceil_mode=True) * 0.0
                for op in draw.active[self.first + edge]:
                    if f"{edge}_{op}" in self.operations:
                        made = self.operations[f"{edge}_{op}"]
                        mixed = mixed + draw.weights[self.first + edge, op] * made(x[:, : self.own])
                if self.partial > 1:
                    rest = x[:, self.own :]
                    rest = F.max_pool2d(rest, 2, 2, ceil_mode=True) if stride == 2 else rest
                    mixed = F.channel_shuffle(torch.cat([mixed, rest], 1), self.partial)
                arrived.append(mixed)
            states.append(sum(arrived))
        return torch.cat(states[2:], 1)


class NaiveTwoCells(nn.Module):
    """The weights are copies."""

    def __init__(self, net: TwoCellSupernet):
        super().__init__()
        self.stem, self.head = (
            copy.deepcopy(each).to(memory_format=torch.contiguous_format) for each in (net.stem, net.head)
        )
        cells = [cell for stage in net.stages for cell in stage]
        self.cells = nn.ModuleList(NaiveCell(cell, net.choices.ops) for cell in cells)
        self.to(net.head.weight.dtype)

    def forward(self, images, draw: Draw):
        older, newer = self.stem(images)
        for cell in self.cells:
            older, newer = newer, cell(older, newer, draw)
        return self.head(newer.mean((2, 3)))

    def loss(self, batch, draw: Draw):
        return F.cross_entropy(self(batch[0], draw), batch[1])
