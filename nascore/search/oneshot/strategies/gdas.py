"""GDAS (Dong and Yang, 2019): one operation per edge forward, the Gumbel softmax backward."""

from __future__ import annotations

import torch

from nascore import checks
from nascore.networks.choices import Choices, Draw, one_hot
from nascore.search.oneshot.strategies.base import Strategy
from nascore.search.oneshot.strategies.properties import Properties


class GDAS(Strategy):
    """Sparse and stochastic: forward a_i = onehot(argmax_j z_i^j), backward d a_i = d z_i (straight-through), with
    z_i = softmax((log mu_i(theta_i) + g_i) / tau), g_i standard Gumbel noise.

    tau falls linearly from `temperature`[0] to `temperature`[1] over the search. Only the chosen operation is
    computed. `constants=True` marks the draws so that every other operation adds z_i^j - stop(z_i^j) times ones to
    its edge, which is nothing forward and gives z_i^j a derivative (see `Draw`), as the code of GDAS and of the
    AdvantageNAS authors does; False: the others have none.
    """

    properties = Properties("sparse", "1-hot", stochastic=True)

    def __init__(
        self, choices: Choices, *, temperature: tuple[float, float] = (10.0, 0.1), constants: bool = True, **settings
    ):
        super().__init__(choices, **settings)
        self.start, self.end = checks.pair("temperature", temperature, above=0)
        self.constants = checks.flag("constants", constants)
        self.settings |= {"temperature": (self.start, self.end), "constants": self.constants}

    @property
    def temperature(self) -> float:
        """tau at this point of the search."""
        return self.start + (self.end - self.start) * self.progress

    def draw(self) -> Draw:
        noisy = self.noisy()
        hard = one_hot(noisy.detach().argmax(1).tolist(), len(self.choices.ops), requires_grad=True)
        return Draw(hard.weights, hard.active, torch.softmax(noisy / self.temperature, 1), self.constants)

    def update(self, draws, losses, evaluate=None) -> None:
        self.step(self.mean_pull_back(draws))
