"""REINFORCE (Williams, 1992) with a categorical distribution per edge: the search strategy behind ENAS."""

from __future__ import annotations

import torch

from nascore import checks
from nascore.networks.choices import Choices, Draw, one_hot
from nascore.search.oneshot.strategies.base import Strategy
from nascore.search.oneshot.strategies.properties import Properties


class Reinforce(Strategy):
    """Sparse and stochastic; the policy gradient from one reward, Equations 3 and 4:

        d J / d theta_i ~ r(a, w; V) (a_i - mu_i(theta_i)),    r = -loss,  a ~ p_theta,

    with the loss taken relative to its moving average b <- b + `baseline` (loss - b), which leaves the expectation
    as it is up to the share of the present loss in b. As in the authors' code b hears the losses of weight steps too
    and of the present draw before it is used; it starts at the first loss. `baseline=0` is Equation 4 as printed.
    """

    properties = Properties("sparse", "1-hot", stochastic=True)

    def __init__(self, choices: Choices, *, baseline: float = 0.05, **settings):
        super().__init__(choices, **settings)
        self.rate = checks.number("baseline", baseline, 0, below=1)
        self.settings |= {"baseline": self.rate}
        self.average: float | None = None

    def draw(self) -> Draw:
        return one_hot(self.sample().tolist(), len(self.choices.ops))

    def observe(self, loss: float) -> None:
        self.average = float(loss) if self.average is None else self.average + self.rate * (loss - self.average)

    def update(self, draws, losses, evaluate=None) -> None:
        gradient = torch.zeros(self.theta.shape)
        for draw, loss in zip(draws, losses, strict=True):
            self.observe(loss)
            gradient = gradient + (loss - self.average if self.rate else loss) * self.score(draw)
        self.step(gradient / len(draws))

    def extra_state(self) -> dict:
        return {"average": self.average}

    def load_extra_state(self, state) -> None:
        self.average = state["average"]
