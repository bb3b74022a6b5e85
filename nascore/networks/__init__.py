"""What can be trained: operations, cells, skeletons, single networks, supernets, and many small networks at once."""

from __future__ import annotations

import importlib

# imported when first used: torch is heavy
_NAMES = {
    "ArchNetwork": "image",
    "CellSupernet": "supernets.cell",
    "Choices": "choices",
    "Draw": "choices",
    "Fleet": "fleet",
    "ImageNetwork": "image",
    "RecurrentSupernet": "supernets.recurrent",
    "Supernet": "supernets.base",
    "TwoCellSupernet": "supernets.two_cells",
    "build": "building",
    "builds": "building",
    "chain_costs": "backbone_costs",
    "darts_supernet": "supernets.two_cells",
    "digits201_supernet": "supernets.cell",
    "flops": "counting",
    "initialise": "initial",
    "nasbench201_supernet": "supernets.cell",
    "one_hot": "choices",
    "parameters": "counting",
    "work": "counting",
    "without_none": "supernets.cell",
}
_MODULES = ("ops",)

__all__ = [*_NAMES, *_MODULES]


def __getattr__(name: str):
    if name in ("ImageData", "digits"):  # of nascore.data, where the networks' images live
        return getattr(importlib.import_module("nascore.data"), name)
    if name in _NAMES:
        return getattr(importlib.import_module(f"nascore.networks.{_NAMES[name]}"), name)
    if name in _MODULES:
        return importlib.import_module(f"nascore.networks.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
