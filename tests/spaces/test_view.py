from __future__ import annotations

from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest

from nascore.errors import SettingError
from nascore.spaces import NASBench101, NASBench201, NASBenchMacro
from nascore.spaces.dag import DAG
from nascore.spaces.layout import LAYER_GAP, NODE_HEIGHT, NODE_WIDTH, layout, op_colours, op_name, text_colour
from nascore.spaces.view import CellView, edge_curves, svg

SPACES = (NASBench201(), NASBench101(), NASBenchMacro())


@pytest.mark.parametrize("space", SPACES, ids=lambda space: space.name)
def test_drawn_cells_are_sound(space):
    """No two boxes overlap, edges run left to right between the right boxes, and the SVG is well-formed XML."""
    rng = np.random.default_rng(0)
    for _ in range(60):
        dag = space.dag(space.sample(rng))
        place = layout(len(dag.labels), dag.edges)
        for i, (x, y) in enumerate(place.nodes):
            assert (
                NODE_WIDTH / 2 <= x <= place.width
                and NODE_HEIGHT / 2 - 0.1 <= y <= place.height - NODE_HEIGHT / 2 + 0.1
            )
            for other_x, other_y in place.nodes[:i]:
                assert abs(x - other_x) >= NODE_WIDTH or abs(y - other_y) >= NODE_HEIGHT + 4
        assert set(place.edges) == set(dag.edges)
        for (source, target), curve in zip(place.edges, edge_curves(place)):
            assert curve[0][0] == place.nodes[source][0] + NODE_WIDTH / 2
            assert curve[-1][0] == place.nodes[target][0] - NODE_WIDTH / 2
            assert all(a[0] <= b[0] + 1e-9 for a, b in pairwise(curve))
        root = ElementTree.fromstring(svg(dag, "x < y & z"))
        boxes = root.findall(".//{http://www.w3.org/2000/svg}rect")
        assert len(boxes) == len(dag.labels)


def test_edges_do_not_run_through_boxes():
    rng = np.random.default_rng(1)
    space = NASBench101()
    for _ in range(60):
        dag = space.dag(space.sample(rng))
        place = layout(len(dag.labels), dag.edges)
        for via in place.edges.values():
            for x, y in via[1:-1]:
                for node_x, node_y in place.nodes:
                    assert abs(x - node_x) > 1 or abs(y - node_y) > NODE_HEIGHT / 2 + 3


def test_views_are_deterministic_and_show_themselves(tmp_path):
    space = NASBench201()
    arch = (3, 3, 1, 0, 2, 4)
    view = space.view(arch)
    assert view._repr_svg_() == space.view(arch)._repr_svg_() and view._repr_svg_() in view._repr_html_()
    assert space.format(arch) in view._repr_svg_() and "id=" not in view._repr_svg_()
    view.save(tmp_path / "cell.svg")
    assert (tmp_path / "cell.svg").read_text() == str(view)
    assert 'width="' in CellView(view.dag, scale=2)._repr_svg_()
    with pytest.raises(SettingError, match="scale"):
        CellView(view.dag, scale=0)


def test_chain_is_straight():
    place = layout(4, ((0, 1), (1, 2), (2, 3)))
    assert len({y for _, y in place.nodes}) == 1
    assert place.nodes[1][0] - place.nodes[0][0] == NODE_WIDTH + LAYER_GAP


def test_symmetric_branches_do_not_cross():
    place = layout(6, ((0, 1), (0, 2), (1, 3), (2, 4), (3, 5), (4, 5)))
    y = [node[1] for node in place.nodes]
    assert (y[1] < y[2]) == (y[3] < y[4]) and y[0] == y[5]


def test_smallest_graphs():
    assert layout(1, ()).nodes == ((NODE_WIDTH / 2, NODE_HEIGHT / 2),)
    assert "output" in svg(DAG(("input", "output"), ((0, 1),)))


def test_names_and_colours():
    assert op_name("nor_conv_3x3") == op_name("conv3x3-bn-relu") == op_name("conv3x3") == "conv 3×3"
    assert op_name("skip_connect") == "skip" and op_name("maxpool3x3") == "max pool 3×3"
    assert len(op_name("a_very_long_operation_name")) <= 14
    for space in SPACES:
        colours = op_colours(space.ops)
        assert len(set(colours.values())) == len(space.ops)  # told apart by colour within a space
    own = op_colours(("input", "alpha", "beta", "gamma", "output"))
    assert len({own["alpha"], own["beta"], own["gamma"]}) == 3
    assert text_colour("#000000") == "#ffffff" and text_colour("#ffffff") == "#1a1a1a"
