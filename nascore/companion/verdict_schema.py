"""What a claim's test may look like, kind by kind; checked as the claims are read, before any row is looked at.

A test decides a verdict, so nothing in it is read leniently: an unknown key, a missing condition, a misspelt word or a
threshold that everything passes is a ResultsError, never a default.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from nascore.checks import shown, suggest
from nascore.companion.papers import paper_value
from nascore.errors import ResultsError, SettingError

STATISTICS = ("mean", "median", "min", "max", "std")
NEEDS = ("interval", "direction")
SIDES = ("at_least", "at_most")
CONDITIONS = ("equals", *SIDES)
COMMON = {"kind", "column", "each", "of"}
KEYS = {
    "mean": {
        "statistic",
        *SIDES,
        "plus",
        "tolerance",
        "printed",
        "exact",
        "select",
        "weaker",
        "missing",
        "digits",
        "unit",
    },
    "share": {*CONDITIONS, "share", "count", "tolerance", "printed", "exact", "select", "weaker", "missing"},
    "better": {
        *("b_column", "a", "b", "pair", "lower", "statistic", "need", "margin", "lead", "control"),
        *("exact", "weaker", "missing", "digits", "unit"),
    },
    "fact": {"equals", "select"},
}
REQUIRED = {"mean": ("column",), "share": ("column",), "better": ("column", "a", "b"), "fact": ("column", "equals")}


def check(test: Any, paper: str) -> None:
    """Raise ResultsError unless `test` is a well-formed test of a claim of `paper`; printed numbers must exist."""
    if not isinstance(test, Mapping):
        raise ResultsError(f"test={shown(test)}: expected a table with a kind")
    kind = test.get("kind")
    if not isinstance(kind, str) or kind not in KEYS:
        raise ResultsError(f"unknown kind of test {shown(kind)}; choose one of {', '.join(KEYS)}")
    _keys(f"a test of kind {kind}", test, KEYS[kind] | COMMON)
    lacking = [name for name in REQUIRED[kind] if name not in test]
    if lacking:
        raise ResultsError(f"a test of kind {kind} needs {', '.join(lacking)}")
    for name in ("column", "b_column", "missing", "each", "unit", "pair"):
        if name in test:
            _text(name, test[name])
    if "digits" in test:
        _number("digits", test["digits"], 0, 12, whole=True)
    _word(test, "statistic", STATISTICS)
    _word(test, "need", NEEDS)
    for name in ("lower", "exact"):
        if name in test and not isinstance(test[name], bool):
            raise ResultsError(f"{name}={shown(test[name])}: expected true or false")
    if test.get("statistic") in ("min", "max") and not test.get("exact"):
        word = shown(test["statistic"])
        raise ResultsError(f"statistic={word}: no interval of an extreme run can be trusted; expected exact = true")
    if "margin" in test and "lead" in test:
        raise ResultsError("margin and lead: expected only one of them")
    for name in ("margin", "lead", "tolerance"):
        if name in test:
            _number(name, test[name], 0)
    for name in ("select", "a", "b", "control"):
        if name in test:
            _selection(name, test[name])
    values = _each(test)
    {"mean": _mean, "share": _share, "better": _better, "fact": _fact}[kind](test, values, paper)


def _mean(test: Mapping, values: tuple[str, ...], paper: str) -> None:
    _sides("a test of kind mean", test, values, paper)
    if "printed" in test:
        if set(SIDES) <= set(test):
            raise ResultsError("printed with at_least and at_most: no side is the better one; expected one of them")
        _bound("printed", test["printed"], values, paper, columns=False)
    if "weaker" in test:
        weaker = test["weaker"]
        _table("weaker", weaker)
        _keys("weaker", weaker, {*SIDES, "plus"})
        _sides("weaker", weaker, values, paper)
        other = [side for side in SIDES if side in weaker and side not in test]
        if other:
            raise ResultsError(f"weaker={shown(weaker)}: the test itself has no {other[0]}")
        for each in values:
            for side in (side for side in SIDES if side in weaker):
                apart = _size(weaker, side, each, paper) - _size(test, side, each, paper)
                if apart * (1 if side == "at_least" else -1) > 0:
                    raise ResultsError(f"weaker={shown(weaker)}: expected no stricter {side} than the test's own")


def _sides(where: str, bounds: Mapping, values: tuple[str, ...], paper: str) -> None:
    given = [name for name in SIDES if name in bounds]
    if not given:
        raise ResultsError(f"{where} needs at_least or at_most")
    if "plus" in bounds:
        _number("plus", bounds["plus"])
    for name in given:
        _bound(name, bounds[name], values, paper, columns="plus" not in bounds)
    _in_order(where, bounds, values, paper)


def _share(test: Mapping, values: tuple[str, ...], paper: str) -> None:
    given = [name for name in CONDITIONS if name in test]
    if not given:
        raise ResultsError("a test of kind share needs a condition: equals, at_least or at_most")
    for name in given:
        _bound(name, test[name], values, paper)
    _in_order("a test of kind share", test, values, paper)
    if "printed" in test:
        _number("printed", test["printed"], 0, 1)
    _limit("a test of kind share", test)
    if "tolerance" in test and test["tolerance"] >= test.get("share", math.inf):
        raise ResultsError(f"tolerance={test['tolerance']:g}: expected less than the share, or everything would pass")
    if "weaker" in test:
        _table("weaker", test["weaker"])
        _keys("weaker", test["weaker"], {"share", "count"})
        _limit("weaker", test["weaker"])
        for name in ("share", "count"):
            if name in test["weaker"] and name in test and test["weaker"][name] > test[name]:
                raise ResultsError(f"weaker={shown(test['weaker'])}: expected no more than the test's {name}")


def _limit(where: str, given: Mapping) -> None:
    """Exactly one of `share`, above 0 and up to 1, and `count`, at least 1: neither may be met by no run at all."""
    if ("share" in given) == ("count" in given):
        raise ResultsError(f"{where} needs share or count, and only one of them")
    if "count" in given:
        _number("count", given["count"], 1, whole=True)
    elif _number("share", given["share"], 0, 1) == 0:
        raise ResultsError("share=0: expected a number above 0, which some run must meet")


def _better(test: Mapping, values: tuple[str, ...], paper: str) -> None:
    same = dict(test["a"]) == dict(test["b"]) and test.get("b_column", test["column"]) == test["column"]
    if same:
        raise ResultsError("a and b choose the same rows and the same column: nothing is compared")
    if "weaker" in test:
        _table("weaker", test["weaker"])
        _keys("weaker", test["weaker"], {"lead", "margin"})
        for name, size in test["weaker"].items():
            _number(f"weaker.{name}", size, 0)
        asked, less = (lead(limits) for limits in (test, test["weaker"]))
        if len(test["weaker"]) > 1 or less >= asked:
            raise ResultsError(f"weaker={shown(test['weaker'])}: expected a smaller lead or a larger margin")


def lead(limits: Mapping) -> float:
    """By which share of b a must be better; below 0 it may be worse."""
    return limits.get("lead", 0.0) - limits.get("margin", 0.0)


def _fact(test: Mapping, values: tuple[str, ...], paper: str) -> None:
    if not isinstance(test["equals"], bool):
        _bound("equals", test["equals"], values, paper, columns=False, texts=True)


def _each(test: Mapping) -> tuple[str, ...]:
    """What `{each}` may stand for: the values of `of`; ("",) without `each`; () where only the rows know."""
    if "of" in test:
        values = test["of"]
        if "each" not in test:
            raise ResultsError("of without each: expected the column whose values these are")
        if not isinstance(values, list) or not values or not all(_scalar(value) for value in values):
            raise ResultsError(f"of={shown(values)}: expected a list of one or more values")
        if len({(type(value), value) for value in values}) < len(values):
            raise ResultsError(f"of={shown(values)}: expected each value once")
        return tuple(map(str, values))
    return () if "each" in test else ("",)


def _bound(
    name: str, value: Any, values: tuple[str, ...], paper: str, columns: bool = True, texts: bool = False
) -> None:
    """A number, `"@column"` where `columns`, or the place of a printed number (where `texts`, of a printed text)."""
    if not isinstance(value, str):
        _number(name, value)
        return
    if value.startswith("@"):
        if not columns or len(value) == 1:
            raise ResultsError(f"{name}={value!r}: no column of the rows can stand here")
        return
    if "{each}" in value and values == ("",):
        raise ResultsError(f"{name}={value!r}: {{each}} needs the key each")
    for each in values:
        found = printed(value, each, paper)
        if not texts:
            _number(f"{name}={value!r}, where the paper has", found)


def printed(text: str, each: str, paper: str) -> Any:
    """The printed number that a bound names, `{each}` replaced; with a "%" behind it, of a number in percent the share
    of 1."""
    source, _, key = text.replace("{each}", each).rpartition(":")
    try:
        value = paper_value(source or paper, key.removesuffix("%")).value
    except SettingError as error:
        raise ResultsError(str(error)) from None
    return value / 100 if key.endswith("%") else value


def _size(bounds: Mapping, side: str, each: str, paper: str) -> float:
    """The number that a bound stands for, NaN where the rows have it: no comparison of it holds."""
    value = bounds[side]
    if isinstance(value, str):
        value = math.nan if value.startswith("@") else printed(value, each, paper)
    return value + bounds.get("plus", 0)


def _in_order(where: str, bounds: Mapping, values: tuple[str, ...], paper: str) -> None:
    if set(SIDES) <= set(bounds):
        for each in values:
            low, high = (_size(bounds, side, each, paper) for side in SIDES)
            if low > high:
                raise ResultsError(f"{where}: at_least={low:g} is above at_most={high:g}")


def _selection(name: str, wanted: Any) -> None:
    """Conditions on columns: a value, a list of values, or a table of at_least, at_most, equals."""
    _table(name, wanted)
    for column, value in wanted.items():
        where = f"{name}.{column}"
        _text(f"a column of {name}", column)
        if isinstance(value, Mapping):
            _table(where, value)
            _keys(where, value, set(CONDITIONS))
            for condition, bound in value.items():
                _number(f"{where}.{condition}", bound)
            _in_order(where, value, ("",), "")
        elif isinstance(value, list):
            if not value or not all(_scalar(part) for part in value):
                raise ResultsError(f"{where}={shown(value)}: expected one or more values")
        elif not _scalar(value):
            raise ResultsError(f"{where}={shown(value)}: expected a value, a list of values, or bounds")


def _table(name: str, value: Any) -> None:
    if not isinstance(value, Mapping) or not value:
        raise ResultsError(f"{name}={shown(value)}: expected a table with at least one entry")


def _keys(where: str, given: Mapping, known: set[str]) -> None:
    for name in given:
        if name not in known:
            raise ResultsError(f"{where} knows no {shown(name)}{suggest(str(name), sorted(known))}")


def _text(name: str, value: Any) -> None:
    if not isinstance(value, str) or not value.strip():
        raise ResultsError(f"{name}={shown(value)}: expected a name")


def _word(test: Mapping, name: str, allowed: tuple[str, ...]) -> None:
    if name in test and (not isinstance(test[name], str) or test[name] not in allowed):
        raise ResultsError(f"{name}={shown(test[name])}: expected one of {', '.join(allowed)}")


def _scalar(value: Any) -> bool:
    return isinstance(value, (str, bool, int)) or (isinstance(value, float) and math.isfinite(value))


def _number(name: str, value: Any, low: float = -math.inf, high: float = math.inf, whole: bool = False) -> int | float:
    """`value`, a finite number within the bounds; TOML's numbers are Python's own, so no other kinds come in."""
    kinds = (int,) if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not math.isfinite(value) or not low <= value <= high:
        what = "a whole number" if whole else "a finite number"
        sides = [f"{side} {bound:g}" for side, bound in (("at least", low), ("at most", high)) if math.isfinite(bound)]
        raise ResultsError(f"{name}={shown(value)}: expected {' '.join([what, ' and '.join(sides)])}".rstrip())
    return value
