"""Graphs of NAS-Bench-101 as bit masks: pruning, enumeration, and an index of every labelled graph.

A cell is `(edge_bits, op_1, .., op_{V-2})`: bit `x + y (y - 1) / 2` of `edge_bits` is the edge `x -> y`
(`x < y`), vertex 0 is the input and `V - 1` the output.  Two labelled graphs are the same cell when some reordering
of the interior vertices turns one into the other.  Of each such class the first graph in the order (vertices,
edge_bits, ops) is the representative, and a class's number is the place of its representative in that order; no hash
is needed for it.
"""

from __future__ import annotations

import functools
import itertools

import numpy as np

MAX_VERTICES = 7
MAX_EDGES = 9
NAMES = ("conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3")  # of the operations, by code
NUM_OPS = len(NAMES)
NUM_CELLS = 423_624
NUM_LABELLED = 1_293_208


def edge_bit(x: int, y: int) -> int:
    """Bit number of the edge `x -> y` (`x < y`)."""
    return x + y * (y - 1) // 2


def edges(bits: int, vertices: int) -> list[tuple[int, int]]:
    """Edges of a mask, ordered by target and then source."""
    return [(x, y) for y in range(1, vertices) for x in range(y) if bits >> edge_bit(x, y) & 1]


def pack(edge_list) -> int:
    """Mask of a list of edges `(x, y)` with `x < y`."""
    bits = 0
    for x, y in edge_list:
        bits |= 1 << edge_bit(x, y)
    return bits


