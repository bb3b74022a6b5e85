"""Cells with one operation per edge of a complete DAG (the form of DARTS and NAS-Bench-201)."""
from __future__ import annotations

import re

from ..errors import ArchitectureError, SettingError
from .base import Arch, ChoiceSpace
from .dag import DAG, edge_pairs, line_graph


class CellSpace(ChoiceSpace):
    """All cells on `nodes` feature maps with one of `ops` on each edge.

    Tuples are in target-major edge order (0>1, 0>2, 1>2, 0>3, 1>3, 2>3), as in NAS-Bench-201's architecture strings;
    values are indices into `ops`. `parse` and `format` use those strings: `|A~0|+|B~0|C~1|+|D~0|E~1|F~2|`.
    """

    def __init__(self, nodes: int, ops: tuple[str, ...] | list[str], name: str | None = None):
        if not isinstance(nodes, int) or isinstance(nodes, bool) or not 2 <= nodes <= 12:
            raise SettingError(f"nodes={nodes!r}: a cell needs 2 to 12 nodes (an integer)")
        if isinstance(ops, str) or len(ops) < 2 or len(set(ops)) != len(ops) or not all(
                isinstance(op, str) and op and not set(op) & set("|~+") for op in ops):
            raise SettingError(f"ops={ops!r}: expected at least two different non-empty names without | ~ +")
        if len(ops) > 255:
            raise SettingError(f"ops has {len(ops)} names: at most 255 are allowed")
        self.nodes = nodes
        self.pairs = edge_pairs(nodes)
        super().__init__(name or f"cell-{nodes}-{len(ops)}", len(self.pairs), tuple(ops))

    def dag(self, arch: Arch) -> DAG:
        """Operations as nodes (GA-NAS Figure 7); the topology is the same for every cell of the space."""
        return line_graph(self.nodes, tuple(self.ops[op] for op in self.validate(arch)))

    def format(self, arch: Arch) -> str:
        words = [f"{self.ops[op]}~{source}" for op, (source, _) in zip(self.validate(arch), self.pairs, strict=True)]
        groups, start = [], 0
        for target in range(1, self.nodes):
            groups.append("|" + "|".join(words[start:start + target]) + "|")
            start += target
        return "+".join(groups)

    def parse(self, text: str) -> Arch:
        if not isinstance(text, str):
            raise ArchitectureError(f"{text!r} is not text: expected an architecture string like {self._example()}")
        groups = text.strip().split("+")
        ops = []
        for target, group in enumerate(groups, 1):
            if not re.fullmatch(r"\|([^|~]+~\d+\|){%d}" % target, group):
                break
            for source, word in enumerate(group.strip("|").split("|")):
                op, origin = word.rsplit("~", 1)
                if int(origin) != source:
                    raise ArchitectureError(f"{text!r}: {word!r} should come from node {source}")
                ops.append(self._operation(op, text))
        if len(groups) != self.nodes - 1 or len(ops) != self.positions:
            raise ArchitectureError(f"{text!r} is not an architecture string of {self.name}: "
                                    f"expected the form {self._example()}")
        return tuple(ops)

    def _example(self) -> str:
        return self.format((0,) * self.positions)
