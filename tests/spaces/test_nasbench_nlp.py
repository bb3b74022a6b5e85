"""Recurrent cells of NAS-Bench-NLP: recipes there and back, isomorphic cells as one, the generator's rules."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest

from nascore.errors import ArchitectureError
from nascore.spaces import NASBenchNLP
from nascore.spaces.nasbench_nlp.cell import LINEAR, OPS, Cell, Node, fault, live, unflat
from nascore.testing import SpaceConformance

SPACE = NASBenchNLP()
RNN = '{"f": {"op": "linear", "input": ["x", "h_prev_0"]}, "h_new_0": {"op": "activation_tanh", "input": ["f"]}}'
GRU = json.dumps(
    {
        "r": {"op": "linear", "input": ["x", "h_prev_0"]},
        "r_act": {"op": "activation_sigm", "input": ["r"]},
        "z": {"op": "linear", "input": ["x", "h_prev_0"]},
        "z_act": {"op": "activation_sigm", "input": ["z"]},
        "rh": {"op": "elementwise_prod", "input": ["r_act", "h_prev_0"]},
        "h": {"op": "linear", "input": ["x", "rh"]},
        "h_act": {"op": "activation_tanh", "input": ["h"]},
        "h_new_0": {"op": "blend", "input": ["z_act", "h_prev_0", "h_act"]},
    }
)


class TestNASBenchNLP(SpaceConformance):
    draws = 25

    def make(self):
        return NASBenchNLP()


def test_the_plain_recurrent_cell_by_hand():
    arch = SPACE.parse(RNN)
    assert arch == (1, 0, 2, 0, 1, 4, 1, 2, 3)
    assert json.loads(SPACE.format(arch)) == {
        "node_0": {"op": "linear", "input": ["x", "h_prev_0"]},
        "h_new_0": {"op": "activation_tanh", "input": ["node_0"]},
    }
    dag = SPACE.dag(arch)
    assert dag.labels == ("input", "h_prev_0", "linear", "activation_tanh", "h_new_0", "output")
    assert dag.edges == ((0, 2), (1, 2), (2, 3), (3, 4), (4, 5))
    assert "2 operations, 1 hidden state<" in SPACE.view(arch)._repr_svg_()


def rewritten(text: str, rng: random.Random) -> str:
    """The same recipe under other names, in another order, inputs turned where that does not matter."""
    recipe = json.loads(text)
    names = {name: name if name.startswith("h_new_") else f"q{rng.random()}" for name in recipe}
    entries = list(recipe.items())
    rng.shuffle(entries)
    other = {}
    for name, node in entries:
        read = [names.get(each, each) for each in node["input"]]
        if node["op"] != "blend":
            rng.shuffle(read)
        other[names[name]] = {"op": node["op"], "input": read}
    return json.dumps(other)


def test_isomorphic_recipes_are_one_architecture():
    rng, draws = random.Random(0), np.random.default_rng(0)
    for text in (RNN, GRU, *(SPACE.format(SPACE.sample(draws)) for _ in range(20))):
        arch = SPACE.parse(text)
        assert {SPACE.parse(rewritten(text, rng)) for _ in range(8)} == {arch} == {SPACE.canonical(arch)}


def test_what_differs_stays_different():
    gru = json.loads(GRU)
    kept, turned = (list(gru["h_new_0"]["input"]), ["z_act", "h_act", "h_prev_0"])
    others = [GRU.replace('"blend", "input": ' + json.dumps(kept), '"blend", "input": ' + json.dumps(turned))]
    others.append(GRU.replace('"r_act": {"op": "activation_sigm"', '"r_act": {"op": "activation_tanh"'))
    others.append(GRU.replace('["x", "rh"]', '["h_prev_0", "rh"]'))
    assert len({SPACE.parse(text) for text in (GRU, *others)}) == 4


def test_a_cell_of_many_symmetries():
    """Eight maps of the same two values, with activations, joined two by two: 128 ways to write it in one order."""
    recipe = {f"a{i}": {"op": "linear", "input": ["x", "h_prev_0"]} for i in range(8)}
    recipe |= {f"b{i}": {"op": "activation_tanh", "input": [f"a{i}"]} for i in range(8)}
    recipe |= {f"c{i}": {"op": "elementwise_sum", "input": [f"b{2 * i}", f"b{2 * i + 1}"]} for i in range(4)}
    recipe |= {f"d{i}": {"op": "elementwise_prod", "input": [f"c{2 * i}", f"c{2 * i + 1}"]} for i in range(2)}
    recipe["h_new_0"] = {"op": "elementwise_sum", "input": ["d0", "d1"]}
    rng, text = random.Random(0), json.dumps(recipe)
    arch = SPACE.parse(text)
    assert {SPACE.parse(rewritten(text, rng)) for _ in range(4)} == {arch}
    recipe["b3"]["op"] = "activation_sigm"
    first = SPACE.parse(json.dumps(recipe))
    recipe["b3"]["op"], recipe["b4"]["op"] = "activation_tanh", "activation_sigm"
    assert first == SPACE.parse(json.dumps(recipe)) != arch


def test_what_no_output_needs_is_dropped():
    cell = Cell(1, (Node(LINEAR, (0, 1)), Node(4, (2,)), Node(5, (2,)), Node(6, (4,))), (3,))
    assert "read by nothing" in fault(cell) and live(cell) == unflat(SPACE.parse(RNN))


def test_the_generator_keeps_its_rules():
    rng, counts = np.random.default_rng(3), {}
    for _ in range(150):
        cell = SPACE.cell(SPACE.sample(rng))
        counts[cell.states] = counts.get(cell.states, 0) + 1
        for op, read in cell.nodes:
            counts[OPS[op]] = counts.get(OPS[op], 0) + 1
            if op == LINEAR:  # of activations, x and states only
                assert all(v < cell.first or cell.nodes[v - cell.first].op >= 4 for v in read)
        for value in cell.outputs:  # no state comes straight from one before
            assert not any(0 < v < cell.first for v in cell.nodes[value - cell.first].inputs)
    assert min(counts[i] for i in (1, 2, 3)) > 25
    assert counts["linear"] > 2 * max(counts[each] for each in ("blend", "elementwise_prod", "elementwise_sum"))


@pytest.mark.parametrize(
    "text, why",
    [
        ("[]", "expected {node"),
        ("{}", "expected {node"),
        (RNN[:-1], "not the JSON text"),
        ("[" * 100_000, "not the JSON text"),
        (RNN.replace("tanh", "relu"), "activation_relu"),
        (RNN.replace("h_new_0", "h_new_1"), "h_new_0 is missing"),
        (RNN.replace("h_new_0", "out"), "0 nodes are called h_new_0"),
        (RNN.replace('"x", "h_prev_0"', '"x", "h_prev_1"'), "h_prev_1"),
        (RNN.replace('"x", "h_prev_0"', '"x", "x"'), "twice"),
        (RNN.replace('"x", "h_prev_0"', '"x", "h_new_0"'), "circle"),
        (RNN.replace('"x", "h_prev_0"', '"x"'), "linear takes 2 or 3"),
        (RNN.replace('["x", "h_prev_0"]', '"x"'), "expected"),
        (RNN.replace('["f"]', '["x"]'), "only a linear map reads x"),
        (RNN.replace('"f":', '"x":'), "no node of its own"),
        (RNN.replace('["f"]', "[3]"), "reads 3"),
        (json.dumps(json.loads(RNN) | {"g": {"op": "activation_tanh", "input": ["f"]}}), "read by nothing"),
        (RNN.replace('"x", "h_prev_0"', '"x", "f"'), "circle"),
        ("NaN", "expected"),
    ],
)
def test_bad_recipes(text, why):
    with pytest.raises(ArchitectureError, match=why):
        SPACE.parse(text)


@pytest.mark.parametrize(
    "arch, why",
    [
        ((1, 0, 2, 0, 1, 4, 1, 2), "does not say|read by nothing|outputs"),
        ((4, 0, 2, 0, 1, 4, 1, 2, 3), "1 to 3"),
        ((1, 7, 2, 0, 1, 4, 1, 2, 3), "operation 7"),
        ((1, 0, 2, 0, 9, 4, 1, 2, 3), "expected values from 0 to 1"),
        ((1, 0, 2, 0, 1, 4, 1, 0, 3), "reads x"),
        ((1, 0, 2, 0, 1, 4, 1, 2, 2), "read by nothing"),
        ((2, 0, 2, 0, 1, 4, 1, 3, 4, 4), "different nodes"),
    ],
)
def test_bad_tuples(arch, why):
    with pytest.raises(ArchitectureError, match=why):
        SPACE.validate(arch)
