"""The state of a search as JSON: tuples, sets, arrays and queries come back as what they were.

A search reads each field of a state that it loads through one of `archs`, `keys`, `known`, `decided`, `array`, or a
check of numbers: a checksum says that a file is as it was written, these that what was written can be gone on with.
"""

from __future__ import annotations

import base64
import math
from typing import Any

import numpy as np

from nascore import checks
from nascore.benchmarks.curves import Query
from nascore.errors import SettingError
from nascore.spaces.base import Arch, Space


def plain(value):
    """JSON form of a state: tuples and arrays are marked so that they come back as what they were."""
    if isinstance(value, dict):
        return {"dict": [[plain(k), plain(v)] for k, v in value.items()]}
    if isinstance(value, Query):
        return {"query": [plain(value.arch), value.epochs]}
    if isinstance(value, (set, frozenset)):
        return {"set": [plain(v) for v in _sorted(value)]}
    if isinstance(value, tuple):
        return {"tuple": [plain(v) for v in value]}
    if isinstance(value, list):
        return [plain(v) for v in value]
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        return {
            "array": base64.b64encode(np.ascontiguousarray(value).tobytes()).decode(),
            "dtype": value.dtype.str,
            "shape": list(value.shape),
        }
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": repr(value)}
    if value is None or isinstance(value, (str, int, float)):
        return value
    raise SettingError(
        f"the state of the search holds {checks.shown(value)}: expected numbers, text, None, queries, numpy arrays, "
        "and tuples, lists, sets and dicts of these"
    )


def _sorted(value: set | frozenset) -> list:
    """Always in one order: that of a set is not the same in another process."""
    try:
        return sorted(value)
    except TypeError:  # of several types
        return sorted(value, key=lambda each: (type(each).__name__, repr(each)))


def revive(value):
    """The state that `plain` was given."""
    if isinstance(value, list):
        return [revive(v) for v in value]
    if not isinstance(value, dict):
        return value
    if "dict" in value:
        return {revive(k): revive(v) for k, v in value["dict"]}
    if "query" in value:
        return Query(revive(value["query"][0]), value["query"][1])
    if "set" in value:
        return {revive(v) for v in value["set"]}
    if "tuple" in value:
        return tuple(revive(v) for v in value["tuple"])
    if "array" in value:
        raw = base64.b64decode(value["array"])
        return np.frombuffer(raw, np.dtype(value["dtype"])).reshape(value["shape"]).copy()
    return float(value["float"])


# -- fields of a state ------------------------------------------------------------------------------------------------
def archs(space: Space, name: str, value: Any) -> list[Arch]:
    """A list of architectures of the space."""
    return [space.validate(arch) for arch in sequence(name, value)]


def arch_or_none(space: Space, value: Any) -> Arch | None:
    return None if value is None else space.validate(value)


def keys(space: Space, name: str, value: Any) -> set:
    """A set of keys of architectures (`Space.key`), from a set or list."""
    if not isinstance(value, (list, set)):
        raise SettingError(f"{name}={checks.shown(value)}: expected keys of architectures")
    if type(space).key is Space.key:
        return {space.validate(key) for key in value}
    kind = type(space.key(space.sample(np.random.default_rng(0))))
    for key in value:
        if type(key) is not kind or (isinstance(key, int) and not 0 <= key < space.size):
            raise SettingError(f"{name}: {checks.shown(key)} is no key of an architecture of {space.name}")
    return set(value)


def sequence(name: str, value: Any) -> list:
    if not isinstance(value, list):
        raise SettingError(f"{name}={checks.shown(value)}: expected a list")
    return list(value)


def mapping(name: str, value: Any) -> dict:
    if not isinstance(value, dict):
        raise SettingError(f"{name}={checks.shown(value)}: expected a dict")
    return dict(value)


def known(space: Space, name: str, value: Any) -> dict:
    """Keys of architectures with their values (NaN where the evaluation failed)."""
    found = mapping(name, value)
    keys(space, name, list(found))
    return {key: each if each != each else checks.number(name, each) for key, each in found.items()}


def decided(sizes: tuple[int, ...], name: str, value: Any) -> tuple[int, ...]:
    """Decisions (`Space.decisions`): an option of each."""
    if not isinstance(value, tuple) or len(value) != len(sizes):
        raise SettingError(f"{name}={checks.shown(value)}: expected {len(sizes)} decisions")
    return tuple(checks.whole(name, each, 0, size - 1) for each, size in zip(value, sizes, strict=True))


def array(name: str, value: Any, like: np.ndarray, *, finite: bool = True) -> np.ndarray:
    """A copy of an array of the shape and type of `like`."""
    good = isinstance(value, np.ndarray) and value.shape == like.shape and value.dtype == like.dtype
    if not good or (finite and not np.isfinite(value).all()) or np.isnan(value).any():
        raise SettingError(f"{name}={checks.shown(value)}: expected {like.dtype} numbers of shape {like.shape}")
    return value.copy()
