"""DrNAS (Chen et al., 2021; Section 3.2 of the thesis): mixing weights are drawn from a Dirichlet that is learned."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from nascore import checks
from nascore.networks.choices import Choices, Draw
from nascore.search.oneshot.strategies.base import Strategy
from nascore.search.oneshot.strategies.properties import Properties

REGULARISERS = ("l2", "kl", "none")
SMALLEST = 1e-6  # of a concentration: below it float32 cannot tell a Dirichlet from its corners


class DrNAS(Strategy):
    """Dense and stochastic: a_i ~ Dir(beta_i) with beta = ELU(theta) + 1, drawn anew for every forward pass
    (Equation 3.2). theta = 0 is the uniform distribution over the simplex.

    theta follows the gradient through the draw (d a_i / d beta_i of the implicit kind) plus that of
    scale * d(beta, 1), d being `regulariser`: "l2", the sum over edges of |beta_i - 1| squared; "kl", of
    KL(Dir(beta_i) | Dir(1)); "none". What the authors' code calls l2 is weight decay on theta: regulariser="none" and
    weight_decay=1e-3. Probabilities and scores are the Dirichlet's means, beta_i over its sum.
    """

    properties = Properties("dense", "n-hot", stochastic=True)

    def __init__(self, choices: Choices, *, regulariser: str = "l2", scale: float = 1e-3, **settings):
        super().__init__(choices, **settings)
        self.regulariser = checks.one_of("regulariser", regulariser, REGULARISERS)
        self.scale = checks.number("scale", scale, 0)
        self.settings |= {"regulariser": self.regulariser, "scale": self.scale}

    def concentration(self) -> torch.Tensor:
        """beta, (edges, ops), above 0 and differentiable in theta; of operations that are not live too."""
        return (F.elu(self.theta) + 1).clamp_min(SMALLEST)

    def logits(self) -> torch.Tensor:
        """log beta where an operation is live, else -inf: its softmax is the Dirichlet's mean."""
        return self.masked(self.concentration().log())

    def draw(self) -> Draw:
        mixture = self._mixture()
        return Draw(mixture.detach().requires_grad_(), self.all_active(), mixture)

    def weight_draw(self) -> Draw:
        with torch.no_grad():
            return Draw(self._mixture(), self.all_active())

    def _mixture(self) -> torch.Tensor:
        # float64: a gamma variable of a small concentration is often below float32's smallest number
        parts = torch._standard_gamma(self.concentration().double(), generator=self.generator)
        parts = self.masked(parts.clamp_min(torch.finfo(torch.float64).tiny), 0.0)
        return (parts / parts.sum(1, keepdim=True)).float()

    def distance(self) -> torch.Tensor:
        """d(beta, 1) of Equation 3.2 over the live operations, a scalar that is differentiable in theta."""
        beta = self.masked(self.concentration(), 1.0)
        if self.regulariser == "l2":
            return ((beta - 1) ** 2).sum()
        if self.regulariser == "none":
            return beta.new_zeros(())
        count, total = self._live.sum(1), self.masked(beta, 0.0).sum(1)
        spread = (beta - 1) * (torch.digamma(beta) - torch.digamma(total)[:, None])
        level = torch.lgamma(total) - torch.lgamma(beta).sum(1) - torch.lgamma(count.to(beta))
        return (level + self.masked(spread, 0.0).sum(1)).sum()

    def update(self, draws, losses, evaluate=None) -> None:
        gradient = self.mean_pull_back(draws)
        if self.scale and self.regulariser != "none":
            gradient = gradient + self.scale * torch.autograd.grad(self.distance(), self.theta)[0]
        self.step(gradient)
