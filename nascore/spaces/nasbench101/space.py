"""NAS-Bench-101: 423,624 cells of up to 7 vertices and 9 edges with operations on the vertices."""

from __future__ import annotations

import ast
import json
import math
from collections.abc import Iterator
from itertools import chain
from operator import mul

import numpy as np

from nascore import checks
from nascore.errors import ArchitectureError
from nascore.spaces.base import INTS, Arch, Limits, Space, plain, whole_index
from nascore.spaces.dag import DAG, edge_pairs
from nascore.spaces.decisions import Decisions
from nascore.spaces.nasbench101.graphs import (
    MAX_EDGES,
    MAX_VERTICES,
    NAMES,
    NUM_CELLS,
    NUM_OPS,
    LabelledGraphs,
    edge_bit,
    edges,
    kept_vertices,
    labelled_graphs,
    pack,
    prune,
)
from nascore.spaces.nasbench101.hash import module_hash
from nascore.spaces.nasbench101.matrix import read_matrix

OPS = NAMES
_CODE = {name: code for code, name in enumerate(OPS)}
_FORM = (
    "(edge_bits, op_1, .., op_k): bit x + y(y-1)/2 of edge_bits is the edge x->y, 0 to 5 operations "
    f"0 {OPS[0]}, 1 {OPS[1]}, 2 {OPS[2]}"
)
_BELOW = 1 << 30  # weight of an entry on or below the diagonal: any of them lifts the sum above every edge mask
_WEIGHTS = {
    n: [1 << edge_bit(x, y) if x < y else _BELOW for x in range(n) for y in range(n)]
    for n in range(2, MAX_VERTICES + 1)
}
_BITS = frozenset((0, 1))
_EDGE_SKIP = 1 / math.log(1 - 1 / MAX_VERTICES)
_OP_SKIP = 1 / math.log(1 - 1 / (MAX_VERTICES - 2))
_SLOTS = MAX_VERTICES - 2


