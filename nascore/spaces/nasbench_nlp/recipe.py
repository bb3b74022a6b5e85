"""NAS-Bench-NLP's recipes: the JSON text of a graph, {node: {"op", "input": [names]}}, to a cell and back."""

from __future__ import annotations

import json
import re

from nascore.spaces.nasbench_nlp.cell import NODES, OPS, STATES, Cell, Node

OUTPUT, STATE = re.compile(r"h_new_([0-9]+)"), re.compile(r"h_prev_([0-9]+)")


def read(text: str) -> Cell:
    """The cell of a recipe, nodes in the order of the text; ValueError in words where it is none."""
    try:
        graph = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not the JSON text of a recipe ({error})") from None
    if not isinstance(graph, dict) or not graph:
        raise ValueError('expected {node: {"op": name, "input": [names]}}')
    if len(graph) > NODES:
        raise ValueError(f"{len(graph)} nodes: expected at most {NODES}")
    states = sum(OUTPUT.fullmatch(name) is not None for name in graph)
    if not 1 <= states <= STATES:
        raise ValueError(f"{states} nodes are called h_new_0, h_new_1, ..: expected 1 to {STATES}")
    place = {"x": 0, **{f"h_prev_{i}": 1 + i for i in range(states)}}
    if taken := sorted(set(place) & set(graph)):
        raise ValueError(f"{', '.join(taken)} is no node of its own")
    place |= {name: states + 1 + number for number, name in enumerate(graph)}
    nodes = []
    for name, node in graph.items():
        if not isinstance(node, dict) or set(node) != {"op", "input"} or not isinstance(node["input"], list):
            raise ValueError(f'{name}: expected {{"op": name, "input": [names]}}')
        if not isinstance(node["op"], str) or node["op"] not in OPS:
            raise ValueError(f"{name}: operation {node['op']!r}: expected one of {', '.join(OPS)}")
        unknown = [each for each in node["input"] if not isinstance(each, str) or each not in place]
        if unknown:
            raise ValueError(f"{name} reads {unknown[0]!r}: no node, x, or h_prev_0 to h_prev_{states - 1}")
        nodes.append(Node(OPS.index(node["op"]), tuple(place[each] for each in node["input"])))
    try:
        outputs = tuple(place[f"h_new_{i}"] for i in range(states))
    except KeyError as error:
        raise ValueError(f"{error.args[0]} is missing: outputs are h_new_0 to h_new_{states - 1}") from None
    return Cell(states, tuple(nodes), outputs)


def write(cell: Cell) -> str:
    """The recipe of a cell, as JSON text."""
    name = {0: "x", **{1 + i: f"h_prev_{i}" for i in range(cell.states)}}
    name |= {cell.first + number: f"node_{number}" for number in range(len(cell.nodes))}
    name |= {value: f"h_new_{i}" for i, value in enumerate(cell.outputs)}
    graph = {
        name[cell.first + number]: {"op": OPS[op], "input": [name[value] for value in inputs]}
        for number, (op, inputs) in enumerate(cell.nodes)
    }
    return json.dumps(graph)
