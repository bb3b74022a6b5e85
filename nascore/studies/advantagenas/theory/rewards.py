"""Rewards small enough to be summed over every architecture: what the theory of Section 4 is checked on.

An architecture chooses one of `ops` operations on each of `edges` edges. A `Reward` holds r for all of them, and for
all architectures in which one or more edges give nothing, which Equation 6 needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np

from nascore import checks
from nascore.errors import SettingError

KINDS = ("linear", "centred", "table", "network")
LARGEST = 100_000  # entries of a table
# edges of a cell with 5 nodes, in the order in which they are used
PAIRS = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3), (0, 4), (1, 4), (2, 4), (3, 4))
STATES, SAMPLES = 3, 4  # width of the small network, and the minibatches (of one sample) that it is judged on


@dataclass(frozen=True)
class Reward:
    """`values` (minibatches, ops + 1, ..., ops + 1), one axis per edge, the last position: the edge gives nothing.

    `taylor` (minibatches, architectures, edges): a_i . d r(a) / d a_i of Equation 7 for each architecture. `zero`: the
    operation that gives nothing, or None; then its entries equal those of the last position. `parts` (edges, ops): the
    summands of a linear reward, None otherwise.
    """

    values: np.ndarray
    taylor: np.ndarray
    ops: int
    zero: int | None = None
    parts: np.ndarray | None = None

    @property
    def edges(self) -> int:
        return self.values.ndim - 1

    @property
    def archs(self) -> np.ndarray:
        """All architectures, (ops^edges, edges)."""
        return np.array(list(product(range(self.ops), repeat=self.edges)))

    @property
    def r(self) -> np.ndarray:
        """r(a) of each minibatch and architecture, (minibatches, architectures)."""
        return self.values[(slice(None), *self.archs.T)]

    @property
    def without(self) -> np.ndarray:
        """r(s_i, 0): the reward with edge i removed, (minibatches, architectures, edges)."""
        columns = []
        for i in range(self.edges):
            index = list(self.archs.T)
            index[i] = np.full(len(index[i]), self.ops)
            columns.append(self.values[(slice(None), *index)])
        return np.stack(columns, 2)

    def plus(self, constant: float) -> Reward:
        """The reward with a constant added: no advantage changes."""
        return Reward(self.values + constant, self.taylor, self.ops, self.zero)


def reward(kind: str, edges: int, ops: int, seed: int = 0, zero: bool = False) -> Reward:
    """A seeded reward.

    "linear": r(a) = sum_i r_i . a_i with standard normal r_i^j (Section 4.4); "centred": the same, with mean 0 over the
    operations of each edge; "table": every architecture has its own independent standard normal value, also those with
    removed edges, and is multilinear between them; "network": minus the squared error of a small network with tanh on
    each edge, not linear in a_i, on four samples. `zero=True`: the last operation gives nothing.
    """
    checks.one_of("kind", kind, KINDS)
    edges, ops, seed = checks.whole("edges", edges, 1), checks.whole("ops", ops, 2), checks.seed(seed)
    zero = checks.flag("zero", zero)
    if edges > len(PAIRS) or (ops + 1) ** edges > LARGEST:
        raise SettingError(
            f"edges={edges}, ops={ops}: expected at most {len(PAIRS)} edges and (ops + 1)^edges of at most {LARGEST:,}"
        )
    rng = np.random.default_rng([seed, edges, ops, int(zero), KINDS.index(kind)])
    if kind in ("linear", "centred"):
        return _linear(rng, edges, ops, zero, kind == "centred")
    return (_table if kind == "table" else _network)(rng, edges, ops, zero)


def linear(parts: np.ndarray, zero: int | None = None) -> Reward:
    """r(a) = sum_i r_i . a_i, `parts` (edges, ops) the r_i^j; `zero`: the operation whose entries are 0."""
    edges, ops = parts.shape
    extended = np.concatenate([parts, np.zeros((edges, 1))], 1)
    values = np.zeros((ops + 1,) * edges)
    for i in range(edges):
        values = values + extended[i].reshape([-1 if k == i else 1 for k in range(edges)])
    archs = Reward(values[None], np.empty(0), ops).archs
    return Reward(values[None], parts[np.arange(edges), archs][None], ops, zero, parts)


def _linear(rng, edges: int, ops: int, zero: bool, centred: bool) -> Reward:
    parts = rng.standard_normal((edges, ops))
    if zero:
        parts[:, -1] = 0.0
    if centred:
        parts -= parts.mean(1, keepdims=True)
    return linear(parts, ops - 1 if zero and not centred else None)


def _table(rng, edges: int, ops: int, zero: bool) -> Reward:
    values = rng.standard_normal((SAMPLES, *(ops + 1,) * edges)) / 2 + rng.standard_normal((ops + 1,) * edges)
    if zero:
        for axis in range(1, edges + 1):
            index = [slice(None)] * (edges + 1)
            index[axis] = ops - 1
            last = list(index)
            last[axis] = ops
            values[tuple(index)] = values[tuple(last)]
    plain = Reward(values, np.empty(0), ops)
    # multilinear: along a_i the reward is a straight line through r(s_i, 0), so Equation 7 is Equation 6
    return Reward(values, plain.r[:, :, None] - plain.without, ops, ops - 1 if zero else None)


def _network(rng, edges: int, ops: int, zero: bool) -> Reward:
    """x_l = sum over edges into l of tanh(sum_j a_i^j (V_ij x + c_ij)), output: the mean of all nodes, from x_0."""
    import torch

    linear = torch.tensor(rng.standard_normal((edges, ops, STATES, STATES)))
    shift = torch.tensor(rng.standard_normal((edges, ops, STATES)))
    if zero:
        linear[:, -1], shift[:, -1] = 0.0, 0.0
    inputs, target = (torch.tensor(rng.standard_normal((SAMPLES, STATES))) for _ in range(2))
    nodes = max(end for _, end in PAIRS[:edges]) + 1

    def r(a: torch.Tensor) -> torch.Tensor:  # a (architectures, edges, ops) -> (samples, architectures)
        states = [inputs[:, None].expand(-1, len(a), -1)] + [0.0] * (nodes - 1)
        for i, (source, end) in enumerate(PAIRS[:edges]):
            outputs = torch.einsum("jkd,snd->snjk", linear[i], states[source]) + shift[i]
            states[end] = states[end] + torch.tanh(torch.einsum("nj,snjk->snk", a[:, i], outputs))
        return -(torch.stack(states[1:]).mean(0) - target[:, None]).square().sum(2)

    extended = torch.eye(ops + 1, dtype=torch.float64)[:, :ops]  # the last position is the zero vector
    every = torch.tensor(list(product(range(ops + 1), repeat=edges)))
    values = r(extended[every]).numpy().reshape(SAMPLES, *(ops + 1,) * edges)
    plain = Reward(values, np.empty(0), ops)
    taylor = []
    for sample in range(SAMPLES):
        a = extended[torch.tensor(plain.archs)].requires_grad_()
        (gradient,) = torch.autograd.grad(r(a)[sample].sum(), a)
        taylor.append((gradient * a.detach()).sum(2).numpy())
    return Reward(values, np.stack(taylor), ops, ops - 1 if zero else None)
