"""A DARTS cell pair as numbers, and as distances to random cells: what the surrogate of NAS-Bench-301 is linear in."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from nascore.spaces.base import Arch
from nascore.spaces.darts import NODES, OPS, DARTSSpace
from nascore.spaces.genotype import KINDS

ANCHORS, ANCHOR_SEED = 1000, 301  # random cells: none of them is of the data that was fitted


def numbers(space: DARTSSpace, arch: Arch) -> np.ndarray:
    """Of each cell kind: which operation stands on which edge, how often each occurs, how deep each node lies, how
    often each operation lies on paths to the nodes, and how often each state is read."""
    parts: list[np.ndarray] = []
    for kind in KINDS:
        pairs = [(OPS.index(name), state) for name, state in space.cell(arch, kind)]
        where, counts, read = np.zeros((NODES, NODES + 1, len(OPS))), np.zeros(len(OPS)), np.zeros(NODES + 1)
        paths, depth = [np.zeros(len(OPS)), np.zeros(len(OPS))], [0, 0]
        for node in range(NODES):
            through, below = np.zeros(len(OPS)), 0
            for op, state in pairs[2 * node : 2 * node + 2]:
                where[node, state, op] += 1
                counts[op] += 1
                read[state] += 1
                through += paths[state]
                through[op] += 1
                below = max(below, depth[state])
            paths.append(through)
            depth.append(1 + below)
        parts += [where.ravel(), counts, np.array(depth[2:], float), sum(paths[2:]), read]  # type: ignore[list-item]
    return np.concatenate(parts)


@lru_cache(maxsize=1)
def _anchors() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The random cells' numbers, scaled; and their mean and deviation, by which all are scaled."""
    space, rng = DARTSSpace(), np.random.default_rng(ANCHOR_SEED)
    rows = np.array([numbers(space, space.sample(rng)) for _ in range(ANCHORS)])
    mean, deviation = rows.mean(0), rows.std(0)
    deviation[deviation == 0] = np.inf  # what no cell can have
    return (rows - mean) / deviation, mean, deviation


def design(space: DARTSSpace, archs: Sequence[Arch], width: float) -> np.ndarray:
    """(architectures, features): a one, the scaled numbers, and exp(-width * squared distance) to each random cell."""
    anchors, mean, deviation = _anchors()
    rows = (np.array([numbers(space, arch) for arch in archs]) - mean) / deviation
    squared = (rows**2).sum(1)[:, None] + (anchors**2).sum(1)[None] - 2 * rows @ anchors.T
    return np.hstack([np.ones((len(rows), 1)), rows, np.exp(-width * np.maximum(squared, 0))])
