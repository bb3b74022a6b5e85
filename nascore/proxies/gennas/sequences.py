"""GenNAS for recurrent cells: input and output are signals, (steps, samples, dimension) each (appendix, A.2)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from nascore.errors import SettingError

STEPS, SAMPLES = 8, 16
INIT = 0.1


class AroundCell(nn.Module):
    """A linear map to the cell's width, the cell, and a linear map back; (steps, n, dimension) to the same shape.

    Weights start uniform within 0.1, the second bias at 0, the first like PyTorch's own layers, as in the published
    code. Its dropouts are left out.
    """

    def __init__(self, network: nn.Module, dimension: int, generator: torch.Generator):
        super().__init__()
        embedding, cell = getattr(network, "embedding", None), getattr(network, "cell", None)
        if not isinstance(embedding, nn.Embedding) or not isinstance(cell, nn.Module):
            raise SettingError(
                f"network={type(network).__name__}: a task for sequences expects one with `embedding` and `cell`"
            )
        self.cell, width = cell, embedding.embedding_dim
        bound = dimension**-0.5
        self.enter = nn.Parameter(torch.empty(width, dimension).uniform_(-INIT, INIT, generator=generator))
        self.enter_bias = nn.Parameter(torch.empty(width).uniform_(-bound, bound, generator=generator))
        self.leave = nn.Parameter(torch.empty(dimension, width).uniform_(-INIT, INIT, generator=generator))
        self.leave_bias = nn.Parameter(torch.zeros(dimension))

    def forward(self, signals: torch.Tensor) -> tuple[torch.Tensor]:
        inside = self.cell(F.linear(signals, self.enter, self.enter_bias))
        return (F.linear(inside, self.leave, self.leave_bias),)
