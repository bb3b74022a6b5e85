"""What a proxy is, and the shelf of them: `@proxy(name, higher_is_better=...)` on a function, or a `Proxy` of your own.

    @proxy("mine", higher_is_better=True, labels=False)
    def mine(network, batch, generator, *, strength=1.0):
        return strength * float(network(batch.images).var())

`network` is in training mode, its gradients are None and its weights may be changed: afterwards it is as it was.
`batch`: see `nascore.proxies.batch`. `generator`: the one source of random numbers. Keyword-only arguments are
settings: `get("mine", strength=2.0)`.
"""

from __future__ import annotations

import copy
import importlib
import inspect
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn

from nascore import checks
from nascore.errors import SettingError
from nascore.proxies.batch import Batch
from nascore.proxies.untouched import untouched

BATCH = 64  # images, where a proxy does not say how many it takes: that of the published scores
# modules that register something when they are imported
SHELF = (
    "naswot", "synflow", "jacob_cov", "snip", "grasp", "fisher", "grad_norm", "costs", "training", "zen", "zico",
    "gennas",
)  # fmt: skip

_proxies: dict[str, Proxy] = {}


class Proxy(ABC):
    """A score of untrained or briefly trained networks.

    `name`; `higher_is_better`; `labels`: whether it reads the images' labels; `batch`: images that it takes unless it
    is told otherwise (None: all there are); `settings`: what else the score depends on, as JSON values; `at_once`: how
    many networks `scores` is best given side by side.
    """

    name: str
    higher_is_better: bool
    labels: bool = False
    batch: int | None = BATCH
    at_once: int = 1
    settings: dict[str, Any] = {}

    @abstractmethod
    def scores(self, networks: Sequence[nn.Module], batch: Batch, generators: Sequence[torch.Generator]) -> list[float]:
        """One score per network, as it is: not turned. May change the networks; whoever calls restores them."""

    def __call__(self, network: nn.Module, batch: Batch, generator: torch.Generator | int = 0) -> float:
        """The score of one network, which is left as it was, as are torch's random numbers."""
        checks.instance("network", network, nn.Module, "a torch module")
        checks.instance("batch", batch, Batch, "a Batch, such as nc.proxies.as_batch(images, labels)")
        if not isinstance(generator, torch.Generator):
            generator = torch.Generator(batch.device).manual_seed(checks.seed(generator, "generator"))
        return self.all([network], batch, [generator])[0]

    def all(self, networks: Sequence[nn.Module], batch: Batch, generators: Sequence[torch.Generator]) -> list[float]:
        """`scores` as floats; networks, modes and torch's random numbers are afterwards as they were."""
        if self.labels and batch.labels is None:
            raise SettingError(f"{self.name} needs labels: give images=(images, labels)")
        with untouched(networks, int(generators[0].initial_seed()), batch.device):
            found = self.scores(networks, batch, generators)
        if len(found) != len(networks):
            raise SettingError(f"{self.name}: {len(found)} scores for {len(networks)} networks")
        return [_score(self.name, value) for value in found]

    def with_batch(self, batch: int) -> Proxy:
        """The same proxy on another number of images."""
        other = copy.copy(self)
        other.batch = checks.whole("batch", batch, 1)
        return other

    def good(self, score: float) -> float:
        """`score` with its sign turned where lower is better."""
        return score if self.higher_is_better else -score

    def identity(self) -> dict[str, Any]:
        """All that a score depends on beside network, images and seed, as JSON values."""
        return {"proxy": self.name, "batch": self.batch, "settings": dict(self.settings)}

    def __repr__(self) -> str:
        settings = "".join(f", {name}={value!r}" for name, value in self.settings.items())
        return f"<proxy {self.name}: {'higher' if self.higher_is_better else 'lower'} is better{settings}>"


