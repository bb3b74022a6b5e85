"""Which cells compute the same function: against brute force over all ways to hand out the weights."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from nascore.spaces.cell import CellSpace
from nascore.spaces.isomorphism import contract, isomorphism_classes, isomorphism_key
from nascore.spaces.nasbench201 import NASBench201

SPACE = NASBench201()
DIM = 4


@pytest.fixture(scope="module")
def classes():
    return isomorphism_classes(SPACE)


def outputs(space: CellSpace, archs: np.ndarray) -> np.ndarray:
    """What every cell computes with the weights handed to its edges in every order, (cells, orders)."""
    rng = np.random.default_rng(7)
    weights = {op: rng.normal(size=(len(space.pairs), DIM, DIM)) for op in space.ops if "conv" in op}
    pool, start = np.abs(rng.normal(size=(DIM, DIM))), rng.normal(size=DIM)
    columns = []
    for order in permutations(range(len(space.pairs))):
        nodes = [np.broadcast_to(start, (len(archs), DIM))]
        for node in range(1, space.nodes):
            total = np.zeros((len(archs), DIM))
            for edge, (source, target) in enumerate(space.pairs):
                if target != node:
                    continue
                x = nodes[source]
                for number, op in enumerate(space.ops):
                    if op == "none":
                        continue
                    y = (
                        x
                        if op == "skip_connect"
                        else np.tanh(x) @ weights[op][order[edge]]
                        if op in weights
                        else x @ pool
                    )
                    total += np.where(archs[:, edge, None] == number, y, 0)
            nodes.append(total)
        columns.append(nodes[-1][:, 0])
    return np.stack(columns, 1)


def partition(labels) -> set[frozenset[int]]:
    groups: dict = {}
    for place, label in enumerate(labels):
        groups.setdefault(label, set()).add(place)
    return {frozenset(group) for group in groups.values()}


@pytest.mark.parametrize(
    "space",
    [CellSpace(3, SPACE.ops), CellSpace(4, ("none", "skip_connect", "nor_conv_3x3"))],
    ids=["3 nodes", "4 nodes"],
)
def test_same_class_means_same_function(space):
    """Two cells are one function if some order of the weights makes their outputs equal: the least output decides."""
    least = np.round(outputs(space, space.array()).min(1), 8) + 0.0
    assert partition(least.tolist()) == partition(isomorphism_classes(space)[1].tolist())


def test_nasbench201_has_its_number_of_classes(classes):
    representatives, members = classes
    assert len(members) == SPACE.size and len(set(representatives)) == len(representatives) == members.max() + 1
    assert len(representatives) == 5425
    assert representatives == sorted(representatives)
    for number in (0, 17, 5000):  # a representative is in its class, and nothing in it has less to compute
        rows = np.flatnonzero(members == number)
        cells = [tuple(SPACE.array()[row].tolist()) for row in rows]
        assert representatives[number] in cells
        work = [sum({2: 30, 3: 30, 4: 10, 1: 1}.get(op, 0) for op in cell) for cell in cells]
        assert work[cells.index(representatives[number])] == min(work)


def test_members_have_the_live_operations_of_their_representative(classes):
    representatives, members = classes
    archs = SPACE.array()
    for row in np.random.default_rng(0).integers(0, SPACE.size, 400):
        live = [
            sorted(op for *_, op in contract(SPACE, arch)[1])
            for arch in (tuple(archs[row].tolist()), representatives[members[row]])
        ]
        assert live[0] == live[1]


CELLS = {
    "identity": "|skip_connect~0|+|none~0|skip_connect~1|+|none~0|none~1|skip_connect~2|",
    "cut off": "|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|none~0|none~1|none~2|",
    "one conv": "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|skip_connect~1|none~2|",
    "one conv, dead ends": "|none~0|+|nor_conv_1x1~0|avg_pool_3x3~1|+|nor_conv_3x3~0|nor_conv_1x1~1|none~2|",
    "one conv late": "|skip_connect~0|+|skip_connect~0|none~1|+|none~0|nor_conv_3x3~1|none~2|",
    "one 1x1": "|nor_conv_1x1~0|+|none~0|none~1|+|none~0|skip_connect~1|none~2|",
    "shared first": "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|nor_conv_3x3~1|nor_conv_3x3~2|",
    "two ways": "|nor_conv_3x3~0|+|nor_conv_3x3~0|none~1|+|none~0|nor_conv_3x3~1|nor_conv_3x3~2|",
    "doubled input": "|skip_connect~0|+|none~0|none~1|+|skip_connect~0|skip_connect~1|none~2|",
}
KEYS = {name: isomorphism_key(SPACE, SPACE.parse(text)) for name, text in CELLS.items()}


def test_hand_made_cells():
    assert KEYS["identity"] == ("identity",) and KEYS["cut off"] == ("cut off",)
    assert KEYS["one conv"] == KEYS["one conv late"] == KEYS["one conv, dead ends"]
    different = ("identity", "cut off", "one conv", "one 1x1", "shared first", "two ways", "doubled input")
    assert len({KEYS[name] for name in different}) == len(different)


def test_inner_nodes_may_swap():
    a = SPACE.parse("|nor_conv_3x3~0|+|nor_conv_1x1~0|none~1|+|none~0|avg_pool_3x3~1|nor_conv_3x3~2|")
    b = SPACE.parse("|nor_conv_1x1~0|+|nor_conv_3x3~0|none~1|+|none~0|nor_conv_3x3~1|avg_pool_3x3~2|")
    assert isomorphism_key(SPACE, a) == isomorphism_key(SPACE, b)
