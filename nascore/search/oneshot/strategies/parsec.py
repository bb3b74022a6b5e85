"""PARSEC (Casale, Gordon and Fusi, 2019): importance-weighted maximum likelihood of the architecture distribution."""

from __future__ import annotations

import torch

from nascore import checks
from nascore.networks.choices import Choices, Draw, one_hot
from nascore.search.oneshot.strategies.base import Strategy
from nascore.search.oneshot.strategies.properties import Properties


class PARSEC(Strategy):
    """Sparse and stochastic: K one-hot draws a^k ~ p_theta per step, weighted by how well they explain the data.

    The likelihood of a batch V under a is p(V | a) = exp(-scale * loss), and the empirical Bayes gradient of
    log E_a[p(V | a)] is estimated by d theta = sum_k omega_k (a^k - mu(theta)), omega = softmax_k(-scale * loss_k).

    `scale`: 1 takes the mean loss as it is (the weights are then nearly equal); the batch size gives the likelihood
    of the whole batch. `weighting="loss"` is the AdvantageNAS authors' code: the loss falls along
    -sum_k softmax_k(loss_k) (a^k - mu), that is, bad draws are made rarer in proportion to softmax(loss) instead of
    good ones likelier. Both point downhill, but the second is no gradient of a likelihood.
    `sequential=True` spreads the K draws over K architecture steps, one each, as that code does; the optimiser then
    also steps with a zero gradient in the K - 1 steps between, so that its momentum moves on.
    """

    properties = Properties("sparse", "1-hot", stochastic=True)

    def __init__(
        self,
        choices: Choices,
        *,
        samples: int = 8,
        scale: float = 1.0,
        weighting: str = "likelihood",
        sequential: bool = False,
        **settings,
    ):
        super().__init__(choices, **settings)
        self.count = checks.whole("samples", samples, 2)
        self.scale = checks.number("scale", scale, above=0)
        self.weighting = checks.one_of("weighting", weighting, ("likelihood", "loss"))
        self.sequential = checks.flag("sequential", sequential)
        self.samples = 1 if self.sequential else self.count
        self.settings |= {
            "samples": self.count,
            "scale": self.scale,
            "weighting": self.weighting,
            "sequential": self.sequential,
        }
        self._scores: list[torch.Tensor] = []
        self._losses: list[float] = []

    def draw(self) -> Draw:
        return one_hot(self.sample().tolist(), len(self.choices.ops))

    def update(self, draws, losses, evaluate=None) -> None:
        self._scores += [self.score(draw) for draw in draws]
        self._losses += [float(loss) for loss in losses]
        if len(self._losses) < self.count:
            self.step(torch.zeros_like(self.theta))
            return
        sign = -1.0 if self.weighting == "likelihood" else 1.0
        omega = torch.softmax(sign * self.scale * torch.tensor(self._losses), 0)
        self.step(sign * (omega[:, None, None] * torch.stack(self._scores)).sum(0))
        self._scores, self._losses = [], []

    def extra_state(self) -> dict:
        return {"scores": list(self._scores), "losses": list(self._losses)}

    def load_extra_state(self, state) -> None:
        self._scores, self._losses = list(state["scores"]), list(state["losses"])
