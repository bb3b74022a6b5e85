"""Spaces with a fixed number of positions, each holding one of its own options."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np

from nascore import checks
from nascore.errors import ArchitectureError, SettingError
from nascore.spaces.base import INTS, Arch, Space, plain, whole_index
from nascore.spaces.decisions import Decisions


class ChoiceSpace(Space):
    """`positions` places, each holding one of `ops`; the tuple holds indices into `ops`.

    `allowed` limits the operations position by position: for each position those that it may hold, by name or as
    indices into `ops` (None: all of them everywhere). `sizes` says how many each has; `uniform`, whether all may hold
    everything.
    """

    fixed_topology = True
    LARGEST = 1 << 26  # architectures that `array` lists

    def __init__(
        self,
        name: str,
        positions: int,
        ops: Sequence[str],
        allowed: Sequence[Sequence[int | str]] | None = None,
    ):
        self.name, self.ops = checks.text("name", name), checks.distinct("ops", ops, 1)
        if not self.name:
            raise SettingError("name='': expected a name")
        self.positions = checks.whole("positions", positions, 1, 1000)
        everything = tuple(range(len(self.ops)))
        self.allowed = (everything,) * self.positions if allowed is None else self._checked(allowed)
        self.sizes = tuple(map(len, self.allowed))
        self.uniform = all(options == everything for options in self.allowed)
        self.size = 1
        for size in self.sizes:
            self.size *= size
        # positions that can change at all
        self._free = tuple(i for i, size in enumerate(self.sizes) if size > 1)
        self._sets = tuple(map(frozenset, self.allowed))

    def _checked(self, allowed: Sequence[Sequence[int | str]]) -> tuple[tuple[int, ...], ...]:
        lists = (list, tuple)
        if not isinstance(allowed, lists) or len(allowed) != self.positions:
            raise SettingError(f"allowed={checks.shown(allowed)}: expected {self.positions} lists, one per position")
        found = []
        for options in allowed:
            if not isinstance(options, lists) or not options:
                raise SettingError(f"allowed={checks.shown(allowed)}: each position needs a list of operations")
            indices = [
                self.ops.index(checks.one_of("allowed", op, self.ops))
                if isinstance(op, str)
                else checks.whole("allowed", op, 0, len(self.ops) - 1)
                for op in options
            ]
            if len(set(indices)) != len(indices):
                raise SettingError(f"allowed={checks.shown(allowed)}: an operation stands twice at a position")
            found.append(tuple(sorted(indices)))
        return tuple(found)

    def _key(self) -> tuple:
        return self.name, self.positions, self.ops, self.allowed

    def __eq__(self, other) -> bool:
        return type(self) is type(other) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def identity(self) -> dict:
        options = {} if self.uniform else {"allowed": [list(options) for options in self.allowed]}
        return {**super().identity(), "positions": self.positions, **options}

    def decisions(self) -> Decisions:
        """One decision per position, among its own options."""
        make = tuple if self.uniform else self._from_options
        return Decisions(tuple(f"position{i}" for i in range(self.positions)), self.sizes, make)

    def _from_options(self, decisions: Sequence[int]) -> Arch:
        return tuple([options[int(d)] for options, d in zip(self.allowed, decisions, strict=True)])

    def sample(self, rng) -> Arch:
        if self.uniform:
            n = len(self.ops)
            return tuple([int(rng.random() * n) for _ in range(self.positions)])
        return tuple([options[int(rng.random() * len(options))] for options in self.allowed])

    def mutate(self, arch: Arch, rng) -> Arch:
        arch = self.validate(arch)
        if not self._free:
            raise ArchitectureError(f"{self.name} has one architecture only: nothing to mutate")
        if self.uniform:
            where = int(rng.random() * self.positions)
            # shifting by 1..n-1 gives each other operation the same chance and never the old one
            op = (arch[where] + 1 + int(rng.random() * (len(self.ops) - 1))) % len(self.ops)
        else:
            where = self._free[int(rng.random() * len(self._free))]
            options = self.allowed[where]
            shift = 1 + int(rng.random() * (len(options) - 1))
            op = options[(options.index(arch[where]) + shift) % len(options)]
        return arch[:where] + (op,) + arch[where + 1 :]

    def neighbours(self, arch: Arch) -> list[Arch]:
        arch = self.validate(arch)
        return [
            arch[:i] + (op,) + arch[i + 1 :]
            for i, options in enumerate(self.allowed)
            for op in options
            if op != arch[i]
        ]

    def validate(self, arch) -> Arch:
        found = arch if type(arch) is tuple and INTS.issuperset(map(type, arch)) else plain(arch)
        if found is not None and len(found) == self.positions:
            if self.uniform:
                if self._sets[0].issuperset(found):
                    return found
            elif all(map(frozenset.__contains__, self._sets, found)):
                return found
        raise ArchitectureError(
            f"{checks.shown(arch)} is not an architecture of {self.name}: expected a tuple of {self.positions} "
            f"integers, {self._options_in_words()}"
        )

    def _options_in_words(self) -> str:
        if self.uniform:
            return f"each from 0 to {len(self.ops) - 1} ({', '.join(self.ops)})"
        per_position = "; ".join(f"{i}: {', '.join(map(str, options))}" for i, options in enumerate(self.allowed))
        return f"indices into ({', '.join(self.ops)}), by position {per_position}"

    def enumerate(self) -> Iterator[Arch]:
        yield from product(*self.allowed)

    def at(self, index: int) -> Arch:
        """The architecture at `index` in lexicographic order."""
        number = whole_index(index, self.size)
        if number is None:
            raise ArchitectureError(
                f"index {checks.shown(index)} is outside {self.name}: expected a whole number from 0 to {self.size - 1}"
            )
        index = number
        found = []
        for options in reversed(self.allowed):
            index, digit = divmod(index, len(options))
            found.append(options[digit])
        return tuple(reversed(found))

    def array(self) -> np.ndarray:
        """All architectures in lexicographic order, array of shape (size, positions): uint8, or uint16 where a position
        holds more than 256 operations."""
        if self.size > self.LARGEST:
            raise ArchitectureError(
                f"{self.name} has {self.size:,} architectures: expected at most {self.LARGEST:,} to list them all"
            )
        index, later, columns = np.arange(self.size), self.size, []
        for options in self.allowed:
            later //= len(options)
            columns.append(np.array(options)[index // later % len(options)])
        return np.stack(columns, 1).astype(np.uint8 if len(self.ops) <= 256 else np.min_scalar_type(len(self.ops)))

    def numbers(self, archs: np.ndarray) -> np.ndarray | None:
        """Place of each architecture (integer array (n, positions)) in lexicographic order, int64 (n,); None where one
        of them is not of this space."""
        if archs.shape[1] != self.positions:
            return None
        if archs.size and not (0 <= archs.min() and archs.max() < len(self.ops)):
            return None
        if archs.dtype == np.uint64:  # numpy adds it to int64 as floats
            archs = archs.astype(np.int64)
        if self.uniform:
            codes = archs[:, 0].astype(np.int64)
            for position in range(1, self.positions):
                codes *= len(self.ops)
                codes += archs[:, position]
            return codes
        codes = np.zeros(len(archs), np.int64)
        for position, options in enumerate(self.allowed):
            digit = np.full(len(self.ops), -1, np.int64)
            digit[list(options)] = np.arange(len(options))
            digits = digit[archs[:, position]]
            if (digits < 0).any():
                return None
            codes = codes * len(options) + digits
        return codes

    def _operation(self, word: str, text: str, position: int | None = None) -> int:
        if word not in self.ops:
            raise ArchitectureError(
                f"unknown operation {checks.shown(word)} in {checks.shown(text)}: {self.name} has {', '.join(self.ops)}"
            )
        op = self.ops.index(word)
        if position is not None and op not in self.allowed[position]:
            options = ", ".join(self.ops[each] for each in self.allowed[position])
            raise ArchitectureError(
                f"operation {word!r} in {checks.shown(text)}: position {position} of {self.name} has {options}"
            )
        return op
