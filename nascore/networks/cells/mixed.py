"""A cell that computes any weighted mixture of its candidate operations, and only those that are active."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from nascore import checks
from nascore.networks.ops.fused import add, add_constants, average_pool, weighted_sum
from nascore.networks.ops.layers import BN_EPS, BN_MOMENTUM, STATISTICS, kaiming
from nascore.networks.ops.registry import Layer, operation
from nascore.networks.ops.trial import module
from nascore.spaces.cell import CellSpace


class MixedCell(nn.Module):
    """One cell of `space` with `channels` in and out; on every edge the weighted sum of the active operations.

    Four rearrangements leave the numbers as they are (Equation 1 read literally computes each operation by itself):
    one ReLU per feature map serves all convolutions that read it; convolutions of one size that read the same map are
    one convolution; a mixing weight is the gain of its operation's batch normalisation, which has none of its own;
    average pooling, being linear, pools the weighted sum of a node's inputs once. An operation without a fused form is
    computed by its own module.

    `statistics`: "batch": normalisation always by the batch, also in evaluation. "running": in training by the batch
    while averages are kept, in evaluation by the averages.
    """

    def __init__(
        self, space: CellSpace, channels: int, statistics: str = "batch", generator: torch.Generator | None = None
    ):
        super().__init__()
        checks.one_of("statistics", statistics, STATISTICS)
        self.pairs, self.nodes, self.channels = space.pairs, space.nodes, channels
        self.operations = tuple(operation(name) for name in space.ops)
        self.running = statistics == "running"
        self.kernels, self.modules_alone = nn.ParameterDict(), nn.ModuleDict()
        layer = Layer(channels, channels, affine=False, statistics=statistics, generator=generator)
        for edge in range(len(self.pairs)):
            for op, kind in enumerate(self.operations):
                if op not in space.allowed[edge]:
                    continue
                if kind.fused == "nor_conv":
                    self.kernels[f"{edge}_{op}"] = kaiming(channels, channels, kind.kernel, generator)
                elif not kind.fused:
                    self.modules_alone[f"{edge}_{op}"] = module(kind, layer)
        if self.running:
            shape = len(self.pairs), len(space.ops), channels
            self.register_buffer("mean", torch.zeros(shape))
            self.register_buffer("var", torch.ones(shape))

    def forward(
        self,
        x: torch.Tensor,
        weights: torch.Tensor,
        active: Sequence[Sequence[int]],
        plain: Sequence[Sequence[bool]],
        constants: bool = False,
    ) -> torch.Tensor:
        """x (n, channels, h, w) to the same shape; `weights` (edges, ops); `plain` says which weights are one and
        need no gradient. `constants`: operations that are not active add their weight, 0, times ones."""
        nodes: list[torch.Tensor | None] = [x]
        normalised: dict[int, list[torch.Tensor]] = defaultdict(list)  # by target node
        self._convolve(0, x, weights, active, plain, normalised)
        for target in range(1, self.nodes):
            y = self._node(target, nodes, weights, active, normalised.pop(target, []))
            if constants:
                absent = [
                    weights[edge, op]
                    for edge, (_, end) in enumerate(self.pairs)
                    if end == target
                    for op in range(len(self.operations))
                    if op not in active[edge]
                ]
                if absent:
                    y = add_constants(torch.zeros_like(x) if y is None else y, torch.stack(absent).sum())
            nodes.append(y)
            if y is not None and target + 1 < self.nodes:
                self._convolve(target, y, weights, active, plain, normalised)
        return torch.zeros_like(x) if nodes[-1] is None else nodes[-1]

    def _convolve(self, source, x, weights, active, plain, normalised) -> None:
        """All convolutions that read x, node `source`, into `normalised`."""
        by_kernel = defaultdict(list)
        for edge, (start, target) in enumerate(self.pairs):
            if start == source:
                for op in active[edge]:
                    if self.operations[op].fused == "nor_conv":
                        by_kernel[self.operations[op].kernel].append((edge, op, target))
        if by_kernel:
            x = F.relu(x)
        for size, group in by_kernel.items():
            kernels = [self.kernels[f"{edge}_{op}"] for edge, op, _ in group]
            y = F.conv2d(x, kernels[0] if len(kernels) == 1 else torch.cat(kernels), padding=size // 2)
            y = self._normalise(y, group, weights, plain)
            for (_, _, target), part in zip(group, (y,) if len(group) == 1 else y.split(self.channels, 1), strict=True):
                normalised[target].append(part)

    def _normalise(self, y, group, weights, plain):
        gain = shift = None
        if not all(plain[edge][op] for edge, op, _ in group):
            gain = torch.stack([weights[edge, op] for edge, op, _ in group]).repeat_interleave(self.channels)
            shift = torch.zeros_like(gain)
        if not self.running:
            return F.batch_norm(y, None, None, gain, shift, True, BN_MOMENTUM, BN_EPS)
        rows = torch.tensor([[edge for edge, _, _ in group], [op for _, op, _ in group]], device=y.device)
        mean, var = self.mean[rows[0], rows[1]].flatten(), self.var[rows[0], rows[1]].flatten()
        y = F.batch_norm(y, mean, var, gain, shift, self.training, BN_MOMENTUM, BN_EPS)
        if self.training:
            self.mean[rows[0], rows[1]] = mean.view(-1, self.channels)
            self.var[rows[0], rows[1]] = var.view(-1, self.channels)
        return y

    def _node(self, target, nodes, weights, active, parts):
        """Sum of what arrives at `target`; None where nothing does."""
        skipped, pooled = ([], []), defaultdict(lambda: ([], []))
        for edge, (source, end) in enumerate(self.pairs):
            if end != target or nodes[source] is None:
                continue
            for op in active[edge]:
                kind = self.operations[op]
                if kind.fused in ("none", "nor_conv"):
                    continue
                into, part = skipped, nodes[source]
                if kind.fused == "avg_pool":
                    into = pooled[kind.kernel]
                elif not kind.fused:
                    part = self.modules_alone[f"{edge}_{op}"](part)
                into[0].append(weights[edge, op])
                into[1].append(part)
        parts = parts + [average_pool(weighted_sum(*inputs), kernel) for kernel, inputs in pooled.items()]
        if skipped[1]:
            parts.append(weighted_sum(*skipped))
        return add(parts) if parts else None
