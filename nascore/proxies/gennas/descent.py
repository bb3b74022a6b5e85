"""The two optimisers for many small tensors: a few calls for all of them together, buffers made once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import torch

if TYPE_CHECKING:
    from nascore.proxies.gennas.regression import Settings


class Descent(Protocol):
    def step(self, gradients: Sequence[torch.Tensor]) -> None: ...


class Momentum:
    """m <- momentum m + gradient + decay w;  w <- w - rate m: torch.optim.SGD's numbers."""

    def __init__(self, parameters: Sequence[torch.Tensor], settings: Settings):
        self.parameters, self.settings = [each.detach() for each in parameters], settings
        self.buffers = [torch.zeros_like(each) for each in self.parameters]
        decayed = [k for k, each in enumerate(self.parameters) if settings.decayed == "all" or each.dim() > 1]
        self.decayed = decayed if settings.decay else []

    @torch.no_grad()
    def step(self, gradients: Sequence[torch.Tensor]) -> None:
        torch._foreach_mul_(self.buffers, self.settings.momentum)
        torch._foreach_add_(self.buffers, list(gradients))
        if self.decayed:
            into, weights = [self.buffers[k] for k in self.decayed], [self.parameters[k] for k in self.decayed]
            torch._foreach_add_(into, weights, alpha=self.settings.decay)
        torch._foreach_add_(self.parameters, self.buffers, alpha=-self.settings.rate)


class Adam:
    """torch.optim.Adam, all tensors in one call each."""

    def __init__(self, parameters: Sequence[torch.Tensor], settings: Settings):
        self.parameters = list(parameters)
        self.optimiser = torch.optim.Adam(self.parameters, settings.rate, weight_decay=settings.decay, foreach=True)

    def step(self, gradients: Sequence[torch.Tensor]) -> None:
        for parameter, gradient in zip(self.parameters, gradients, strict=True):
            parameter.grad = gradient
        self.optimiser.step()
        for parameter in self.parameters:
            parameter.grad = None
