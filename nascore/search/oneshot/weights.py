"""How a one-shot search trains the shared weights: optimisers by name or as a callable, and schedules of their rate."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from nascore import checks
from nascore.errors import SettingError

# NAS-Bench-201's search setting; AdvantageNAS's own (Appendix D) is not in our copy
OPTIMIZERS: dict[str, tuple[type, dict]] = {
    "sgd": (torch.optim.SGD, {"lr": 0.025, "momentum": 0.9, "nesterov": True, "weight_decay": 5e-4}),
    "adam": (torch.optim.Adam, {"lr": 1e-3, "betas": (0.9, 0.999)}),
}
FLOOR = 0.04  # the cosine ends at this share of the learning rate: 0.001 of 0.025
SCHEDULES: dict[str, Callable[[float], float]] = {
    "cosine": lambda progress: FLOOR + (1 - FLOOR) * (1 + math.cos(math.pi * progress)) / 2,
    "constant": lambda progress: 1.0,
}

WeightOptimizer = str | Callable[[Sequence[torch.nn.Parameter]], torch.optim.Optimizer]


class Weights:
    """The weights' side of a search: `parameters`, their `optimizer` (None without trainable parameters), `settings`.

    `kind`: "sgd", "adam", or a callable that makes a torch optimiser of the parameters. `options`: what shall differ
    from the defaults of a named one. `schedule` multiplies every learning rate as the search goes on.
    """

    def __init__(
        self,
        parameters: Sequence[torch.nn.Parameter],
        kind: WeightOptimizer,
        options: Mapping[str, Any] | None,
        schedule: str,
        clip: float | None,
    ):
        self.parameters = list(parameters)
        self.clip = None if clip is None else checks.number("clip", clip, above=0)
        self.schedule = SCHEDULES[checks.one_of("weight_schedule", schedule, tuple(SCHEDULES))]
        self.optimizer: torch.optim.Optimizer | None = None
        if callable(kind):
            if options:
                raise SettingError(f"weight_options={options!r}: a callable weight_optimizer has its options itself")
            if self.parameters:
                self.optimizer = checks.instance(
                    "weight_optimizer",
                    kind(self.parameters),
                    torch.optim.Optimizer,
                    "a callable that makes a torch optimiser",
                )
            defaults = {} if self.optimizer is None else _plain(self.optimizer.defaults)
            name = (
                getattr(kind, "__qualname__", type(kind).__name__)
                if self.optimizer is None
                else type(self.optimizer).__name__
            )
            self.settings = {"weight_optimizer": name, "weight_options": defaults}
        else:
            if not isinstance(kind, str) or kind not in OPTIMIZERS:
                raise SettingError(
                    f"weight_optimizer={checks.shown(kind)}: expected {', '.join(OPTIMIZERS)} or a callable"
                )
            make, defaults = OPTIMIZERS[kind]
            chosen = {**defaults, **_plain(options or {})}
            if self.parameters:
                try:
                    self.optimizer = make(self.parameters, **chosen)
                except (TypeError, ValueError) as error:
                    raise SettingError(f"weight_options={options!r}: {error}") from error
            self.settings = {"weight_optimizer": kind, "weight_options": chosen}
        self.settings |= {"weight_schedule": schedule, "clip": self.clip}
        self.rates = [] if self.optimizer is None else [group["lr"] for group in self.optimizer.param_groups]

    def set_rate(self, progress: float) -> None:
        """The learning rates at `progress` (0 to 1) of the search."""
        groups = [] if self.optimizer is None else self.optimizer.param_groups
        for group, rate in zip(groups, self.rates, strict=True):
            group["lr"] = rate * self.schedule(progress)

    def step(self, loss: torch.Tensor) -> None:
        """Backward pass and optimiser step. Operations that were not drawn have no gradient: they stay put."""
        if self.optimizer is None:
            raise SettingError("the supernet has no trainable parameters: there is no weight step")
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        if self.clip is not None:
            torch.nn.utils.clip_grad_norm_(self.parameters, self.clip)
        self.optimizer.step()


def _plain(options: Mapping[str, Any]) -> dict[str, Any]:
    """numpy's numbers as Python's, so that what is recorded can be read again."""
    plain = {}
    for name, value in options.items():
        if isinstance(value, (tuple, list)):
            value = tuple(part.item() if isinstance(part, np.generic) else part for part in value)
        plain[name] = value.item() if isinstance(value, np.generic) else value
    return plain
