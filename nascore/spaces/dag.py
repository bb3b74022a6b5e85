"""A cell as a node-labelled directed acyclic graph: the one view that feeds GNNs, drawings and predictors."""

from __future__ import annotations

from typing import NamedTuple


class DAG(NamedTuple):
    """labels[i] is the operation of node i; nodes are topologically sorted, the first is "input", the last "output"."""

    labels: tuple[str, ...]
    edges: tuple[tuple[int, int], ...]

    def _repr_svg_(self) -> str:
        from nascore.spaces.view import svg

        return svg(self)


def line_graph(nodes: int, labels: tuple[str, ...]) -> DAG:
    """Turn a DARTS-like cell (operations on edges) into NAS-Bench-101 form (operations on nodes), GA-NAS Appendix,
    "Conversion from DARTS-like Cells", Figure 7.

    `labels` holds one operation per edge in target-major order (0>1, 0>2, 1>2, ...) of a complete DAG on `nodes`
    feature maps. Each becomes a node; it is fed by every operation that ends where it starts (by the input when it
    starts at feature map 0), and feeds the output when it ends at the last feature map.
    """
    pairs = edge_pairs(nodes)
    edges = []
    for k, (source, target) in enumerate(pairs):
        if source == 0:
            edges.append((0, k + 1))
        else:
            edges += [(j + 1, k + 1) for j, pair in enumerate(pairs) if pair[1] == source]
        if target == nodes - 1:
            edges.append((k + 1, len(pairs) + 1))
    return DAG(("input", *labels, "output"), tuple(sorted(edges, key=lambda e: (e[1], e[0]))))


def edge_pairs(nodes: int) -> list[tuple[int, int]]:
    """The edges (source, target) of the complete DAG on `nodes` nodes in target-major order."""
    return [(source, target) for target in range(1, nodes) for source in range(target)]
