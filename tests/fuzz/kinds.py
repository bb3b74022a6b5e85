"""What a parameter may be: for any value "accept", "refuse" or "either", further values worth trying, and numpy's
equivalents of a valid one."""

from __future__ import annotations

import ast
import math
import os
from collections.abc import Callable
from typing import Any

import numpy as np

ACCEPT, REFUSE, EITHER, SKIP = "accept", "refuse", "either", "skip"


class Kind:
    """`extra`: hostile values (as Python text) made for this kind; `soft`: what it would accept may be refused too, for
    reasons that lie in other parameters."""

    extra: tuple[str, ...] = ()
    soft = False

    def judge(self, value: Any) -> str:
        try:
            found = self._judge(value)
        except Exception:  # a value that cannot be looked at
            found = REFUSE
        return EITHER if found == ACCEPT and self.soft else found

    def _judge(self, value: Any) -> str:
        raise NotImplementedError

    def twins(self, valid: str) -> tuple[str, ...]:
        return ()


def _number(value: Any) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, (bool, np.bool_))


def _array(value: Any) -> bool:
    """Arrays and tensors of one number: some take them, some do not."""
    return getattr(value, "ndim", None) == 0 and not isinstance(value, np.generic)


class Int(Kind):
    """A whole number from `least` to `most`; larger ones than `cap` are valid and not tried, since they take long."""

    def __init__(self, least=None, most=None, cap=None, none=False, soft=False, extra=()):
        self.least, self.most, self.cap, self.none, self.soft, self.extra = least, most, cap, none, soft, extra

    def _judge(self, value):
        if value is None:
            return ACCEPT if self.none else REFUSE
        if _array(value):
            return EITHER
        if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
            return REFUSE
        value = int(value)
        good = (self.least is None or value >= self.least) and (self.most is None or value <= self.most)
        if good and self.cap is not None and value > self.cap:
            return SKIP
        return ACCEPT if good else REFUSE

    def twins(self, valid):
        return tuple(f"np.{kind}({valid})" for kind in ("int64", "int32", "uint16"))


class Float(Kind):
    """A finite number in [low, high], strictly between above and below."""

    def __init__(self, low=-math.inf, high=math.inf, above=-math.inf, below=math.inf, none=False, soft=False):
        self.bounds, self.none, self.soft = (low, high, above, below), none, soft

    def _judge(self, value):
        if value is None:
            return ACCEPT if self.none else REFUSE
        if _array(value) or isinstance(value, np.longdouble):
            return EITHER
        if not _number(value):
            return REFUSE
        low, high, above, below = self.bounds
        value = float(value)
        return ACCEPT if math.isfinite(value) and low <= value <= high and above < value < below else REFUSE

    def twins(self, valid):
        return (f"np.float64({valid})",)


class Flag(Kind):
    def _judge(self, value):
        return ACCEPT if isinstance(value, (bool, np.bool_)) else REFUSE

    def twins(self, valid):
        return (f"np.bool_({valid})",)


class Choice(Kind):
    """One of a few values, of the same type."""

    def __init__(self, *options, none=False, extra=(), soft=False):
        self.options, self.none, self.extra, self.soft = options, none, extra, soft

    def _judge(self, value):
        if value is None:
            return ACCEPT if self.none else REFUSE
        if _array(value):
            return EITHER
        if isinstance(value, np.generic):
            value = value.item()
        if any(
            isinstance(value, type(option)) and type(value) is not bool and value == option for option in self.options
        ):
            return ACCEPT
        return REFUSE

    def twins(self, valid):
        kind = {str: "str_", int: "int64", float: "float64"}[type(ast.literal_eval(valid))]
        return (f"np.{kind}({valid})",)


class Text(Kind):
    """Any text; `empty`: whether "" is one."""

    def __init__(self, none=False, empty=True, soft=False, extra=()):
        self.none, self.empty, self.soft, self.extra = none, empty, soft, extra

    def _judge(self, value):
        if value is None:
            return ACCEPT if self.none else REFUSE
        if not isinstance(value, str):
            return REFUSE
        if not value.strip():
            return EITHER if self.empty or value else REFUSE
        return ACCEPT if value.isascii() and value.isprintable() else EITHER


