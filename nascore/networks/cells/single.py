"""The cell of one architecture: only its own operations, each a module."""

from __future__ import annotations

import torch
from torch import nn

from nascore.networks.ops.fused import add
from nascore.networks.ops.registry import Layer, operation
from nascore.networks.ops.trial import module
from nascore.spaces.base import Arch
from nascore.spaces.cell import CellSpace


class SingleCell(nn.Module):
    """`arch` of `space` with `channels` in and out; (n, channels, h, w) to the same shape.

    Node 0 is the input, every later node the sum of its edges' operations, the last node the output. "none" is not
    computed; a node that nothing reaches is zero.
    """

    def __init__(
        self,
        space: CellSpace,
        arch: Arch,
        channels: int,
        statistics: str = "running",
        generator: torch.Generator | None = None,
    ):
        super().__init__()
        self.nodes = space.nodes
        kinds = [operation(space.ops[op]) for op in space.validate(arch)]
        # an edge without output, and what only hangs on it, is not there at all
        self.edges = [
            (pair, str(edge))
            for edge, (pair, kind) in enumerate(zip(space.pairs, kinds, strict=True))
            if kind.fused != "none"
        ]
        layer = Layer(channels, channels, statistics=statistics, generator=generator)
        self.operations = nn.ModuleDict({name: module(kinds[int(name)], layer) for _, name in self.edges})

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        nodes: list[torch.Tensor | None] = [x]
        for target in range(1, self.nodes):
            parts = [
                self.operations[name](nodes[source])
                for (source, end), name in self.edges
                if end == target and nodes[source] is not None
            ]
            nodes.append(add(parts) if parts else None)
        return torch.zeros_like(x) if nodes[-1] is None else nodes[-1]
