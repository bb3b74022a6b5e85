"""Which cells are the same network: a cell reduced to the multigraph of its live operations.

NAS-Bench-201 counts every architecture string. Training each network once is enough: strings that differ only in
edges that carry nothing, in copies made by skip-connections or in the order of the inner nodes are one network. Its
15,625 strings are 5,425 networks. Some of these still compute the same function: x + 2 pool(x) can be written with one
pooling of a doubled input or with two poolings. `nascore.spaces.functions` joins them too (5,044 functions); digits201
trained the 5,425, and its classes are these.
"""

from __future__ import annotations

from itertools import permutations

import numpy as np

from nascore.spaces.base import Arch
from nascore.spaces.cell import CellSpace

Edge = tuple[int, int, int]  # source, target, operation
NONE, SKIP = "none", "skip_connect"


def contract(space: CellSpace, arch: Arch) -> tuple[int, tuple[Edge, ...]]:
    """The output node and the live edges after merging identities, until nothing changes.

    Dropped: "none", and what is not on a way from input to output. Merged: a node whose only input is a
    skip-connection is its source; a sum whose only use is a skip-connection joins the sum that it flows into.
    No edges are left for a cell that is the identity (output 0) or is cut off (output nodes - 1).
    """
    none, skip = (space.ops.index(op) if op in space.ops else -1 for op in (NONE, SKIP))
    output = space.nodes - 1
    edges = [(u, v, op) for (u, v), op in zip(space.pairs, arch, strict=True) if op != none]
    while True:
        edges = _live(edges, output)
        for node in range(1, space.nodes):
            into, out_of = ([edge for edge in edges if edge[side] == node] for side in (1, 0))
            if len(into) == 1 and into[0][2] == skip:  # a copy of its source
                gone, keep = into[0], into[0][0]
            elif node != output and len(out_of) == 1 and out_of[0][2] == skip:
                gone, keep = out_of[0], out_of[0][1]
            else:
                continue
            edges.remove(gone)
            edges = [(keep if u == node else u, keep if v == node else v, op) for u, v, op in edges]
            output = keep if output == node else output
            break
        else:
            return output, tuple(sorted(edges))


def _live(edges: list[Edge], output: int) -> list[Edge]:
    """The edges on a way from node 0 to the output. Node numbers stay topologically sorted while merging."""
    reached, needed = {0}, {output}
    for u, v, _ in sorted(edges):
        if u in reached:
            reached.add(v)
    for u, v, _ in sorted(edges, key=lambda edge: -edge[1]):
        if v in needed:
            needed.add(u)
    return [edge for edge in edges if edge[0] in reached and edge[1] in needed]


def isomorphism_key(space: CellSpace, arch: Arch) -> tuple:
    """Equal only for cells that compute the same function for every choice of weights; the reverse does not hold where
    sums commute through skip-connections and poolings (`functions.function_key` is equal there too)."""
    output, edges = contract(space, space.validate(arch))
    if not edges:
        return ("identity",) if output == 0 else ("cut off",)
    inner = sorted({node for edge in edges for node in edge[:2]} - {0, output})
    forms = []
    for order in permutations(range(1, len(inner) + 1)):
        name = {0: 0, output: len(inner) + 1, **dict(zip(inner, order, strict=True))}
        forms.append(tuple(sorted((name[u], name[v], op) for u, v, op in edges)))
    return min(forms)


def isomorphism_classes(space: CellSpace) -> tuple[list[Arch], np.ndarray]:
    """Representatives (the member with the fewest live and dead operations to compute, in lexicographic order) and,
    for every architecture in the order of `space.array()`, the number of its class."""
    cost = [0 if op == NONE else 1 if op == SKIP else 10 if "pool" in op else 30 for op in space.ops]
    archs = [tuple(row) for row in space.array().tolist()]
    members: dict[tuple, list[Arch]] = {}
    keys = [isomorphism_key(space, arch) for arch in archs]
    for arch, key in zip(archs, keys, strict=True):
        members.setdefault(key, []).append(arch)
    best = {key: min(group, key=lambda arch: (sum(cost[op] for op in arch), arch)) for key, group in members.items()}
    representatives = sorted(best.values())
    place = {arch: number for number, arch in enumerate(representatives)}
    return representatives, np.array([place[best[key]] for key in keys])
