"""One recurrent cell of NAS-Bench-NLP as plain numbers, and what makes it a valid one."""

from __future__ import annotations

from typing import NamedTuple

OPS = (
    "linear",
    "blend",
    "elementwise_prod",
    "elementwise_sum",
    "activation_tanh",
    "activation_sigm",
    "activation_leaky_relu",
)
LINEAR, BLEND, PROD, SUM = range(4)
ACTIVATIONS = (4, 5, 6)
ARITIES = {LINEAR: (2, 3), BLEND: (3,), PROD: (2,), SUM: (2,), **dict.fromkeys(ACTIVATIONS, (1,))}
ORDERED = frozenset([BLEND])  # a * b + (1 - a) * c: the only operation whose inputs cannot change places
STATES = 3  # the most hidden states that a cell may carry
NODES = 25  # the most operations: 21 and 3 states, and the activation that a last linear map may add
X = 0  # the place of the word among a cell's values


class Node(NamedTuple):
    """An operation (index into OPS) and the values that it reads."""

    op: int
    inputs: tuple[int, ...]


class Cell(NamedTuple):
    """Values are numbered: 0 the word x, 1 .. states the hidden states before it, then one for each node.

    `outputs[i]` is the value that becomes hidden state i; state 0 is also what the cell hands on.
    """

    states: int
    nodes: tuple[Node, ...]
    outputs: tuple[int, ...]

    @property
    def first(self) -> int:
        """The value of the first node."""
        return self.states + 1

    def flat(self) -> tuple[int, ...]:
        """The architecture: states, then operation, number of inputs and inputs of each node, then the outputs."""
        parts = [self.states]
        for op, inputs in self.nodes:
            parts += (op, len(inputs), *inputs)
        return (*parts, *self.outputs)


def unflat(arch: tuple[int, ...]) -> Cell:
    """The cell of an architecture, not yet checked; ValueError where the numbers do not add up."""
    if not arch or not 1 <= arch[0] <= STATES:
        raise ValueError(f"the first number says how many hidden states there are: 1 to {STATES}")
    states, at = arch[0], 1
    nodes: list[Node] = []
    while len(arch) - at > states:
        count = arch[at + 1]
        if not 1 <= count <= 3 or at + 2 + count > len(arch) - states:
            raise ValueError(f"node {len(nodes)} does not say 1 to 3 inputs before the {states} outputs")
        nodes.append(Node(arch[at], arch[at + 2 : at + 2 + count]))
        at += 2 + count
    return Cell(states, tuple(nodes), arch[at:])


def fault(cell: Cell) -> str | None:
    """Why this is no cell of the space, in words; None where it is one."""
    states, nodes, outputs = cell
    if not states <= len(nodes) <= NODES:
        return f"{len(nodes)} nodes: expected {states} (one per hidden state) to {NODES}"
    for number, (op, inputs) in enumerate(nodes):
        own = cell.first + number
        if op not in ARITIES:
            return f"node {number} has operation {op}: expected 0 to {len(OPS) - 1}"
        if len(inputs) not in ARITIES[op]:
            return f"node {number} has {len(inputs)} inputs: {OPS[op]} takes {' or '.join(map(str, ARITIES[op]))}"
        if not all(0 <= value < own for value in inputs):
            return f"node {number} reads {inputs}: expected values from 0 to {own - 1}, those before it"
        if len(set(inputs)) < len(inputs):
            return f"node {number} reads a value twice: {inputs}"
        if op != LINEAR and X in inputs:
            return f"node {number}: only a linear map reads x, whose width is its own, not {OPS[op]}"
    if len(set(outputs)) < states or not all(cell.first <= value < cell.first + len(nodes) for value in outputs):
        return f"outputs {outputs}: expected {states} different nodes"
    unread = set(range(cell.first + len(nodes))) - {value for node in nodes for value in node.inputs} - set(outputs)
    if unread:
        return f"values {sorted(unread)} are read by nothing"
    return None


def live(cell: Cell) -> Cell:
    """The cell without the nodes that no output depends on."""
    needed, waiting = set(), list(cell.outputs)
    while waiting:
        value = waiting.pop()
        if value not in needed:
            needed.add(value)
            if value >= cell.first:
                waiting += cell.nodes[value - cell.first].inputs
    kept = [number for number in range(len(cell.nodes)) if cell.first + number in needed]
    name = {value: value for value in range(cell.first)}
    name |= {cell.first + number: cell.first + place for place, number in enumerate(kept)}
    nodes = tuple(Node(cell.nodes[n].op, tuple(name[v] for v in cell.nodes[n].inputs)) for n in kept)
    return Cell(cell.states, nodes, tuple(name[value] for value in cell.outputs))
