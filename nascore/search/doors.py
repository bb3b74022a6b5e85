"""The doors of every search: what `ask`, `tell` and `load_state_dict` are given is checked once, whoever wrote them.

`Search` hangs them before the methods of each subclass, so that a method of one's own meets plain, valid values only
and need not check any. What comes from the Oracle has been checked there and is let through.
"""

from __future__ import annotations

import copy
import functools
import inspect
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nascore import checks
from nascore.benchmarks.curves import Query
from nascore.errors import NascoreError, ResultsError, SettingError
from nascore.spaces.base import Arch, Space


def hang(kind: type) -> None:
    """The doors before the `ask`, `tell` and `load_state_dict` that the class `kind` has, where none hangs yet."""
    for name, door in (("ask", _ask), ("tell", _tell), ("load_state_dict", _load_state_dict)):
        method = getattr(kind, name)
        if inspect.isfunction(method) and not hasattr(method, "behind") and not hasattr(method, "__isabstractmethod__"):
            guarded: Any = door(method)
            guarded.behind = method
            setattr(kind, name, guarded)


def _ask(method: Callable) -> Callable:
    @functools.wraps(method)
    def ask(self, n=None):
        return method(self) if n is None else method(self, checks.whole("n", n, 1, self.most_at_once))

    return ask


def _tell(method: Callable) -> Callable:
    @functools.wraps(method)
    def tell(self, archs, values):
        if self._inside:  # a tell that calls the one of its base class
            method(self, archs, values)
        else:
            through(self, functools.partial(method, self), *answers(self.space, archs, values))

    return tell


def through(search: Any, tell: Callable, archs: Sequence, values: Sequence) -> None:
    """`tell(archs, values)` of what has been checked: here, or by the Oracle that answered."""
    search._inside = True
    try:
        tell(archs, values)
    finally:
        search._inside = False
    search._tally.add(values)


def _load_state_dict(method: Callable) -> Callable:
    @functools.wraps(method)
    def load_state_dict(self, state):
        if self._inside:
            method(self, state)
            return
        before = copy.deepcopy(self.state_dict())
        self._inside = True
        try:
            method(self, state)
        except Exception as error:  # whatever a forged or foreign state leads to, nothing of it stays
            method(self, before)
            raise ResultsError(f"this is no state of {type(self).__name__}: {_why(state, error)}") from None
        finally:
            self._inside = False

    return load_state_dict


def _why(state: Any, error: Exception) -> str:
    if not isinstance(state, dict):
        return checks.shown(state)
    if isinstance(error, KeyError) and not isinstance(error, NascoreError):
        return f"it has no field {error}"
    return str(error) if isinstance(error, NascoreError) else f"{type(error).__name__}: {error}"


# -- what is told ---------------------------------------------------------------------------------------------------
def answers(space: Space, archs: Any, values: Any) -> tuple[list[Arch | Query], list]:
    """What `tell` is given, as plain values: architectures of the space, and a float or a tuple of floats for each."""
    asked = checks.listed("archs", archs, "a list of architectures")
    answered = checks.listed("values", values, "a list with a number, or a row of numbers, for each architecture")
    if len(asked) != len(answered):
        raise SettingError(f"tell of {len(asked)} architectures with {len(answered)} values: expected one for each")
    return [architecture(space, each) for each in asked], [answer(each) for each in answered]


def architecture(space: Space, value: Any) -> Arch | Query:
    """An architecture of the space, alone or in a Query; ArchitectureError for anything else."""
    if isinstance(value, Query):
        return Query(space.validate(value.arch), value.epochs)
    return space.validate(value)


def answer(value: Any) -> float | tuple[float, ...]:
    """A value, or a row (value, cost, ...); all NaN where one of its numbers is not finite: the evaluation failed."""
    if isinstance(value, (tuple, list)) or getattr(value, "ndim", 0) == 1:
        row = tuple(_number(part, value) for part in value)
        if not row:
            raise SettingError(f"value {checks.shown(value)}: expected a number, or a row (value, cost, ...)")
        return row if all(map(math.isfinite, row)) else (math.nan,) * len(row)
    found = _number(value, value)
    return found if math.isfinite(found) else math.nan


def _number(part: Any, value: Any) -> float:
    if getattr(part, "ndim", None) == 0 and hasattr(part, "item"):  # numpy's and torch's numbers
        part = part.item()
    if isinstance(part, (int, float)) and not isinstance(part, bool):
        try:
            return float(part)
        except OverflowError:
            return math.nan
    raise SettingError(f"value {checks.shown(value)}: expected a number, or a row (value, cost, ...)")


class Tally:
    """What a search has been told so far: how many answers, how many of them failures, the best value."""

    def __init__(self, told: int = 0, failed: int = 0, best: float = -math.inf):
        self.told, self.failed, self.best = told, failed, best

    def add(self, values: Sequence) -> None:
        """Counts the answers of one `tell`."""
        for value in values:
            self.told += 1
            if type(value) is not float:
                value = value[0] if isinstance(value, (tuple, list, np.ndarray)) else value
            if value > self.best:
                self.best = value
            elif value != value:
                self.failed += 1

    def state(self) -> list:
        """As JSON values."""
        return [self.told, self.failed, None if self.best == -math.inf else float(self.best)]

    @classmethod
    def of(cls, state: Any) -> Tally:
        """The tally that `state` was made of; SettingError for anything else."""
        if not isinstance(state, list) or len(state) != 3:
            raise SettingError(f"tally={checks.shown(state)}: expected three numbers")
        told = checks.whole("told", state[0], 0)
        best = -math.inf if state[2] is None else checks.number("best", state[2])
        return cls(told, checks.whole("failed", state[1], 0, told), best)

    def __repr__(self) -> str:
        if not self.told:
            return "nothing told yet"
        failed = f", {self.failed} of them failed" if self.failed else ""
        best = f", best {self.best:.4f}" if self.best > -math.inf else ""
        return f"{self.told} answers{failed}{best}"
