"""NAS-Bench-101's cell: operations on the vertices of a graph, the output's channels split over what feeds it."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from nascore.errors import SettingError
from nascore.networks.ops.registry import Layer, operation
from nascore.networks.ops.vertex import conv_norm_relu
from nascore.spaces.base import Arch
from nascore.spaces.nasbench101 import NASBench101
from nascore.spaces.nasbench101.cost import channels
from nascore.spaces.nasbench101.graphs import edges


class VertexCell(nn.Module):
    """`arch` from `inputs` to `outputs` channels; (n, inputs, h, w) to (n, outputs, h, w).

    A vertex adds what its sources give, each cut to the vertex's channels, and the cell's input behind a 1x1
    convolution. The output joins the vertices that feed it; the cell's input, where it feeds the output too, is added
    behind a 1x1 convolution. Convolutions are followed by normalisation and ReLU.
    """

    def __init__(
        self,
        space: NASBench101,
        arch: Arch,
        inputs: int,
        outputs: int,
        statistics: str = "running",
        generator: torch.Generator | None = None,
    ):
        super().__init__()
        pairs = edges(arch[0], len(arch) + 1)
        self.last = last = len(arch)
        has = {(x, y): np.array([(x, y) in pairs]) for y in range(last + 1) for x in range(y)}
        self.widths = [int(width[0]) for width in channels(last + 1, has, outputs, 1)]
        self.sources = {v: [x for x, y in pairs if y == v and x] for v in range(1, last + 1)}
        if not all(self.widths[1:]):  # an output's channel for each vertex that feeds it
            raise SettingError(f"channels={outputs}: too few for this cell, expected {len(self.sources[last])} or more")
        self.projections, self.operations = nn.ModuleDict(), nn.ModuleDict()
        for vertex in range(1, last + 1):
            width = self.widths[vertex]
            if (0, vertex) in pairs:
                layer = Layer(inputs, width, statistics=statistics, generator=generator)
                self.projections[str(vertex)] = conv_norm_relu(layer, 1)
            if vertex < last:
                layer = Layer(width, width, statistics=statistics, generator=generator)
                self.operations[str(vertex)] = operation(space.ops[arch[vertex]]).build(layer)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        values: dict[int, torch.Tensor] = {}
        for vertex in range(1, self.last):
            values[vertex] = self.operations[str(vertex)](self._sum(x, vertex, values))
        feeding = [values[source] for source in self.sources[self.last]]
        if not feeding:
            return self.projections[str(self.last)](x)
        joined = torch.cat(feeding, 1) if len(feeding) > 1 else feeding[0]
        return joined + self.projections[str(self.last)](x) if str(self.last) in self.projections else joined

    def _sum(self, x: torch.Tensor, vertex: int, values: dict[int, torch.Tensor]) -> torch.Tensor:
        width = self.widths[vertex]
        parts = [values[source][:, :width] for source in self.sources[vertex]]
        if str(vertex) in self.projections:
            parts.append(self.projections[str(vertex)](x))
        return sum(parts[1:], parts[0])