class NASBench101(Space):
    """Cells as `(edge_bits, op_1, .., op_{V-2})`: V vertices in topological order, from the input to the output.

    Isomorphic cells are one architecture: `key` is the number of the cell's class, in the order (vertices, edge_bits,
    ops) of the classes' first labelled graphs.  `sample`, `mutate`, `neighbours` and `enumerate` return these first
    graphs, so there equal cells are equal tuples; `from_matrix` keeps the vertex order it was given.
    Architectures are always pruned: every vertex is on a path from input to output.
    """

    name = "nasbench101"
    ops = OPS
    size = NUM_CELLS
    limits = Limits(MAX_VERTICES, MAX_EDGES)

    def __eq__(self, other) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))

    @property
    def graphs(self) -> LabelledGraphs:
        """The index of all labelled graphs (built on first use, a fraction of a second)."""
        return labelled_graphs()

    # ---- matrices -------------------------------------------------------------------------------------------------
    def from_matrix(self, matrix, ops) -> Arch:
        """The cell of an upper-triangular 0/1 matrix (row = source; lists or numpy) and its operation names, pruned.

        `ops[0]` must be "input" and `ops[-1]` "output". As in the official library vertices that are on no path from
        input to output are removed first; the limits (7 vertices, 9 edges, the three operations) hold for the rest.
        ArchitectureError names what is wrong.
        """
        try:
            n = len(ops)
            rows = matrix if type(matrix) is list else matrix.tolist() if hasattr(matrix, "tolist") else matrix
            flat = [*chain.from_iterable(rows)]
            bits = sum(map(mul, flat, _WEIGHTS[n]))
            if (
                len(flat) == n * n
                and len(rows) == n
                and bits < _BELOW
                and _BITS.issuperset(flat)
                and ops[0] == "input"
                and ops[-1] == "output"
            ):
                arch = (int(bits), *[_CODE[op] for op in ops[1:-1]])
                if bits in labelled_graphs().base[n]:
                    return arch
                pruned = prune(arch[0], arch[1:])
                if pruned is not None and pruned[0].bit_count() <= MAX_EDGES:
                    return pruned
        except (KeyError, TypeError, ValueError, AttributeError):
            pass
        return read_matrix(matrix, ops)

    def to_matrix(self, arch: Arch) -> tuple[np.ndarray, list[str]]:
        """Adjacency matrix (int8 [V, V], row = source) and operation names with "input" and "output" at the ends."""
        arch = self.validate(arch)
        vertices = len(arch) + 1
        matrix = np.zeros((vertices, vertices), dtype=np.int8)
        for x, y in edges(arch[0], vertices):
            matrix[x, y] = 1
        return matrix, ["input", *[OPS[op] for op in arch[1:]], "output"]

    # ---- identity -------------------------------------------------------------------------------------------------
    def index(self, arch: Arch) -> int:
        """Number of the cell's class, 0 to 423,623."""
        try:
            return labelled_graphs().number(arch)
        except (KeyError, TypeError, IndexError):
            return labelled_graphs().number(self.validate(arch))

    key = index

    def arch(self, index: int) -> Arch:
        """Representative of the class with this number."""
        number = whole_index(index, NUM_CELLS)
        if number is None:
            raise ArchitectureError(
                f"cell number {checks.shown(index)} is outside {self.name}: expected a whole number from 0 to "
                f"{NUM_CELLS - 1}"
            )
        return labelled_graphs().arch(number)

    def canonical(self, arch: Arch) -> Arch:
        return labelled_graphs().arch(self.index(arch))

    def indices(self, archs) -> np.ndarray:
        """Class numbers (int64 [N]) of many cells: a list of tuples, or an integer array [N, 6] padded with -1."""
        graphs = labelled_graphs()
        if not isinstance(archs, np.ndarray):
            try:
                return np.fromiter(map(graphs.number, archs), np.int64, len(archs))
            except (KeyError, TypeError, IndexError):
                return np.array([self.index(arch) for arch in archs], np.int64)
        padded = np.full((len(archs), 1 + _SLOTS), -1, dtype=np.int64)
        padded[:, : archs.shape[1]] = archs
        vertices = 2 + (padded[:, 1:] >= 0).sum(1)
        numbers = np.empty(len(archs), dtype=np.int64)
        for v in range(2, MAX_VERTICES + 1):
            rows = np.flatnonzero(vertices == v)
            if len(rows):
                numbers[rows] = graphs.numbers(v, padded[rows, 0], padded[rows, 1 : v - 1])
        if (numbers < 0).any():
            self.validate(tuple(op for op in padded[int(np.argmax(numbers < 0))].tolist() if op >= 0))
        return numbers

    def hash(self, arch: Arch) -> str:
        """The published module hash, 32 hexadecimal digits."""
        return module_hash(self.validate(arch))

    def validate(self, arch) -> Arch:
        values = plain(arch)
        if not values or len(values) > 1 + _SLOTS or values[0] < 0:
            raise ArchitectureError(f"{checks.shown(arch)} is not an architecture of {self.name}: expected {_FORM}")
        if values[0] in labelled_graphs().base[len(values) + 1] and all(0 <= op < NUM_OPS for op in values[1:]):
            return values
        vertices = len(values) + 1
        if any(not 0 <= op < NUM_OPS for op in values[1:]):
            why = f"operations must be 0 to {NUM_OPS - 1}"
        elif values[0] >> edge_bit(0, vertices):
            why = f"with {vertices} vertices edge_bits must be below 2**{edge_bit(0, vertices)}"
        elif kept_vertices(values[0], vertices) != (1 << vertices) - 1:
            why = "every vertex must be on a path from input to output (from_matrix prunes)"
        else:
            why = f"at most {MAX_EDGES} edges are allowed, it has {values[0].bit_count()}"
        raise ArchitectureError(f"{checks.shown(arch)} is not an architecture of {self.name}: {why}; expected {_FORM}")

    # ---- search ---------------------------------------------------------------------------------------------------
    def sample(self, rng) -> Arch:
        """A cell drawn uniformly from the 423,624."""
        return labelled_graphs().arch(int(rng.random() * NUM_CELLS))

    def enumerate(self) -> Iterator[Arch]:
        graphs = labelled_graphs()
        for i in range(NUM_CELLS):
            yield graphs.arch(i)

    def mutate(self, arch: Arch, rng) -> Arch:
        """The mutation of the NAS-Bench-101 paper: on 7 vertices, each edge flips with chance 1/7 and each operation
        changes to another with chance 1/5; repeated until the result is a valid cell other than `arch`.

        A smaller cell is first spread over 7 vertices, the idle ones anywhere and with any operation, so that it can
        grow.
        """
        if type(arch) is not tuple or not INTS.issuperset(map(type, arch)):
            arch = self.validate(arch)
        graphs = labelled_graphs()
        own = self.index(arch)
        while True:
            bits, ops = _spread(arch, rng)
            place = int(math.log(1 - rng.random()) * _EDGE_SKIP)
            while place < 21:
                bits ^= 1 << place
                place += 1 + int(math.log(1 - rng.random()) * _EDGE_SKIP)
            place = int(math.log(1 - rng.random()) * _OP_SKIP)
            while place < _SLOTS:
                ops[place] = (ops[place] + 1 + int(rng.random() * (NUM_OPS - 1))) % NUM_OPS
                place += 1 + int(math.log(1 - rng.random()) * _OP_SKIP)
            found = prune(bits, tuple(ops))
            if found is not None and found[0].bit_count() <= MAX_EDGES:
                number = graphs.number(found)
                if number != own:
                    return graphs.arch(number)

    def neighbours(self, arch: Arch) -> list[Arch]:
        """All other cells one change away: an operation replaced, an edge added (in either direction where no cycle
        arises), an edge removed (and what it leaves idle pruned), or, below 7 vertices, one idle vertex connected by an
        edge on each side."""
        arch = self.validate(arch)
        graphs = labelled_graphs()
        vertices, ops = len(arch) + 1, arch[1:]
        found: set[Arch | None] = {
            (arch[0], *ops[:i], op, *ops[i + 1 :]) for i in range(len(ops)) for op in range(NUM_OPS)
        }
        pairs = edges(arch[0], vertices)
        for edge in pairs:
            found.add(prune(arch[0] & ~(1 << edge_bit(*edge)), ops))
        reach = _reachable(pairs, vertices)
        free = [(x, y) for x in range(vertices - 1) for y in range(1, vertices) if x != y and not reach[y] >> x & 1]
        if len(pairs) < MAX_EDGES:
            found.update(_sorted_cell([*pairs, edge], ops) for edge in free if edge not in pairs)
        if vertices < MAX_VERTICES and len(pairs) <= MAX_EDGES - 2:
            for x, y in free:
                grown = [(a + (a >= vertices - 1), b + (b >= vertices - 1)) for a, b in pairs]
                new = vertices - 1
                grown += [(x, new), (new, y + (y >= vertices - 1))]
                found.update(_sorted_cell(grown, (*ops, op)) for op in range(NUM_OPS))
        numbers = {graphs.number(cell) for cell in found if cell is not None} - {self.index(arch)}
        return [graphs.arch(i) for i in sorted(numbers)]

    def decisions(self) -> Decisions:
        """21 edge bits and 5 operations on 7 vertices; what pruning removes is not part of the architecture, and more
        than 9 edges or a broken path makes none."""
        pairs = edge_pairs(MAX_VERTICES)
        names = [f"edge{x}-{y}" for x, y in pairs] + [f"op{i + 1}" for i in range(_SLOTS)]
        return Decisions(tuple(names), (2,) * len(pairs) + (NUM_OPS,) * _SLOTS, self._from_decisions)

    def _from_decisions(self, decisions) -> Arch | None:
        bits, ops = [int(bit) for bit in decisions[:-_SLOTS]], [int(op) for op in decisions[-_SLOTS:]]
        found = prune(sum(bit << place for place, bit in enumerate(bits)), tuple(ops))
        return found if found is not None and found[0].bit_count() <= MAX_EDGES else None

    # ---- views ----------------------------------------------------------------------------------------------------
    def dag(self, arch: Arch) -> DAG:
        arch = self.validate(arch)
        return DAG(("input", *[OPS[op] for op in arch[1:]], "output"), tuple(edges(arch[0], len(arch) + 1)))

    def format(self, arch: Arch) -> str:
        """The published specification as JSON: `[matrix, operations]`."""
        matrix, ops = self.to_matrix(arch)
        return json.dumps([matrix.tolist(), ops], separators=(",", ":"))

    def parse(self, text: str) -> Arch:
        """The cell of a specification `[matrix, operations]` (JSON or Python lists)."""
        try:
            matrix, ops = ast.literal_eval(text.strip())
        except (ValueError, SyntaxError, TypeError, AttributeError, MemoryError, RecursionError):
            example = self.format((1,))
            raise ArchitectureError(
                f"{checks.shown(text)} is not a specification of {self.name}: expected a form like {example}"
            ) from None
        return self.from_matrix(matrix, ops)


