"""What a supernet lets a search choose, and one draw of mixing weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from nascore import checks
from nascore.errors import SettingError
from nascore.spaces.base import Arch


@dataclass(frozen=True)
class Choices:
    """What there is to choose: one of `ops` on each of `edges` edges.

    `zero` is the position of the operation without output ("none"), or None. `allowed` limits the operations edge by
    edge to positions in `ops` (None: all everywhere). What a supernet makes of the scores of its edges is an
    architecture: see `Supernet.decode`.
    """

    edges: int
    ops: tuple[str, ...]
    zero: int | None = None
    allowed: tuple[tuple[int, ...], ...] | None = None

    def __post_init__(self):
        object.__setattr__(self, "edges", checks.whole("edges", self.edges, 1))
        object.__setattr__(self, "ops", checks.distinct("ops", self.ops, 2))
        if self.zero is not None:
            object.__setattr__(self, "zero", checks.whole("zero", self.zero, 0, len(self.ops) - 1))
        if self.allowed is not None:
            example = f"some positions in ops for each of {self.edges} edges, such as ((0, 1), (1,), ...)"
            allowed = [checks.listed("allowed", row, example) for row in self._rows(example)]
            whole = tuple(tuple(checks.whole("allowed", op, 0, len(self.ops) - 1) for op in row) for row in allowed)
            for row in whole:
                if not row or len(set(row)) < len(row):
                    raise SettingError(f"allowed={checks.shown(self.allowed)}: expected {example}, each once")
            object.__setattr__(self, "allowed", whole)

    def _rows(self, example: str) -> list:
        rows = checks.listed("allowed", self.allowed, example)
        if len(rows) != self.edges:
            raise SettingError(f"allowed={checks.shown(self.allowed)}: expected {example}")
        return rows

    def mask(self) -> torch.Tensor:
        """Which operations each edge may hold, bool (edges, ops)."""
        mask = torch.ones(self.edges, len(self.ops), dtype=torch.bool)
        if self.allowed is not None:
            mask[:] = False
            for edge, options in enumerate(self.allowed):
                mask[edge, list(options)] = True
        return mask


@dataclass
class Draw:
    """Mixing weights for one forward pass: node input = sum over edges i and operations j of weights[i, j] * O_ij(x)
    (Equation 1 of AdvantageNAS).

    `weights`: float (edges, ops); a leaf that asks for a gradient where the strategy needs d loss / d weights, which
    the loop then puts into `weights.grad`.
    `active`: for each edge the operations to compute; the others cost nothing and their weight is not read. Sparse
    strategies list one or two operations, dense ones all.
    `source`: how the weights came from theta: the weights, or what stands in for their derivative where they were made
    discrete, as a differentiable function of theta, (edges, ops).
    `constants`: each operation that is not active adds weights[i, j] * ones to the output of its edge, which leaves the
    output as it is (these weights are 0) and gives weights.grad an entry for every operation. A supernet that does not
    know about constants leaves those entries 0.
    """

    weights: torch.Tensor
    active: tuple[tuple[int, ...], ...]
    source: torch.Tensor | None = None
    constants: bool = False

    def __post_init__(self):
        weights, active = self.weights, self.active
        if not isinstance(weights, torch.Tensor) or weights.dim() != 2:
            raise SettingError(f"weights={checks.shown(weights)}: expected a tensor (edges, operations)")
        edges, ops = weights.shape
        if not isinstance(active, tuple) or len(active) != edges or not all(_positions(each, ops) for each in active):
            raise SettingError(
                f"active={checks.shown(active)}: expected for each of {edges} edges a tuple of operations from 0 to "
                f"{ops - 1}, as its weights say"
            )

    def detached(self) -> Draw:
        """The same mixture without any gradient, as a weight step uses it."""
        return Draw(self.weights.detach(), self.active)

    @property
    def scores(self) -> torch.Tensor:
        """The weights of the active operations, float (edges, ops); -inf for the others."""
        weights = self.weights.detach()
        scores = torch.full_like(weights, -torch.inf)
        for edge, ops in enumerate(self.active):
            scores[edge, list(ops)] = weights[edge, list(ops)]
        return scores

    @property
    def arch(self) -> Arch:
        """The operation of the largest weight on each edge."""
        return tuple(self.scores.argmax(1).tolist())

    @property
    def single(self) -> bool:
        """Whether one architecture is computed: on each edge a single operation of weight other than zero, or a single
        active one."""
        rows = zip(self.active, self.weights.detach(), strict=True)
        return all(len(ops) == 1 or sum(bool(row[j] != 0) for j in ops) == 1 for ops, row in rows)


def _positions(ops: tuple[int, ...], count: int) -> bool:
    return type(ops) is tuple and all(type(op) is int and 0 <= op < count for op in ops)


def one_hot(arch: Sequence[int], ops: int, requires_grad: bool = False) -> Draw:
    """The draw that computes exactly the operations of `arch`, each with weight one."""
    if type(arch) is not tuple or type(ops) is not int or not all(type(op) is int and 0 <= op < ops for op in arch):
        ops = checks.whole("ops", ops, 1)
        arch = tuple(checks.whole("arch", op, 0, ops - 1) for op in checks.listed("arch", arch, "an architecture"))
    weights = torch.zeros(len(arch), ops)
    weights[torch.arange(len(arch)), torch.as_tensor(arch, dtype=torch.long)] = 1.0
    return Draw(weights.requires_grad_(requires_grad), tuple((op,) for op in arch))
