"""One form for all ways of writing the same graph of operations.

Nodes get colours that do not depend on how they are numbered (operation, what they read, what reads them, refined until
nothing changes); where equal colours are left, each is tried in turn and the smallest form wins. Only isomorphic cells
are joined: cells that compute the same for another reason stay different.
"""

from __future__ import annotations

from collections import Counter

from nascore.spaces.nasbench_nlp.cell import ORDERED, Cell, Node


class Cyclic(ValueError):
    """Nodes that read each other in a circle."""


def canonical(cell: Cell) -> Cell:
    """The representative of a cell's isomorphism class. Nodes may stand in any order; Cyclic where there is none."""
    fixed = list(range(cell.first))  # x and the hidden states are themselves
    marks = {value: place + 1 for place, value in enumerate(cell.outputs)}
    colours = fixed + [
        cell.first + 10 * node.op + marks.get(cell.first + number, 0) for number, node in enumerate(cell.nodes)
    ]
    return min(_forms(cell, colours))


def _forms(cell: Cell, colours: list[int]) -> list[Cell]:
    colours = _refined(cell, colours)
    counts = Counter(colours)
    tied = min((colour for colour, count in counts.items() if count > 1), default=None)
    if tied is None:
        return [_ordered(cell, colours)]
    forms, seen = [], set()
    readers = _readers(cell)
    for value, colour in enumerate(colours):
        if colour != tied:
            continue
        twin = (tuple(sorted(cell.nodes[value - cell.first].inputs)), tuple(readers[value]))
        if twin in seen:  # changing places with one that was tried changes nothing
            continue
        seen.add(twin)
        chosen = [2 * each for each in colours]
        chosen[value] -= 1
        forms += _forms(cell, chosen)
    return forms


def _readers(cell: Cell) -> list[list[tuple[int, int]]]:
    """For every value, which nodes read it, and at which place where that matters."""
    found: list[list[tuple[int, int]]] = [[] for _ in range(cell.first + len(cell.nodes))]
    for number, node in enumerate(cell.nodes):
        for place, value in enumerate(node.inputs):
            found[value].append((cell.first + number, place if node.op in ORDERED else 0))
    return found


def _refined(cell: Cell, colours: list[int]) -> list[int]:
    readers = _readers(cell)
    distinct = len(set(colours))
    while True:
        signatures: list[tuple[int, tuple, tuple]] = [(colour, (), ()) for colour in colours[: cell.first]]
        for number, node in enumerate(cell.nodes):
            read = [colours[value] for value in node.inputs]
            around = sorted((colours[reader], place) for reader, place in readers[cell.first + number])
            inputs = read if node.op in ORDERED else sorted(read)
            signatures.append((colours[cell.first + number], tuple(inputs), tuple(around)))
        rank = {signature: place for place, signature in enumerate(sorted(set(signatures)))}
        colours = [rank[signature] for signature in signatures]
        if len(rank) == distinct:
            return colours
        distinct = len(rank)


def _ordered(cell: Cell, colours: list[int]) -> Cell:
    """Renumbered: what can be computed next, the smallest colour first; inputs sorted where their order is free."""
    name = {value: value for value in range(cell.first)}
    waiting = sorted(range(len(cell.nodes)), key=lambda number: colours[cell.first + number])
    nodes = []
    while waiting:
        ready = next((n for n in waiting if all(value in name for value in cell.nodes[n].inputs)), None)
        if ready is None:
            raise Cyclic("its nodes read each other in a circle")
        waiting.remove(ready)
        op, inputs = cell.nodes[ready]
        read = [name[value] for value in inputs]
        nodes.append(Node(op, tuple(read if op in ORDERED else sorted(read))))
        name[cell.first + ready] = cell.first + len(nodes) - 1
    return Cell(cell.states, tuple(nodes), tuple(name[value] for value in cell.outputs))
