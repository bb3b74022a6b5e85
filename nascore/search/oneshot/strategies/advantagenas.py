"""AdvantageNAS (Sato, Sakuma and Akimoto, 2021): a policy gradient that credits each edge for its own part."""

from __future__ import annotations

import math

import torch

from nascore import checks
from nascore.errors import SettingError
from nascore.networks.choices import Choices, Draw, one_hot
from nascore.search.oneshot.strategies.base import Evaluate, Strategy, weight_gradient
from nascore.search.oneshot.strategies.properties import Properties


class AdvantageNAS(Strategy):
    """Sparse and stochastic, one-hot a ~ p_theta (Algorithm 1):

        d J / d theta_i ~ A_i(a, w; V) (a_i - mu_i(theta_i)),    r = -loss

        A_i = r(a) - r(s_i, 0)              (Equation 6, `exact=True`: one more forward pass per edge)
        A_i ~ a_i . d r(a) / d a_i          (Equation 7, the default: from the backward pass of a)

    where (s_i, 0) is a with the output of edge i set to zero. Equation 6 is unbiased (Theorem 4.2), Equation 7 is
    its first-order expansion, equal where r is linear in a.

    Footnote 4: where the choices include a zero operation, whose advantage is always 0, its advantage is replaced by
    the worst expected advantage of the other operations of the edge: the least of their moving averages, each moved
    by `rate` when its operation is drawn. Before any other operation of an edge was drawn, it stays 0.
    """

    properties = Properties("sparse", "1-hot", stochastic=True, guarantee=True)

    def __init__(self, choices: Choices, *, exact: bool = False, rate: float = 0.05, **settings):
        super().__init__(choices, **settings)
        self.exact, self.rate = checks.flag("exact", exact), checks.number("rate", rate, above=0, high=1)
        self.settings |= {"exact": self.exact, "rate": self.rate}
        # moving averages of -A, as losses are minimised: the worst advantage is the largest; nan: never drawn
        self.expected = torch.full((choices.edges, len(choices.ops)), math.nan)

    def draw(self) -> Draw:
        return one_hot(self.sample().tolist(), len(self.choices.ops), requires_grad=not self.exact)

    def counterfactuals(self, draw: Draw) -> list[Draw]:
        """For each edge i the draw (s_i, 0)."""
        return [Draw(draw.weights.detach() * keep[:, None], draw.active) for keep in 1 - torch.eye(self.choices.edges)]

    def update(self, draws, losses, evaluate: Evaluate | None = None) -> None:
        gradient = torch.zeros(self.theta.shape)
        for draw, loss in zip(draws, losses, strict=True):
            if self.exact:
                if evaluate is None:
                    raise SettingError(
                        "exact=True: update needs `evaluate`, the loss of further draws on the same batch"
                    )
                cost = torch.tensor([float(loss) - float(evaluate(other)) for other in self.counterfactuals(draw)])
            else:
                cost = (draw.weights.detach() * weight_gradient(draw)).sum(1)
            gradient += self._credit(cost, draw)[:, None] * self.score(draw)
        self.step(gradient / len(draws))

    def _credit(self, cost: torch.Tensor, draw: Draw) -> torch.Tensor:
        """-A_i, (edges,), after the rule for the zero operation."""
        zero, rows, ops = self.choices.zero, torch.arange(len(cost)), draw.weights.detach().argmax(1)
        old = self.expected[rows, ops]
        self.expected[rows, ops] = torch.where(old.isnan(), cost, old + self.rate * (cost - old))
        if zero is None:
            return cost
        self.expected[:, zero] = math.nan
        worst = self.masked(self.expected, math.nan).nan_to_num(nan=-math.inf).amax(1)
        return torch.where(ops == zero, torch.where(worst.isfinite(), worst, torch.zeros(())), cost)

    def extra_state(self) -> dict:
        return {"expected": self.expected}

    def load_extra_state(self, state) -> None:
        self.expected.copy_(state["expected"])