class FunctionProxy(Proxy):
    """A function of one network, its batch and a generator as a proxy."""

    def __init__(
        self,
        function: Callable[..., float],
        name: str,
        higher_is_better: bool,
        labels: bool,
        batch: int | None,
        settings: dict[str, Any] | None = None,
    ):
        self.function, self.name, self.higher_is_better = function, name, higher_is_better
        self.labels, self.batch = labels, batch
        self.defaults = {
            each.name: each.default
            for each in inspect.signature(function).parameters.values()
            if each.kind is each.KEYWORD_ONLY
        }
        self.settings = {**self.defaults, **(settings or {})}
        self.__doc__ = function.__doc__

    def scores(self, networks: Sequence[nn.Module], batch: Batch, generators: Sequence[torch.Generator]) -> list[float]:
        pairs = zip(networks, generators, strict=True)
        return [self.function(network, batch, generator, **self.settings) for network, generator in pairs]

    def with_settings(self, settings: dict[str, Any]) -> FunctionProxy:
        """The same proxy with other settings; SettingError for one that it does not have."""
        for each in settings:
            if each not in self.defaults:
                raise SettingError(f"{self.name}: {each}: unknown setting{checks.suggest(each, self.defaults)}")
        kept = {**self.settings, **settings}
        return FunctionProxy(self.function, self.name, self.higher_is_better, self.labels, self.batch, kept)

    def with_batch(self, batch: int) -> FunctionProxy:
        size = checks.whole("batch", batch, 1)
        return FunctionProxy(self.function, self.name, self.higher_is_better, self.labels, size, self.settings)

    def __reduce__(self):  # in another process ours are found by name; those of a notebook travel as a whole
        if self.function.__module__.startswith("nascore."):
            return _again, (self.name, self.batch, self.settings)
        parts = (self.function, self.name, self.higher_is_better, self.labels, self.batch, self.settings)
        return FunctionProxy, parts


def proxy(
    name: str, *, higher_is_better: bool, labels: bool = False, batch: int | None = BATCH
) -> Callable[[Callable[..., float]], FunctionProxy]:
    """Decorator: `function(network, batch, generator, **settings)` -> float is the proxy `name` from now on."""
    higher_is_better, labels = checks.flag("higher_is_better", higher_is_better), checks.flag("labels", labels)
    batch = None if batch is None else checks.whole("batch", batch, 1)

    def add(function: Callable[..., float]) -> FunctionProxy:
        if not callable(function) or not checks.takes(function, 3):
            raise SettingError(f"proxy {name!r}: expected a function of a network, a batch and a generator")
        made = FunctionProxy(function, checks.text("name", name), higher_is_better, labels, batch)
        for each, default in made.defaults.items():
            if default is inspect.Parameter.empty:
                raise SettingError(f"proxy {name!r}: its setting {each} has no default")
        return register(made)

    return add


def register(made: Proxy) -> Any:
    """Put a proxy on the shelf under its name; the one that had this name before goes."""
    checks.instance("proxy", made, Proxy, "a Proxy")
    if not re.fullmatch(r"\S+", checks.text("name", made.name)):
        raise SettingError(f"name={made.name!r}: expected a name without spaces")
    checks.flag(f"{made.name}: higher_is_better", getattr(made, "higher_is_better", None))
    _proxies[made.name] = made
    return made


def available() -> list[str]:
    """Names of the proxies, ours and those registered since, sorted."""
    _fill()
    return sorted(_proxies)


def get(name: str | Proxy, *, batch: int | None = None, **settings: Any) -> Proxy:
    """The proxy `name`, with another `batch` or other settings where they are given; a Proxy passes as it is."""
    if isinstance(name, Proxy):
        found = name
    else:
        _fill()
        if checks.text("name", name) not in _proxies:
            raise SettingError(f"proxy {name!r}: unknown{checks.suggest(name, sorted(_proxies))}")
        found = _proxies[name]
    if settings and not isinstance(found, FunctionProxy):
        raise SettingError(f"{found.name}: its settings are given where it is made: {type(found).__name__}(...)")
    if settings:
        found = found.with_settings(settings)  # type: ignore[attr-defined]  # a FunctionProxy, see above
    return found if batch is None else found.with_batch(batch)


def _again(name: str, batch: int | None, settings: dict[str, Any]) -> Proxy:
    found = get(name)
    if not isinstance(found, FunctionProxy):
        raise SettingError(f"proxy {name!r}: another kind of proxy has taken its name")
    return FunctionProxy(found.function, name, found.higher_is_better, found.labels, batch, settings)


def _fill() -> None:
    for module in SHELF:
        importlib.import_module(f"nascore.proxies.{module}")


def _score(name: str, value: Any) -> float:
    """A proxy's answer, a number or a tensor of one, as a float."""
    if isinstance(value, torch.Tensor) and value.numel() == 1:
        value = value.item()
    if isinstance(value, checks.NUMBERS) and not isinstance(value, bool):
        return float(value)
    raise SettingError(f"{name} gave {checks.shown(value)}: expected a number")
