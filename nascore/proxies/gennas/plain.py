"""Cells whose normalisation has no gain, no shift and no averages, as the published code builds NAS-Bench-201's."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from torch import nn

from nascore.networks.cells.single import SingleCell
from nascore.networks.ops.layers import Norm


@contextlib.contextmanager
def plain_cells(network: nn.Module) -> Iterator[None]:
    """Inside, normalisation in the single cells of `network` is by the batch alone; afterwards it is as it was."""
    cells = [module for module in network.modules() if isinstance(module, SingleCell)]
    norms = [module for cell in cells for module in cell.modules() if isinstance(module, Norm)]
    kept = [(norm, dict(norm._parameters), dict(norm._buffers)) for norm in norms]
    try:
        for norm, parameters, buffers in kept:
            norm._parameters.update(dict.fromkeys(parameters))
            norm._buffers.update(dict.fromkeys(buffers))
        yield
    finally:
        for norm, parameters, buffers in kept:
            norm._parameters.update(parameters)
            norm._buffers.update(buffers)
