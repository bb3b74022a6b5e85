"""What every search space can do. An architecture is a small hashable value: a tuple of integers."""
from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterator

import numpy as np

from ..errors import ArchitectureError
from .dag import DAG

Arch = tuple[int, ...]


def draw_below(n: int, rng) -> int:
    """A uniform integer in [0, n). `rng.random()` is five times faster than `Generator.integers` for one draw."""
    return int(rng.random() * n)


class Space(ABC):
    """A set of architectures.

    Attributes: `name`; `ops`, the names of the operations; `size`, how many architectures count as different.
    Every `rng` may be a numpy Generator or a random.Random.
    """

    name: str
    ops: tuple[str, ...]
    size: int

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
        from .view import CellView

        arch = self.validate(arch)
        return CellView(self.dag(arch), title=self.format(arch))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, {self.size:,} architectures, operations {', '.join(self.ops)})"

    def _repr_html_(self) -> str:
        from html import escape

        example = self.sample(np.random.default_rng(0))
        return (f"<div><b>{escape(self.name)}</b>: {self.size:,} architectures; operations "
                f"<code>{escape(', '.join(self.ops))}</code><br>an example: <code>{escape(str(example))}</code></div>"
                + self.view(example)._repr_svg_())


class ChoiceSpace(Space):
    """A fixed number of positions, each holding one of the same operations; the tuple holds indices into `ops`."""

    positions: int

    def __init__(self, name: str, positions: int, ops: tuple[str, ...]):
        self.name, self.positions, self.ops = name, positions, tuple(ops)
        self.size = len(self.ops) ** positions

    def __eq__(self, other) -> bool:
        return type(self) is type(other) and (self.name, self.positions, self.ops) == (
            other.name, other.positions, other.ops)

    def __hash__(self) -> int:
        return hash((self.name, self.positions, self.ops))

    def sample(self, rng) -> Arch:
        n = len(self.ops)
        return tuple([int(rng.random() * n) for _ in range(self.positions)])

    def mutate(self, arch: Arch, rng) -> Arch:
        where = int(rng.random() * self.positions)
        # shifting by 1..n-1 gives each other operation the same chance and never the old one
        op = (arch[where] + 1 + int(rng.random() * (len(self.ops) - 1))) % len(self.ops)
        return arch[:where] + (op,) + arch[where + 1:]

    def neighbours(self, arch: Arch) -> list[Arch]:
        arch = self.validate(arch)
        return [arch[:i] + (op,) + arch[i + 1:] for i in range(self.positions)
                for op in range(len(self.ops)) if op != arch[i]]

    def validate(self, arch) -> Arch:
        try:
            values = tuple(arch)
            good = not isinstance(arch, (str, bytes)) and len(values) == self.positions and all(
                value == int(value) and 0 <= value < len(self.ops) for value in values)
        except (TypeError, ValueError, OverflowError):
            good = False
        if not good:
            raise ArchitectureError(f"{arch!r} is not an architecture of {self.name}: expected a tuple of "
                                    f"{self.positions} integers, each from 0 to {len(self.ops) - 1} "
                                    f"({', '.join(self.ops)})")
        return tuple(int(value) for value in values)

    def enumerate(self) -> Iterator[Arch]:
        for index in range(self.size):
            yield self.at(index)

    def at(self, index: int) -> Arch:
        """The architecture at `index` in lexicographic order."""
        if not 0 <= index < self.size:
            raise ArchitectureError(f"index {index!r} is outside {self.name}: expected 0 to {self.size - 1}")
        digits, n = [], len(self.ops)
        for _ in range(self.positions):
            index, digit = divmod(index, n)
            digits.append(digit)
        return tuple(reversed(digits))

    def array(self) -> np.ndarray:
        """All architectures in lexicographic order, uint8 array of shape (size, positions)."""
        n = len(self.ops)
        index = np.arange(self.size)
        return np.stack([index // n ** (self.positions - 1 - i) % n for i in range(self.positions)], 1).astype(np.uint8)

    def _operation(self, word: str, text: str) -> int:
        if word not in self.ops:
            raise ArchitectureError(f"unknown operation {word!r} in {text!r}: {self.name} has {', '.join(self.ops)}")
        return self.ops.index(word)
