"""Image, text and benchmark data: downloads pinned by URL and sha256, and the tables built from them.

    nascore.data.list_datasets(); nascore.data.fetch("nasbench201"); nascore.data.verify(); nascore.data.path("ptb")
"""
from __future__ import annotations

from .catalogue import fetch, list_datasets, path, verify

__all__ = ["fetch", "list_datasets", "path", "verify"]
