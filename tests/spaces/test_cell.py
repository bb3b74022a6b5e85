"""Cells with operations on edges: the order of the edges is a contract, everything stored depends on it."""

from __future__ import annotations

import pytest

from nascore.errors import ArchitectureError, SettingError
from nascore.spaces import CellSpace
from nascore.spaces.dag import edge_pairs


def test_edges_are_in_target_major_order():
    space = CellSpace(4, ("a", "b", "c", "d"))
    assert space.pairs == [(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)] == edge_pairs(4)
    # all six positions differ in source, target or operation, so any other order changes the string
    assert space.format((1, 0, 2, 3, 3, 3)) == "|b~0|+|a~0|c~1|+|d~0|d~1|d~2|"
    assert space.parse("|b~0|+|a~0|c~1|+|d~0|d~1|d~2|") == (1, 0, 2, 3, 3, 3)
    assert space.format((0, 1, 2, 3, 0, 1)) == "|a~0|+|b~0|c~1|+|d~0|a~1|b~2|"


@pytest.mark.parametrize("nodes, ops, size", [(2, 2, 2), (3, 3, 27), (4, 4, 4096), (4, 5, 15625), (5, 3, 59049)])
def test_size(nodes, ops, size):
    space = CellSpace(nodes, tuple("abcdefgh"[:ops]))
    assert space.size == size and space.positions == nodes * (nodes - 1) // 2
    assert space.name == f"cell-{nodes}-{ops}"
    assert CellSpace(nodes, tuple("abcdefgh"[:ops]), name="mine").name == "mine"


@pytest.mark.parametrize("nodes", [1, 0, -3, 13, 2.0, "4", None, True])
def test_bad_nodes(nodes):
    with pytest.raises(SettingError, match="whole number from 2 to 12") as caught:
        CellSpace(nodes, ("a", "b"))
    assert repr(nodes) in str(caught.value)


@pytest.mark.parametrize(
    "ops", ["abc", (), ("a",), ("a", "a"), ("a", ""), ("a", "b|c"), ("a", "b~"), ("a+", "b"), ("a", 3)], ids=str
)
def test_bad_operations(ops):
    with pytest.raises(SettingError) as caught:
        CellSpace(4, ops)
    assert repr(ops) in str(caught.value)


@pytest.mark.parametrize(
    "text, why",
    [
        ("|a~0|+|b~0|z~1|", "unknown operation 'z'"),
        ("|a~0|+|b~0|a~0|", "should come from node 1"),
        ("|a~1|+|b~0|a~1|", "should come from node 0"),
        ("|a~0|+|b~0|", "expected the form |a~0|+|a~0|a~1|"),
        ("|a~0|", "expected the form"),
        ("|a~0|+|b~0|a~1|+|a~0|a~1|a~2|", "expected the form"),
        ("a~0+b~0|a~1", "expected the form"),
        ("", "expected the form"),
        ("|a~x|+|b~0|a~1|", "expected the form"),
        (7, "is not text"),
    ],
    ids=str,
)
def test_parse_says_what_is_wrong(text, why):
    with pytest.raises(ArchitectureError) as caught:
        CellSpace(3, ("a", "b")).parse(text)
    assert why in str(caught.value) and repr(text) in str(caught.value)


def test_the_unknown_operation_message_lists_the_known():
    with pytest.raises(ArchitectureError, match="has a, b"):
        CellSpace(2, ("a", "b")).parse("|c~0|")


def test_names_with_digits_spaces_and_underscores_round_trip():
    space = CellSpace(3, ("conv 3x3", "sep_conv_5", "0"))
    for arch in space.enumerate():
        assert space.parse(space.format(arch)) == arch


def test_dag_carries_the_operations_in_tuple_order():
    space = CellSpace(3, ("a", "b"))
    dag = space.dag((0, 1, 0))
    assert dag.labels == ("input", "a", "b", "a", "output")
    with pytest.raises(ArchitectureError):
        space.dag((0, 1, 2))
