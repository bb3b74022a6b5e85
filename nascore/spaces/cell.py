"""Cells with one operation per edge of a complete DAG (the form of DARTS and NAS-Bench-201)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nascore import checks
from nascore.errors import ArchitectureError, SettingError
from nascore.spaces.base import Arch
from nascore.spaces.choice import ChoiceSpace
from nascore.spaces.dag import DAG, edge_pairs, line_graph


class CellSpace(ChoiceSpace):
    """All cells on `nodes` feature maps with one of `ops` on each edge.

    Tuples are in target-major edge order (0>1, 0>2, 1>2, 0>3, 1>3, 2>3), as in NAS-Bench-201's architecture strings;
    values are indices into `ops`. `parse` and `format` use those strings: `|A~0|+|B~0|C~1|+|D~0|E~1|F~2|`.
    """

    def __init__(
        self,
        nodes: int,
        ops: Sequence[str],
        name: str | None = None,
        allowed: Sequence[Sequence[int | str]] | None = None,
    ):
        """`allowed`: the operations of each edge where they differ, see ChoiceSpace."""
        self.nodes = checks.whole("nodes", nodes, 2, 12)
        ops = checks.distinct("ops", ops, 2, 255)
        if any(set(op) & set("|~+") for op in ops):
            raise SettingError(f"ops={ops!r}: expected names without | ~ +, which architecture strings use")
        self.pairs = edge_pairs(self.nodes)
        name = f"cell-{self.nodes}-{len(ops)}" if name is None or (isinstance(name, str) and not name) else name
        super().__init__(name, len(self.pairs), ops, allowed)

    def dag(self, arch: Arch) -> DAG:
        """Operations as nodes (GA-NAS Figure 7); the topology is the same for every cell of the space."""
        return line_graph(self.nodes, tuple(self.ops[op] for op in self.validate(arch)))

    def format(self, arch: Arch) -> str:
        words = [f"{self.ops[op]}~{source}" for op, (source, _) in zip(self.validate(arch), self.pairs, strict=True)]
        groups, start = [], 0
        for target in range(1, self.nodes):
            groups.append("|" + "|".join(words[start : start + target]) + "|")
            start += target
        return "+".join(groups)

    def parse(self, text: str) -> Arch:
        if not isinstance(text, str):
            raise ArchitectureError(
                f"{checks.shown(text)} is not text: expected an architecture string like {self._example()}"
            )
        groups = text.strip().split("+")
        ops: list[int] = []
        for target, group in enumerate(groups, 1):
            if target >= self.nodes or not re.fullmatch(rf"\|([^|~]+~[0-9]+\|){{{target}}}", group):
                break
            for source, word in enumerate(group.strip("|").split("|")):
                op, origin = word.rsplit("~", 1)
                if origin != str(source):
                    raise ArchitectureError(
                        f"{checks.shown(text)}: {checks.shown(word)} should come from node {source}"
                    )
                ops.append(self._operation(op, text, len(ops)))
        if len(groups) != self.nodes - 1 or len(ops) != self.positions:
            raise ArchitectureError(
                f"{checks.shown(text)} is not an architecture string of {self.name}: expected the form "
                f"{self._example()}"
            )
        return tuple(ops)

    def _example(self) -> str:
        return self.format(tuple(options[0] for options in self.allowed))
