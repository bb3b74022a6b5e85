"""Macro search: an ordering of predefined blocks along a chain (EfficientNet, ProxylessNAS, NAS-Bench-Macro)."""

from __future__ import annotations

from collections.abc import Sequence

from nascore import checks
from nascore.errors import ArchitectureError
from nascore.spaces.base import Arch
from nascore.spaces.choice import ChoiceSpace
from nascore.spaces.dag import DAG


class MacroSpace(ChoiceSpace):
    """`layers` searchable positions along a chain, each one of `ops`; written as a string of digits ("01221120").

    `allowed`: for each position the operations that it may hold, by name or as indices into `ops`; None: all of them
    everywhere. A digit always counts within `ops`, so that one means the same block at every position.
    """

    def __init__(
        self,
        layers: int,
        ops: Sequence[str],
        name: str | None = None,
        allowed: Sequence[Sequence[int | str]] | None = None,
    ):
        layers, ops = checks.whole("layers", layers, 1, 1000), checks.distinct("ops", ops, 2, 10)
        if name is None or (isinstance(name, str) and not name):
            name = f"macro-{layers}-{len(ops)}"
        super().__init__(name, layers, ops, allowed)

    def dag(self, arch: Arch) -> DAG:
        labels = ("input", *(self.ops[op] for op in self.validate(arch)), "output")
        return DAG(labels, tuple((i, i + 1) for i in range(len(labels) - 1)))

    def format(self, arch: Arch) -> str:
        return "".join(str(op) for op in self.validate(arch))

    def parse(self, text: str) -> Arch:
        if not isinstance(text, str) or not text.strip().isascii() or not text.strip().isdigit():
            raise ArchitectureError(
                f"{checks.shown(text)} is not an architecture of {self.name}: expected {self.positions} digits "
                f"from 0 to {len(self.ops) - 1}"
            )
        return self.validate(tuple(int(digit) for digit in text.strip()))


class NASBenchMacro(MacroSpace):
    """NAS-Bench-Macro (Su et al., 2021): 3 stages of 2, 3 and 3 layers, 3^8 = 6,561 architectures.

    Identity blocks after the first layer of a stage commute, so only 3,969 networks differ; the space counts all 6,561
    strings, as the benchmark's own table does.
    """

    STAGES = (2, 3, 3)  # layers

    def __init__(self):
        super().__init__(8, ("identity", "mb3_k3", "mb6_k5"), "nasbench-macro")
