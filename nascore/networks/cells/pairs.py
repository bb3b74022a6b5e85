"""One of the two cells of NASNet, DARTS and their kin, and what prepares its two inputs."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import nn

from nascore.networks.ops.registry import Layer, operation
from nascore.networks.ops.standard import FactorizedReduction, relu_conv_norm
from nascore.networks.ops.trial import module


class PairCell(nn.Module):
    """Nodes that add two operations each, on the outputs of the two cells before; (n, c, h, w) twice to
    (n, joined * channels, h, w), half the sides where `reduction`.

    `pairs`: (operation, state), two for each node in order; `concat`: the states that the output joins; `inputs`: the
    channels of the cell before the last one, and of the last one. `halve`: the cell before was a reduction, so the
    output of the one before that has twice its sides.

    `drop_path`: the probability with which an operation's output, other than a copy of a state, is 0 for an image while
    the network trains; the others are scaled up (drawn from torch's global generator).
    """

    drop_path = 0.0

    def __init__(
        self,
        pairs: list[tuple[str, int]],
        concat: list[int],
        inputs: tuple[int, int],
        channels: int,
        *,
        reduction: bool,
        halve: bool,
        statistics: str,
        generator: torch.Generator,
    ):
        super().__init__()
        layer = Layer(channels, channels, statistics=statistics, generator=generator)
        older, newer = (replace(layer, inputs=count) for count in inputs)
        self.older = FactorizedReduction(replace(older, stride=2)) if halve else relu_conv_norm(older, 1)
        self.newer = relu_conv_norm(newer, 1)
        self.states, self.concat, self.outputs = [state for _, state in pairs], list(concat), channels * len(concat)
        kinds = [operation(name) for name, _ in pairs]
        self.none = [kind.fused == "none" for kind in kinds]
        self.operations = nn.ModuleList(
            module(kind, replace(layer, stride=2 if reduction and state < 2 else 1))
            for kind, (_, state) in zip(kinds, pairs, strict=True)
        )

    def forward(self, older: torch.Tensor, newer: torch.Tensor) -> torch.Tensor:
        states = [self.older(older), self.newer(newer)]
        for first in range(0, len(self.states), 2):
            both = range(first, first + 2)
            # nothing need not be added, but a node without anything else is zeros of its shape
            parts = [i for i in both if not self.none[i]] or [first]
            values = [self._dropped(self.operations[i](states[self.states[i]]), self.operations[i]) for i in parts]
            states.append(sum(values[1:], values[0]))
        joined = [states[state] for state in self.concat]
        return torch.cat(joined, 1) if len(joined) > 1 else joined[0]

    def _dropped(self, x: torch.Tensor, operation: nn.Module) -> torch.Tensor:
        if not self.training or not self.drop_path or isinstance(operation, nn.Identity):
            return x
        kept = torch.rand(len(x), 1, 1, 1, device=x.device) >= self.drop_path
        return x * (kept.to(x.dtype) / (1 - self.drop_path))
