"""How a one-shot search trains the shared weights: optimisers by name or as a callable, and schedules of their rate."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from nascore import checks
from nascore.errors import SettingError
from nascore.search.oneshot.plain import plain

# NAS-Bench-201's search setting; AdvantageNAS's own (Appendix D) is not in our copy
OPTIMIZERS: dict[str, tuple[type, dict]] = {
    "sgd": (torch.optim.SGD, {"lr": 0.025, "momentum": 0.9, "nesterov": True, "weight_decay": 5e-4}),
    "adam": (torch.optim.Adam, {"lr": 1e-3, "betas": (0.9, 0.999)}),
}


def _optional_flag(name: str, value: Any) -> bool | None:
    return None if value is None else checks.flag(name, value)


LARGEST = torch.finfo(torch.float32).max  # a rate that the weights' type can hold
# what an option of a named optimiser has to be
_COMMON: dict[str, Callable[[str, Any], Any]] = {
    "lr": lambda name, value: checks.number(name, value, 0, LARGEST),
    "weight_decay": lambda name, value: checks.number(name, value, 0),
    "maximize": checks.flag,
    "foreach": _optional_flag,
    "fused": _optional_flag,
}
OPTIONS: dict[str, dict[str, Callable[[str, Any], Any]]] = {
    "sgd": {
        **_COMMON,
        "momentum": lambda name, value: checks.number(name, value, 0, below=1),
        "dampening": lambda name, value: checks.number(name, value, 0, 1),
        "nesterov": checks.flag,
    },
    "adam": {
        **_COMMON,
        "betas": lambda name, value: checks.pair(name, value, low=0, below=1),
        "eps": lambda name, value: checks.number(name, value, 0),
        "amsgrad": checks.flag,
    },
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
        if isinstance(kind, str) and kind in OPTIMIZERS:
            self.settings = self._named(kind, options)
        elif callable(kind):
            if options is not None and options != {}:
                raise SettingError(
                    f"weight_options={checks.shown(options)}: a callable weight_optimizer has its options itself"
                )
            self.settings = self._own(kind)
        else:
            raise SettingError(f"weight_optimizer={checks.shown(kind)}: expected {', '.join(OPTIMIZERS)} or a callable")
        self.settings |= {"weight_schedule": schedule, "clip": self.clip}
        self.rates: list[float] = (
            [] if self.optimizer is None else [group["lr"] for group in self.optimizer.param_groups]
        )

    def _named(self, kind: str, options: Mapping[str, Any] | None) -> dict:
        make, defaults = OPTIMIZERS[kind]
        if not isinstance(options, Mapping | None):
            raise SettingError(f'weight_options={checks.shown(options)}: expected a dict such as {{"lr": 0.1}}')
        chosen = dict(defaults)
        for name, value in (options or {}).items():
            if name not in OPTIONS[kind]:
                known = checks.suggest(name, OPTIONS[kind])
                raise SettingError(f"weight_options: {kind} has no option {checks.shown(name)}{known}")
            chosen[name] = OPTIONS[kind][name](f"weight_options[{name!r}]", value)
        if chosen.get("nesterov") and (not chosen["momentum"] or chosen.get("dampening")):
            raise SettingError(
                f"weight_options={checks.shown(chosen)}: Nesterov's momentum needs momentum > 0 and no dampening, "
                'or "nesterov": False'
            )
        if self.parameters:
            try:
                self.optimizer = make(self.parameters, **chosen)
            except (TypeError, ValueError, RuntimeError) as error:
                raise SettingError(f"weight_options={checks.shown(options)}: {error}") from error
        return {"weight_optimizer": kind, "weight_options": chosen}

    def _own(self, kind: Callable) -> dict:
        """An optimiser of one's own; recorded with the options of its groups, which may differ from its defaults."""
        if not self.parameters:
            return {"weight_optimizer": getattr(kind, "__qualname__", type(kind).__name__), "weight_options": {}}
        try:
            made = kind(self.parameters)
        except (TypeError, ValueError) as error:
            raise SettingError(f"weight_optimizer={checks.shown(kind)}: {error}") from error
        self.optimizer = checks.instance(
            "weight_optimizer", made, torch.optim.Optimizer, "a callable that makes a torch optimiser"
        )
        groups = [
            plain("weight_optimizer: options", {name: value for name, value in group.items() if name != "params"})
            for group in made.param_groups
        ]
        same = all(group == groups[0] for group in groups)
        options = groups[0] if same else {**plain("weight_optimizer: options", made.defaults), "groups": groups}
        return {"weight_optimizer": type(made).__name__, "weight_options": options}

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
