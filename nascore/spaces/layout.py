"""Where the nodes and edges of a drawn cell go: a layered layout, left to right, and one colour per operation.

The classical recipe (Sugiyama): longest-path layers, dummy nodes on edges that span several layers, orders with few
crossings, then coordinates by least squares under a minimum distance. Deterministic; cells are small, so no tuning.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

LAYER_GAP, NODE_WIDTH, NODE_HEIGHT, NODE_GAP, BEND_GAP = 46.0, 92.0, 30.0, 46.0, 26.0
SWEEPS = 12

# Okabe and Ito's palette (distinct under the common colour blindnesses), a little darkened where white text needs it.
# One colour per family of operations, whatever the space calls them.
FAMILIES = (
    (r"^(input|output)$", "#4d4d4d"),
    (r"none|zero", "#ffffff"),
    (r"skip|identity|^id$", "#c9c9c9"),
    (r"avg", "#009e73"),
    (r"max|pool", "#56b4e9"),
    (r"(mb|sep|dil).*5|conv.*5|5x5|7x7|k7", "#cc79a7"),
    (r"mb|sep|dil", "#0072b2"),
    (r"conv.?1|1x1", "#e69f00"),
    (r"conv|3x3", "#0072b2"),
)
OTHERS = ("#d55e00", "#f0e442", "#56b4e9", "#cc79a7", "#009e73", "#e69f00", "#0072b2")
EDGE_COLOUR = "#7a7a7a"


class Layout(NamedTuple):
    """Centres of the nodes (x, y), the points every edge runs through (centre to centre), and the drawing's extent."""

    nodes: tuple[tuple[float, float], ...]
    edges: dict[tuple[int, int], tuple[tuple[float, float], ...]]
    width: float
    height: float


def op_colours(labels: Sequence[str]) -> dict[str, str]:
    """Fill colour (hex) of every distinct label; names outside the known families take the next unused colour."""
    colours, used = {}, set()
    unknown = []
    for label in dict.fromkeys(labels):
        colour = next((c for pattern, c in FAMILIES if re.search(pattern, label.lower())), None)
        if colour is None:
            unknown.append(label)
        else:
            colours[label] = colour
            used.add(colour)
    free = [c for c in OTHERS if c not in used] or list(OTHERS)
    for i, label in enumerate(sorted(unknown)):
        colours[label] = free[i % len(free)]
    return colours


def op_name(label: str) -> str:
    """A short readable name: `"nor_conv_3x3"` and `"conv3x3-bn-relu"` both read `"conv 3×3"`."""
    name = re.sub(r"[-_](bn|relu)", "", label.lower())
    name = re.sub(r"^(nor|activation|elementwise)_", "", name)
    name = re.sub(r"(max|avg)_?pool", r"\1 pool", name.replace("skip_connect", "skip")).replace("_", " ")
    name = re.sub(r"(?<=[a-z])\s*(\d)x(\d)", r" \1×\2", name)
    return name if len(name) <= 14 else name[:13] + "…"


