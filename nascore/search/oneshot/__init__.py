"""One-shot search. A Strategy draws mixing weights and learns from the loss, a Supernet turns them into a loss, hooks
watch and shape the run, a Selection turns what was learned into an architecture."""

from __future__ import annotations

import importlib

# the gradient-based strategies that AdvantageNAS is compared with (Table 1), and random sampling
_STRATEGIES = {
    "AdvantageNAS": "advantagenas",
    "DARTS": "darts",
    "DrNAS": "drnas",
    "GDAS": "gdas",
    "NASP": "nasp",
    "PARSEC": "parsec",
    "ProxylessNAS": "proxylessnas",
    "RandomSharing": "sharing",
    "Reinforce": "reinforce",
    "SGAS": "sgas",
    "SNAS": "snas",
}
_NAMES = {
    "AdversarialPerturbation": "search.oneshot.perturbations.adversarial",
    "Argmax": "search.oneshot.selections.argmax",
    "Choices": "networks.choices",
    "Draw": "networks.choices",
    "HessianSpectrum": "search.oneshot.hooks.hessian",
    "Hook": "search.oneshot.hooks.base",
    "ProcessBest": "search.oneshot.selections.process_best",
    "Perturbation": "search.oneshot.perturbations.base",
    "PerturbationDecisions": "search.oneshot.hooks.perturbation",
    "PerturbationSelection": "search.oneshot.selections.perturbation",
    "ProgressiveShrinking": "search.oneshot.hooks.shrinking",
    "RandomSmoothing": "search.oneshot.perturbations.smoothing",
    "Run": "search.oneshot.run",
    "SearchLog": "search.oneshot.log",
    "Selection": "search.oneshot.selections.base",
    "SharedRanking": "search.oneshot.hooks.ranking",
    "Snapshots": "search.oneshot.hooks.snapshots",
    "StopOnCurvature": "search.oneshot.hooks.hessian",
    "Strategy": "search.oneshot.strategies.base",
    "fine_tune": "search.oneshot.fine_tuning",
    "search": "search.oneshot.loop",
}

__all__ = ["available", *_NAMES, *_STRATEGIES]


def available() -> list[str]:
    """Names of the one-shot strategies."""
    return sorted(_STRATEGIES)


def __getattr__(name: str):  # torch waits until a strategy is first used
    module = f"search.oneshot.strategies.{_STRATEGIES[name]}" if name in _STRATEGIES else _NAMES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"nascore.{module}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
