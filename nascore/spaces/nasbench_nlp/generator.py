"""Random cells as the benchmark drew its own (the published generator's rules, in our words), and small changes.

Drawing: operations are added until there are as many as wanted, a linear map three times as often as each of the
others; it reads 2 values (or 3, one time in five) among x, the hidden states and activations, and is followed by an
activation; the others read hidden states and any node. The hidden states after the word are nodes drawn at random,
what they do not need is dropped, and a cell is drawn again that does not use x and every state, or has a state computed
straight from one before the word.
"""

from __future__ import annotations

from collections.abc import Iterator

from nascore.spaces.nasbench_nlp.cell import ACTIVATIONS, ARITIES, BLEND, LINEAR, OPS, PROD, SUM, Cell, Node, X, live

SIZES = (7, 14, 21)  # operations that are drawn besides one for each state
MAIN = (LINEAR, LINEAR, LINEAR, BLEND, PROD, SUM)


def pick(options, rng):
    return options[int(rng.random() * len(options))]


def choose(options, count: int, rng) -> tuple:
    """`count` different ones of `options`, in random order."""
    options = list(options)
    return tuple(options.pop(int(rng.random() * len(options))) for _ in range(count))


def draw(states: int, size: int, rng) -> Cell:
    """A random cell with `states` hidden states out of `states` + `size` operations."""
    while True:
        cell = live(_grown(states, size, rng))
        read = {value for node in cell.nodes for value in node.inputs}
        direct = any(0 < value <= states for out in cell.outputs for value in cell.nodes[out - cell.first].inputs)
        if read.issuperset(range(cell.first)) and not direct:
            return cell


def _grown(states: int, size: int, rng) -> Cell:
    nodes: list[Node] = []
    active = list(range(states + 1))  # what a linear map may read
    while len(nodes) < states + size:
        op = pick(MAIN, rng)
        if op == LINEAR:
            count = min(3 if rng.random() < 0.2 else 2, len(active))
            nodes.append(Node(op, choose(active, count, rng)))
            nodes.append(Node(pick(ACTIVATIONS, rng), (states + len(nodes),)))
            active.append(states + len(nodes))
        else:
            others = range(1, states + 1 + len(nodes))
            if ARITIES[op][0] <= len(others):
                nodes.append(Node(op, choose(others, ARITIES[op][0], rng)))
    return Cell(states, tuple(nodes), choose(range(states + 1, states + 1 + len(nodes)), states, rng))


# ---- one change ---------------------------------------------------------------------------------------------------


def with_node(cell: Cell, number: int, node: Node) -> Cell:
    return cell._replace(nodes=(*cell.nodes[:number], node, *cell.nodes[number + 1 :]))


def operations(cell: Cell) -> Iterator[Cell]:
    """Another operation of as many inputs."""
    for number, (own, inputs) in enumerate(cell.nodes):
        for op in range(len(OPS)):
            if op != own and len(inputs) in ARITIES[op] and (op == LINEAR or X not in inputs):
                yield with_node(cell, number, Node(op, inputs))


def inputs(cell: Cell) -> Iterator[Cell]:
    """Another value is read at one place; of a linear map, one value more or less."""
    for number, (op, read) in enumerate(cell.nodes):
        options = [v for v in range(cell.first + len(cell.nodes)) if v not in read and (v != X or op == LINEAR)]
        for value in options:
            for place in range(len(read)):
                yield with_node(cell, number, Node(op, (*read[:place], value, *read[place + 1 :])))
            if op == LINEAR and len(read) == 2:
                yield with_node(cell, number, Node(op, (*read, value)))
        if op == LINEAR and len(read) == 3:
            for place in range(3):
                yield with_node(cell, number, Node(op, read[:place] + read[place + 1 :]))
        if op == BLEND:  # which of the values weighs the other two, and which of them is which
            for a, b in ((0, 1), (0, 2), (1, 2)):
                turned = list(read)
                turned[a], turned[b] = turned[b], turned[a]
                yield with_node(cell, number, Node(op, tuple(turned)))


def activations(cell: Cell) -> Iterator[Cell]:
    """An activation more, between a node and all that reads it, or one less."""
    for number in range(len(cell.nodes)):
        own, new = cell.first + number, cell.first + len(cell.nodes)
        for op in ACTIVATIONS:
            moved = _redirected(cell, own, new)
            yield moved._replace(nodes=(*moved.nodes, Node(op, (own,))))
        if cell.nodes[number].op in ACTIVATIONS:
            yield _redirected(cell, own, cell.nodes[number].inputs[0])


def outputs(cell: Cell) -> Iterator[Cell]:
    """Another node becomes a hidden state."""
    for place in range(cell.states):
        for value in range(cell.first, cell.first + len(cell.nodes)):
            if value != cell.outputs[place]:
                swapped = [cell.outputs[place] if each == value else each for each in cell.outputs]
                swapped[place] = value
                yield cell._replace(outputs=tuple(swapped))


def _redirected(cell: Cell, old: int, new: int) -> Cell:
    """Whatever reads `old` reads `new`."""
    nodes = tuple(Node(op, tuple(new if v == old else v for v in read)) for op, read in cell.nodes)
    return Cell(cell.states, nodes, tuple(new if v == old else v for v in cell.outputs))


CHANGES = (operations, inputs, activations, outputs)
