"""What a supernet lets a search choose, and one draw of mixing weights."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from ..errors import SettingError
from ..spaces.base import Arch


@dataclass(frozen=True)
class Choices:
    """What there is to choose: one of `ops` on each of `edges` edges.

    `zero` is the position of the operation without output ("none"), or None. An architecture is a tuple of positions
    in `ops`, one per edge, in the supernet's edge order (that of its space).
    """

    edges: int
    ops: tuple[str, ...]
    zero: int | None = None

    def __post_init__(self):
        if isinstance(self.edges, bool) or not isinstance(self.edges, int) or self.edges < 1:
            raise SettingError(f"edges={self.edges!r}: expected a whole number of at least 1")
        if len(self.ops) < 2:
            raise SettingError(f"ops={self.ops!r}: expected at least two operations")
        if self.zero is not None and not 0 <= self.zero < len(self.ops):
            raise SettingError(f"zero={self.zero!r}: expected None or 0 to {len(self.ops) - 1}")


@dataclass
class Draw:
    """Mixing weights for one forward pass: node input = sum over edges i and operations j of weights[i, j] * O_ij(x)
    (Equation 1).

    `weights`: float (edges, ops); a leaf that asks for a gradient where the strategy needs d loss / d weights.
    `active`: for each edge the operations to compute; the others cost nothing and their weight is not read. Sparse
    strategies list one or two operations, dense ones all.
    """

    weights: torch.Tensor
    active: tuple[tuple[int, ...], ...]

    @property
    def arch(self) -> Arch:
        """The operation of the largest weight on each edge."""
        weights = self.weights.detach()
        return tuple(max(ops, key=lambda j: float(weights[i, j])) for i, ops in enumerate(self.active))


def one_hot(arch: Sequence[int], ops: int, requires_grad: bool = False) -> Draw:
    """The draw that computes exactly the operations of `arch`, each with weight one."""
    weights = torch.zeros(len(arch), ops)
    weights[torch.arange(len(arch)), torch.as_tensor(arch)] = 1.0
    return Draw(weights.requires_grad_(requires_grad), tuple((int(op),) for op in arch))
