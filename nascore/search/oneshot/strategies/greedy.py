"""How sure a search is of an edge: the three scores of SGAS (Li et al., 2020), from distributions (edges, ops)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch


def importance(p: torch.Tensor, zero: int) -> torch.Tensor:
    """The probability of everything but the operation `zero`, (edges,)."""
    return 1 - p[:, zero]


def certainty(p: torch.Tensor, zero: int | None) -> torch.Tensor:
    """1 - entropy / log(number) of the operations other than `zero`, made to sum to one, (edges,)."""
    kept = p[:, [j for j in range(p.shape[1]) if j != zero]]
    kept = kept / kept.sum(1, keepdim=True).clamp_min(1e-12)
    entropy = -(kept * kept.clamp_min(1e-12).log()).sum(1)
    return 1 - entropy / (math.log(kept.shape[1]) or 1.0)


def stability(p: torch.Tensor, earlier: Sequence[torch.Tensor]) -> torch.Tensor:
    """The mean overlap sum_o min(p_o, q_o) with earlier distributions q, (edges,); 0 where there are none."""
    overlaps = [torch.minimum(p, q).sum(1) for q in earlier]
    return torch.stack(overlaps).mean(0) if overlaps else torch.zeros(len(p))


def normalised(values: torch.Tensor) -> torch.Tensor:
    """Scaled to [0, 1] by the least and the largest; 0 where all are alike."""
    low, high = values.min(), values.max()
    return (values - low) / (high - low) if high > low else torch.zeros_like(values)