def _spread(arch: Arch, rng) -> tuple[int, list[int]]:
    """`arch` on 7 vertices: the idle vertices at random places, with random operations."""
    interior = len(arch) - 1
    if interior == _SLOTS:
        return arch[0], list(arch[1:])
    place, left = [0], interior
    ops = []
    for slot in range(_SLOTS):
        if rng.random() * (_SLOTS - slot) < left:  # keeps every choice of places equally likely
            place.append(slot + 1)
            ops.append(arch[interior - left + 1])
            left -= 1
        else:
            ops.append(int(rng.random() * NUM_OPS))
    place.append(MAX_VERTICES - 1)
    return pack((place[x], place[y]) for x, y in edges(arch[0], interior + 2)), ops


def _reachable(pairs: list[tuple[int, int]], vertices: int) -> list[int]:
    """Per vertex the mask of the vertices reachable from it, in a graph without cycles."""
    reach = [0] * vertices
    for _ in range(vertices):
        for x, y in pairs:
            reach[x] |= reach[y] | 1 << y
    return reach


def _sorted_cell(pairs, ops: tuple[int, ...]) -> Arch:
    """The cell of an edge list with vertices in any order (input first, output last), put into topological order."""
    vertices = len(ops) + 2
    reach = _reachable(pairs, vertices)
    # Fewer reachable vertices means later; ties are incomparable, so any order of them is topological.
    order = sorted(range(vertices), key=lambda v: -reach[v].bit_count())
    place = {v: i for i, v in enumerate(order)}
    return (pack((place[x], place[y]) for x, y in pairs), *[ops[v - 1] for v in order[1:-1]])
