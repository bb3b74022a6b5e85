"""The recurrent cell of AdvantageNAS's Section 5.3 as a word-level language model: supernet, and network of one cell.

Section 5.3 gives 6 edges and 5 operations after a linear map; Appendix E is not in our copy, so the rest is what the
published code does. Node 0 merges the input x and the last output s; edge (k, i) carries a gated step from node k,

    n_0 = s + sigmoid(V x + U s) * (tanh(V' x + U' s) - s),   e_ki = n_k + sigmoid(C n_k) * (sum_j a_j O_j(L n_k) - n_k),

node i is the mean of e_ki over k < i, the output the mean of nodes 1 to 3. C and L belong to the edge, not to the
operation: no map has a bias. "zero" therefore does not cut an edge: it lets (1 - gate) * n_k through, and needs no L.
"""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import nn

from ..data.text import Segment
from ..errors import SettingError
from ..spaces.base import Arch
from ..spaces.cell import CellSpace
from ..spaces.dag import DAG
from .choices import Choices, Draw, one_hot
from .supernet import Supernet

OPS = ("identity", "tanh", "sigmoid", "relu", "zero")
ZERO = OPS.index("zero")
ACTIVATIONS = (lambda x: x, torch.tanh, torch.sigmoid, torch.relu)
NODES = 3  # inner nodes
INIT = 0.1  # every parameter starts uniform in [-INIT, INIT]


class RecurrentSpace(CellSpace):
    """One of OPS on each edge of a complete DAG; node 0 is the merged input, edges are in target-major order."""

    def __init__(self):
        super().__init__(NODES + 1, OPS, "advantagenas-recurrent")

    def dag(self, arch: Arch) -> DAG:
        """Operations as nodes; every one feeds the output, which is the mean of all inner nodes."""
        inner = super().dag(arch)
        output = len(inner.labels) - 1
        inside = [edge for edge in inner.edges if edge[1] != output]
        return DAG(inner.labels, tuple(inside + [(op, output) for op in range(1, output)]))


SPACE = RecurrentSpace()


class RecurrentCell(nn.Module):
    """One step per word; `arch` limits the parameters to those that this cell uses (None: all cells')."""

    def __init__(self, units: int, arch: Arch | None = None):
        super().__init__()
        self.units = units
        edges = range(SPACE.positions)
        self.enter = nn.Parameter(torch.empty(2 * units, units))  # gate and content, from the word
        self.recur = nn.Parameter(torch.empty(2 * units, units))  # the same from the last output
        self.gates = nn.ParameterList(torch.empty(units, units) for _ in edges)
        self.maps = nn.ParameterDict({str(edge): torch.empty(units, units) for edge in edges
                                      if arch is None or arch[edge] != ZERO})

    def forward(self, words: torch.Tensor, state: torch.Tensor, draw: Draw) -> tuple[torch.Tensor, torch.Tensor]:
        """Outputs (time, batch, units) and the last of them, from embedded words (time, batch, units)."""
        mixed = [self._mixture(edge, draw) for edge in range(SPACE.positions)]
        leaving = [self._leaving(node, draw) for node in range(NODES)]
        entering, recur = F.linear(words, self.enter), self.recur.T
        outputs = []
        for entry in entering.unbind(0):
            gate, content = torch.addmm(entry, state, recur).to(state.dtype).split(self.units, 1)
            node, nodes = torch.lerp(state, torch.tanh(content), torch.sigmoid(gate)), []
            inflow: list[list[torch.Tensor]] = [[] for _ in range(NODES + 1)]
            for source, (weight, edges) in enumerate(leaving):
                width = len(edges) * self.units
                gates, maps = (node @ weight).to(node.dtype).split((width, weight.shape[1] - width), 1)
                maps = iter(maps.split(self.units, 1) if maps.shape[1] else ())
                for (edge, target, mapped), gate in zip(edges, torch.sigmoid(gates).split(self.units, 1), strict=True):
                    content = mixed[edge](next(maps) if mapped else torch.zeros_like(node))
                    inflow[target].append(torch.lerp(node, content, gate))
                node = _mean(inflow[source + 1])
                nodes.append(node)
            state = _mean(nodes)
            outputs.append(state)
        return torch.stack(outputs), state

    def _leaving(self, source: int, draw: Draw) -> tuple[torch.Tensor, list[tuple[int, int, bool]]]:
        """One matrix for all edges that leave a node (gates, then the maps in use), and (edge, target, mapped)."""
        edges = [(edge, target, set(draw.active[edge]) != {ZERO})
                 for edge, (origin, target) in enumerate(SPACE.pairs) if origin == source]
        rows = [self.gates[edge] for edge, _, _ in edges] + [self.maps[str(edge)] for edge, _, used in edges if used]
        return torch.cat(rows).T, edges

    def _mixture(self, edge: int, draw: Draw):
        """The weighted sum of an edge's active operations; "zero" adds nothing to it. A draw with `constants` (GDAS)
        adds the weights of all others: they are 0 and have a derivative."""
        weights, active = draw.weights[edge], draw.active[edge]
        mapped = [op for op in active if op != ZERO]
        if len(mapped) == 1 and not weights.requires_grad and float(weights[mapped[0]]) == 1.0:
            return ACTIVATIONS[mapped[0]]
        offset = torch.zeros((), dtype=weights.dtype, device=weights.device)
        if getattr(draw, "constants", False):
            offset = weights[[op for op in range(len(OPS)) if op not in active]].sum()
        return lambda x: sum((weights[op] * ACTIVATIONS[op](x) for op in mapped), offset.expand_as(x))


