"""DARTS (Liu, Simonyan and Yang, 2019): every operation at once, mixed by a softmax."""

from __future__ import annotations

import torch

from nascore import checks
from nascore.networks.choices import Choices, Draw
from nascore.search.oneshot.strategies.base import Strategy
from nascore.search.oneshot.strategies.properties import Properties


class DARTS(Strategy):
    """Dense and deterministic: a_i = mu_i(theta_i) = softmax(theta_i) (Equation 2 of the AdvantageNAS paper).

    theta follows d L_val(w, mu(theta)) / d theta. With `order=2` the loop differentiates through one weight step,
    L_val(w - xi dL_train(w, a) / dw, a), and leaves that total derivative in the draw's weights.grad; `order=1`
    takes xi = 0.
    """

    properties = Properties("dense", "n-hot", stochastic=False)

    def __init__(self, choices: Choices, *, order: int = 1, **settings):
        super().__init__(choices, **settings)
        self.order = checks.one_of("order", order, (1, 2))
        self.unrolled = order == 2
        self.settings |= {"order": self.order}

    def draw(self) -> Draw:
        mixture = torch.softmax(self.logits(), 1)
        return Draw(mixture.detach().requires_grad_(), self.all_active(), mixture)

    def update(self, draws, losses, evaluate=None) -> None:
        self.step(self.mean_pull_back(draws))
