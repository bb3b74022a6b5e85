"""SNAS (Xie et al., 2019): every operation at once, mixed by a sample of a concrete distribution."""

from __future__ import annotations

import math

import torch

from nascore import checks
from nascore.networks.choices import Choices, Draw
from nascore.search.oneshot.strategies.base import Strategy
from nascore.search.oneshot.strategies.properties import Properties


class SNAS(Strategy):
    """Dense and stochastic: a_i = softmax((log mu_i(theta_i) + g_i) / tau), g_i standard Gumbel noise.

    (Maddison, Mnih and Teh, 2017.) theta follows the reparameterised derivative of the loss. As in the AdvantageNAS
    authors' code tau falls as a cosine from 1 to 0 over the search; here it stops at `min_temperature`, as a division
    by 0 would end the search and very small values make the derivative vanish.
    """

    properties = Properties("dense", "n-hot", stochastic=True)

    def __init__(self, choices: Choices, *, min_temperature: float = 0.03, **settings):
        super().__init__(choices, **settings)
        self.min_temperature = checks.number("min_temperature", min_temperature, above=0, high=1)
        self.settings |= {"min_temperature": self.min_temperature}

    @property
    def temperature(self) -> float:
        """tau = (1 + cos(pi progress)) / 2, at least `min_temperature`."""
        return max(self.min_temperature, (1 + math.cos(math.pi * self.progress)) / 2)

    def draw(self) -> Draw:
        mixture = torch.softmax(self.noisy() / self.temperature, 1)
        return Draw(mixture.detach().requires_grad_(), self.all_active(), mixture)

    def update(self, draws, losses, evaluate=None) -> None:
        self.step(self.mean_pull_back(draws))
