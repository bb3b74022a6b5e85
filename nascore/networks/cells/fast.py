"""The features of a network of stacked single cells, computed with fewer passes over memory and the same parameters.

Beside `network.features`: what no path leads through is left out (a node that nothing reaches, an operation whose
output is read by none), one ReLU per feature map serves all convolutions that read it, a 1x1 convolution is a matrix
product, average pooling is a depthwise convolution of the sum of what is pooled. Meant for repeated training steps of
one network; hooks on the single operations see nothing of it. Tried and left out, because slower or no faster here:
convolutions of one map as one convolution, networks side by side as grouped ones, Winograd's 3x3, oneDNN's layout.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from nascore.networks.cells.single import SingleCell
from nascore.networks.ops.fused import add, average_pool
from nascore.networks.ops.layers import Convolution, Norm
from nascore.networks.skeletons import StackedCells

Features = Callable[[torch.Tensor], tuple[torch.Tensor, ...]]


def fast_features(network: nn.Module) -> Features:
    """`network.features`, by the way above where the network is made of single cells.

    It holds the network's own modules: what is trained by the one is trained for the other.
    """
    stages = list(getattr(network, "stages", ()))
    single = all(
        isinstance(stage, nn.ModuleList) and all(type(cell) is SingleCell for cell in stage) for stage in stages
    )
    if not isinstance(network, StackedCells) or not single:
        return network.features  # type: ignore[return-value]  # a module's attribute
    plans = [[Plan(cell) for cell in stage] for stage in stages]
    return partial(network.through, plans)


class Plan:
    """What a cell computes, in order."""

    def __init__(self, cell: SingleCell):
        self.last = cell.nodes - 1
        edges: list[tuple[tuple[int, int], Any]] = [(pair, cell.operations[name]) for pair, name in cell.edges]
        reached, read = {0}, {self.last}
        for (source, target), _ in edges:  # sorted by target
            if source in reached:
                reached.add(target)
        for (source, target), _ in reversed(edges):
            if target in read:
                read.add(source)
        live = [edge for edge in edges if edge[0][0] in reached and edge[0][1] in read]
        self.targets = [
            (target, [(source, module) for (source, end), module in live if end == target])
            for target in range(1, cell.nodes)
            if target in reached and target in read
        ]

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        nodes: dict[int, torch.Tensor] = {0: x}
        positive: dict[int, torch.Tensor] = {}
        for target, edges in self.targets:
            parts, pooled = [], defaultdict(list)
            for source, module in edges:
                if isinstance(module, nn.Identity):
                    parts.append(nodes[source])
                elif _pools(module):
                    pooled[module.kernel_size].append(nodes[source])
                elif _convolves(module):
                    if source not in positive:
                        positive[source] = F.relu(nodes[source])
                    _, convolution, norm = module
                    parts.append(norm(convolve(positive[source], convolution)))
                else:
                    parts.append(module(nodes[source]))
            parts += [average_pool(add(some), kernel) for kernel, some in pooled.items()]
            nodes[target] = add(parts)
        return nodes[self.last] if self.last in nodes else torch.zeros_like(x)


def convolve(x: torch.Tensor, convolution: Convolution) -> torch.Tensor:
    """The convolution; one pixel wide and channels last it is a matrix product."""
    weight, pixels = convolution.weight, x.permute(0, 2, 3, 1)
    if weight.shape[2:] != (1, 1) or convolution.stride != 1 or not pixels.is_contiguous():
        return convolution(x)
    return F.linear(pixels, weight.flatten(1)).permute(0, 3, 1, 2)


def _pools(module: Any) -> bool:
    return isinstance(module, nn.AvgPool2d) and module.stride == 1 and not module.count_include_pad


def _convolves(module: Any) -> bool:
    kinds = (nn.ReLU, Convolution, Norm)
    return isinstance(module, nn.Sequential) and tuple(type(each) for each in module) == kinds
