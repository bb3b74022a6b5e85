"""Scores of untrained or briefly trained networks, one short file each.

A proxy is a function from a network (and a batch of images) to a score, with its direction declared. `available()`
names them, `score(space, archs, names, images)` gives the scores of many architectures.
"""

from __future__ import annotations

import importlib

# imported when first used: torch is heavy
_NAMES = {
    "Batch": "batch",
    "Proxy": "registry",
    "as_batch": "batch",
    "available": "registry",
    "get": "registry",
    "proxy": "registry",
    "register": "registry",
    "score": "scoring",
}

__all__ = [*_NAMES]


def __getattr__(name: str):
    if name in _NAMES:
        return getattr(importlib.import_module(f"nascore.proxies.{_NAMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
