"""SDARTS-ADV (Chen and Hsieh, 2020): the weights learn under the worst mixing weights nearby."""

from __future__ import annotations

import torch

from nascore import checks
from nascore.networks.choices import Draw
from nascore.search.oneshot.perturbations.base import Gradient, Perturbation, active_mask
from nascore.search.oneshot.strategies.base import Strategy


class AdversarialPerturbation(Perturbation):
    """Projected gradient ascent on the training loss of the step's own batch: from a random point within epsilon
    `steps` times epsilon * 2 / steps along the sign of d loss / d weights, at most epsilon away in every weight.

    Each of the `steps` costs a forward and a backward pass along the mixing weights, with the supernet in evaluation
    mode.
    """

    def __init__(self, strategy: Strategy, epsilon: float = 0.3, *, steps: int = 7, seed: int = 0):
        super().__init__(strategy, epsilon, seed)
        self.steps = checks.whole("steps", steps, 1)

    @property
    def settings(self) -> dict:
        return {**super().settings, "steps": self.steps}

    def perturbed(self, draw: Draw, gradient: Gradient) -> Draw:
        radius, active = self.radius, active_mask(draw)
        by = radius * (2 * torch.rand(draw.weights.shape, generator=self.generator) - 1)
        for _ in range(self.steps):
            at = self.moved(draw, by)
            slope = gradient(Draw(at.weights.requires_grad_(), at.active)).detach()
            by = (by + 2 * radius / self.steps * slope.sign()).clamp(-radius, radius).masked_fill(~active, 0.0)
        return self.moved(draw, by)
