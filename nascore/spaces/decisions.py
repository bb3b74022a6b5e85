"""An architecture as independent categorical decisions, for searches that keep a distribution over each of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nascore.spaces.base import Arch


@dataclass(frozen=True)
class Decisions:
    """`names` of the decisions, `sizes`, how many options each has, and `arch(decisions)`, the architecture that they
    make (None: they make none)."""

    names: tuple[str, ...]
    sizes: tuple[int, ...]
    arch: Callable[[Sequence[int]], Arch | None]