class Anything(Kind):
    """Only tracebacks and hangs count."""

    def __init__(self, extra=(), only_extra=False):
        self.extra, self.only_extra = extra, only_extra

    def _judge(self, value):
        return EITHER


class Wrong(Kind):
    """Whatever is drawn has to be refused, but for what `unless` says may pass."""

    def __init__(self, unless: Callable[[Any], bool] = lambda value: False, extra=(), only_extra=False):
        self.unless, self.extra, self.only_extra = unless, extra, only_extra

    def _judge(self, value):
        return EITHER if self.unless(value) else REFUSE


class Arch(Kind):
    """An architecture: `positions` whole numbers below `ops`, in a tuple, list or array."""

    def __init__(self, positions: int, ops: int, soft: bool = False):
        self.positions, self.ops, self.soft = positions, ops, soft
        p = positions
        self.extra = (
            f"({ops},) * {p}",
            f"(-1,) * {p}",
            f"(0,) * {p - 1}",
            f"(0,) * {p + 1}",
            f"[0] * {p}",
            f"np.zeros({p}, int)",
            f"np.zeros({p}, np.uint8)",
            f"(np.int64(1),) * {p}",
            f"(10**30,) * {p}",
            f"(1.0,) * {p}",
            f"(1.5,) * {p}",
            f"(True,) * {p}",
            f"np.zeros({p})",
            f"np.zeros({p}, bool)",
            f"('1',) * {p}",
            f"'1' * {p}",
            f"b'1' * {p}",
            f"(None,) * {p}",
            f"([0],) * {p}",
            f"set(range({p}))",
            f"dict.fromkeys(range({p}), 0)",
            f"(float('nan'),) * {p}",
            f"np.zeros((1, {p}), int)",
            f"torch.zeros({p}, dtype=torch.long)",
            f"(1j,) * {p}",
            f"(nested(100_000),) * {p}",
            f"(BadRepr(),) * {p}",
            f"(BadEq(),) * {p}",
            f"range({p})",
            f"iter([0] * {p})",
            f"(np.bool_(True),) * {p}",
        )

    def _judge(self, value):
        kind = getattr(getattr(value, "dtype", None), "kind", None)
        if isinstance(value, np.ndarray) and kind not in ("i", "u"):
            return REFUSE
        if not isinstance(value, (tuple, list, np.ndarray)):
            ordered = isinstance(value, range) or hasattr(value, "__next__") or hasattr(value, "numpy")
            return EITHER if ordered or type(value).__module__.startswith("pandas") else REFUSE
        if len(value) != self.positions or getattr(value, "ndim", 1) != 1:
            return REFUSE
        whole = all(isinstance(x, (int, np.integer)) and not isinstance(x, (bool, np.bool_)) for x in value)
        if not whole or not all(0 <= int(x) < self.ops for x in value):
            return REFUSE
        return ACCEPT

    def twins(self, valid):
        return (f"tuple(np.array({valid}))", f"tuple(np.array({valid}, np.uint8))", f"list({valid})")


class Archs(Kind):
    """A list of architectures."""

    def __init__(self, positions: int, ops: int, soft: bool = False):
        self.one, self.soft = Arch(positions, ops), soft
        self.extra = (
            *(f"[{each}]" for each in self.one.extra),
            *self.one.extra[:3],
            "[]",
            f"[(0,) * {positions}] * 3",
            f"np.zeros((2, {positions}), int)",
            f"np.zeros((2, {positions}))",
        )

    def _judge(self, value):
        if isinstance(value, (tuple, list)) and value:
            verdicts = {self.one.judge(each) for each in value}
            return REFUSE if REFUSE in verdicts else EITHER if EITHER in verdicts else ACCEPT
        if isinstance(value, (tuple, list, np.ndarray, range)) or hasattr(value, "__iter__"):
            return REFUSE if isinstance(value, (str, bytes, dict, set, frozenset)) and len(value) else EITHER
        return REFUSE

    def twins(self, valid):
        return (f"[tuple(np.array(a)) for a in {valid}]",)