def _mean(parts: list[torch.Tensor]) -> torch.Tensor:
    return sum(parts[1:], parts[0]) / len(parts) if len(parts) > 1 else parts[0]


class RecurrentSupernet(Supernet):
    """Embedding, cell and softmax over `words` words; embedding and softmax weights are not tied.

    A batch is a `nascore.data.text.Segment`. Its first step goes on from the end of the segment before it if that was
    the last one given to `loss`, from the same state again if the same segment comes again (another draw), and from
    zero otherwise; no gradient flows between segments. `loss` is summed over time and averaged over the columns, nats.
    """

    choices = Choices(SPACE.positions, OPS, ZERO)

    def __init__(self, words: int, units: int = 300, dropout: float = 0.5, seed: int = 0, arch: Arch | None = None):
        super().__init__()
        for name, value in (("words", words), ("units", units)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise SettingError(f"{name}={value!r}: expected a whole number of at least 1")
        if not 0 <= dropout < 1:
            raise SettingError(f"dropout={dropout!r}: expected a number from 0 to below 1")
        self.words, self.units, self.dropout = words, units, dropout
        self.embedding = nn.Embedding(words, units)
        self.cell = RecurrentCell(units, arch)
        self.softmax = nn.Linear(units, words)
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.uniform_(-INIT, INIT, generator=generator)
        self.settings = {"words": words, "units": units, "dropout": dropout, "seed": seed}
        # position of the last segment, the state before it and the state after it
        self._last: tuple[int, torch.Tensor, torch.Tensor] | None = None

    def loss(self, batch: Segment, draw: Draw) -> torch.Tensor:
        """Cross-entropy of the next words, summed over time and averaged over the batch, nats."""
        before = self._before(batch)
        total, after = self._run(batch, before, draw)
        self._last = batch.position, before, after.detach()
        total = total / batch.inputs.shape[1]
        # a draw of zeros only would leave its weights without a gradient, where it is zero
        return total + 0 * draw.weights.sum() if draw.weights.requires_grad else total

    @torch.no_grad()
    def measures(self, batch: Segment, draw: Draw) -> dict[str, float]:
        """{"loss": nats per word, "perplexity": exp of it} without dropout."""
        training = self.training
        self.eval()
        total, _ = self._run(batch, self._before(batch), draw)
        self.train(training)
        loss = total / batch.inputs.size
        return {"loss": float(loss), "perplexity": float(loss.exp())}

    @torch.no_grad()
    def perplexity(self, stream: Iterable[Segment], draw: Draw) -> float:
        """exp of the mean negative log-likelihood per word of a whole stream, without dropout, from a zero state."""
        training, kept = self.training, self._last
        self.eval()
        total, count, state = torch.zeros((), dtype=torch.float64), 0, None
        for batch in stream:
            state = self._zeros(batch) if state is None else state
            loss, state = self._run(batch, state, draw)
            total += loss.cpu()
            count += batch.inputs.size
        self.train(training)
        self._last = kept
        return float((total / count).exp())

    def _run(self, batch: Segment, state: torch.Tensor, draw: Draw) -> tuple[torch.Tensor, torch.Tensor]:
        """Summed cross-entropy and the state after the segment."""
        device = self.softmax.weight.device
        words = F.dropout(self.embedding(torch.as_tensor(batch.inputs, device=device)), self.dropout, self.training)
        weights = draw.weights.to(device)
        outputs, state = self.cell(words, state, replace(draw, weights=weights))
        outputs = F.dropout(outputs, self.dropout, self.training)
        targets = torch.as_tensor(batch.targets, device=device).flatten()
        return F.cross_entropy(self.softmax(outputs.flatten(0, 1)), targets, reduction="sum"), state

    def _before(self, batch: Segment) -> torch.Tensor:
        if self._last is not None and self._last[1].shape[0] == batch.inputs.shape[1]:
            position, before, after = self._last
            if batch.position in (position, position + 1):
                return before if batch.position == position else after
        return self._zeros(batch)

    def _zeros(self, batch: Segment) -> torch.Tensor:
        return self.softmax.weight.new_zeros(batch.inputs.shape[1], self.units)


class RecurrentNetwork(RecurrentSupernet):
    """The language model of one cell, with only the parameters that it uses: what is retrained after a search."""

    def __init__(self, arch: Arch, words: int, units: int = 300, dropout: float = 0.5, seed: int = 0):
        super().__init__(words, units, dropout, seed, SPACE.validate(arch))
        self.draw = one_hot(arch, len(OPS))

    def loss(self, batch: Segment, draw: Draw | None = None) -> torch.Tensor:
        return super().loss(batch, draw or self.draw)

    def measures(self, batch: Segment, draw: Draw | None = None) -> dict[str, float]:
        return super().measures(batch, draw or self.draw)

    def perplexity(self, stream: Iterable[Segment], draw: Draw | None = None) -> float:
        return super().perplexity(stream, draw or self.draw)

    @property
    def params(self) -> float:
        """Millions of trainable parameters."""
        return sum(parameter.numel() for parameter in self.parameters()) / 1e6


def printed_params(arch: Arch, words: int = 10_000, units: int = 300) -> float:
    """Millions of parameters as Table 3 counts them: two per unit and word, and two maps for node 0 and for every edge
    that is not the identity. (The published cell does map on identity edges, and needs only one map on zero edges.)"""
    maps = 2 + sum(OPS[op] != "identity" for op in SPACE.validate(arch))
    return 2 * units * (words + units * maps) / 1e6