def kept_vertices(bits: int, vertices: int) -> int:
    """Mask of the vertices on a path from input to output (0 when there is no such path)."""
    sources = [bits >> (y * (y - 1) // 2) & ((1 << y) - 1) for y in range(vertices)]
    forward = 1
    for y in range(1, vertices):
        if sources[y] & forward:
            forward |= 1 << y
    last = vertices - 1
    if not forward >> last & 1:
        return 0
    backward = 1 << last
    for y in range(last, 0, -1):
        if backward >> y & 1:
            backward |= sources[y]
    return forward & backward


def prune(bits: int, ops: tuple[int, ...]) -> tuple[int, ...] | None:
    """The cell without the vertices that are on no path from input to output; None when input and output are apart."""
    vertices = len(ops) + 2
    keep = kept_vertices(bits, vertices)
    if keep == (1 << vertices) - 1:
        return (bits, *ops)
    if not keep:
        return None
    order = [v for v in range(vertices) if keep >> v & 1]
    pruned = 0
    for new, v in enumerate(order[1:], 1):
        for place, u in enumerate(order[:new]):
            if bits >> (u + v * (v - 1) // 2) & 1:
                pruned |= 1 << (place + new * (new - 1) // 2)
    return (pruned, *[ops[v - 1] for v in order[1:-1]])


def topologies(vertices: int) -> np.ndarray:
    """All masks (int32, rising) with at most 9 edges in which every vertex is on a path from input to output."""
    masks = np.arange(1 << (vertices * (vertices - 1) // 2), dtype=np.int32)
    masks = masks[np.bitwise_count(masks) <= MAX_EDGES]
    # The order is topological, so a graph is full when only the input lacks a source and only the output a target.
    for v in range(vertices):
        if v:
            masks = masks[(masks >> (v * (v - 1) // 2)) & ((1 << v) - 1) != 0]
        if v < vertices - 1:
            outgoing = pack((v, y) for y in range(v + 1, vertices))
            masks = masks[masks & outgoing != 0]
    return masks


def _labelings(vertices: int) -> np.ndarray:
    """All operation tuples of the interior vertices [3**(V-2), V-2], first vertex slowest."""
    interior = vertices - 2
    rows = list(itertools.product(range(NUM_OPS), repeat=interior))
    return np.array(rows, dtype=np.int8).reshape(NUM_OPS**interior, interior)


def _canonical(vertices: int, masks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Smallest mask [T] over all interior reorderings and, per labeling, the smallest code on it [T, 3**(V-2)]."""
    interior = vertices - 2
    labels = _labelings(vertices)
    weights = NUM_OPS ** np.arange(interior - 1, -1, -1, dtype=np.int64)
    out_of_order = np.int64(1) << 40
    moved = []
    reorderings = [(0, *(p + 1 for p in order), vertices - 1) for order in itertools.permutations(range(interior))]
    for place in reorderings:
        code = np.zeros(len(masks), dtype=np.int64)
        for y in range(1, vertices):
            for x in range(y):
                a, b = place[x], place[y]
                worth = 1 << edge_bit(a, b) if a < b else out_of_order
                code += ((masks >> edge_bit(x, y)) & 1) * np.int64(worth)
        moved.append(code)
    smallest = np.min(moved, axis=0)
    best = np.full((len(masks), len(labels)), np.iinfo(np.int16).max, dtype=np.int16)
    for place, code in zip(reorderings, moved):
        rows = np.flatnonzero(code == smallest)
        relabel = (labels * weights[[place[v] - 1 for v in range(1, vertices - 1)]]).sum(1).astype(np.int16)
        best[rows] = np.minimum(best[rows], relabel)
    return smallest.astype(np.int32), best


class LabelledGraphs:
    """Every valid labelled graph of the space and the class it belongs to.

    `class_of` is int32 [1,293,208], labelled graphs in the order (vertices, edge_bits, ops); `base[V][edge_bits]`
    is where the block of a topology starts.  `vertices`, `bits`, `ops` (int8 [N, 5], -1 where there is no
    vertex) describe the 423,624 representatives.  About 10 MB, built in a fraction of a second, so nothing is stored.
    """

    def __init__(self) -> None:
        self.base: dict[int, dict[int, int]] = {}
        self.masks: dict[int, np.ndarray] = {}
        codes: list[np.ndarray] = []
        start = 0
        reps: dict[str, list[np.ndarray]] = {"vertices": [], "bits": [], "ops": []}
        classes = 0
        for vertices in range(2, MAX_VERTICES + 1):
            masks = topologies(vertices)
            labels = _labelings(vertices)
            count = len(labels)
            smallest, best = _canonical(vertices, masks)
            home = np.searchsorted(masks, smallest)[:, None].astype(np.int64) * count + best
            flat = home.reshape(-1)
            is_rep = flat == np.arange(len(flat))
            number = np.cumsum(is_rep) - 1 + classes
            codes.append(number[flat].astype(np.int32))
            classes += int(is_rep.sum())
            place = np.flatnonzero(is_rep)
            reps["vertices"].append(np.full(len(place), vertices, dtype=np.int8))
            reps["bits"].append(masks[place // count])
            padded = np.full((len(place), MAX_VERTICES - 2), -1, dtype=np.int8)
            padded[:, : vertices - 2] = labels[place % count]
            reps["ops"].append(padded)
            self.masks[vertices] = masks
            self.base[vertices] = dict(zip(masks.tolist(), range(start, start + len(masks) * count, count)))
            start += len(masks) * count
        self.class_of = np.concatenate(codes)
        self.vertices = np.concatenate(reps["vertices"])
        self.bits = np.concatenate(reps["bits"])
        self.ops = np.concatenate(reps["ops"])
        self._number = self.class_of.data
        self._labels = {v: [tuple(row) for row in _labelings(v).tolist()] for v in range(2, MAX_VERTICES + 1)}
        self._code = {row: code for rows in self._labels.values() for code, row in enumerate(rows)}
        self._rep_vertices = self.vertices.data
        self._rep_bits = self.bits.data
        powers = NUM_OPS ** np.arange(MAX_VERTICES - 3, -1, -1)
        exponent = (MAX_VERTICES - self.vertices).astype(np.int64)
        self._rep_code = ((self.ops.clip(0) * powers).sum(1) // NUM_OPS**exponent).astype(np.int16).data

    def __len__(self) -> int:
        return len(self.vertices)

    @property
    def nbytes(self) -> int:
        """Bytes held by the arrays (the dictionaries of topologies add a few hundred kB)."""
        arrays = (self.class_of, self.vertices, self.bits, self.ops, *self.masks.values())
        return sum(a.nbytes for a in arrays) + self._rep_code.nbytes

    def number(self, arch: tuple[int, ...]) -> int:
        """Class number of a pruned labelled graph; KeyError when it is not one of the space."""
        return self._number[self.base[len(arch) + 1][arch[0]] + self._code[arch[1:]]]

    def arch(self, i: int) -> tuple[int, ...]:
        """Representative of class `i`."""
        return (self._rep_bits[i], *self._labels[self._rep_vertices[i]][self._rep_code[i]])

    def numbers(self, vertices: int, bits: np.ndarray, ops: np.ndarray) -> np.ndarray:
        """Class numbers (int32 [N]) of pruned graphs of one size: masks [N], ops [N, V-2]; -1 outside the space."""
        masks = self.masks[vertices]
        ops = np.asarray(ops, dtype=np.int64).reshape(len(bits), vertices - 2)
        place = np.searchsorted(masks, bits).clip(0, len(masks) - 1)
        known = (masks[place] == bits) & ((ops >= 0) & (ops < NUM_OPS)).all(1)
        first = self.base[vertices][int(masks[0])]
        code = (ops * NUM_OPS ** np.arange(vertices - 3, -1, -1, dtype=np.int64)).sum(1)
        where = np.where(known, first + place * NUM_OPS ** (vertices - 2) + code, 0)
        return np.where(known, self.class_of[where], -1).astype(np.int32)


@functools.cache
def labelled_graphs() -> LabelledGraphs:
    """The one index of this process, built on first use."""
    return LabelledGraphs()
