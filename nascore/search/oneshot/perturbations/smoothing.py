"""SDARTS-RS (Chen and Hsieh, 2020): the weights learn under randomly moved mixing weights."""

from __future__ import annotations

import torch

from nascore import checks
from nascore.networks.choices import Draw
from nascore.search.oneshot.perturbations.base import Perturbation
from nascore.search.oneshot.strategies.base import Strategy

NOISES = ("uniform", "gaussian")


class RandomSmoothing(Perturbation):
    """Every mixing weight of a weight step is moved by a draw from U(-epsilon, epsilon), as in the authors' code; with
    `noise="gaussian"` by one from N(0, epsilon squared), as Section 3.1.3.1 of the thesis has it."""

    def __init__(self, strategy: Strategy, epsilon: float = 0.3, *, noise: str = "uniform", seed: int = 0):
        super().__init__(strategy, epsilon, seed)
        self.noise = checks.one_of("noise", noise, NOISES)

    @property
    def settings(self) -> dict:
        return {**super().settings, "noise": self.noise}

    def perturbed(self, draw: Draw, gradient=None) -> Draw:
        shape = draw.weights.shape
        if self.noise == "uniform":
            by = 2 * torch.rand(shape, generator=self.generator) - 1
        else:
            by = torch.randn(shape, generator=self.generator)
        return self.moved(draw, self.radius * by)
