"""The recurrent cell of AdvantageNAS's Section 5.3 as a word-level language model: supernet, and network of one
cell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import nn

from nascore import checks
from nascore.data.text import Segment
from nascore.errors import SettingError
from nascore.networks.cells.recurrent import RecurrentCell
from nascore.networks.choices import Choices, Draw, one_hot
from nascore.networks.supernets.base import Supernet, evaluating
from nascore.spaces.base import Arch
from nascore.spaces.recurrent import OPS, SPACE, ZERO

STREAMS = 8  # whose states are kept
INIT = 0.1  # every parameter starts uniform in [-INIT, INIT]


class RecurrentSupernet(Supernet):
    """Embedding, cell and softmax over `words` words; embedding and softmax weights are not tied.

    A batch is a `nascore.data.text.Segment`. Its first step goes on from the end of the segment before it in its own
    stream, and from zero where that has not been read; no gradient flows between segments. A segment is read by `loss`
    in training mode, or where `advance` says so after a `loss`: what is evaluated besides (other draws, other weights,
    other streams, in any order) starts from the same states and leaves none. `loss` is summed over time and averaged
    over the columns, nats.
    """

    choices = Choices(SPACE.positions, OPS, ZERO)

    def __init__(self, words: int, units: int = 300, dropout: float = 0.5, seed: int = 0, arch: Arch | None = None):
        super().__init__()
        words, units = checks.whole("words", words, 1), checks.whole("units", units, 1)
        dropout, seed = checks.number("dropout", dropout, 0, below=1), checks.seed(seed)
        self.words, self.units, self.dropout = words, units, dropout
        self.embedding = nn.Embedding(words, units)
        self.cell = RecurrentCell(units, arch)
        self.softmax = nn.Linear(units, words)
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.uniform_(-INIT, INIT, generator=generator)
        self.settings = {"words": words, "units": units, "dropout": dropout, "seed": seed}
        self._read: dict[int, dict[int, torch.Tensor]] = {}  # stream -> position -> state after that segment
        self._pending: tuple[int, int, torch.Tensor] | None = None  # of the last loss

    def loss(self, batch: Segment, draw: Draw) -> torch.Tensor:
        """Cross-entropy of the next words, summed over time and averaged over the batch, nats."""
        total, after = self._run(batch, self._before(batch), draw)
        self._pending = _stream(batch), batch.position, after.detach()
        if self.training:
            self.advance()
        total = total / batch.inputs.shape[1]
        # a draw of zeros only would leave its weights without a gradient, where it is zero
        return total + 0 * draw.weights.sum() if draw.weights.requires_grad else total

    def advance(self) -> None:
        """The segment last given to `loss` has been read: the one after it goes on from its end."""
        if self._pending is None:
            return
        stream, position, after = self._pending
        # second-order search returns to the segment before the last one: hence the state before that one, too
        states = {at: state for at, state in self._read.pop(stream, {}).items() if position - 2 <= at < position}
        self._read[stream] = states | {position: after}
        while len(self._read) > STREAMS:  # of the streams, the one that was read the longest ago
            self._read.pop(next(iter(self._read)))

    @torch.no_grad()
    def measures(self, batch: Segment, draw: Draw) -> dict[str, float]:
        """{"loss": nats per word, "perplexity": exp of it} without dropout."""
        with evaluating(self):
            total, _ = self._run(batch, self._before(batch), draw)
        loss = total / batch.inputs.size
        return {"loss": float(loss), "perplexity": float(loss.exp())}

    @torch.no_grad()
    def perplexity(self, stream: Iterable[Segment], draw: Draw) -> float:
        """exp of the mean negative log-likelihood per word of a whole stream, without dropout, from a zero state."""
        total, count, state = torch.zeros((), dtype=torch.float64), 0, None
        with evaluating(self):
            for batch in stream:
                state = self._zeros(batch) if state is None else state
                loss, state = self._run(batch, state, draw)
                total += loss.cpu()
                count += batch.inputs.size
        if not count:
            raise SettingError("stream: it has no segment")
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
        if not all(hasattr(batch, part) for part in ("inputs", "targets", "position")):
            raise SettingError(f"a batch {checks.shown(batch)}: expected a nascore.data.text.Segment")
        state = self._read.get(_stream(batch), {}).get(batch.position - 1)
        return self._zeros(batch) if state is None or len(state) != batch.inputs.shape[1] else state

    def _zeros(self, batch: Segment) -> torch.Tensor:
        return self.softmax.weight.new_zeros(batch.inputs.shape[1], self.units)


def _stream(batch: Segment) -> int:
    return getattr(batch, "stream", 0)


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
