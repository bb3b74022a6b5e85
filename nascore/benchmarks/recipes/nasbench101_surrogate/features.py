"""Numbers that describe NAS-Bench-101 cells, equal for isomorphic cells: what the surrogate and the time model see."""

from __future__ import annotations

import itertools

import numpy as np

from nascore.spaces.nasbench101.cost import cell_costs, channels
from nascore.spaces.nasbench101.graphs import MAX_VERTICES, edge_bit

_SHORT = ("c3", "c1", "mp")  # conv3x3, conv1x1, maxpool3x3
_INTERIOR = MAX_VERTICES - 2
_LAST = MAX_VERTICES - 1
WIDTH = 128
SEQUENCES = [seq for k in range(_INTERIOR + 1) for seq in itertools.product(range(3), repeat=k)]
# What a path is measured by: how many operations, 3x3 convolutions, 1x1 convolutions, poolings and convolutions it has.
_MEASURES = {"ops": (1, 1, 1), "c3": (1, 0, 0), "c1": (0, 1, 0), "mp": (0, 0, 1), "conv": (1, 1, 0)}


def unfold(bits: np.ndarray, ops: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cells on 7 vertices, the output last, absent vertices idle.

    `bits` [N], `ops` int [N, 5] padded with -1.  Returns vertices [N], adjacency bool [N, 7, 7], labels int8 [N, 7]
    (operation code; 3 input, 4 output, -1 idle).
    """
    bits, ops = np.asarray(bits, dtype=np.int64), np.asarray(ops)
    vertices = 2 + (ops >= 0).sum(1)
    adjacency = np.zeros((len(bits), MAX_VERTICES, MAX_VERTICES), dtype=bool)
    for y in range(1, MAX_VERTICES):
        for x in range(y):
            on = (bits >> edge_bit(x, y) & 1).astype(bool)
            adjacency[:, x, y] |= on & (y < vertices - 1)
            adjacency[:, x, _LAST] |= on & (y == vertices - 1)
    labels = np.full((len(bits), MAX_VERTICES), -1, dtype=np.int8)
    labels[:, 0], labels[:, _LAST] = 3, 4
    labels[:, 1:_LAST] = ops
    return vertices, adjacency, labels


def describe(bits: np.ndarray, ops: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Named columns [N] each, and the number of input-output paths with each operation sequence (float32 [N, 364])."""
    vertices, adjacency, labels = unfold(bits, ops)
    columns: dict[str, np.ndarray] = {"vertices": vertices, "edges": adjacency.sum((1, 2))}
    for code, name in enumerate(_SHORT):
        columns[f"n_{name}"] = (labels == code).sum(1)
    params, macs = _costs(vertices, bits, ops)
    columns["log_params"], columns["log_macs"] = np.log(params), np.log(macs)
    _local(columns, adjacency, labels)
    paths = path_counts(adjacency, labels)
    _paths(columns, paths)
    _depths(columns, adjacency, labels)
    _widths(columns, vertices, adjacency, labels, bits)
    _places(columns, vertices, adjacency, labels, bits)
    return {name: np.asarray(column, dtype=np.float32) for name, column in columns.items()}, paths


def _costs(vertices, bits, ops):
    params, macs = np.zeros(len(bits)), np.zeros(len(bits))
    for v in np.unique(vertices):
        rows = vertices == v
        params[rows], macs[rows] = cell_costs(int(v), bits[rows], ops[rows, : v - 2])
    return params, macs


def _local(columns, adjacency, labels) -> None:
    """Labelled edges and two-step walks, and degrees."""
    names = (*_SHORT, "in", "out")
    one = [(labels == code).astype(np.float32) for code in range(5)]
    a = adjacency.astype(np.float32)
    from_label = [np.einsum("nx,nxy->ny", one[k], a) for k in range(4)]
    to_label = [np.einsum("nxy,ny->nx", a, one[k]) for k in range(5)]
    for s in range(4):
        for t in (0, 1, 2, 4):
            columns[f"{names[s]}>{names[t]}"] = (from_label[s] * one[t]).sum(1)
            for middle in range(3):
                columns[f"{names[s]}>{names[middle]}>{names[t]}"] = (from_label[s] * one[middle] * to_label[t]).sum(1)
    incoming, outgoing = a.sum(1), a.sum(2)
    columns["in_fan"], columns["out_fan"] = outgoing[:, 0], incoming[:, _LAST]
    columns["max_in"], columns["max_out"] = incoming[:, 1:_LAST].max(1), outgoing[:, 1:_LAST].max(1)
    columns["sq_in"], columns["sq_out"] = (incoming**2).sum(1), (outgoing**2).sum(1)
    for code, name in enumerate(_SHORT):
        columns[f"sum_in_{name}"] = (incoming * one[code]).sum(1)
        columns[f"sum_out_{name}"] = (outgoing * one[code]).sum(1)


def path_counts(adjacency: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Number of input-output paths with each operation sequence, float32 [N, 364] in the order of SEQUENCES."""
    n = len(labels)
    ending: list[list[np.ndarray]] = [[np.ones((n, 1), dtype=np.float32)]]  # [vertex][length] -> [N, 3**length]
    for v in range(1, MAX_VERTICES):
        row = [np.zeros((n, 3**k), dtype=np.float32) for k in range(_INTERIOR + 1)]
        for u in range(v):
            on = adjacency[:, u, v].astype(np.float32)[:, None]
            for k, counts in enumerate(ending[u]):
                row[k] += on * counts
        if v < _LAST:
            one = np.stack([labels[:, v] == code for code in range(3)], axis=1).astype(np.float32)
            row = [np.zeros((n, 1), dtype=np.float32)] + [
                (row[k][:, :, None] * one[:, None, :]).reshape(n, -1) for k in range(_INTERIOR)
            ]
        ending.append(row)
    return np.concatenate(ending[_LAST], axis=1)


def _paths(columns, paths) -> None:
    """Paths by length, by first and last operation, and averages over all paths."""
    total = paths.sum(1)
    columns["paths"] = total
    length = np.array([len(seq) for seq in SEQUENCES])
    for k in range(_INTERIOR + 1):
        columns[f"paths_{k}"] = paths[:, length == k].sum(1)
    for name, weight in _MEASURES.items():
        measure = np.array([sum(weight[op] for op in seq) for seq in SEQUENCES], dtype=np.float32)
        mean = paths @ measure / total
        columns[f"path_mean_{name}"] = mean
        columns[f"path_sd_{name}"] = np.sqrt(np.maximum(paths @ measure**2 / total - mean**2, 0))
        present = paths > 0
        columns[f"path_max_{name}"] = np.where(present, measure, -1).max(1)
        columns[f"path_min_{name}"] = np.where(present, measure, 9).min(1)
    conv3 = np.array([seq.count(0) for seq in SEQUENCES])
    for k in range(4):
        columns[f"paths_c3_{k}"] = paths[:, conv3 == k].sum(1)
    columns["paths_no_conv"] = paths[:, [all(op == 2 for op in seq) for seq in SEQUENCES]].sum(1)


def _depths(columns, adjacency, labels) -> None:
    """Where the operations stand: longest distance from the input and to the output."""
    n = len(labels)
    down, up = np.zeros((n, MAX_VERTICES)), np.zeros((n, MAX_VERTICES))
    for v in range(1, MAX_VERTICES):
        down[:, v] = np.where(adjacency[:, :v, v], down[:, :v] + 1, 0).max(1)
    for v in range(MAX_VERTICES - 2, -1, -1):
        up[:, v] = np.where(adjacency[:, v, v + 1 :], up[:, v + 1 :] + 1, 0).max(1)
    for code, name in enumerate(_SHORT):
        has = labels == code
        count = has.sum(1).clip(1)
        columns[f"down_{name}"] = (down * has).sum(1) / count
        columns[f"up_{name}"] = (up * has).sum(1) / count
        columns[f"down_max_{name}"] = (down * has).max(1)
        columns[f"up_max_{name}"] = (up * has).max(1)


def vertex_widths(vertices: np.ndarray, bits: np.ndarray) -> np.ndarray:
    """Channels of the interior vertices in a cell of 128 channels, [N, 7]; 0 for input, output and idle vertices."""
    width = np.zeros((len(bits), MAX_VERTICES))
    for v in np.unique(vertices):
        rows = np.flatnonzero(vertices == v)
        has = {(x, y): (bits[rows] >> edge_bit(x, y) & 1).astype(bool) for y in range(v) for x in range(y)}
        out = channels(int(v), has, WIDTH, len(rows))
        for u in range(1, int(v) - 1):
            width[rows, u] = out[u]
    return width


def _widths(columns, vertices, adjacency, labels, bits) -> None:
    """Channels of the operations, and properties of the paths averaged over the output's channels."""
    n = len(labels)
    width = vertex_widths(vertices, bits)
    share = width * adjacency[:, :, _LAST] / WIDTH
    for code, name in enumerate(_SHORT):
        has = labels == code
        columns[f"width_{name}"] = (width * has).sum(1) / WIDTH
        columns[f"width_max_{name}"] = (width * has).max(1) / WIDTH
        columns[f"out_share_{name}"] = (share * has).sum(1)
    interior = np.where(labels[:, 1:_LAST] >= 0, width[:, 1:_LAST], WIDTH)
    columns["width_min"], columns["width_all"] = interior.min(1) / WIDTH, width.sum(1) / WIDTH
    # per measure: the most a channel of the output has gone through, averaged over channels; the same for 3x3 weights
    for name, weight in _MEASURES.items():
        gone = np.zeros((n, MAX_VERTICES))
        through = np.zeros((n, MAX_VERTICES))
        for v in range(1, _LAST):
            step = np.array([*weight, 0, 0, 0])[labels[:, v]]
            gone[:, v] = np.where(adjacency[:, :v, v], gone[:, :v], 0).max(1) + step
            sources = adjacency[:, :v, v].sum(1).clip(1)
            through[:, v] = np.where(adjacency[:, :v, v], through[:, :v], 0).sum(1) / sources + step
        columns[f"channel_max_{name}"] = (share * gone).sum(1)
        columns[f"channel_mean_{name}"] = (share * through).sum(1)


def _places(columns, vertices, adjacency, labels, bits) -> None:
    """Channels carried between kinds of vertices, and how many vertices lie before and after each operation."""
    names = (*_SHORT, "in", "out")
    target = vertex_widths(vertices, bits) / WIDTH
    target[:, _LAST] = 1
    carried = adjacency * target[:, None, :]
    for s, t in itertools.product(range(4), (0, 1, 2, 4)):
        columns[f"carried_{names[s]}>{names[t]}"] = np.einsum("nx,nxy,ny->n", labels == s, carried, labels == t)
    closed = adjacency.copy()
    for middle in range(1, _LAST):
        closed |= closed[:, :, middle, None] & closed[:, None, middle, :]
    before, after = closed.sum(1), closed.sum(2)
    for code, name in enumerate(_SHORT):
        has = labels == code
        columns[f"before_{name}"], columns[f"after_{name}"] = (before * has).sum(1), (after * has).sum(1)
        columns[f"between_{name}"] = (before * after * has).sum(1)
        for other, second in enumerate(_SHORT):
            columns[f"{name}<<{second}"] = np.einsum("nx,nxy,ny->n", has, closed, labels == other)
