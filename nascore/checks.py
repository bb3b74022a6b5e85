"""The one way in which a public door checks what comes in: the value as plain Python, or one clear SettingError.

Each function takes the parameter's name and the value, and returns the value normalised (a numpy integer becomes an
int, a numpy float a float), so that what is recorded is what was checked. numpy's numbers are welcome wherever Python's
are; a boolean is no number. pydantic was tried for this and left out: its lax mode takes "3" and True for 3, its strict
mode refuses numpy's integers, and a wrapped signature says less than a line that names the bounds.
"""

from __future__ import annotations

import difflib
import inspect
import math
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from nascore.errors import SettingError

T = TypeVar("T")
NUMBERS = (int, float, np.integer, np.floating)


def whole(name: str, value: Any, least: int | None = None, most: int | None = None) -> int:
    """`value` as an int with least <= value <= most."""
    good = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if good and (least is None or value >= least) and (most is None or value <= most):
        return int(value)
    if least is not None and most is not None:
        bounds = f" from {least} to {most}"
    elif least is not None:
        bounds = f" of at least {least}"
    else:
        bounds = "" if most is None else f" of at most {most}"
    raise SettingError(f"{name}={shown(value)}: expected a whole number{bounds}")


def seed(value: Any, name: str = "seed") -> int:
    """A seed: a whole number from 0 to 2**63 - 1, which every generator takes."""
    return whole(name, value, 0, 2**63 - 1)


def number(
    name: str,
    value: Any,
    low: float = -math.inf,
    high: float = math.inf,
    *,
    above: float = -math.inf,
    below: float = math.inf,
) -> float:
    """`value` as a finite float in [low, high] and strictly between `above` and `below`."""
    good = isinstance(value, NUMBERS) and not isinstance(value, bool)
    if good:
        try:
            found = float(value)
        except OverflowError:
            found = math.nan
        if math.isfinite(found) and low <= found <= high and above < found < below:
            return found
    sides = (("at least", low), ("at most", high), ("above", above), ("below", below))
    bounds = [f"{side} {bound:g}" for side, bound in sides if math.isfinite(bound)]
    raise SettingError(f"{name}={shown(value)}: expected a finite number {' and '.join(bounds)}".rstrip())


def pair(name: str, value: Any, **bounds: float) -> tuple[float, float]:
    """`value`, a tuple or list of two numbers within `bounds` (those of `number`)."""
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise SettingError(f"{name}={shown(value)}: expected two numbers")
    first, second = (number(name, part, **bounds) for part in value)
    return first, second


def flag(name: str, value: Any) -> bool:
    """`value` as a bool; nothing but True and False passes."""
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    raise SettingError(f"{name}={shown(value)}: expected True or False")


def one_of(name: str, value: T, allowed: Collection[T]) -> T:
    """The one of `allowed` that `value` is, of the same type (numpy's scalars count as Python's), with near names."""
    if isinstance(value, np.generic):
        value = value.item()
    for option in allowed:
        if type(value) is type(option) and value == option:
            return option
    if isinstance(value, str) and len(allowed) > 8:
        raise SettingError(f"{name}={value!r}: unknown{suggest(value, map(str, allowed))}")
    raise SettingError(f"{name}={shown(value)}: expected one of {', '.join(map(str, allowed))}")


def text(name: str, value: Any) -> str:
    """`value`, a string, as a plain one."""
    if isinstance(value, str):
        return str(value)
    raise SettingError(f"{name}={shown(value)}: expected text")


def distinct(name: str, value: Any, least: int = 0, most: int | None = None) -> tuple[str, ...]:
    """`value`, a sequence of `least` to `most` different non-empty names, as a tuple."""
    good = isinstance(value, Sequence) and not isinstance(value, (str, bytes))
    good = good and all(isinstance(part, str) and part for part in value) and len(set(value)) == len(value)
    if good and least <= len(value) and (most is None or len(value) <= most):
        return tuple(map(str, value))
    many = f"{least} or more" if most is None else f"{least} to {most}"
    raise SettingError(f"{name}={shown(value)}: expected {many} different non-empty names")


def listed(name: str, value: Any, example: str) -> list:
    """`value`, a list, tuple, array or anything else that can be gone through in order, as a list."""
    unordered = isinstance(value, (str, bytes, Mapping, set, frozenset))
    if unordered or not isinstance(value, Iterable) or getattr(value, "ndim", 1) == 0:
        raise SettingError(f"{name}={shown(value)}: expected {example}")
    try:
        return list(value)
    except Exception as error:  # whatever a user's own object does
        why = f"going through it fails ({type(error).__name__}: {error})"
        raise SettingError(f"{name}={shown(value)}: expected {example}, but {why}") from error


def numbers(name: str, value: Any) -> np.ndarray:
    """`value`, a number or a list or array of numbers (not finite ones too), as an array of floats of its shape."""
    try:
        found = np.asarray(value)
        if found.dtype.kind == "O" or isinstance(value, (list, tuple)):  # here a boolean could pass for a number
            parts = np.array(value, dtype=object).ravel()
            good = all(isinstance(part, NUMBERS) and not isinstance(part, bool) for part in parts)
        else:
            good = found.dtype.kind in "iuf" and not isinstance(value, (bytearray, memoryview))
        if good:
            return found.astype(float, copy=False)
    except Exception:  # whatever a user's own object does, or a number too large; said below
        pass
    raise SettingError(f"{name}={shown(value)}: expected numbers")


def file(name: str, value: Any) -> Path:
    """`value`, the path of a file (which need not exist), as a Path."""
    if isinstance(value, (str, os.PathLike)) and isinstance(os.fspath(value), str) and os.fspath(value):
        return Path(value)
    raise SettingError(f"{name}={shown(value)}: expected the path of a file")


def takes(function: Callable, count: int) -> bool:
    """Whether `function` can be called with `count` values; True where it does not say."""
    try:
        inspect.signature(function).bind(*[None] * count)
    except TypeError:
        return False
    except ValueError:  # built in: no signature to read
        return True
    return True


def instance(name: str, value: Any, kind: type[T], example: str) -> T:
    """`value` if it is a `kind`; the message shows `example`."""
    if isinstance(value, kind):
        return value
    raise SettingError(f"{name}={shown(value)}: expected {example}")


def unreserved(name: str, value: Iterable[str], reserved: Collection[str]) -> tuple[str, ...]:
    """`value`, names of a user's own, if none of them is one that we use ourselves."""
    names = tuple(value)
    taken = [each for each in names if each in reserved]
    if taken:
        raise SettingError(f"{name}: the name {taken[0]!r} is taken; these are: {', '.join(sorted(reserved))}")
    return names


def shown(value: Any, longest: int = 200) -> str:
    """repr(value), cut where it would fill the screen; never raises."""
    if isinstance(value, int) and value.bit_length() > 1000:  # Python itself refuses to print the longest
        return f"a whole number of {value.bit_length()} bits"
    try:
        found = repr(value)
    except Exception as error:  # whatever a user's own __repr__ does
        found = f"<{type(value).__name__}, whose repr fails: {type(error).__name__}>"
    return found if len(found) <= longest else f"{found[: longest - 1]}…"


def suggest(name: str, known: Iterable[str]) -> str:
    """Tail of an error message: the nearest known names, or all of them."""
    known = list(known)
    near = difflib.get_close_matches(str(name), known, n=3, cutoff=0.5)
    if near:
        return f"; did you mean {', '.join(near)}?"
    return f"; known: {', '.join(known)}" if known else "; none are known"
