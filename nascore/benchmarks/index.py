"""Which row of a table holds an architecture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nascore.errors import ArchitectureError
from nascore.spaces.base import Arch, Space


class TupleIndex:
    """Row numbers of a list of architectures, one row per tuple."""

    def __init__(self, archs):
        self.archs = [tuple(row) for row in archs.tolist()] if isinstance(archs, np.ndarray) else list(archs)
        self.rows = dict(zip(self.archs, range(len(self.archs)), strict=True))
        if len(self.rows) != len(self.archs):
            raise ArchitectureError("an architecture occurs twice in the table")
        self.get = self.rows.__getitem__

    def __call__(self, arch: Arch) -> int:
        return self.rows[arch]

    def many(self, archs: Sequence[Arch]) -> np.ndarray:
        return np.fromiter(map(self.get, archs), np.int64, len(archs))


class KeyIndex:
    """Row numbers through the space's keys, for spaces that count isomorphic architectures as one."""

    def __init__(self, space: Space, archs, keys):
        self.space, self.archs = space, archs
        self.by_key: dict = {}
        for row, key in enumerate(keys):
            if self.by_key.setdefault(key, row) != row:
                raise ArchitectureError(
                    f"{archs[self.by_key[key]]!r} and {archs[row]!r} are the same architecture of "
                    f"{space.name}: expected each once"
                )

    def __call__(self, arch: Arch) -> int:
        return self.by_key[self.space.key(arch)]

    def many(self, archs) -> np.ndarray:
        return np.array([self(arch) for arch in archs], np.int64)


def rows_by_key(space: Space, archs: list[Arch]) -> TupleIndex | KeyIndex:
    """The index of rows given by architecture: by tuple where the space counts every tuple, else by key."""
    keys = [space.key(arch) for arch in archs]
    if keys == archs:
        return TupleIndex(archs)
    return KeyIndex(space, archs, keys)
