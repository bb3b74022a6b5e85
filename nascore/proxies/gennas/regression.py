"""Fitting a task: 100 steps of gradient descent on one batch, and the loss that is left (appendix, A.2)."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from nascore import checks
from nascore.errors import Diverged
from nascore.proxies.gennas import descent
from nascore.proxies.gennas.targets import Problem

DECAYED = ("all", "matrices")
EVALUATION = ("running", "batch")
OPTIMISERS: dict[str, Callable[..., descent.Descent]] = {"sgd": descent.Momentum, "adam": descent.Adam}
WEIGHTS = (0.25, 0.5, 1.0)  # of the losses of the last three stages


@dataclass(frozen=True)
class Settings:
    """How a task is fitted. Defaults: the appendix's for convolutional networks; `RECURRENT` for recurrent ones.

    rate, momentum, decay: SGD's (optimiser="adam": rate and decay). decayed: "all" parameters, or "matrices", those of
    more than one dimension. The published code has decay=4e-5 on "matrices"; in 100 steps either changes a weight by
    less than 0.1 percent. evaluation: normalisation in the final loss by "running" averages (the code's: evaluation
    mode) or by the "batch".
    """

    iterations: int = 100
    rate: float = 0.1
    momentum: float = 0.9
    decay: float = 1e-5
    decayed: str = "all"
    optimiser: str = "sgd"
    evaluation: str = "running"

    def __post_init__(self):
        values = {
            "iterations": checks.whole("iterations", self.iterations, 0),
            "rate": checks.number("rate", self.rate, above=0),
            "momentum": checks.number("momentum", self.momentum, 0, below=1),
            "decay": checks.number("decay", self.decay, 0),
            "decayed": checks.one_of("decayed", self.decayed, DECAYED),
            "optimiser": checks.one_of("optimiser", self.optimiser, tuple(OPTIMISERS)),
            "evaluation": checks.one_of("evaluation", self.evaluation, EVALUATION),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)


RECURRENT = Settings(rate=1e-3, decay=1.2e-6, optimiser="adam")
PUBLISHED_CODE = Settings(decay=4e-5, decayed="matrices")

Forward = Callable[[torch.Tensor], Sequence[torch.Tensor]]


def loss(outputs: Sequence[torch.Tensor], targets: Sequence[torch.Tensor]) -> torch.Tensor:
    """Mean squared errors, the last stage's with weight 1, the one's before with 0.5, and 0.25."""
    weights = WEIGHTS[len(WEIGHTS) - len(targets) :]
    pairs = zip(weights, outputs, targets, strict=True)
    return sum(weight * F.mse_loss(output, target) for weight, output, target in pairs)  # type: ignore[return-value]


def fit(
    forward: Forward,
    modules: Sequence[nn.Module],
    problem: Problem,
    settings: Settings,
    watch: Callable[[int, float], None] | None = None,
) -> float:
    """Trains `modules`, which `forward` is made of, and returns the loss at a new draw of noise; Diverged where it is
    not finite. `watch(iteration, training loss)` is called after each step, with the loss before it."""
    for module in modules:
        module.train()
    parameters = [each for module in modules for each in module.parameters() if each.requires_grad]
    optimiser = None
    for iteration in range(settings.iterations):
        value = loss(forward(problem.noisy()), problem.targets)
        if optimiser is None:  # the first step shows what the loss depends on: a head for classes is not among it
            gradients = torch.autograd.grad(value, parameters, allow_unused=True)
            used = [k for k, gradient in enumerate(gradients) if gradient is not None]
            parameters, gradients = [parameters[k] for k in used], tuple(gradients[k] for k in used)
            optimiser = OPTIMISERS[settings.optimiser](parameters, settings)
        else:
            gradients = torch.autograd.grad(value, parameters)
        optimiser.step(gradients)
        if watch is not None:
            watch(iteration + 1, float(value.detach()))
    return evaluated(forward, modules, problem, settings)


@torch.no_grad()
def evaluated(forward: Forward, modules: Sequence[nn.Module], problem: Problem, settings: Settings) -> float:
    """The loss as it is now, at a new draw of noise."""
    for module in modules:
        module.train(settings.evaluation == "batch")
    left = float(loss(forward(problem.noisy()), problem.targets))
    if not math.isfinite(left):
        raise Diverged(f"GenNAS: the loss after {settings.iterations} iterations is {left}")
    return left
