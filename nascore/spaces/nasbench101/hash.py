"""The module hash of NAS-Bench-101: equal for isomorphic cells, and the published name of a cell."""

from __future__ import annotations

import functools

try:  # CPython's own MD5: twice as fast on short texts as the one of OpenSSL behind hashlib
    from _md5 import md5
except ImportError:
    from hashlib import md5

from nascore.spaces.nasbench101.graphs import LabelledGraphs, labelled_graphs

_INPUT, _OUTPUT = -1, -2


@functools.cache
def _start(outgoing: int, incoming: int, label: int) -> str:
    return md5(f"({outgoing}, {incoming}, {label})".encode()).hexdigest()


@functools.lru_cache(maxsize=1 << 15)
def _digest(text: str) -> str:
    return md5(text.encode()).hexdigest()


@functools.lru_cache(maxsize=1 << 14)
def _neighbourhoods(bits: int, vertices: int) -> tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]:
    """Per vertex its sources and its targets."""
    sources = [tuple(x for x in range(y) if bits >> (x + y * (y - 1) // 2) & 1) for y in range(vertices)]
    return tuple((sources[v], tuple(y for y in range(v + 1, vertices) if v in sources[y])) for v in range(vertices))


def module_hash(arch: tuple[int, ...]) -> str:
    """Hash (32 hexadecimal digits) of a pruned cell `(edge_bits, ops..)`.

    Every vertex starts from the digest of (out-degree, in-degree, label), and V times takes in the sorted digests of
    its sources and its targets, all vertices at once; the cell's hash is the digest of the sorted vertex digests.
    """
    vertices = len(arch) + 1
    around = _neighbourhoods(arch[0], vertices)
    labels = (_INPUT, *arch[1:], _OUTPUT)
    h = [_start(len(b), len(a), label) for (a, b), label in zip(around, labels)]
    for turn in range(vertices):
        new = []
        for v, (a, b) in enumerate(around):
            left = h[a[0]] if len(a) == 1 else "".join(sorted([h[u] for u in a]))
            right = h[b[0]] if len(b) == 1 else "".join(sorted([h[u] for u in b]))
            text = f"{left}|{right}|{h[v]}"
            # Few different surroundings exist before the first round, so their digests are remembered.
            new.append(_digest(text) if turn == 0 else md5(text.encode()).hexdigest())
        h = new
    return md5(str(sorted(h)).encode()).hexdigest()


def all_hashes(graphs: LabelledGraphs | None = None, every: int = 1) -> dict[str, set[int]]:
    """Hash of every `every`-th labelled graph, with the class numbers seen under it (one each if the index is right).

    The whole space takes a few minutes on one core; it is the independent check of the structural enumeration.
    """
    graphs = graphs or labelled_graphs()
    seen: dict[str, set[int]] = {}
    place = 0
    for vertices, masks in graphs.masks.items():
        labelings = graphs._labels[vertices]
        for bits in masks.tolist():
            for ops in labelings:
                if place % every == 0:
                    seen.setdefault(module_hash((bits, *ops)), set()).add(int(graphs.class_of[place]))
                place += 1
    return seen
