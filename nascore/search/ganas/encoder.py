"""The k-GNN encoder shared in form by generator and discriminator (GA-NAS Section 3.2; Morris et al., 2019)."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn
from torch_geometric.nn import GraphConv

from nascore.search.ganas.topology import PAD


class CellGraphs(NamedTuple):
    """Many cells as one PyG-style disconnected graph."""

    label: torch.Tensor  # (N,) long
    position: torch.Tensor  # (N,) long, index of the node in its cell
    edge_index: torch.Tensor  # (2, E) long
    slot: torch.Tensor  # (N,) long, row of the node in the padded (batch * nodes) layout
    graph: torch.Tensor  # (N,) long, cell of the node
    shape: tuple[int, int]  # batch, nodes


def batch_cells(label: torch.Tensor, adjacency: torch.Tensor) -> CellGraphs:
    """One disconnected graph from padded cells. Batching once and encoding together is 20 times faster than encoding
    one cell at a time; see `nascore bench`."""
    batch, nodes = label.shape
    present = label.reshape(-1) != PAD
    slot = present.nonzero().squeeze(1)
    number = torch.cumsum(present, 0) - 1
    graph, source, target = adjacency.nonzero(as_tuple=True)
    edge_index = torch.stack([number[graph * nodes + source], number[graph * nodes + target]])
    return CellGraphs(label.reshape(-1)[slot], slot % nodes, edge_index, slot, slot // nodes, (batch, nodes))


class Encoder(nn.Module):
    """`layers` GraphConv layers along and against the edges, tanh between.

    Along and against are separate weights, so that the direction of the data flow is not lost; the paper leaves open
    how direction is encoded. `positions` adds an embedding of the node's index, which a fixed topology needs to tell
    its places apart and an isomorphism-free encoding must not have.
    """

    def __init__(self, labels: int, nodes: int, width: int, layers: int, positions: bool):
        super().__init__()
        self.label = nn.Embedding(labels, width)
        self.position = nn.Embedding(nodes, width) if positions else None
        self.along = nn.ModuleList(GraphConv(width, width) for _ in range(layers))
        self.against = nn.ModuleList(GraphConv(width, width) for _ in range(layers))

    def forward(self, cells: CellGraphs) -> torch.Tensor:
        """Node embeddings (N, width)."""
        x = self.label(cells.label)
        if self.position is not None:
            x = x + self.position(cells.position)
        reverse = cells.edge_index.flip(0)
        for along, against in zip(self.along, self.against, strict=True):
            x = torch.tanh(along(x, cells.edge_index) + against(x, reverse))
        return x


def pool(x: torch.Tensor, cells: CellGraphs) -> torch.Tensor:
    """Mean of the node embeddings of each cell, (batch, width)."""
    batch = cells.shape[0]
    total = x.new_zeros(batch, x.shape[1]).index_add_(0, cells.graph, x)
    count = x.new_zeros(batch).index_add_(0, cells.graph, x.new_ones(len(x)))
    return total / count.clamp(min=1)[:, None]


def padded(x: torch.Tensor, cells: CellGraphs) -> torch.Tensor:
    """Node embeddings in the padded layout (batch, nodes, width), zeros where there is no node."""
    batch, nodes = cells.shape
    return x.new_zeros(batch * nodes, x.shape[1]).index_copy(0, cells.slot, x).view(batch, nodes, -1)
