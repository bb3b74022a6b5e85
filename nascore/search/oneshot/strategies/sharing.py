"""Random search with parameter sharing: the weights are trained on uniform draws, the architecture is picked."""

from __future__ import annotations

import torch

from nascore.networks.choices import Choices, Draw, one_hot
from nascore.search.oneshot.strategies.base import Strategy
from nascore.search.oneshot.strategies.properties import Properties


class RandomSharing(Strategy):
    """a_i uniform over the operations of each edge; nothing is learned, theta stays 0.

    The lower bound that any strategy has to pass. The argmax of a uniform distribution says nothing, so `derive` is
    "process best" (Section 5.2): of the architectures drawn in the architecture steps, the one with the lowest loss
    on its validation batch.
    """

    properties = Properties("sparse", "1-hot", stochastic=True)

    def __init__(self, choices: Choices, **settings):
        super().__init__(choices, **settings)
        self.best: tuple[float, torch.Tensor] | None = None  # loss and mixing weights

    def draw(self) -> Draw:
        return one_hot(self.sample().tolist(), len(self.choices.ops))

    def update(self, draws, losses, evaluate=None) -> None:
        for draw, loss in zip(draws, losses, strict=True):
            if self.best is None or float(loss) < self.best[0]:
                self.best = (float(loss), draw.weights.detach())

    def scores(self) -> torch.Tensor:
        """The mixing weights of the best draw so far; before the first architecture step the uniform distribution."""
        return super().scores() if self.best is None else self.masked(self.best[1])

    def extra_state(self) -> dict:
        return {"best": self.best}

    def load_extra_state(self, state) -> None:
        self.best = None if state["best"] is None else tuple(state["best"])
