"""Parameters and multiply-accumulates of NAS-Bench-101 networks, exactly, for many cells at once.

The network: a 3x3 convolution to 128 channels on 32 x 32 images, three stacks of three cells, the second and third
after a 2 x 2 max pooling and with twice the channels (256, 512), global average pooling and a dense layer.  Inside a
cell the output's channels are split over the vertices that feed it, the first ones taking the remainder; every other
vertex has as many as its widest target.  An edge from the input is a 1x1 convolution to the target's channels.
Convolutions have no bias; batch normalisation has two parameters per channel.
"""

from __future__ import annotations

import numpy as np

from nascore.spaces.base import Arch
from nascore.spaces.nasbench101.graphs import MAX_VERTICES, LabelledGraphs, edge_bit

_STEM, _STACKS, _CELLS, _CLASSES, _IMAGE = 128, 3, 3, 10, 32
_KERNEL = np.array([9, 1, 0])  # weights per channel pair: conv3x3, conv1x1, maxpool3x3


def cell_costs(vertices: int, bits: np.ndarray, ops: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Parameters and multiply-accumulates for one image (int64 [N] each) of cells with the same number of vertices.

    `bits` [N] are edge masks, `ops` [N, V-2] operation codes.  The remainder of the channel split goes by vertex
    order, so two orders of one cell can differ slightly in parameters.  Multiply-accumulates count convolutions and the
    dense layer.
    """
    bits = np.asarray(bits, dtype=np.int64)
    ops = np.asarray(ops).reshape(len(bits), vertices - 2)
    has = {(x, y): (bits >> edge_bit(x, y) & 1).astype(bool) for y in range(vertices) for x in range(y)}
    params = np.full(len(bits), 27 * _STEM + 2 * _STEM, dtype=np.int64)
    macs = np.full(len(bits), 27 * _STEM * _IMAGE**2, dtype=np.int64)
    came, side = _STEM, _IMAGE
    for stack in range(_STACKS):
        width = _STEM << stack
        side = _IMAGE >> stack
        for _ in range(_CELLS):
            weights, normalised = _cell(vertices, has, ops, came, width)
            params += weights + 2 * normalised
            macs += weights * side**2
            came = width
    params += came * _CLASSES + _CLASSES
    macs += came * _CLASSES
    return params, macs


def channels(vertices: int, has: dict, width: int, count: int) -> list[np.ndarray]:
    """Channels of each vertex but the input (entry 0 unused), int64 [N] each, in a cell with `width` channels."""
    last = vertices - 1
    feeding = sum((has[v, last].astype(np.int64) for v in range(1, last)), np.zeros(count, dtype=np.int64))
    share, rest = width // feeding.clip(1), width % feeding.clip(1)
    out = [np.zeros(count, dtype=np.int64) for _ in range(vertices)]
    out[last] += width
    for v in range(1, last):
        extra = has[v, last] & (rest > 0)
        out[v] = np.where(has[v, last], share + extra, 0)
        rest = rest - extra
    for v in range(last - 2, 0, -1):
        widest = np.max([np.where(has[v, y], out[y], 0) for y in range(v + 1, last)], axis=0)
        out[v] = np.where(has[v, last], out[v], widest)
    return out


def _cell(vertices: int, has: dict, ops: np.ndarray, came: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Convolution weights and normalised channels of one cell with `came` input channels."""
    out = channels(vertices, has, width, len(ops))
    weights = np.zeros(len(ops), dtype=np.int64)
    normalised = np.zeros(len(ops), dtype=np.int64)
    for v in range(1, vertices):
        weights += has[0, v] * came * out[v]
        normalised += has[0, v] * out[v]
        if v < vertices - 1:
            kernel = _KERNEL[ops[:, v - 1]]
            weights += kernel * out[v] ** 2
            normalised += (kernel > 0) * out[v]
    return weights, normalised


def arch_costs(arch: Arch) -> tuple[int, int]:
    """Parameters and multiply-accumulates of one pruned cell, in its own vertex order."""
    params, macs = cell_costs(len(arch) + 1, np.array(arch[:1]), np.array([arch[1:]]))
    return int(params[0]), int(macs[0])


def all_costs(graphs: LabelledGraphs) -> tuple[np.ndarray, np.ndarray]:
    """Parameters and multiply-accumulates (int64 [423,624]) of all representatives, in class order."""
    params, macs = [], []
    for vertices in range(2, MAX_VERTICES + 1):
        rows = graphs.vertices == vertices
        p, m = cell_costs(vertices, graphs.bits[rows], graphs.ops[rows, : vertices - 2])
        params.append(p)
        macs.append(m)
    return np.concatenate(params), np.concatenate(macs)
