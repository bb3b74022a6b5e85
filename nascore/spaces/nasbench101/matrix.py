"""A cell given as a matrix and names: pruned first, then judged, as the official library does."""

from __future__ import annotations

from itertools import chain

from nascore import checks
from nascore.errors import ArchitectureError
from nascore.spaces.base import Arch
from nascore.spaces.nasbench101.graphs import MAX_EDGES, MAX_VERTICES, NAMES, pack

_FORM = "expected an upper-triangular 0/1 matrix and one name per vertex, the first 'input', the last 'output'"


def read_matrix(matrix, ops) -> Arch:
    """The pruned cell of a matrix and operation names of any size; ArchitectureError names what is wrong.

    Vertices that are on no path from input to output are removed before anything is asked of the rest: neither their
    number nor their operations matter.
    """
    names, rows = _names(ops), _rows(matrix)
    if len(rows) != len(names) or any(len(row) != len(rows) for row in rows):
        shape = f"{len(rows)} x {'/'.join(map(str, sorted({len(row) for row in rows})))}"
        raise ArchitectureError(
            f"a matrix of {shape} for {len(names)} operations: it must be {len(names)} x {len(names)}"
        )
    if names[0] != "input" or names[-1] != "output":
        raise ArchitectureError(
            f"operations {checks.shown(ops)}: the first must be 'input', the last 'output'; others {', '.join(NAMES)}"
        )
    edges = []
    for x, row in enumerate(rows):
        for y, entry in enumerate(row):
            if not _is_bit(entry):
                raise ArchitectureError(
                    f"matrix entry {checks.shown(entry)} at row {x}, column {y}: only 0 and 1 are allowed"
                )
            if entry and x >= y:
                raise ArchitectureError(
                    f"matrix entry 1 at row {x}, column {y}: the matrix must be upper-triangular (edges go to later "
                    "vertices)"
                )
            if entry:
                edges.append((x, y))
    kept = _on_a_path(edges, len(names))
    if not kept:
        raise ArchitectureError(f"matrix {checks.shown(matrix)}: no path leads from input to output")
    if len(kept) > MAX_VERTICES:
        raise ArchitectureError(
            f"matrix {checks.shown(matrix)}: {len(kept)} vertices after pruning, a cell has 2 to {MAX_VERTICES} "
            "vertices"
        )
    place = {vertex: i for i, vertex in enumerate(kept)}
    edges = [(place[x], place[y]) for x, y in edges if x in place and y in place]
    if len(edges) > MAX_EDGES:
        raise ArchitectureError(
            f"matrix {checks.shown(matrix)}: {len(edges)} edges after pruning, at most {MAX_EDGES} are allowed"
        )
    for vertex in kept[1:-1]:
        if not isinstance(names[vertex], str) or names[vertex] not in NAMES:
            raise ArchitectureError(
                f"unknown operation {checks.shown(names[vertex])} of vertex {vertex}: an interior vertex has one of "
                f"{', '.join(NAMES)}"
            )
    return (pack(edges), *[NAMES.index(names[vertex]) for vertex in kept[1:-1]])


def _names(ops) -> list:
    ops = ops.tolist() if hasattr(ops, "tolist") else ops
    if not isinstance(ops, (list, tuple)):
        raise ArchitectureError(
            f"operations {checks.shown(ops)}: expected a list of names, the first 'input', the last 'output', others "
            f"{', '.join(NAMES)}"
        )
    if len(ops) < 2:
        raise ArchitectureError(
            f"{len(ops)} operations {checks.shown(ops)}: a cell has 2 to {MAX_VERTICES} vertices after pruning"
        )
    return list(ops)


def _rows(matrix) -> list[list]:
    try:
        return [list(row) for row in (matrix.tolist() if hasattr(matrix, "tolist") else matrix)]
    except TypeError:
        raise ArchitectureError(f"matrix {checks.shown(matrix)}: {_FORM}") from None


def _is_bit(entry) -> bool:
    try:
        return entry in (0, 1)
    except Exception:  # whatever a foreign object's comparison does
        return False


def _on_a_path(edges: list[tuple[int, int]], vertices: int) -> list[int]:
    """The vertices on a path from the first to the last one, in order."""
    after: dict[int, list[int]] = {}
    before: dict[int, list[int]] = {}
    for x, y in edges:
        after.setdefault(x, []).append(y)
        before.setdefault(y, []).append(x)
    reached, needed = _closure(0, after), _closure(vertices - 1, before)
    return sorted(reached & needed) if vertices - 1 in reached else []


def _closure(start: int, following: dict[int, list[int]]) -> set[int]:
    found, open_ends = {start}, [start]
    while open_ends:
        new = set(chain.from_iterable(following.get(vertex, ()) for vertex in open_ends)) - found
        found |= new
        open_ends = list(new)
    return found
