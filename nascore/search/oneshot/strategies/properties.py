"""Table 1 of the AdvantageNAS paper: what each strategy says of itself, and what its draws show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nascore import checks

if TYPE_CHECKING:
    from nascore.search.oneshot.strategies.base import Strategy


@dataclass(frozen=True)
class Properties:
    """A row of Table 1. `propagation`: "dense" (every operation is computed in architecture steps) or "sparse";
    `architecture`: how many operations of an edge carry weight, "1-hot", "2-hot" or "n-hot"; `stochastic`: the weights
    are drawn; `guarantee`: its authors prove that it converges. `weight_step`: propagation in weight steps."""

    propagation: str
    architecture: str
    stochastic: bool
    guarantee: bool = False
    weight_step: str = ""

    def __post_init__(self):
        object.__setattr__(self, "weight_step", self.weight_step or self.propagation)


def observed(strategy: Strategy, draws: int = 64) -> dict:
    """What `draws` draws of a strategy show, without using its declaration (theta should not be at its start).

    propagation and weight_step: "dense" if every operation of every edge is computed in each draw, else "sparse";
    computed, computed_weight_step: operations computed per edge, mean; architecture: "k-hot" for the largest number k
    of operations of an edge with a weight that is not 0, "n-hot" if that is all of them; stochastic: some two draws
    differ; total: largest distance of an edge's summed weights from 1, which Equation 1 asks for.
    """
    draws = checks.whole("draws", draws, 2)
    ops = len(strategy.choices.ops)
    steps = {
        "": [strategy.draw() for _ in range(draws)],
        "_weight_step": [strategy.weight_draw() for _ in range(draws)],
    }
    found: dict = {}
    for step, made in steps.items():
        counts = [len(active) for draw in made for active in draw.active]
        found[f"computed{step}"] = sum(counts) / len(counts)
        found["weight_step" if step else "propagation"] = "dense" if min(counts) == ops else "sparse"
    weights = [draw.weights.detach() for draw in steps[""]]
    hot = max(int((w != 0).sum(1).max()) for w in weights)
    return {
        **found,
        "architecture": "n-hot" if hot == ops else f"{hot}-hot",
        "stochastic": any(not w.equal(weights[0]) for w in weights[1:]),
        "total": max(float((w.sum(1) - 1).abs().max()) for w in weights),
    }
