"""Two cells, normal and reduction, of nodes that add two operations each: the form of NASNet, DARTS and their kin.

States 0 and 1 of a cell are the outputs of the two cells before it, state i + 2 is node i. A node is the sum of two
operations, each on an earlier state; the cell's output is the concatenation of all nodes, or of its loose ends.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from itertools import combinations, combinations_with_replacement
from typing import Any, NamedTuple

from nascore import checks
from nascore.errors import ArchitectureError, SettingError
from nascore.spaces.base import Arch, Space, plain
from nascore.spaces.dag import DAG
from nascore.spaces.decisions import Decisions
from nascore.spaces.genotype import KINDS, read_genotype, read_pairs, write_genotype

Node = tuple[int, int, int, int]  # operation, state, operation, state
Edges = tuple[tuple[int, ...], ...]  # the operations allowed on each edge, target-major: 0>2, 1>2, 0>3, 1>3, 2>3, ...


class Scale(NamedTuple):
    """How often and how wide the cells are stacked: `depth` cells, `width` channels of the first stage's nodes."""

    depth: int
    width: int


def edge_count(nodes: int) -> int:
    """Edges from earlier states to the nodes of a cell."""
    return sum(range(2, nodes + 2))


def edge_index(state: int, node: int) -> int:
    """Place of the edge from `state` to node `node` (state node + 2) in target-major order."""
    return edge_count(node) + state


