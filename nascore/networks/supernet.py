"""What every supernet offers a one-shot search."""
from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import nn

from .choices import Choices, Draw


class Supernet(nn.Module, ABC):
    """A network whose edges hold every candidate operation, with weights shared by all architectures.

    `choices` says what there is to choose. `loss(batch, draw)` computes only the operations that `draw.active` lists
    and multiplies them by `draw.weights`. Subclasses say in their docstring what a batch is.
    """

    choices: Choices

    @abstractmethod
    def loss(self, batch, draw: Draw) -> torch.Tensor:
        """The scalar loss of one batch under one draw, differentiable in the weights and in `draw.weights`."""

    @abstractmethod
    def measures(self, batch, draw: Draw) -> dict[str, float]:
        """Numbers worth logging for a batch, at least {"loss": ...}; no gradient, no change of state."""
