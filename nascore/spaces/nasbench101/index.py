"""The whole space as the rows of a table, by class number."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from nascore.spaces.base import Arch
from nascore.spaces.nasbench101.graphs import NUM_CELLS, LabelledGraphs, labelled_graphs


class CellIndex:
    """Row numbers of a table over the whole space, by class number: what a TabularBenchmark asks."""

    def __init__(self) -> None:
        self._graphs = labelled_graphs()
        self._number = self._graphs.number
        self.archs = Cells(self._graphs)

    def __call__(self, arch: Arch) -> int:
        return self._number(arch)

    def many(self, archs) -> np.ndarray:
        return np.fromiter(map(self._number, archs), np.int64, len(archs))


class Cells:
    """All cells in class order, as a sequence that makes each tuple when asked."""

    def __init__(self, graphs: LabelledGraphs) -> None:
        self._graphs = graphs

    def __len__(self) -> int:
        return NUM_CELLS

    def __getitem__(self, i):
        if isinstance(i, slice):
            return [self._graphs.arch(j) for j in range(*i.indices(NUM_CELLS))]
        i = int(i)
        if not -NUM_CELLS <= i < NUM_CELLS:
            raise IndexError(i)
        return self._graphs.arch(i % NUM_CELLS)

    def __iter__(self) -> Iterator[Arch]:
        return map(self._graphs.arch, range(NUM_CELLS))
