"""What a perturbation is: a strategy around a strategy, whose weight steps see other mixing weights."""

from __future__ import annotations

import copy
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import torch

from nascore import checks
from nascore.errors import ResultsError, SettingError
from nascore.networks.choices import Draw
from nascore.search.oneshot.plain import plain
from nascore.search.oneshot.strategies.base import Strategy

FIRST = 0.1  # of epsilon at the start of a search: 0.03 of 0.3 in the authors' code

Gradient = Callable[[Draw], torch.Tensor]


class Perturbation(ABC):
    """Wraps a strategy: in weight steps its mixing weights are moved by at most `epsilon` each, so that the weights
    learn to be good around them; architecture steps and all else are the strategy's own (SDARTS, Chen and Hsieh, 2020).

    epsilon rises linearly over the search, from a tenth. Moved weights are kept at 0 or above and divided by their sum.
    Of a draw with one operation per edge nothing can be moved; a warning says so.
    """

    def __init__(self, strategy: Strategy, epsilon: float = 0.3, seed: int = 0):
        needed = ("choices", "draw", "update", "weight_draw", "state_dict", "settings")
        if isinstance(strategy, type) or not all(hasattr(strategy, name) for name in needed):
            raise SettingError(
                f"strategy={checks.shown(strategy)}: expected a Strategy, such as DARTS(supernet.choices)"
            )
        self.strategy = strategy
        self.epsilon, self.seed = checks.number("epsilon", epsilon, above=0, high=1), checks.seed(seed)
        self.generator = torch.Generator().manual_seed(self.seed)
        if getattr(getattr(strategy, "properties", None), "weight_step", "dense") == "sparse":
            name = type(strategy).__name__
            warnings.warn(f"{type(self).__name__}: {name} computes so few operations that little moves", stacklevel=2)

    def __getattr__(self, name: str) -> Any:  # whatever is not the perturbation's is the strategy's
        if name.startswith("__") or name == "strategy":
            raise AttributeError(name)
        return getattr(self.strategy, name)

    # what the loop sets, the strategy reads
    @property
    def progress(self) -> float:
        """Share of the search that is over."""
        return self.strategy.progress

    @progress.setter
    def progress(self, value: float) -> None:
        self.strategy.progress = value

    @property
    def radius(self) -> float:
        """epsilon at this point of the search."""
        return self.epsilon * (FIRST + (1 - FIRST) * self.progress)

    @property
    def settings(self) -> dict:
        """The strategy's, by its name, and the perturbation's."""
        seed = getattr(self.strategy, "seed", None)
        inner = {"name": type(self.strategy).__name__, "seed": seed, **self.strategy.settings}
        return {"strategy": inner, "epsilon": self.epsilon, "perturbation_seed": self.seed}

    @abstractmethod
    def perturbed(self, draw: Draw, gradient: Gradient) -> Draw:
        """The draw of a weight step with moved weights. `gradient(draw)`: d training loss / d weights, (edges, ops), on
        the batch of the step."""

    def weight_draw(self) -> Draw:
        """The strategy's own, which `perturbed` moves on the batch of the step."""
        return self.strategy.weight_draw().detached()

    def moved(self, draw: Draw, by: torch.Tensor) -> Draw:
        """The draw with its active weights moved, on the simplex of what is active on each edge."""
        active = active_mask(draw)
        weights = (draw.weights.detach() + by).clamp_min(0.0).masked_fill(~active, 0.0)
        total = weights.sum(1, keepdim=True)
        even = active.float() / active.sum(1, keepdim=True)
        return Draw(torch.where(total > 0, weights / total.clamp_min(1e-12), even), draw.active)

    # -- state -----------------------------------------------------------------------------------------------------
    def identity(self) -> dict:
        """What a state must agree on before it can be loaded."""
        own = {name: value for name, value in self.settings.items() if name != "strategy"}
        return {
            "name": type(self).__name__,
            "strategy": self.strategy.identity(),
            "settings": plain(f"the settings of {type(self).__name__}", own),
        }

    def state_dict(self) -> dict:
        """The strategy's state, and where the perturbation's draws stand."""
        return copy.deepcopy(
            {
                "identity": self.identity(),
                "strategy": self.strategy.state_dict(),
                "generator": self.generator.get_state(),
            }
        )

    def load_state_dict(self, state: Mapping) -> None:
        """Go on where `state_dict` was taken; ResultsError for a state of something else, and nothing is changed."""
        name = type(self).__name__
        if not isinstance(state, Mapping) or state.get("identity") != self.identity():
            raise ResultsError(f"this is no state of {name} around {type(self.strategy).__name__} of these settings")
        before = self.generator.get_state()
        try:
            self.generator.set_state(state["generator"])
            self.strategy.load_state_dict(state["strategy"])
        except Exception as error:
            self.generator.set_state(before)
            raise ResultsError(f"this is no state of {name}: {error}"[:300]) from None

    def __repr__(self) -> str:
        return f"<{type(self).__name__}, epsilon={self.epsilon:g}, of {self.strategy!r}>"


Strategy.register(Perturbation)


def active_mask(draw: Draw) -> torch.Tensor:
    """Which operations a draw computes, bool (edges, ops)."""
    mask = torch.zeros_like(draw.weights, dtype=torch.bool)
    for edge, ops in enumerate(draw.active):
        mask[edge, list(ops)] = True
    return mask
