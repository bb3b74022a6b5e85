"""Plain values: what logs and checkpoints hold, so that whatever is written can be read again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import numpy as np
import torch

from nascore import checks
from nascore.errors import SettingError

DEEPEST = 50


def plain(name: str, value: Any, tensors: bool = False, depth: int = 0) -> Any:
    """`value` as Python's own numbers, text, lists, tuples and dicts; SettingError for anything else, by its place.

    numpy's numbers become Python's; torch's types and devices, and paths, their names. `tensors`: tensors stay, as a
    state needs them; otherwise those of one number become it, and arrays lists.
    """
    if value is None or type(value) in (bool, int, float, str):
        return value
    if depth > DEEPEST:
        raise SettingError(f"{name}: nested more than {DEEPEST} deep")
    if isinstance(value, torch.Tensor):
        if tensors:
            return value.detach()
        return plain(name, value.tolist(), depth=depth + 1)
    if isinstance(value, (np.generic, np.ndarray)) and value.dtype.kind in "biufU" and not (tensors and value.ndim):
        return value.tolist()
    if isinstance(value, (torch.dtype, torch.device, PurePath)):
        return str(value)
    if isinstance(value, (bool, int, float, str)):  # classes derived from them
        base = next(kind for kind in (bool, int, float, str) if isinstance(value, kind))
        return base(value)
    if isinstance(value, Mapping):
        return {
            plain(f"{name}: a key", key, depth=depth + 1): plain(
                f"{name}[{checks.shown(key)}]", part, tensors, depth + 1
            )
            for key, part in value.items()
        }
    if isinstance(value, (list, tuple)):
        parts = [plain(f"{name}[{i}]", part, tensors, depth + 1) for i, part in enumerate(value)]
        return parts if isinstance(value, list) else tuple(parts)
    kept = "tensors, " if tensors else ""
    raise SettingError(
        f"{name}={checks.shown(value)}: a {type(value).__name__} cannot be written and read again; expected {kept}"
        "numbers, text, lists, tuples or dicts"
    )
