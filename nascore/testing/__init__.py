"""Conformance suites for your own space, search, strategy and proxy: the ones that nascore's own pass.

A suite is a class of tests for pytest. Subclass it, say how one of yours is made, and run pytest:

    from nascore.testing import SearchConformance

    class TestClimb(SearchConformance):
        def make(self, space, seed=0):
            return Climb(space, seed=seed)
"""

from __future__ import annotations

import importlib

_SUITES = {
    "ProxyConformance": "proxies",
    "SearchConformance": "searches",
    "SpaceConformance": "spaces",
    "StrategyConformance": "strategies",
}

__all__ = [*_SUITES]


def __getattr__(name: str):
    if name in _SUITES:
        return getattr(importlib.import_module(f"nascore.testing.{_SUITES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
