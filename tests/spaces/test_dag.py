"""The node-labelled view of a cell, and the conversion of the GA-NAS appendix."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nascore.spaces import DAG, CellSpace, MacroSpace, NASBench201
from nascore.spaces.dag import edge_pairs, line_graph

settings.register_profile("nascore", derandomize=True, deadline=None)
settings.load_profile("nascore")

spaces = st.one_of(
    st.builds(lambda nodes: CellSpace(nodes, ("a", "b", "c")), st.integers(2, 7)),
    st.builds(lambda layers: MacroSpace(layers, ("a", "b", "c")), st.integers(1, 10)),
    st.just(NASBench201()),
)


@given(spaces, st.randoms(use_true_random=False))
def test_topologically_sorted_and_every_node_on_a_path(space, rng):
    arch = space.sample(rng)
    labels, edges = dag = space.dag(arch)
    assert isinstance(dag, DAG)
    assert labels[0] == "input" and labels[-1] == "output"
    assert labels[1:-1] == tuple(space.ops[op] for op in arch)
    assert len(set(edges)) == len(edges) and all(0 <= x < y < len(labels) for x, y in edges)
    assert {x for x, _ in edges} == set(range(len(labels) - 1)), "a node leads nowhere"
    assert {y for _, y in edges} == set(range(1, len(labels))), "a node has no input"


@pytest.mark.parametrize("nodes", range(2, 8))
def test_line_graph_joins_operations_that_meet_at_a_feature_map(nodes):
    pairs = edge_pairs(nodes)
    names = tuple(f"{x}{y}" for x, y in pairs)
    labels, edges = line_graph(nodes, names)
    expected = {("input", f"0{y}") for y in range(1, nodes)} | {(f"{x}{nodes - 1}", "output") for x in range(nodes - 1)}
    expected |= {(f"{a}{b}", f"{c}{d}") for a, b in pairs for c, d in pairs if b == c}
    assert {(labels[x], labels[y]) for x, y in edges} == expected and len(edges) == len(expected)


def test_nasbench201_has_eight_nodes_and_its_known_edges():
    labels, edges = NASBench201().dag((0, 1, 2, 3, 4, 0))
    assert labels == ("input", "none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3", "none", "output")
    assert edges == ((0, 1), (0, 2), (1, 3), (0, 4), (1, 5), (2, 6), (3, 6), (4, 7), (5, 7), (6, 7))


def test_a_macro_network_is_a_chain():
    assert MacroSpace(3, ("a", "b")).dag((1, 0, 1)) == DAG(
        ("input", "b", "a", "b", "output"), ((0, 1), (1, 2), (2, 3), (3, 4))
    )
