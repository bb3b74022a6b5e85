"""Two-cell spaces: DARTS and its reduced forms, and NDS's families; genotypes as text; the entries of the tables."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

import nascore as nc
from nascore.errors import ArchitectureError, SettingError
from nascore.spaces.genotype import read_genotype
from nascore.testing import SpaceConformance

DARTS_V2 = (
    "Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('sep_conv_3x3', 1), "
    "('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0), ('dil_conv_3x3', 2)], normal_concat=[2, 3, 4, 5], "
    "reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 1), ('max_pool_3x3', 0), "
    "('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)], reduce_concat=[2, 3, 4, 5])"
)


class TestDARTS(SpaceConformance):
    def make(self):
        return nc.spaces.DARTSSpace()


class TestS1(SpaceConformance):
    def make(self):
        return nc.spaces.DARTSSpace("s1")


class TestS4WithNone(SpaceConformance):
    def make(self):
        return nc.spaces.DARTSSpace("s4", none=True)


class TestNDSDarts(SpaceConformance):
    def make(self):
        return nc.spaces.NDSSpace("darts-f")


class TestNASNet(SpaceConformance):
    def make(self):
        return nc.spaces.NDSSpace("nasnet")


class TestENASFixed(SpaceConformance):
    def make(self):
        return nc.spaces.NDSSpace("enas-f", depth=10, width=32)


# -- sizes and operations ---------------------------------------------------------------------------------------------
def test_sizes_are_what_can_be_counted_by_hand():
    seven = math.prod(math.comb(n, 2) * 7**2 for n in (2, 3, 4, 5))  # two of n states, an operation for each
    assert nc.spaces.DARTSSpace().size == seven**2
    assert nc.spaces.DARTSSpace("s2").size == math.prod(math.comb(n, 2) * 2**2 for n in (2, 3, 4, 5)) ** 2
    pairs = [n * 5 * (n * 5 + 1) // 2 for n in (2, 3, 4, 5, 6)]  # unordered pairs of (operation, state), repetition too
    assert nc.spaces.NDSSpace("enas", 6, 32).size == math.prod(pairs) ** 2
    assert nc.spaces.NDSSpace("enas").size == math.prod(pairs) ** 2 * 5 * 4


def test_the_operations_of_the_darts_spaces_are_robustdarts(real_data):
    spaces = json.loads((real_data / "tables" / "darts_spaces.json").read_text())
    for name in ("s1", "s2", "s3", "s4", "s5"):
        with_none, without = nc.spaces.DARTSSpace(name, none=True), nc.spaces.DARTSSpace(name)
        for kind in ("normal", "reduce"):
            for edge, theirs in enumerate(spaces[name][kind]):
                assert set(with_none.edge_ops(kind)[edge]) == {*theirs, "none"}
                assert set(without.edge_ops(kind)[edge]) == set(theirs) - {"none"}


@pytest.mark.parametrize("name, none, same", [("s2", False, False), ("s5", True, False), ("s5", False, True)])
def test_equal_spaces_mean_the_same(name, none, same):
    assert (nc.spaces.DARTSSpace(name, none) == nc.spaces.DARTSSpace()) is same
    assert nc.spaces.NDSSpace("darts-f") == nc.spaces.NDSSpace("darts", 22, 32) != nc.spaces.NDSSpace("darts", 20, 32)


# -- text -------------------------------------------------------------------------------------------------------------
def test_published_genotype_of_darts():
    space = nc.spaces.DARTSSpace()
    arch = space.parse(DARTS_V2)
    assert space.cell(arch, "normal")[-2:] == [("skip_connect", 0), ("dil_conv_3x3", 2)]
    assert space.parse(space.format(arch)) == arch
    for other in (
        DARTS_V2.replace("[2, 3, 4, 5]", "range(2, 6)"),
        DARTS_V2.replace("normal_concat=[2, 3, 4, 5], ", ""),
        DARTS_V2.replace("('sep_conv_3x3', 0), ('sep_conv_3x3', 1)", "('sep_conv_3x3', 1), ('sep_conv_3x3', 0)"),
    ):
        assert space.parse(other) == arch


@pytest.mark.parametrize(
    "change",
    [
        ("('sep_conv_3x3', 0), ", ""),
        ("'dil_conv_3x3', 2", "'dil_conv_3x3', 5"),
        ("'dil_conv_3x3', 2", "'dil_conv_3x3', 0"),  # both operations of a node from one state
        ("dil_conv_3x3", "dil_conv_9x9"),
        ("[2, 3, 4, 5]", "[2, 3, 4]"),
        ("[2, 3, 4, 5]", "range(2, 10**9)"),
        ("Genotype(", "__import__('os').system("),
        ("reduce=", "reduced="),
        ("reduce_concat=[2, 3, 4, 5]", "reduce_concat=[2, 3, 4, 5], depth=3"),
        (")]", "), ('none', 0)]"),
    ],
    ids=range(10),
)
def test_a_genotype_with_a_fault_is_refused(change):
    with pytest.raises(ArchitectureError):
        nc.spaces.DARTSSpace().parse(DARTS_V2.replace(*change))


def test_none_is_an_architecture_only_where_asked_for():
    text = DARTS_V2.replace("skip_connect", "none")
    assert nc.spaces.DARTSSpace(none=True).parse(text)
    with pytest.raises(ArchitectureError, match="none"):
        nc.spaces.DARTSSpace().parse(text)


def test_nothing_of_a_text_is_executed():
    with pytest.raises(ArchitectureError):
        read_genotype("Genotype(normal=[print('x')], reduce=[])")


# -- changes ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("space", [nc.spaces.DARTSSpace("s1"), nc.spaces.NDSSpace("pnas")], ids=["s1", "pnas"])
def test_neighbours_are_mutual_and_lead_everywhere(space):
    rng = np.random.default_rng(0)
    arch = space.sample(rng)
    for other in space.neighbours(arch)[:40]:
        assert arch in space.neighbours(other)
    # every way to make one node can be reached from every other
    place = space.positions - 1
    nodes, extras = space.split(arch)
    found, todo = {nodes[place]}, [nodes[place]]
    while todo:
        here = todo.pop()
        for other in space._changes([*nodes[:place], here, *nodes[place + 1 :]], extras, place):
            node = space.split(other)[0][place]
            if node not in found:
                found.add(node)
                todo.append(node)
    assert found == set(space._options[place])


def test_samples_are_uniform_over_what_counts_as_different():
    space = nc.spaces.DARTSSpace("s1")
    rng = np.random.default_rng(1)
    counts: dict = {}
    for _ in range(6000):
        node = space.split(space.sample(rng))[0][1]
        counts[node] = counts.get(node, 0) + 1
    assert len(counts) == 12 and max(counts.values()) < 1.25 * 500 and min(counts.values()) > 0.75 * 500


def test_the_order_of_a_nodes_operations_means_nothing():
    space = nc.spaces.DARTSSpace()
    arch = space.parse(DARTS_V2)
    other = (*arch[2:4], *arch[:2], *arch[4:])
    assert other != arch and other in space and space.key(other) == space.key(arch) == arch


# -- graphs -----------------------------------------------------------------------------------------------------------
def test_the_graph_of_a_cell():
    space = nc.spaces.DARTSSpace()
    dag = space.cell_dag(space.parse(DARTS_V2), "normal")
    assert dag.labels[:2] == ("c_{k-2}", "c_{k-1}") and dag.labels[-1] == "output" and len(dag.labels) == 2 + 8 + 1
    last = len(dag.labels) - 2  # dil_conv_3x3 on state 2, node 0: fed by its two operations
    assert {(2, last), (3, last)} == {edge for edge in dag.edges if edge[1] == last}
    assert sum(target == len(dag.labels) - 1 for _, target in dag.edges) == 8
    assert "<svg" in space.view(space.parse(DARTS_V2))._repr_svg_()


# -- entries of the tables --------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def entries(real_data):
    import pandas as pd

    return pd.read_parquet(real_data / "tables" / "nds_subset.parquet", columns=["space", "net"])


def test_every_entry_is_an_architecture_and_back(entries):
    seen = set()
    for group, rows in entries.groupby("space"):
        space = nc.spaces.nds_space(group)
        seen.add(group)
        for net in rows.net:
            arch = space.from_net(net)
            assert arch in space and space.key(arch) == arch
            back = space.to_net(arch)
            assert space.from_net(back) == arch == space.from_net(json.dumps(back))
            if "genotype" in back:
                theirs = json.loads(net)
                assert {name: theirs[name] for name in ("depth", "width")} == {n: back[n] for n in ("depth", "width")}
                for kind in ("normal", "reduce"):
                    pairs = [theirs["genotype"][kind][i : i + 2] for i in range(0, 2 * space.nodes, 2)]
                    mine = [back["genotype"][kind][i : i + 2] for i in range(0, 2 * space.nodes, 2)]
                    assert [sorted(pair) for pair in pairs] == [sorted(pair) for pair in mine]
                    assert theirs["genotype"][f"{kind}_concat"] == back["genotype"][f"{kind}_concat"]
            else:
                assert json.loads(net) == back
    assert len(seen) == 13


@pytest.mark.parametrize(
    "net, word",
    [
        ("{", "JSON"),
        ("[]", "dictionary"),
        (3, "dictionary"),
        ({"genotype": {}, "depth": 22}, "width"),
        ({"genotype": {}, "depth": 22, "width": 33}, "32"),
        ({"genotype": {}, "depth": "22", "width": 32}, "whole"),
        ({"genotype": [], "depth": 22, "width": 32}, "genotype"),
        ({"genotype": {}, "depth": 22, "width": 32}, "normal"),
        (
            {
                "genotype": {"normal": [["sep_conv_3x3", 0]] * 8, "reduce": [["conv_1x1", 0]] * 8},
                "depth": 22,
                "width": 32,
            },
            "conv_1x1",
        ),
        (
            {"genotype": {"normal": [["none", 9]] * 8, "reduce": [["none", 0]] * 8}, "depth": 22, "width": 32},
            "not an arch",
        ),
    ],
    ids=range(10),
)
def test_what_is_no_entry_is_named(net, word):
    with pytest.raises(ArchitectureError, match=word):
        nc.spaces.NDSSpace("darts-f").from_net(net)


@pytest.mark.parametrize(
    "make, word",
    [
        (lambda: nc.spaces.DARTSSpace("s6"), "space="),
        (lambda: nc.spaces.DARTSSpace("s1", none=1), "none="),
        (lambda: nc.spaces.NDSSpace("mnas"), "family="),
        (lambda: nc.spaces.NDSSpace("enas-f"), "depth and width"),
        (lambda: nc.spaces.NDSSpace("enas", depth=6), "depth and width"),
        (lambda: nc.spaces.NDSSpace("enas", depths=()), "both or none"),
        (lambda: nc.spaces.NDSSpace("enas", widths=(3.5,)), "widths"),
        (lambda: nc.spaces.nds_space("DARTS"), "group="),
    ],
    ids=range(8),
)
def test_what_is_no_space_is_named(make, word):
    with pytest.raises(SettingError, match=word):
        make()