class Instance(Kind):
    """An object that only `good` recognises."""

    def __init__(self, good: Callable[[Any], bool] = lambda value: False, extra=(), none=False, soft=True):
        self.good, self.extra, self.none, self.soft = good, extra, none, soft

    def _judge(self, value):
        if value is None and self.none:
            return ACCEPT
        return ACCEPT if self.good(value) else REFUSE


class Function(Instance):
    """Something that can be called; what it does is its own matter."""

    def __init__(self, none=False, extra=()):
        super().__init__(callable, extra, none)


class Names(Kind):
    """Different non-empty names, `least` to `most`."""

    def __init__(self, least=0, most=None, soft=True):
        self.least, self.most, self.soft = least, most, soft
        self.extra = (
            "'ab'",
            "('a', '')",
            "('a', 1)",
            "('a', None)",
            "[np.str_('a'), 'b']",
            "('a', BadRepr())",
            "('a', ['b'])",
            "{'a', 'b'}",
            "{'a': 1, 'b': 2}",
        )

    def _judge(self, value):
        if not isinstance(value, (tuple, list)):
            return REFUSE if isinstance(value, (str, bytes, dict, set)) or not hasattr(value, "__iter__") else EITHER
        if not all(isinstance(x, str) and x for x in value) or len(set(value)) != len(value):
            return REFUSE
        return ACCEPT if self.least <= len(value) and (self.most is None or len(value) <= self.most) else REFUSE

    def twins(self, valid):
        return (f"list({valid})", f"[np.str_(x) for x in {valid}]")


class Ints(Kind):
    """A list of whole numbers."""

    def __init__(self, least=None, most=None, cap=None, one=False, soft=True, size=None):
        self.one, self.alone, self.soft, self.size = Int(least, most, cap), one, soft, size
        self.extra = (
            "[1, 1]",
            "(2, -1)",
            "[1.0]",
            "[np.int64(1)]",
            "[True, False]",
            "[10**30]",
            "['1']",
            "'12'",
            "[None, 1]",
            "np.array([1.5])",
            "{1: 1}",
        )

    def _judge(self, value):
        if self.alone and not hasattr(value, "__iter__"):
            return self.one.judge(value)
        if not isinstance(value, (tuple, list, range)):
            return REFUSE if isinstance(value, (str, bytes, dict, set)) or not hasattr(value, "__iter__") else EITHER
        if not len(value) or (self.size is not None and len(value) != self.size):
            return REFUSE
        verdicts = {self.one.judge(each) for each in value}
        for verdict in (REFUSE, SKIP, EITHER):
            if verdict in verdicts:
                return verdict
        return ACCEPT

    def twins(self, valid):
        return (f"[np.int64(x) for x in {valid}]",)


class Floats(Kind):
    """A list of finite numbers; arrays and single numbers too, where they are taken."""

    def __init__(self, size=None, **bounds):
        self.one, self.size = Float(**bounds), size
        self.extra = (
            "[1.0, 2]",
            "[1.0, None]",
            "[1.0, '2']",
            "[1.0, float('nan')]",
            "[1.0, float('inf')]",
            "[True]",
            "[10**400]",
            "[np.float32(1)]",
            "[[1.0], [2.0]]",
            "'12'",
            "{1.0: 2.0}",
        )

    def _judge(self, value):
        if isinstance(value, (str, bytes, dict, set)) or not hasattr(value, "__iter__"):
            return EITHER if self.one.judge(value) == ACCEPT else REFUSE
        if not isinstance(value, (tuple, list)) or (value and all(isinstance(each, list) for each in value)):
            return EITHER
        if not len(value) or (self.size is not None and len(value) != self.size):
            return REFUSE
        verdicts = {self.one.judge(each) for each in value}
        return REFUSE if REFUSE in verdicts else EITHER


class File(Kind):
    """The path of a file; folders and impossible places have to be refused."""

    def __init__(self, none=False, missing=EITHER):
        self.none, self.missing = none, missing

    def _judge(self, value):
        if value is None:
            return ACCEPT if self.none else REFUSE
        if not isinstance(value, (str, os.PathLike)):
            return REFUSE
        path = os.fspath(value)
        if not isinstance(path, str) or not path or "\0" in path:
            return REFUSE
        if os.path.isdir(path) or path.startswith(("/dev/null/", "/proc/none")) or len(path) > 255:
            return REFUSE
        return EITHER
