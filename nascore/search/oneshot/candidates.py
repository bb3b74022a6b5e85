"""The best architectures that a search has evaluated alone, for its "process best" (AdvantageNAS, Section 5.2)."""

from __future__ import annotations

import math

import torch

from nascore.networks.choices import Draw
from nascore.spaces.base import Arch

KEPT = 32  # some may leave the race later on, when `restrict` takes out an operation


class Candidates:
    """(loss, operation of each edge, architecture) of the lowest minibatch validation losses, best first."""

    def __init__(self) -> None:
        self.found: list[tuple[float, tuple[int, ...], Arch]] = []

    def add(self, value: float, draw: Draw, decode) -> None:
        """A draw's loss, where it computed a single architecture; of equal losses the first stays ahead."""
        if (len(self.found) >= KEPT and value >= self.found[-1][0]) or not draw.single:
            return
        rows = zip(draw.active, draw.weights.tolist(), strict=True)
        ops = tuple(active[0] if len(active) == 1 else next(j for j in active if row[j] != 0) for active, row in rows)
        for place, (before, others, _) in enumerate(self.found):
            if others == ops:
                if before <= value:
                    return
                del self.found[place]
                break
        place = next((i for i, (before, *_) in enumerate(self.found) if value < before), len(self.found))
        self.found.insert(place, (value, ops, decode(_scores(draw, ops))))
        del self.found[KEPT:]

    def best(self, live: torch.Tensor | None = None) -> tuple[float, Arch | None]:
        """Loss and architecture of the best one all of whose operations are live, bool (edges, ops); infinity and None
        where there is none."""
        alive = None if live is None else live.tolist()
        for value, ops, arch in self.found:
            if alive is None or all(row[op] for row, op in zip(alive, ops, strict=True)):
                return value, arch
        return math.inf, None


def _scores(draw: Draw, ops: tuple[int, ...]) -> torch.Tensor:
    """`draw.scores`, in one go where a single operation of each edge is active."""
    if any(len(active) != 1 for active in draw.active):
        return draw.scores
    weights, chosen = draw.weights.detach(), torch.tensor(ops)[:, None]
    return torch.full_like(weights, -torch.inf).scatter_(1, chosen, weights.gather(1, chosen))
