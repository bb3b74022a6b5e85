"""What can be trained: operations, cells, skeletons, supernets, and many small networks at once."""
from __future__ import annotations

import importlib

# imported when first used: torch is heavy
_NAMES = {
    "CellSupernet": "cell_supernet",
    "Choices": "choices",
    "Draw": "choices",
    "Fleet": "fleet",
    "ImageData": "images",
    "Supernet": "supernet",
    "digits": "images",
    "digits201_supernet": "cell_supernet",
    "nasbench201_supernet": "cell_supernet",
    "one_hot": "choices",
    "without_none": "cell_supernet",
}

__all__ = [*_NAMES]


def __getattr__(name: str):
    if name in _NAMES:
        return getattr(importlib.import_module(f".{_NAMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
