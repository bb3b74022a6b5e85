"""The text of two cells in the field: Genotype(normal=[('sep_conv_3x3', 0), ...], normal_concat=[2, 3, 4, 5], ...)."""

from __future__ import annotations

import ast
from typing import Any

from nascore import checks
from nascore.errors import ArchitectureError

KINDS = ("normal", "reduce")
EXAMPLE = "Genotype(normal=[('sep_conv_3x3', 0), ...], normal_concat=[2, ...], reduce=[...], reduce_concat=[2, ...])"


def read_genotype(text: Any) -> dict[str, Any]:
    """The named parts of a genotype's text, plain values: lists of (operation, state) pairs, `..._concat` as lists of
    states, and whatever else is named (depth=20). `range(2, 6)` is understood; nothing is executed. ArchitectureError
    for text that is none."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        assert isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and tree.func.id == "Genotype"
        names = ("normal", "normal_concat", "reduce", "reduce_concat")
        given = list(zip(names, tree.args, strict=False)) + [(each.arg, each.value) for each in tree.keywords]
        found = {name: _value(node) for name, node in given if name}
        assert len(found) == len(given) and len(tree.args) <= len(names) and set(KINDS) <= set(found)
        return found
    except (AssertionError, AttributeError, SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
        raise ArchitectureError(f"{checks.shown(text)} is not a genotype: expected {EXAMPLE}") from None


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        bounds = [ast.literal_eval(part) for part in node.args]
        if node.func.id == "range" and not node.keywords and all(type(part) is int for part in bounds):
            states = range(*bounds)
            assert len(states) < 100
            return list(states)
        if node.func.id == "list" and len(node.args) == 1 and not node.keywords:
            return _value(node.args[0])
    return ast.literal_eval(node)


def read_pairs(kind: str, value: Any, nodes: int) -> list[tuple[str, int]]:
    """`value`, a cell of `nodes` nodes, as its 2 * nodes pairs (operation, state), two for each node in order."""
    good = isinstance(value, (list, tuple)) and len(value) == 2 * nodes
    if good:
        for pair in value:
            good = good and isinstance(pair, (list, tuple)) and len(pair) == 2
            good = good and isinstance(pair[0], str) and type(pair[1]) is int
    if not good:
        raise ArchitectureError(
            f"{kind}={checks.shown(value)}: expected {2 * nodes} pairs (operation, state), two for each of {nodes}"
            " nodes"
        )
    return [(name, state) for name, state in value]


def write_genotype(parts: dict[str, Any]) -> str:
    """The text of named parts; `read_genotype` of it gives them back."""
    return f"Genotype({', '.join(f'{name}={value!r}' for name, value in parts.items())})"
