"""What every search space can do. An architecture is a small hashable value: a tuple of integers."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from nascore.errors import ArchitectureError, SettingError
from nascore.spaces.dag import DAG

if TYPE_CHECKING:
    from nascore.spaces.decisions import Decisions

Arch = tuple[int, ...]
INTS = frozenset([int])


def plain(arch) -> Arch | None:
    """`arch`, whole numbers in order (a tuple, list, range, integer array or tensor), as a tuple of ints; None where it
    is none: a boolean or 1.0 is no whole number, and a set has no order."""
    if isinstance(arch, (tuple, list)):
        if INTS.issuperset(map(type, arch)):
            return tuple(arch)
        if all(isinstance(value, (int, np.integer)) and not isinstance(value, bool) for value in arch):
            return tuple(map(int, arch))
        return None
    if isinstance(arch, range):
        return tuple(arch)
    if not hasattr(arch, "__array__"):
        return None
    try:
        array = np.asarray(arch)
    except Exception:  # whatever another library's array answers
        return None
    return tuple(array.tolist()) if array.ndim == 1 and array.dtype.kind in "iu" else None


def whole_index(index, size: int) -> int | None:
    """`index`, a whole number from 0 to size - 1, as an int; None where it is none."""
    whole = isinstance(index, (int, np.integer)) and not isinstance(index, bool)
    return int(index) if whole and 0 <= index < size else None


class Limits(NamedTuple):
    """The largest cell of a space in which the edges are searched too."""

    nodes: int
    edges: int


class Space(ABC):
    """A set of architectures.

    Attributes: `name`; `ops`, the names of the operations; `size`, how many architectures count as different; `joints`,
    labels in `dag` that are no operations, beside "input" and "output".
    Every `rng` may be a numpy Generator or a random.Random.

    What a search needs to know of a space it asks here, and never by looking for a method of one particular space:
    `decisions()` (categorical decisions that make an architecture), `fixed_topology` (every architecture has the edges
    of `dag` of any other, and one operation per inner node, in order) and `limits` (where the edges are searched too:
    the largest cell; architectures are then (edge_bits, op, ..), bit x + y(y-1)/2 of edge_bits the edge x->y).
    """

    name: str
    ops: tuple[str, ...]
    size: int
    joints: tuple[str, ...] = ()
    fixed_topology: bool = False
    limits: Limits | None = None

    @abstractmethod
    def sample(self, rng) -> Arch:
        """An architecture drawn uniformly."""

    @abstractmethod
    def mutate(self, arch: Arch, rng) -> Arch:
        """A valid architecture one random change away from `arch`; never `arch` itself."""

    @abstractmethod
    def neighbours(self, arch: Arch) -> list[Arch]:
        """All architectures one change away."""

    @abstractmethod
    def validate(self, arch) -> Arch:
        """`arch` as a plain tuple; ArchitectureError naming the value and what is allowed if it is not in the space."""

    @abstractmethod
    def dag(self, arch: Arch) -> DAG:
        """The architecture as a node-labelled DAG."""

    @abstractmethod
    def parse(self, text: str) -> Arch:
        """The architecture written in `text`, in the field's usual notation; the inverse of `format`."""

    @abstractmethod
    def format(self, arch: Arch) -> str:
        """The architecture in the field's usual notation."""

    def canonical(self, arch: Arch) -> Arch:
        """The representative of the architectures that this space counts as the same one."""
        return arch

    def key(self, arch: Arch) -> Hashable:
        """What an Oracle counts as one architecture: equal keys are one query."""
        return arch

    def decisions(self) -> Decisions:
        """An architecture as independent categorical decisions; SettingError where the space has no such form."""
        raise SettingError(f"space={self.name}: it does not say how decisions make an architecture (`decisions`)")

    def identity(self) -> dict:
        """All that the meaning of an architecture depends on, as JSON values: what saved results must agree on."""
        return {"space": self.name, "ops": list(self.ops)}

    def __eq__(self, other) -> bool:
        return type(self) is type(other) and self.identity() == other.identity()

    def __hash__(self) -> int:
        return hash(json.dumps(self.identity(), sort_keys=True, default=str))

    def enumerate(self) -> Iterator[Arch]:
        """All architectures, one per key."""
        raise ArchitectureError(f"space {self.name} cannot be enumerated")

    def __contains__(self, arch) -> bool:
        try:
            self.validate(arch)
        except ArchitectureError:
            return False
        return True

    def view(self, arch: Arch):
        """A drawing of the cell for notebooks (shows itself as SVG)."""
        from nascore.spaces.view import CellView

        arch = self.validate(arch)
        return CellView(self.dag(arch), title=self.format(arch))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, {self.size:,} architectures, operations {', '.join(self.ops)})"

    def _repr_html_(self) -> str:
        from html import escape

        example = self.sample(np.random.default_rng(0))
        return (
            f"<div><b>{escape(self.name)}</b>: {self.size:,} architectures; operations "
            f"<code>{escape(', '.join(self.ops))}</code><br>an example: <code>{escape(str(example))}</code></div>"
            + self.view(example)._repr_svg_()
        )
