"""Architectures as padded tensors: the bridge between tuples and the graph networks of GA-NAS.

`label` (batch, nodes) holds the operation of each node, or PAD; `adjacency` (batch, nodes, nodes) is True where an edge
goes from row to column. Node 0 is the input. Labels 0 .. len(ops)-1 are the space's operations, then come `output`,
`input` and `unknown` (a node whose operation is still to be decided).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from nascore.errors import ArchitectureError, SettingError
from nascore.spaces.base import Arch, Space
from nascore.spaces.choice import ChoiceSpace
from nascore.spaces.genotype import KINDS
from nascore.spaces.two_cells import TwoCellSpace, edge_index

PAD = -1


class FixedTopology:
    """Every architecture has the same edges; only node operations are decided (NAS-Bench-201, macro spaces).

    GA-NAS Appendix: "we remove the GRU in the decoder and only predict the node types".
    """

    free = False

    def __init__(self, space: Space):
        self.space = space
        example = space.sample(np.random.default_rng(0))
        dag = space.dag(example)
        inner = tuple(dag.labels[1:-1])
        # a ChoiceSpace may name its nodes as it likes: its tuples are operations by definition
        named = isinstance(space, ChoiceSpace) or [space.ops[op : op + 1] for op in example] == [(x,) for x in inner]
        if len(inner) != len(example) or not named:
            raise SettingError(
                f"space={space.name}: it says fixed_topology, but the architecture {example} does not name the "
                f"operation of each inner node of its dag in order ({', '.join(inner)})"
            )
        self.nodes = len(dag.labels)
        self.steps = self.nodes - 2
        self.operations = len(space.ops)
        self.output, self.input, self.unknown = (self.operations + i for i in range(3))
        self.labels = self.operations + 3
        self.actions = self.operations
        self.adjacency = torch.zeros(self.nodes, self.nodes, dtype=torch.bool)
        for source, target in dag.edges:
            self.adjacency[source, target] = True
        # (steps, actions): what each decision may choose; None where that is everything everywhere, or not known
        self.allowed = None
        if isinstance(space, ChoiceSpace) and not space.uniform:
            self.allowed = torch.zeros(self.steps, self.actions, dtype=torch.bool)
            for step, options in enumerate(space.allowed):
                self.allowed[step, list(options)] = True

    def dense(self, archs: Sequence[Arch]) -> tuple[torch.Tensor, torch.Tensor]:
        """label and adjacency of complete architectures."""
        label = torch.full((len(archs), self.nodes), self.output, dtype=torch.long)
        label[:, 0] = self.input
        label[:, 1:-1] = torch.tensor(archs, dtype=torch.long).reshape(len(archs), self.steps)
        return label, self.adjacency.expand(len(archs), -1, -1)

    def finished(self, label: torch.Tensor, adjacency: torch.Tensor, valid: torch.Tensor) -> tuple[list, torch.Tensor]:
        """Generated cells as tuples, and their rows in the batch: those that the space has."""
        archs, rows = [tuple(row) for row in label[:, 1:-1].tolist()], torch.arange(len(label))
        if isinstance(self.space, ChoiceSpace):  # it allows what each position allows
            return archs, rows
        found, kept = [], []
        for row, arch in enumerate(archs):
            try:
                found.append(self.space.validate(arch))
            except ArchitectureError:
                continue
            kept.append(row)
        return found, rows[kept]


class TwoCellTopology:
    """DARTS's cells and their kin: every place in a node is decided at once, its operation and the state it reads.

    The appendix turns a DARTS-like cell into one of NAS-Bench-101's form, in which an operation is a node, and says
    that then every cell has the same edges, so that node types alone are predicted. With two of its inputs chosen per
    node that holds where the type says which input is read: types are pairs (operation, state), and the edges are all
    that a choice could make. A node that would read one state twice, where the space forbids it, is no architecture.
    """

    free = False

    def __init__(self, space: TwoCellSpace):
        self.space = space
        places = 2 * space.positions
        self.states = space.nodes + 1
        self.steps, self.nodes = places, places + 2
        self.operations = len(space.ops) * self.states
        self.output, self.input, self.unknown = (self.operations + i for i in range(3))
        self.labels, self.actions = self.operations + 3, self.operations
        self.adjacency = torch.zeros(self.nodes, self.nodes, dtype=torch.bool)
        self.allowed = torch.zeros(places, self.actions, dtype=torch.bool)
        half = places // 2
        for place in range(places):
            first, node = place // half * half, place % half // 2
            self.adjacency[0, place + 1] = self.adjacency[place + 1, -1] = True
            self.adjacency[first + 1 : first + 1 + 2 * node, place + 1] = True
            for state in range(node + 2):
                for op in space.edges[KINDS[place // half]][edge_index(state, node)]:
                    self.allowed[place, op * self.states + state] = True

    def dense(self, archs: Sequence[Arch]) -> tuple[torch.Tensor, torch.Tensor]:
        """label and adjacency of complete architectures."""
        label = torch.full((len(archs), self.nodes), self.output, dtype=torch.long)
        label[:, 0] = self.input
        pairs = torch.tensor(archs, dtype=torch.long).reshape(len(archs), self.steps, 2)
        label[:, 1:-1] = pairs[..., 0] * self.states + pairs[..., 1]
        return label, self.adjacency.expand(len(archs), -1, -1)

    def finished(self, label: torch.Tensor, adjacency: torch.Tensor, valid: torch.Tensor) -> tuple[list, torch.Tensor]:
        """Generated cells as tuples, and their rows in the batch: those that the space has."""
        inner = label[:, 1:-1]
        pairs = torch.stack([inner // self.states, inner % self.states], -1).flatten(1).tolist()
        found, rows = [], []
        for row, arch in enumerate(pairs):
            try:
                found.append(self.space.canonical(tuple(arch)))
            except ArchitectureError:
                continue
            rows.append(row)
        return found, torch.tensor(rows, dtype=torch.long)


class FreeTopology:
    """Nodes and edges are decided one after the other, up to the space's largest cell (NAS-Bench-101)."""

    free = True

    allowed = None

    def __init__(self, space: Space):
        self.space = space
        self.nodes, self.max_edges = nodes, _ = space.limits
        self.steps = nodes - 1
        self.operations = len(space.ops)
        self.output, self.input, self.unknown = (self.operations + i for i in range(3))
        self.labels = self.operations + 3
        self.actions = self.operations + 1  # an operation, or the terminal output node
        pairs = [(x, y) for y in range(1, nodes) for x in range(y)]  # bit x + y(y-1)/2 of edge_bits
        self._source = torch.tensor([x for x, _ in pairs])
        self._target = torch.tensor([y for _, y in pairs])
        self._weights = 1 << torch.arange(len(pairs))

    def dense(self, archs: Sequence[Arch]) -> tuple[torch.Tensor, torch.Tensor]:
        label = torch.full((len(archs), self.nodes), PAD, dtype=torch.long)
        for row, arch in enumerate(archs):
            inner = list(arch[1:])
            label[row, : len(inner) + 2] = torch.tensor([self.input, *inner, self.output])
        bits = torch.tensor([arch[0] for arch in archs])
        adjacency = torch.zeros(len(archs), self.nodes, self.nodes, dtype=torch.bool)
        adjacency[:, self._source, self._target] = (bits[:, None] & self._weights) > 0
        return label, adjacency

    def finished(self, label: torch.Tensor, adjacency: torch.Tensor, valid: torch.Tensor) -> tuple[list, torch.Tensor]:
        """The valid cells of a batch (every node on a path from input to output) as tuples, and their rows in it."""
        rows = valid.nonzero().squeeze(1)
        return self.archs(label[rows], adjacency[rows]), rows

    def archs(self, label: torch.Tensor, adjacency: torch.Tensor) -> list[Arch]:
        """The tuples of complete, valid cells."""
        bits = (adjacency[:, self._source, self._target].long() * self._weights).sum(1).tolist()
        return [
            (edge_bits, *(op for op in row if 0 <= op < self.operations))
            for edge_bits, row in zip(bits, label.tolist(), strict=True)
        ]


Topology = FixedTopology | FreeTopology | TwoCellTopology


def topology_of(space: Space) -> Topology:
    """How GA-NAS sees a space; SettingError for a space it has no decoder for."""
    if isinstance(space, TwoCellSpace) and not space.extras:
        return TwoCellTopology(space)
    if space.fixed_topology:
        return FixedTopology(space)
    if space.limits is not None:
        return FreeTopology(space)
    raise SettingError(
        f"GA-NAS has no decoder for {space!r}: expected a cell or macro space with a fixed number of positions, "
        "DARTSSpace() or NASBench101()"
    )
