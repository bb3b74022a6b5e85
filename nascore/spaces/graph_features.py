"""What a cell looks like as a vector: counts of its nodes with their surroundings (a Weisfeiler-Lehman kernel).

The Euclidean distance of two vectors is the distance that the kernel defines: 0 for cells with the same graph, larger
the more operations and connections differ. Nothing is learned and nothing is random.
"""

from __future__ import annotations

from collections.abc import Iterable
from zlib import crc32

import numpy as np

from nascore.spaces.dag import DAG

PLACES = 512  # descriptions share a place where their checksums agree, which blurs a distance a little
DEPTH = 2  # steps that a node looks around


def graph_features(dags: Iterable[DAG]) -> np.ndarray:
    """float32 (graphs, PLACES): how often each description of a node up to DEPTH steps around it occurs."""
    rows = []
    for labels, edges in dags:
        before: list[list[int]] = [[] for _ in labels]
        after: list[list[int]] = [[] for _ in labels]
        for source, target in edges:
            before[target].append(source)
            after[source].append(target)
        row, colours = np.zeros(PLACES, np.float32), list(labels)
        for step in range(DEPTH + 1):
            if step:
                colours = [
                    f"{colour}({_sorted(colours, before[node])})({_sorted(colours, after[node])})"
                    for node, colour in enumerate(colours)
                ]
            for colour in colours:
                row[crc32(f"{step}{colour}".encode()) % PLACES] += 1
        rows.append(row)
    return np.array(rows, np.float32).reshape(-1, PLACES)


def _sorted(colours: list[str], nodes: list[int]) -> str:
    return ",".join(sorted(colours[node] for node in nodes))
