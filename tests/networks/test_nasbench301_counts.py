"""DARTS-space networks against the parameter counts that NASLib published with NAS-Bench-301's predictions."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from nascore.benchmarks.recipes.nasbench301_surrogate.fit import FILES, _arch
from nascore.data import download, upstream
from nascore.errors import DataError
from nascore.networks import build
from nascore.networks.ops.layers import Norm
from nascore.spaces import DARTSSpace

CHANNELS, CELLS, SAMPLE = 32, 8, 80


def published() -> list[tuple[str, float]]:
    """Cells as text and millions of parameters."""
    found = []
    for key in FILES:
        try:
            path = download.obtain(upstream.file("nasbench301", key), "NAS-Bench-301", "fetch it")
        except DataError as error:
            pytest.skip(f"needs real data: {str(error)[:120]}")
        entries = json.loads(path.read_text())
        for text, entry in entries.get("nasbench301", entries)["cifar10"].items():
            count = entry["params"]
            found.append((text, count["score"] if isinstance(count, dict) else count))
    return found


def test_counts_are_the_published_ones_without_the_gains_inside_operations():
    """Theirs have normalisation without gain and shift in the operations, as a supernet; derived ones have both."""
    space, rows = DARTSSpace(), published()
    chosen = np.random.default_rng(0).choice(len(rows), SAMPLE, replace=False)
    equal = 0
    for row in chosen:
        text, millions = rows[row]
        with torch.device("meta"):
            network = build(space, _arch(space, text), channels=CHANNELS, cells=CELLS)
        total = sum(each.numel() for each in network.parameters())
        norms = [m for stage in network.stages for c in stage for m in c.operations.modules() if isinstance(m, Norm)]
        equal += total - sum(2 * m.gain.numel() for m in norms) == round(1e6 * millions)
    assert equal == SAMPLE
