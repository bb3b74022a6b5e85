"""Image, text and benchmark data: downloads pinned by URL and sha256, and the tables built from them.

nascore.data.list_datasets(); nascore.data.fetch("nasbench201"); nascore.data.verify(); nascore.data.path("ptb")
`ImageData` and `digits` are batches for a one-shot search, `published_scores` training-free scores of others.
"""

from __future__ import annotations

import importlib

from nascore.data.catalogue import fetch, list_datasets, path, verify

# they need torch or pandas
_NAMES = {"ImageData": "images", "digits": "images", "published_scores": "scores"}

__all__ = ["ImageData", "digits", "fetch", "list_datasets", "path", "published_scores", "verify"]


def __getattr__(name: str):
    if name in _NAMES:
        return getattr(importlib.import_module(f"nascore.data.{_NAMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
