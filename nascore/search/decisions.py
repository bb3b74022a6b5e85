"""An architecture as independent categorical decisions, for searches that keep a distribution over each of them."""
from __future__ import annotations

from collections.abc import Callable, Sequence

from ..errors import ArchitectureError, SettingError
from ..spaces.base import Arch, ChoiceSpace, Space


class Decisions:
    """`sizes`, how many options each decision has, and `arch(decisions)`, the architecture they make (None: invalid).

    A ChoiceSpace has one decision per position. NAS-Bench-101 has 21 edge bits and 5 operations on 7 vertices; what
    pruning removes is not part of the architecture, and more than 9 edges or a broken path is invalid.
    """

    def __init__(self, space: Space):
        if isinstance(space, ChoiceSpace):
            self.sizes = (len(space.ops),) * space.positions
            self.arch: Callable[[Sequence[int]], Arch | None] = tuple
            self.names = [f"position{i}" for i in range(space.positions)]
        elif hasattr(space, "from_matrix"):
            from ..spaces.dag import edge_pairs

            self._space, self._vertices = space, 7
            self._pairs = edge_pairs(self._vertices)
            self.sizes = (2,) * len(self._pairs) + (len(space.ops),) * (self._vertices - 2)
            self.arch = self._matrix_arch
            self.names = [f"edge{x}-{y}" for x, y in self._pairs] + [f"op{i + 1}" for i in range(self._vertices - 2)]
        else:
            raise SettingError(f"space={space.name}: expected a space of choices (CellSpace, MacroSpace) or "
                               "NASBench101")

    def _matrix_arch(self, decisions: Sequence[int]) -> Arch | None:
        matrix = [[0] * self._vertices for _ in range(self._vertices)]
        for (x, y), bit in zip(self._pairs, decisions, strict=False):
            matrix[x][y] = int(bit)
        ops = ["input", *(self._space.ops[op] for op in decisions[len(self._pairs):]), "output"]
        try:
            return self._space.from_matrix(matrix, ops)
        except ArchitectureError:
            return None
