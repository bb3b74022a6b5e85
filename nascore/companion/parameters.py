"""A notebook's parameters and what each may be, said once: in the comment behind its default.

    near = 3  # [1 to 423,624] a run counts as near the top when it ends at this rank or better
    reference = "REA"  # ["REA", "RS", "TPE"] the search that query counts are compared with

`[0 or more]` has no upper end; a default with a decimal point takes any number between the ends, another whole ones. A
parameter that says nothing takes what is of its default's kind. The command line reads the cell before it runs
anything, `notebook.start` reads it in the kernel, and a test of our notebooks asks that every parameter says its range.
"""

from __future__ import annotations

import ast
import io
import json
import math
import re
import tokenize
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nascore import checks
from nascore.companion.pool import MOST_WORKERS
from nascore.errors import ResultsError, SettingError
from nascore.studies.experiment import PROFILES

MODES = ("cached", "recompute")
NUMBER = r"-?[0-9][0-9,_]*(?:\.[0-9]+)?"
RANGE = re.compile(rf"({NUMBER}) (?:to ({NUMBER})|or more)")


@dataclass(frozen=True)
class Parameter:
    """One parameter: its default, and the ends of its range or the texts it may be."""

    name: str
    default: Any
    low: float = -math.inf
    high: float = math.inf
    choices: tuple[str, ...] = ()

    def check(self, value: Any) -> Any:
        """`value`, normalised; SettingError naming it and what is allowed."""
        if self.choices:
            return checks.one_of(self.name, value, self.choices)
        if isinstance(self.default, bool):
            return checks.flag(self.name, value)
        if isinstance(self.default, str):
            return checks.text(self.name, value)
        if isinstance(self.default, float):
            return checks.number(self.name, value, self.low, self.high)
        if not isinstance(self.default, int):  # a list, say, or None, which says nothing
            kind = object if self.default is None else type(self.default)
            return checks.instance(self.name, value, kind, f"a {kind.__name__} as {checks.shown(self.default)} is")
        least = None if math.isinf(self.low) else int(self.low)
        most = None if math.isinf(self.high) else int(self.high)
        return checks.whole(self.name, value, least, most)


# what every notebook has; its cell need not say these again
EVERYWHERE = {
    "mode": Parameter("mode", "cached", choices=MODES),
    "profile": Parameter("profile", "laptop", choices=PROFILES),
    "workers": Parameter("workers", 1, 1, MOST_WORKERS),
}


def declared(source: str, where: str) -> dict[str, Parameter]:
    """All parameters of a parameters cell; ResultsError, beginning with `where`, for a cell that is not Python."""
    return {
        name: EVERYWHERE.get(name) or _parsed(name, default, comment) or Parameter(name, default)
        for name, default, comment in _assignments(source, where)
    }


def said(source: str) -> dict[str, Parameter]:
    """The parameters for which a cell gives a range, however little of it is a parameters cell."""
    try:
        lines = _assignments(source, "")
        return {name: each for name, default, comment in lines if (each := _parsed(name, default, comment))}
    except ResultsError:
        return {}


def check_cells(cells: list[str], values: Mapping[str, Any]) -> None:
    """SettingError where a value of the kernel, `values`, is not what one of its executed `cells` says it may be."""
    for parameter in {name: each for source in cells for name, each in said(source).items()}.values():
        if parameter.name in values:
            parameter.check(values[parameter.name])


def cell_of(file: Path, book: Mapping[str, Any]) -> str:
    """The source of the one cell tagged `parameters` of a notebook read as JSON; SettingError where there is none."""
    try:
        tagged = [cell for cell in book["cells"] if "parameters" in cell.get("metadata", {}).get("tags", ())]
        texts = [cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"]) for cell in tagged]
    except (AttributeError, KeyError, TypeError) as error:
        raise ResultsError(f"{file}: not a readable notebook ({type(error).__name__}: {error})") from None
    if len(texts) != 1:
        raise SettingError(f"{file}: {len(texts)} cells are tagged 'parameters'; expected one")
    return texts[0]


def _assignments(source: str, where: str) -> list[tuple[str, Any, str]]:
    """(name, default, comment) of every line `name = literal  # comment`."""
    try:
        tree = ast.parse(source)
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (SyntaxError, ValueError, tokenize.TokenError, RecursionError, MemoryError) as error:
        raise ResultsError(f"{where}: the parameters cell is not Python ({error})") from None
    comments = {token.start[0]: token.string for token in tokens if token.type == tokenize.COMMENT}
    found = []
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        value = getattr(node, "value", None)
        if len(targets) == 1 and isinstance(targets[0], ast.Name) and value is not None:
            try:
                default = ast.literal_eval(value)
            except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
                continue  # computed: no parameter that can be set
            found.append((targets[0].id, default, comments.get(node.end_lineno or 0, "")))
    return found


def _parsed(name: str, default: Any, comment: str) -> Parameter | None:
    """The parameter that a comment `# [...] ...` declares; None where it declares none."""
    text = re.match(r"#\s*\[(.*?)\]", comment)
    if text is None or isinstance(default, bool):
        return None
    ends = RANGE.fullmatch(text[1].strip())
    if ends and isinstance(default, (int, float)):
        low, high = (float(re.sub("[,_]", "", end)) if end else math.inf for end in ends.groups())
        return Parameter(name, default, low, high)
    try:
        choices = json.loads(f"[{text[1]}]")
    except ValueError:
        return None
    if isinstance(default, str) and choices and all(isinstance(choice, str) for choice in choices):
        return Parameter(name, default, choices=tuple(choices))
    return None
