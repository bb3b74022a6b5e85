"""DARTS (Liu, Simonyan and Yang, 2019): every operation at once, mixed by a softmax."""
from __future__ import annotations

import torch

from ...networks.choices import Choices
from .base import Relaxed, Strategy, one_of
from .properties import Properties


class DARTS(Strategy):
    """Dense and deterministic: a_i = mu_i(theta_i) = softmax(theta_i) (Equation 2 of the AdvantageNAS paper).

    theta follows d L_val(w, mu(theta)) / d theta. With ``order=2`` the loop differentiates through one weight step,
    L_val(w - xi dL_train(w, a) / dw, a), and leaves that total derivative in the draw's weights.grad; ``order=1``
    takes xi = 0.
    """

    properties = Properties("dense", "n-hot", stochastic=False)

    def __init__(self, choices: Choices, *, order: int = 1, **settings):
        super().__init__(choices, **settings)
        self.order = one_of("order", order, (1, 2))
        self.unrolled = order == 2
        self.settings |= {"order": order}

    def draw(self) -> Relaxed:
        mixture = torch.softmax(self.theta, 1)
        return Relaxed(mixture.detach().requires_grad_(), self.all_active(), mixture)

    def update(self, draws, losses) -> None:
        self.step(sum(self.pull_back(draw) for draw in draws) / len(draws))
