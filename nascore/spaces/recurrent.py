"""The recurrent cell that AdvantageNAS searches on Penn Treebank (Section 5.3): 6 edges, 5 activation functions."""

from __future__ import annotations

from nascore.spaces.base import Arch
from nascore.spaces.cell import CellSpace
from nascore.spaces.dag import DAG

OPS = ("identity", "tanh", "sigmoid", "relu", "zero")
ZERO = OPS.index("zero")
NODES = 3  # inner nodes


class RecurrentSpace(CellSpace):
    """One of OPS on each edge of a complete DAG; node 0 is the merged input, edges are in target-major order."""

    def __init__(self):
        super().__init__(NODES + 1, OPS, "advantagenas-recurrent")

    def dag(self, arch: Arch) -> DAG:
        """Operations as nodes; every one feeds the output, which is the mean of all inner nodes."""
        inner = super().dag(arch)
        output = len(inner.labels) - 1
        inside = [edge for edge in inner.edges if edge[1] != output]
        return DAG(inner.labels, tuple(inside + [(op, output) for op in range(1, output)]))


SPACE = RecurrentSpace()