def text_colour(fill: str) -> str:
    """Black or white, whichever stands out more on `fill` (relative luminance)."""
    channels = [int(fill[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#ffffff" if 1.05 / (luminance + 0.05) > (luminance + 0.05) / 0.05 else "#1a1a1a"


def layout(size: int, edges: Sequence[tuple[int, int]]) -> Layout:
    """Lay out a DAG of `size` topologically numbered nodes, the last of them its output, from left to right."""
    rank = _layers(size, edges)
    layers: list[list[int]] = [[] for _ in range(max(rank, default=0) + 1)]
    for node in range(size):
        layers[rank[node]].append(node)
    chains: dict[tuple[int, int], list[int]] = {}
    links: list[tuple[int, int]] = []
    total = size
    for source, target in edges:
        chain = [source]
        for level in range(rank[source] + 1, rank[target]):
            layers[level].append(total)
            chain.append(total)
            total += 1
        chain.append(target)
        chains[(source, target)] = chain
        links += pairwise(chain)
    before: list[list[int]] = [[] for _ in range(total)]
    after: list[list[int]] = [[] for _ in range(total)]
    for source, target in links:
        after[source].append(target)
        before[target].append(source)
    layers = _order(layers, before, after)
    y = _heights(layers, before, after, size)
    step = NODE_WIDTH + LAYER_GAP
    low = min((y[v] - (NODE_HEIGHT / 2 if v < size else 4) for v in range(total)), default=0.0)
    high = max((y[v] + (NODE_HEIGHT / 2 if v < size else 4) for v in range(total)), default=0.0)
    place = {
        v: (round(level * step + NODE_WIDTH / 2, 1), round(y[v] - low, 1))
        for level, layer in enumerate(layers)
        for v in layer
    }
    return Layout(
        tuple(place[v] for v in range(size)),
        {edge: tuple(place[v] for v in chain) for edge, chain in chains.items()},
        round((len(layers) - 1) * step + NODE_WIDTH, 1),
        round(high - low, 1),
    )


def _layers(size: int, edges: Sequence[tuple[int, int]]) -> list[int]:
    rank = [0] + [1] * (size - 1)
    for source, target in sorted(edges):  # topological numbering: a node's rank is final before its edges are read
        rank[target] = max(rank[target], rank[source] + 1)
    if size > 1:
        rank[-1] = max(rank)
        if rank.count(rank[-1]) > 1:
            rank[-1] += 1
    return rank


def _order(layers: list[list[int]], before: list[list[int]], after: list[list[int]]) -> list[list[int]]:
    """Reorder each layer by the mean position of its neighbours, sweeping both ways; keep the fewest crossings."""
    best, fewest = [list(layer) for layer in layers], _crossings(layers, after)
    current = [list(layer) for layer in layers]
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        levels = range(1, len(current)) if forward else range(len(current) - 2, -1, -1)
        for level in levels:
            fixed = current[level - 1 if forward else level + 1]
            position = {v: i for i, v in enumerate(fixed)}
            neighbours = before if forward else after
            old = {v: i for i, v in enumerate(current[level])}
            middle = {
                v: (sum(position[n] for n in neighbours[v]) / len(neighbours[v]) if neighbours[v] else old[v])
                for v in current[level]
            }
            current[level].sort(key=lambda v: (middle[v], old[v] if sweep % 4 < 2 else -old[v]))
        count = _crossings(current, after)
        if count < fewest:
            best, fewest = [list(layer) for layer in current], count
    return best


def _crossings(layers: list[list[int]], after: list[list[int]]) -> int:
    count = 0
    for layer, following in pairwise(layers):
        position = {v: i for i, v in enumerate(following)}
        ends = [sorted(position[t] for t in after[v]) for v in layer]
        for i in range(len(ends)):
            for j in range(i + 1, len(ends)):
                count += sum(a > b for a in ends[i] for b in ends[j])
    return count


def _heights(layers: list[list[int]], before: list[list[int]], after: list[list[int]], size: int) -> list[float]:
    y = [0.0] * (1 + max(v for layer in layers for v in layer))
    for layer in layers:
        gaps = _gaps(layer, size)
        for v, gap in zip(layer, gaps):
            y[v] = gap - gaps[-1] / 2
    for sweep in range(2 * SWEEPS):
        order = layers if sweep % 2 == 0 else layers[::-1]
        for layer in order:
            wanted = []
            for v in layer:
                around = before[v] + after[v]
                wanted.append(sum(y[n] for n in around) / len(around) if around else y[v])
            # bends follow their edge, nodes count more: a node should not be pushed off the middle by a long edge
            weights = [3.0 if v < size else 1.0 for v in layer]
            for v, value in zip(layer, _spread(wanted, weights, _gaps(layer, size))):
                y[v] = value
    return y


def _gaps(layer: list[int], size: int) -> list[float]:
    """Smallest offsets of the layer's members from its first one."""
    offsets = [0.0]
    for a, b in pairwise(layer):
        kinds = (a < size) + (b < size)
        offsets.append(offsets[-1] + (BEND_GAP * 0.6, BEND_GAP + 6, NODE_GAP)[kinds])
    return offsets


def _spread(wanted: list[float], weights: list[float], offsets: list[float]) -> list[float]:
    """Nearest values (weighted least squares) to `wanted` that keep order and distances: pool adjacent violators."""
    blocks: list[list[float]] = []  # mean, weight, members
    for value, weight, offset in zip(wanted, weights, offsets):
        blocks.append([value - offset, weight, 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            mean, weight_b, count = blocks.pop()
            total = blocks[-1][1] + weight_b
            blocks[-1] = [(blocks[-1][0] * blocks[-1][1] + mean * weight_b) / total, total, blocks[-1][2] + count]
    flat = [mean for mean, _, count in blocks for _ in range(int(count))]
    return [value + offset for value, offset in zip(flat, offsets)]
