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
from nascore.networks.cells.recurrent import RecurrentCell
from nascore.networks.choices import Choices, Draw, one_hot
from nascore.networks.supernets.base import Supernet
from nascore.spaces.base import Arch
from nascore.spaces.recurrent import OPS, SPACE, ZERO

INIT = 0.1  # every parameter starts uniform in [-INIT, INIT]


class RecurrentSupernet(Supernet):
    """Embedding, cell and softmax over `words` words; embedding and softmax weights are not tied.

    A batch is a `nascore.data.text.Segment`. Its first step goes on from the end of the segment before it if that was
    the last one given to `loss`, from the same state again if the same segment comes again (another draw), and from
    zero otherwise; no gradient flows between segments. `loss` is summed over time and averaged over the columns, nats.
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
