"""A cell with two inputs that computes any weighted mixture of the candidate operations on every edge."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import nn

from nascore.networks.ops.fused import add, add_constants, weighted_sum
from nascore.networks.ops.layers import BN_EPS, BN_MOMENTUM, DepthwiseConvolution, Norm
from nascore.networks.ops.registry import Layer, operation
from nascore.networks.ops.standard import FactorizedReduction, relu_conv_norm
from nascore.networks.ops.trial import module
from nascore.spaces.two_cells import edge_index

# up to so many channels a depthwise and a 1x1 convolution are faster as their product, a dense one; and further ones,
# each on a map of its own, side by side
DENSE, SIDE_BY_SIDE = 16, 8

Part = tuple[int, int, int]  # target node, edge, operation


class MixedPairCell(nn.Module):
    """One of DARTS's two cells as a supernet has it: (n, c, h, w) twice to (n, nodes * channels, h, w), half the sides
    where `reduction`. Nodes add the weighted operations on the edges from all earlier states; the output joins them.

    `edge_ops`: the operations on each edge, target-major; `ops`: all names, in the order of the mixing weights;
    `first`: the place of this cell's first edge among them. Other parameters as PairCell's. Normalisation has no gain
    and no shift and is by the batch; a pooling is followed by one.

    `partial`: only one of so many channels goes through the operations, the rest passes by (at stride 2 behind a max
    pooling of 2 x 2), and the channels are shuffled (PC-DARTS; DrNAS's progressive search).

    Read literally each operation is a module of its own, and so its weights are kept. Rearrangements that leave the
    numbers as they are: what does not depend on weights (ReLU, pooling and its normalisation) is computed once per
    state; nothing stands between a depthwise convolution and the 1x1 behind it, so that their product is one
    convolution, the same for all edges that leave a state; and a mixing weight is the gain of its operation's last
    normalisation.
    """

    def __init__(
        self,
        edge_ops: Sequence[Sequence[str]],
        ops: Sequence[str],
        first: int,
        inputs: tuple[int, int],
        channels: int,
        *,
        reduction: bool,
        halve: bool,
        generator: torch.Generator,
        partial: int = 1,
    ):
        super().__init__()
        self.nodes = next(n for n in range(1, 13) if edge_index(0, n) == len(edge_ops))
        self.first, self.channels, self.partial, self.reduction = first, channels, partial, reduction
        self.outputs, self.own = self.nodes * channels, channels // partial
        plain = Layer(channels, channels, affine=False, statistics="batch", generator=generator)
        older, newer = (replace(plain, inputs=count) for count in inputs)
        self.older = FactorizedReduction(replace(older, stride=2)) if halve else relu_conv_norm(older, 1)
        self.newer = relu_conv_norm(newer, 1)
        self.kinds = tuple(operation(name) for name in ops)
        self.operations = nn.ModuleDict()
        layer = replace(plain, inputs=self.own, outputs=self.own)
        for node in range(self.nodes):
            for state in range(node + 2):
                edge = edge_index(state, node)
                for op, kind in enumerate(self.kinds):
                    if ops[op] in edge_ops[edge] and kind.fused != "none":
                        self.operations[f"{edge}_{op}"] = module(kind, replace(layer, stride=self._stride(state)))
        self.pools = frozenset(op for op, name in enumerate(ops) if "_pool_" in name)

    def forward(
        self,
        older: torch.Tensor,
        newer: torch.Tensor,
        weights: torch.Tensor,
        active: Sequence[Sequence[int]],
        plain: Sequence[Sequence[bool]],
        constants: bool = False,
    ) -> torch.Tensor:
        """`weights` (edges of all cells, ops), `active` and `plain` as in MixedCell."""
        mixture = _Mixture(self, weights, active, plain)
        states = [self.older(older), self.newer(newer)]
        for state in range(2):
            mixture.leave(state, states[state])
        for node in range(self.nodes):
            states.append(self._node(node, states, mixture, constants))
            if node + 1 < self.nodes:
                mixture.leave(node + 2, states[-1])
        return torch.cat(states[2:], 1)

    def _node(self, node: int, states: list[torch.Tensor], mixture: _Mixture, constants: bool) -> torch.Tensor:
        y = mixture.arrive(node)
        if y is None:
            height, width = (-(-side // self._stride(0)) for side in states[0].shape[2:])
            y = states[0].new_zeros(len(states[0]), self.own, height, width)
        if constants:
            absent = mixture.absent(node)
            if absent:
                y = add_constants(y, torch.stack(absent).sum())
        if self.partial == 1:
            return y
        rest = add([self._around(states[state], self._stride(state)) for state in range(node + 2)])
        joined = torch.cat([y, rest], 1)
        n, _, height, width = joined.shape
        mixed = joined.view(n, self.partial, self.own, height, width).transpose(1, 2)
        return mixed.reshape(n, self.channels, height, width)

    def _stride(self, state: int) -> int:
        return 2 if self.reduction and state < 2 else 1

    def _around(self, x: torch.Tensor, stride: int) -> torch.Tensor:
        rest = x[:, self.own :]
        return F.max_pool2d(rest, 2, 2, ceil_mode=True) if stride == 2 else rest


class _Mixture:
    """One pass through a cell: what has arrived at each node so far."""

    def __init__(self, cell: MixedPairCell, weights, active, plain):
        self.cell, self.weights, self.active, self.plain = cell, weights, active, plain
        self.done: dict[int, list[torch.Tensor]] = defaultdict(list)  # weighted already
        self.open: dict[int, tuple[list, list]] = defaultdict(lambda: ([], []))  # weights, and what they belong to

    def leave(self, state: int, x: torch.Tensor) -> None:
        """Send state `state` along all its edges."""
        cell = self.cell
        x = x if cell.partial == 1 else x[:, : cell.own]
        groups: dict[tuple, list[Part]] = defaultdict(list)
        pooled: dict[int, torch.Tensor] = {}
        for node in range(max(0, state - 1), cell.nodes):
            edge = edge_index(state, node)
            for op in self.active[cell.first + edge]:
                name = f"{edge}_{op}"
                if name not in cell.operations:  # none
                    continue
                made, kind = cell.operations[name], cell.kinds[op]
                shape = _separable(made)
                if shape:
                    groups[shape].append((node, edge, op))
                elif isinstance(made, FactorizedReduction):
                    groups["reduced",].append((node, edge, op))
                elif op in cell.pools:
                    if op not in pooled:
                        pooled[op] = F.batch_norm(made(x), None, None, None, None, True, BN_MOMENTUM, BN_EPS)
                    self._add(node, edge, op, pooled[op])
                else:
                    self._add(node, edge, op, x if kind.fused == "skip_connect" else made(x))
        if groups:
            positive = F.relu(x)
            for shape, parts in groups.items():
                (self._reduce if shape == ("reduced",) else self._convolve)(positive, parts)

    def _add(self, node: int, edge: int, op: int, x: torch.Tensor) -> None:
        self.open[node][0].append(self.weights[self.cell.first + edge, op])
        self.open[node][1].append(x)

    def arrive(self, node: int) -> torch.Tensor | None:
        """The sum of what was sent to a node; None where nothing was."""
        parts = self.done.pop(node, [])
        weights, values = self.open.pop(node, ([], []))
        if values:
            parts.append(weighted_sum(weights, values))
        return add(parts) if parts else None

    def absent(self, node: int) -> list[torch.Tensor]:
        """Weights of the operations on a node's edges that are not active."""
        edges = [self.cell.first + edge_index(state, node) for state in range(node + 2)]
        return [self.weights[e, op] for e in edges for op in range(len(self.cell.kinds)) if op not in self.active[e]]

    def _gain(self, parts: list[Part], channels: int) -> tuple[torch.Tensor | None, torch.Tensor | None]:
        """Mixing weights as the gain of a normalisation of all parts side by side, and a shift of 0."""
        first = self.cell.first
        if all(self.plain[first + edge][op] for _, edge, op in parts):
            return None, None
        gain = torch.stack([self.weights[first + edge, op] for _, edge, op in parts]).repeat_interleave(channels)
        return gain, torch.zeros_like(gain)

    def _finish(self, y: torch.Tensor, parts: list[Part]) -> None:
        """Normalise, weight, and hand the parts to their nodes."""
        own = self.cell.own
        y = F.batch_norm(y, None, None, *self._gain(parts, own), True, BN_MOMENTUM, BN_EPS)
        for (node, _, _), part in zip(parts, (y,) if len(parts) == 1 else y.split(own, 1), strict=True):
            self.done[node].append(part)

    def _modules(self, parts: list[Part]) -> list:
        return [self.cell.operations[f"{edge}_{op}"] for _, edge, op in parts]

    def _reduce(self, x: torch.Tensor, parts: list[Part]) -> None:
        """FactorizedReduction of all edges at once; x is behind the ReLU."""
        made = self._modules(parts)
        near, far = made[0].halves(x)
        both = [
            F.conv2d(half, torch.cat([getattr(each, name).weight for each in made])).chunk(len(made), 1)
            for half, name in ((near, "near"), (far, "far"))
        ]
        self._finish(torch.cat([part for pair in zip(*both, strict=True) for part in pair], 1), parts)

    def _convolve(self, x: torch.Tensor, parts: list[Part]) -> None:
        """Separable convolutions of one kind on all edges; x is behind the ReLU."""
        made = self._modules(parts)
        depthwise, own = made[0][1], self.cell.own
        padding = depthwise.dilation * (depthwise.weight.shape[-1] // 2)
        options = {"stride": depthwise.stride, "dilation": depthwise.dilation, "padding": padding}
        if own <= DENSE:
            kernels = [each[2].weight * each[1].weight.transpose(0, 1) for each in made]
            y = F.conv2d(x, torch.cat(kernels), **options)
        else:
            y = torch.cat([each[2](each[1](x)) for each in made], 1)
        if len(made[0]) > 4:
            y = F.relu(F.batch_norm(y, None, None, None, None, True, BN_MOMENTUM, BN_EPS))
            if own <= SIDE_BY_SIDE:
                second = torch.cat([each[5].weight for each in made])
                y = F.conv2d(y, second, padding=second.shape[-1] // 2 * made[0][5].dilation,
                             dilation=made[0][5].dilation, groups=len(second))  # fmt: skip
                y = F.conv2d(y, torch.cat([each[6].weight for each in made]), groups=len(made))
            else:
                rows = zip(made, y.split(own, 1), strict=True)
                y = torch.cat([each[6](each[5](part)) for each, part in rows], 1)
        self._finish(y, parts)


def _separable(made: nn.Module) -> tuple | None:
    """What two separable convolutions must have in common to be computed together: how often, window, dilation; None
    for any other module."""
    if not isinstance(made, nn.Sequential) or len(made) not in (4, 8):
        return None
    if not isinstance(made[1], DepthwiseConvolution) or not isinstance(made[-1], Norm) or made[-1].gain is not None:
        return None
    return len(made), made[1].weight.shape[-1], made[1].dilation
