"""Training the shared weights on for some architectures only, as GA-NAS does before it asks them (its appendix,
"Supernet Training and Usage")."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from nascore import checks
from nascore.errors import SettingError
from nascore.networks.choices import Choices, Draw, one_hot
from nascore.search.oneshot.run import Run
from nascore.search.oneshot.strategies.base import Strategy
from nascore.search.oneshot.strategies.properties import Properties
from nascore.spaces.base import Arch


def fine_tune(
    run: Run, archs: Sequence[Arch], steps: int, *, rate: float | None = None, data=None, seed: int = 0
) -> list[float]:
    """Train the weights of a search on for `steps` steps, each under one of `archs` drawn uniformly; the losses.

    `run`: a search's, such as `log.run`, which goes on as `Run.train_weights` does; its strategy learns nothing.
    `archs`: one operation per edge of the supernet, by its numbers. `rate`: the learning rate (default: as the search
    left it). SettingError for what is no architecture of the supernet, and as `train_weights`.
    """
    checks.instance("run", run, Run, "the run of a search, such as log.run")
    usual = run.strategy
    run.strategy = Among(run.supernet.choices, archs, seed=seed)
    try:
        return run.train_weights(steps, data, rate)
    finally:
        run.strategy = usual


class Among(Strategy):
    """Each draw is one of `archs`, all equally likely; nothing is learned."""

    properties = Properties("sparse", "1-hot", stochastic=True)

    def __init__(self, choices: Choices, archs: Sequence[Arch], **settings):
        super().__init__(choices, **settings)
        mask = choices.mask()
        given = checks.listed("archs", archs, "a list of architectures")
        if not given:
            raise SettingError("archs is empty: expected at least one architecture")
        self._draws = [one_hot(arch, len(choices.ops)) for arch in given]
        for arch, draw in zip(given, self._draws, strict=True):
            if draw.weights.shape != mask.shape or bool((draw.weights.bool() & ~mask).any()):
                raise SettingError(
                    f"archs: {checks.shown(arch)}: expected one allowed operation for each of {choices.edges} edges"
                )

    def draw(self) -> Draw:
        return self._draws[int(torch.randint(len(self._draws), (1,), generator=self.generator))]

    def update(self, draws, losses, evaluate=None) -> None:
        """Nothing."""
