"""Discriminators: the pairwise (Siamese, relativistic) one of GA-NAS, and the standard one of its ablation."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional as F

from nascore.search.ganas.encoder import CellGraphs, Encoder, pool


class PairwiseDiscriminator(nn.Module):
    """P(C' is from the truth distribution | C_true, C'), GA-NAS A.3.

    Both cells pass through one shared k-GNN; their embeddings are concatenated and classified by an MLP. Each cell is
    encoded once and pairs are gathered: the first layer of the MLP on a concatenation is the sum of two layers on the
    halves, so a pair costs an addition.
    """

    def __init__(self, labels: int, nodes: int, width: int, layers: int, positions: bool):
        super().__init__()
        self.encoder = Encoder(labels, nodes, width, layers, positions)
        self.true_half = nn.Linear(width, width)
        self.other_half = nn.Linear(width, width, bias=False)
        self.head = nn.Linear(width, 1)

    def embed(self, cells: CellGraphs) -> torch.Tensor:
        return pool(self.encoder(cells), cells)

    def pairs(self, truth: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        """Logits (truths, others) of every pair of embeddings."""
        hidden = F.relu(self.true_half(truth)[:, None] + self.other_half(other)[None])
        return self.head(hidden).squeeze(-1)

    def loss(self, truth: CellGraphs, fake: CellGraphs) -> torch.Tensor:
        """Cross entropy: every ordered pair of two different truth cells is positive, every truth-fake pair
        negative."""
        truth, fake = self.embed(truth), self.embed(fake)
        positive = self.pairs(truth, truth)
        different = ~torch.eye(len(truth), dtype=torch.bool, device=positive.device)
        positive = positive[different] if len(truth) > 1 else positive.reshape(-1)
        negative = self.pairs(truth, fake).reshape(-1)
        logits = torch.cat([positive, negative])
        target = torch.cat([torch.ones_like(positive), torch.zeros_like(negative)])
        return F.binary_cross_entropy_with_logits(logits, target)

    def order_loss(self, cells: CellGraphs, levels: torch.Tensor) -> torch.Tensor:
        """Cross entropy of every ordered pair of two different cells: positive where the second is at least as good
        (`levels`: larger is better) as the first. Not in the paper, see `Training.evidence`."""
        embedded = self.embed(cells)
        target = (levels[None] >= levels[:, None]).float()
        different = ~torch.eye(len(levels), dtype=torch.bool, device=levels.device)
        return F.binary_cross_entropy_with_logits(self.pairs(embedded, embedded)[different], target[different])

    @torch.no_grad()
    def judgement(self, truth: CellGraphs, generated: CellGraphs) -> torch.Tensor:
        """Logit of R_D, which orders cells where R_D itself rounds to 1, (generated,)."""
        return self.pairs(self.embed(truth), self.embed(generated)).amax(0)

    def reward(self, truth: CellGraphs, generated: CellGraphs) -> torch.Tensor:
        """R_D = max_j P(C_gen in p_data | C_gen, C_true^j), (generated,)."""
        return torch.sigmoid(self.judgement(truth, generated))


class StandardDiscriminator(nn.Module):
    """P(C is from the truth distribution): each cell is judged alone (GA-NAS A.4, Table 8)."""

    def __init__(self, labels: int, nodes: int, width: int, layers: int, positions: bool):
        super().__init__()
        self.encoder = Encoder(labels, nodes, width, layers, positions)
        self.head = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 1))

    def logits(self, cells: CellGraphs) -> torch.Tensor:
        return self.head(pool(self.encoder(cells), cells)).squeeze(-1)

    def loss(self, truth: CellGraphs, fake: CellGraphs) -> torch.Tensor:
        positive, negative = self.logits(truth), self.logits(fake)
        target = torch.cat([torch.ones_like(positive), torch.zeros_like(negative)])
        return F.binary_cross_entropy_with_logits(torch.cat([positive, negative]), target)

    @torch.no_grad()
    def judgement(self, truth: CellGraphs, generated: CellGraphs) -> torch.Tensor:
        return self.logits(generated)

    def reward(self, truth: CellGraphs, generated: CellGraphs) -> torch.Tensor:
        return torch.sigmoid(self.judgement(truth, generated))