class TwoCellSpace(Space):
    """Cells of `nodes` nodes with the operations `edges[kind]` on each edge ("normal", "reduce").

    An architecture is a flat tuple: for each node of the normal cell, then of the reduction cell (operation, state,
    operation, state), and where the space has `depths` and `widths`, those two numbers at the end. The order of a
    node's two operations means nothing: `key` and all that the space itself makes have them by state, then operation.

    `distinct`: a node's two operations come from two states. `loose_ends`: the output is the concatenation of the nodes
    that no other node uses; otherwise of all nodes.
    """

    joints = tuple(f"{kind} c_{{k-{back}}}" for kind in KINDS for back in (2, 1))

    def __init__(
        self,
        name: str,
        ops: Sequence[str],
        nodes: int,
        edges: dict[str, Edges],
        *,
        distinct: bool = False,
        loose_ends: bool = False,
        depths: Sequence[int] = (),
        widths: Sequence[int] = (),
    ):
        self.name, self.ops = checks.text("name", name), checks.distinct("ops", ops, 1, 255)
        self.nodes = checks.whole("nodes", nodes, 1, 12)
        if set(edges) != set(KINDS) or any(len(edges[kind]) != edge_count(self.nodes) for kind in KINDS):
            raise SettingError(f"edges: expected {edge_count(self.nodes)} lists of operations for each of {KINDS}")
        self.edges = {kind: tuple(map(tuple, edges[kind])) for kind in KINDS}
        self.distinct, self.loose_ends = checks.flag("distinct", distinct), checks.flag("loose_ends", loose_ends)
        self.extras = tuple(
            tuple(checks.whole(name, value, 1) for value in values)
            for name, values in (("depths", depths), ("widths", widths))
            if len(values)
        )
        if len(self.extras) == 1:
            raise SettingError("depths and widths: expected both or none of them")
        self.positions = 2 * self.nodes
        self.size = math.prod(map(len, self._options)) * math.prod(map(len, self.extras))

    # ---- what a node may be ---------------------------------------------------------------------------------------
    def edge_ops(self, kind: str) -> tuple[tuple[str, ...], ...]:
        """Names of the operations on each edge of one kind of cell, target-major."""
        checks.one_of("kind", kind, KINDS)
        return tuple(tuple(self.ops[op] for op in ops) for ops in self.edges[kind])

    @cached_property
    def _options(self) -> tuple[tuple[Node, ...], ...]:
        """For each node of the normal, then of the reduction cell: all that it may be, in order."""
        found = []
        for kind in KINDS:
            for node in range(self.nodes):
                items = [
                    (state, op) for state in range(node + 2) for op in sorted(self.edges[kind][edge_index(state, node)])
                ]
                found.append(
                    tuple(
                        (a[1], a[0], b[1], b[0])
                        for a, b in combinations_with_replacement(items, 2)
                        if not (self.distinct and a[0] == b[0])
                    )
                )
        return tuple(found)

    @cached_property
    def _sets(self) -> tuple[frozenset[Node], ...]:
        return tuple(map(frozenset, self._options))

    @cached_property
    def _order(self) -> tuple[dict[Node, int], ...]:
        return tuple({node: place for place, node in enumerate(options)} for options in self._options)

    def split(self, arch: Arch) -> tuple[list[Node], Arch]:
        """The nodes of both cells as they are written, and the numbers behind them."""
        end = 4 * self.positions
        return [arch[i : i + 4] for i in range(0, end, 4)], arch[end:]  # type: ignore[misc]

    def scale(self, arch: Arch) -> Scale | None:
        """Depth and width of the network; None where the space leaves them open."""
        extras = self.validate(arch)[4 * self.positions :]
        return Scale(*extras) if extras else None

    # ---- Space ----------------------------------------------------------------------------------------------------
    def validate(self, arch) -> Arch:
        found = plain(arch)
        if found is not None and len(found) == 4 * self.positions + len(self.extras):
            nodes, extras = self.split(found)
            if all(_sorted(node) in options for node, options in zip(nodes, self._sets, strict=True)) and all(
                value in values for value, values in zip(extras, self.extras, strict=True)
            ):
                return found
        raise ArchitectureError(f"{checks.shown(arch)} is not an architecture of {self.name}: expected {self._form()}")

    def _form(self) -> str:
        form = (
            f"{4 * self.positions} integers, (operation, state, operation, state) for each of {self.nodes} nodes of "
            f"the normal and the reduction cell; operations 0 to {len(self.ops) - 1} ({', '.join(self.ops)}) as the "
            f"edges allow, states from 0 to the node's own less one{', two different ones' if self.distinct else ''}"
        )
        for name, values in zip(("depth", "width"), self.extras, strict=False):
            form += f"; then the {name}, one of {', '.join(map(str, values))}"
        return form

    def canonical(self, arch: Arch) -> Arch:
        """The two operations of each node by state, then operation."""
        nodes, extras = self.split(self.validate(arch))
        return self._joined(list(map(_sorted, nodes)), extras)

    key = canonical

    @staticmethod
    def _joined(nodes: list[Node], extras: Sequence[int]) -> Arch:
        return (*[value for node in nodes for value in node], *extras)

    def sample(self, rng) -> Arch:
        nodes = [options[int(rng.random() * len(options))] for options in self._options]
        return self._joined(nodes, [values[int(rng.random() * len(values))] for values in self.extras])

    def _changes(self, nodes: list[Node], extras: Sequence[int], place: int) -> list[Arch]:
        """All that differs in one operation or one state of a node, or in depth or width."""
        if place >= self.positions:
            where = place - self.positions
            return [
                self._joined(nodes, [*extras[:where], value, *extras[where + 1 :]])
                for value in self.extras[where]
                if value != extras[where]
            ]
        kind, node = KINDS[place // self.nodes], place % self.nodes
        found = set()
        a, i, b, j = nodes[place]
        for op, state, kept, beside in ((a, i, b, j), (b, j, a, i)):
            for target in range(node + 2):
                allowed = self.edges[kind][edge_index(target, node)]
                if target != state and (shared := {*allowed} & {*self.edges[kind][edge_index(state, node)]}):
                    allowed = (op,) if op in shared else ()  # another state keeps the operation where edges share any
                for new in allowed:
                    found.add(_sorted((new, target, kept, beside)))
        found &= self._sets[place]
        found.discard(nodes[place])
        order = self._order[place]
        return [
            self._joined([*nodes[:place], new, *nodes[place + 1 :]], extras)
            for new in sorted(found, key=order.__getitem__)
        ]

    def neighbours(self, arch: Arch) -> list[Arch]:
        """All with another operation or another state in one place of one node, or another depth or width."""
        nodes, extras = self.split(self.canonical(arch))
        places = self.positions + len(self.extras)
        return [other for place in range(places) for other in self._changes(nodes, extras, place)]

    def mutate(self, arch: Arch, rng) -> Arch:
        """One neighbour: first which node (or depth or width) changes, each equally likely, then how."""
        nodes, extras = self.split(self.canonical(arch))
        places = list(range(self.positions + len(self.extras)))
        while places:
            around = self._changes(nodes, extras, places.pop(int(rng.random() * len(places))))
            if around:
                return around[int(rng.random() * len(around))]
        raise ArchitectureError(f"{self.name} has one architecture only: nothing to mutate")

    def decisions(self) -> Decisions:
        """Per node: which two states, and an operation for each among those of its edge (fewer operations than the
        decision has options: none is made); then depth and width."""
        names, sizes = [], []
        for kind in KINDS:
            for node in range(self.nodes):
                most = max(len(self.edges[kind][edge_index(state, node)]) for state in range(node + 2))
                for part, size in (("states", len(self._states(node))), ("first", most), ("second", most)):
                    names.append(f"{kind}{node}.{part}")
                    sizes.append(size)
        for name, values in zip(("depth", "width"), self.extras, strict=False):
            names.append(name)
            sizes.append(len(values))
        return Decisions(tuple(names), tuple(sizes), self._from_decisions)

    def _states(self, node: int) -> list[tuple[int, int]]:
        return list((combinations if self.distinct else combinations_with_replacement)(range(node + 2), 2))

    def _from_decisions(self, decisions: Sequence[int]) -> Arch | None:
        chosen = [int(decision) for decision in decisions]
        nodes = []
        for place in range(self.positions):
            kind, node = KINDS[place // self.nodes], place % self.nodes
            which, first, second = chosen[3 * place : 3 * place + 3]
            made: list[int] = []
            for state, op in zip(self._states(node)[which], (first, second), strict=True):
                allowed = self.edges[kind][edge_index(state, node)]
                if op >= len(allowed):
                    return None
                made += (allowed[op], state)
            nodes.append(_sorted(tuple(made)))  # type: ignore[arg-type]
        return self._joined(
            nodes, [values[i] for values, i in zip(self.extras, chosen[3 * self.positions :], strict=True)]
        )

    def identity(self) -> dict:
        edges = {kind: [list(ops) for ops in self.edges[kind]] for kind in KINDS}
        found = {**super().identity(), "nodes": self.nodes, "edges": edges, "distinct": self.distinct}
        return {**found, "loose_ends": self.loose_ends, "extras": [list(values) for values in self.extras]}

    # ---- cells as text and graphs ---------------------------------------------------------------------------------
    def cell(self, arch: Arch, kind: str) -> list[tuple[str, int]]:
        """The pairs (operation, state) of one cell, two for each node in order."""
        first = 0 if checks.one_of("kind", kind, KINDS) == "normal" else self.nodes
        nodes, _ = self.split(self.validate(arch))
        return [(self.ops[node[i]], node[i + 1]) for node in nodes[first : first + self.nodes] for i in (0, 2)]

    def concat(self, arch: Arch, kind: str) -> list[int]:
        """The states that one cell's output joins."""
        states = range(2, self.nodes + 2)
        if not self.loose_ends:
            return list(states)
        used = {state for _, state in self.cell(arch, kind)}
        return [state for state in states if state not in used]

    def genotype(self, arch: Arch) -> dict[str, Any]:
        """{"normal": pairs, "normal_concat": states, "reduce": ..., "reduce_concat": ...}."""
        found: dict[str, Any] = {}
        for kind in KINDS:
            found |= {kind: self.cell(arch, kind), f"{kind}_concat": self.concat(arch, kind)}
        return found

    def from_genotype(self, genotype: dict[str, Any], extras: Sequence[int] = ()) -> Arch:
        """The architecture of such a dictionary (what it joins may be left out), and of depth and width; in the order
        of the space. ArchitectureError names what is not of this space."""
        values: list[int] = []
        for kind in KINDS:
            for name, state in read_pairs(kind, genotype.get(kind), self.nodes):
                if name not in self.ops:
                    raise ArchitectureError(
                        f"{kind}: unknown operation {name!r}: {self.name} has {', '.join(self.ops)}"
                    )
                values += (self.ops.index(name), state)
        arch = self.canonical((*values, *extras))
        for kind in KINDS:
            joined = genotype.get(f"{kind}_concat")
            if joined is not None and sorted(joined) != self.concat(arch, kind):
                raise ArchitectureError(
                    f"{kind}_concat={checks.shown(joined)}: the output of this cell of {self.name} joins states "
                    f"{self.concat(arch, kind)}"
                )
        return arch

    def format(self, arch: Arch) -> str:
        extras = self.validate(arch)[4 * self.positions :]
        return write_genotype({**self.genotype(arch), **dict(zip(("depth", "width"), extras, strict=False))})

    def parse(self, text: str) -> Arch:
        parts = read_genotype(text)
        names = ("depth", "width")[: len(self.extras)]
        known = {*KINDS, *(f"{kind}_concat" for kind in KINDS), *names}
        if not known.issuperset(parts) or not set(names) <= set(parts):
            wanted = " and ".join(names)
            raise ArchitectureError(
                f"{checks.shown(text)} is not a genotype of {self.name}: expected both cells"
                f"{f' and {wanted}' if wanted else ' and nothing else'}"
            )
        return self.from_genotype(parts, [parts[name] for name in names])

    def dag(self, arch: Arch) -> DAG:
        """Both cells in one graph, operations as nodes: "input" feeds each cell's two inputs, these and the operations
        of earlier nodes feed an operation, and those of the joined nodes feed "output"."""
        labels, edges = ["input"], []
        ends: list[int] = []
        for number, kind in enumerate(KINDS):
            sources = []
            for back in (0, 1):
                edges.append((0, len(labels)))
                sources.append([len(labels)])
                labels.append(self.joints[2 * number + back])
            pairs = self.cell(arch, kind)
            for node in range(self.nodes):
                made = []
                for name, state in pairs[2 * node : 2 * node + 2]:
                    edges += [(source, len(labels)) for source in sources[state]]
                    made.append(len(labels))
                    labels.append(name)
                sources.append(made)
            ends += [op for state in self.concat(arch, kind) for op in sources[state]]
        edges += [(op, len(labels)) for op in ends]
        return DAG((*labels, "output"), tuple(edges))

    def cell_dag(self, arch: Arch, kind: str) -> DAG:
        """One of the cells alone, from its two inputs to "output": what a drawing shows."""
        whole, first = self.dag(arch), 1 if checks.one_of("kind", kind, KINDS) == "normal" else 3 + 2 * self.nodes
        kept = [*range(first, first + 2 + 2 * self.nodes), len(whole.labels) - 1]
        place = {node: i for i, node in enumerate(kept)}
        labels = tuple(whole.labels[node].removeprefix(f"{kind} ") for node in kept)
        return DAG(labels, tuple((place[a], place[b]) for a, b in whole.edges if a in place and b in place))


def _sorted(node: Node) -> Node:
    a, i, b, j = node
    return node if (i, a) <= (j, b) else (b, j, a, i)
