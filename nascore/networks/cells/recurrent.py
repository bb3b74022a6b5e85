"""The recurrent cell of AdvantageNAS: what it computes from word to word.

Section 5.3 gives 6 edges and 5 operations after a linear map; Appendix E is not in our copy, so the rest is what the
published code does. Node 0 merges the input x and the last output s; edge (k, i) carries a gated step from node k,

    n_0 = s + sigmoid(V x + U s) * (tanh(V' x + U' s) - s),  e_ki = n_k + sigmoid(C n_k) * (sum_j a_j O_j(L n_k) - n_k),

node i is the mean of e_ki over k < i, the output the mean of nodes 1 to 3. C and L belong to the edge, not to the
operation: no map has a bias. "zero" therefore does not cut an edge: it lets (1 - gate) * n_k through, and needs no L.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from nascore.networks.choices import Draw
from nascore.spaces.base import Arch
from nascore.spaces.recurrent import NODES, OPS, SPACE, ZERO

ACTIVATIONS = (lambda x: x, torch.tanh, torch.sigmoid, torch.relu)


class RecurrentCell(nn.Module):
    """One step per word; `arch` limits the parameters to those that this cell uses (None: all cells')."""

    def __init__(self, units: int, arch: Arch | None = None):
        super().__init__()
        self.units = units
        edges = range(SPACE.positions)
        self.enter = nn.Parameter(torch.empty(2 * units, units))  # gate and content, from the word
        self.recur = nn.Parameter(torch.empty(2 * units, units))  # the same from the last output
        self.gates = nn.ParameterList(torch.empty(units, units) for _ in edges)
        self.maps = nn.ParameterDict(
            {str(edge): torch.empty(units, units) for edge in edges if arch is None or arch[edge] != ZERO}
        )

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
        edges = [
            (edge, target, set(draw.active[edge]) != {ZERO})
            for edge, (origin, target) in enumerate(SPACE.pairs)
            if origin == source
        ]
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
        if draw.constants:
            offset = weights[[op for op in range(len(OPS)) if op not in active]].sum()
        return lambda x: sum((weights[op] * ACTIVATIONS[op](x) for op in mapped), offset.expand_as(x))


def _mean(parts: list[torch.Tensor]) -> torch.Tensor:
    return sum(parts[1:], parts[0]) / len(parts) if len(parts) > 1 else parts[0]
