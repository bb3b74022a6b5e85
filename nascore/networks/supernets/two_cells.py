"""The supernet of the DARTS space and its kin: a normal and a reduction cell, every edge a mixture."""

from __future__ import annotations

import torch

from nascore import checks
from nascore.errors import SettingError
from nascore.networks.cells.mixed_pairs import MixedPairCell
from nascore.networks.choices import Choices
from nascore.networks.supernets.images import ImageSupernet
from nascore.networks.two_cells import TwoCellStack
from nascore.spaces.base import Arch
from nascore.spaces.darts import NONE, DARTSSpace
from nascore.spaces.genotype import KINDS
from nascore.spaces.two_cells import TwoCellSpace, edge_count, edge_index


class TwoCellSupernet(ImageSupernet, TwoCellStack):
    """DARTS's search network, see ImageSupernet: a draw has the edges of the normal cell, then those of the reduction
    cell, target-major each (from c_{k-2}, c_{k-1}, node 0, ... to node 0, then to node 1, ...).

    Parameters
    ----------
    space: its operations on every edge; "none" where the space has it (`DARTSSpace("s5", none=True)`, as published).
    channels, cells: width of a node in the first cells, and depth (16 and 8 as published).
    partial: one of so many channels goes through the operations, see MixedPairCell.
    inputs, classes, seed, channels_last: see ImageNetwork. Normalisation is by the batch, always: running averages of
        edges whose inputs change with every draw mean little.
    """

    def __init__(
        self,
        space: TwoCellSpace,
        *,
        channels: int = 16,
        cells: int = 8,
        partial: int = 1,
        inputs: int = 3,
        classes: int = 10,
        seed: int = 0,
        channels_last: bool = True,
    ):
        checks.instance("space", space, TwoCellSpace, 'a space of two cells, such as nc.spaces.DARTSSpace("s5")')
        if not space.distinct or space.loose_ends or space.extras:
            raise SettingError(
                f"space={space.name}: expected nodes that read two different states, all of them joined, and one depth "
                "and width, as in DARTSSpace"
            )
        super().__init__(inputs=inputs, classes=classes, statistics="batch", seed=seed, channels_last=channels_last)
        channels, cells = checks.whole("channels", channels, 1), checks.whole("cells", cells, 3)
        partial = checks.whole("partial", partial, 1)
        if channels % partial or channels // partial < 2:
            raise SettingError(f"partial={partial}: expected a divisor of channels={channels} that leaves 2 or more")
        self.space, self.partial, half = space, partial, edge_count(space.nodes)

        def make_cell(kind: str, came: tuple[int, int], width: int, halve: bool, generator: torch.Generator):
            return MixedPairCell(
                space.edge_ops(kind),
                space.ops,
                half * KINDS.index(kind),
                came,
                width,
                reduction=kind == "reduce",
                halve=halve,
                generator=generator,
                partial=partial,
            )

        self.stack(cells, channels, "cifar", make_cell)
        allowed = tuple(edge for kind in KINDS for edge in space.edges[kind])
        everywhere = all(len(edge) == len(space.ops) for edge in allowed)
        zero = space.ops.index(NONE) if NONE in space.ops else None
        self.choices = Choices(2 * half, space.ops, zero, None if everywhere else allowed)
        self.register_buffer("closed", torch.zeros(2 * half, dtype=torch.bool))
        self.rivals = tuple(edges for edges in self._into_nodes() if len(edges) > self.kept)
        self.settings = {
            **space.identity(),
            "channels": channels,
            "cells": cells,
            "partial": partial,
            "seed": self.seed,
        }
        self.settings |= {"inputs": self.inputs, "classes": self.classes, "channels_last": self.channels_last}

    def summary(self) -> str:
        partial = f", 1 of {self.partial} channels mixed" if self.partial > 1 else ""
        return f" on {self.space.name}, {self.depth} cells of {self.width} channels{partial}"

    def _into_nodes(self) -> list[tuple[int, ...]]:
        """The edges into each node, of the normal cell and then of the reduction cell."""
        half = edge_count(self.space.nodes)
        return [
            tuple(cell * half + edge_index(state, node) for state in range(node + 2))
            for cell in range(len(KINDS))
            for node in range(self.space.nodes)
        ]

    def close(self, edge: int) -> None:
        edge = checks.whole("edge", edge, 0, self.choices.edges - 1)
        into = next(edges for edges in self._into_nodes() if edge in edges)
        if not self.closed[edge] and int((~self.closed[list(into)]).sum()) <= self.kept:
            raise SettingError(f"edge={edge}: its node has {self.kept} edges left, as many as an architecture keeps")
        self.closed[edge] = True

    def open_edges(self) -> list[int]:
        return (~self.closed).nonzero().flatten().tolist()

    def decode(self, scores: torch.Tensor) -> Arch:
        """DARTS's rule: on each edge the best operation other than "none", and of each node's edges the two whose
        operation scores highest (of equal ones the first); closed edges are not among them."""
        wanted = (self.choices.edges, len(self.choices.ops))
        if tuple(scores.shape) != wanted:
            raise SettingError(f"scores of shape {tuple(scores.shape)}: expected {wanted}")
        ranked = scores.detach().cpu().clone()
        ranked[self.closed.cpu()] = -torch.inf
        if self.choices.zero is not None:
            ranked[:, self.choices.zero] = -torch.inf
        best, ops = (found.tolist() for found in ranked.max(1))
        found: list[int] = []
        for number, edges in enumerate(self._into_nodes()):
            chosen = sorted(range(len(edges)), key=lambda state, edges=edges: -best[edges[state]])[: self.kept]
            for state in sorted(chosen):
                if best[edges[state]] == -torch.inf:
                    node = f"node {number % self.space.nodes} of the {KINDS[number // self.space.nodes]} cell"
                    raise SettingError(f"scores: {node} has not {self.kept} edges with an operation other than none")
                found += [ops[edges[state]], state]
        return self.space.validate(tuple(found))


def darts_supernet(space: str | TwoCellSpace = "s5", **options) -> TwoCellSupernet:
    """DARTS's search network on CIFAR-size images: `space` "s1" to "s5", or any space of that form; options as
    TwoCellSupernet's. "none" is an operation where the published space has it (s3 and s5)."""
    made = DARTSSpace(space, none=space in ("s3", "s5")) if isinstance(space, str) else space
    return TwoCellSupernet(made, **options)
