"""Random search with parameter sharing: the weights are trained on uniform draws, the architecture is picked."""
from __future__ import annotations

from ...networks.choices import Choices, Draw, one_hot
from ...spaces.base import Arch
from .base import Strategy
from .properties import Properties


class RandomSharing(Strategy):
    """a_i uniform over the operations of each edge; nothing is learned, theta stays 0.

    The lower bound that any strategy has to pass. The argmax of a uniform distribution says nothing, so `derive` is
    "process best" (Section 5.2): of the architectures drawn in the architecture steps, the one with the lowest loss
    on its validation batch.
    """

    properties = Properties("sparse", "1-hot", stochastic=True)

    def __init__(self, choices: Choices, **settings):
        super().__init__(choices, **settings)
        self.best: tuple[float, Arch] | None = None

    def draw(self) -> Draw:
        return one_hot(self.sample().tolist(), len(self.choices.ops))

    def update(self, draws, losses) -> None:
        for draw, loss in zip(draws, losses, strict=True):
            if self.best is None or float(loss) < self.best[0]:
                self.best = (float(loss), draw.arch)

    def derive(self) -> Arch:
        """The best architecture so far; before the first architecture step the first operation of each edge."""
        return super().derive() if self.best is None else self.best[1]

    def extra_state(self) -> dict:
        return {"best": self.best}

    def load_extra_state(self, state) -> None:
        best = state["best"]
        self.best = None if best is None else (best[0], tuple(best[1]))
