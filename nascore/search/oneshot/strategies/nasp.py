"""NASP (Yao et al., 2020): proximal iterations between a box and the one-hot corners."""

from __future__ import annotations

import torch

from nascore import checks
from nascore.networks.choices import Choices, Draw, one_hot
from nascore.search.oneshot.strategies.base import Strategy, weight_gradient
from nascore.search.oneshot.strategies.properties import Properties


class NASP(Strategy):
    """theta lives in the box [0, 1] and is not passed through a softmax.

    Forward: a_i = the one-hot vector nearest to theta_i, that of its largest entry. Architecture step: the derivative
    d loss / d a at a, for every operation, moves theta, which is then projected: theta <- proj(theta - eta dL/da).
    Weight steps compute the chosen operations only (footnote 3 of the AdvantageNAS paper).

    `projection="clip"` is the Euclidean projection on the box; "rescale" is what the AdvantageNAS authors' code
    does, on each edge: shift negative entries up to 0, then divide by the largest if it exceeds 1. theta starts at
    `init` (0.5, from where it may move both ways; the code: 1.0).
    """

    properties = Properties("dense", "1-hot", stochastic=False, guarantee=True, weight_step="sparse")

    def __init__(self, choices: Choices, *, projection: str = "clip", init: float = 0.5, **settings):
        super().__init__(choices, **settings)
        self.projection = checks.one_of("projection", projection, ("clip", "rescale"))
        self.init = checks.number("init", init, 0, 1)
        self.settings |= {"projection": self.projection, "init": self.init}
        with torch.no_grad():
            self.theta.fill_(self.init)

    def draw(self) -> Draw:
        return Draw(one_hot(self.derive(), len(self.choices.ops), requires_grad=True).weights, self.all_active())

    def weight_draw(self) -> Draw:
        return one_hot(self.derive(), len(self.choices.ops))

    def update(self, draws, losses, evaluate=None) -> None:
        self.step(torch.stack([weight_gradient(draw) for draw in draws]).sum(0) / len(draws))

    def step(self, gradient: torch.Tensor) -> None:
        super().step(gradient)
        with torch.no_grad():
            if self.projection == "clip":
                self.theta.clamp_(0.0, 1.0)
            else:
                self.theta -= self.masked(self.theta, torch.inf).amin(1, keepdim=True).clamp_max(0.0)
                self.theta /= self.masked(self.theta).amax(1, keepdim=True).clamp_min(1.0)

    def probabilities(self) -> torch.Tensor:
        """theta, divided by its sum on each edge: NASP has no distribution, but a corner that wins tends to 1."""
        theta = self.masked(self.theta.detach() + 1e-12, 0.0)  # an edge where all are 0 is undecided
        return theta / theta.sum(1, keepdim=True)

    def scores(self) -> torch.Tensor:
        """theta itself; -inf where not live."""
        return self.logits().detach()
