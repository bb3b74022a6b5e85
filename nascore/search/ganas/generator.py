"""The architecture generator: a k-GNN encoder of the partial cell, an MLP for the operation, a GRU for the edges.

GA-NAS Section 3.2, A.3 and Figure 3. Episodes are generated in lock-step: every step encodes the partial cells of the
whole batch together.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import nn
from torch.nn import functional as F

from nascore.search.ganas.encoder import Encoder, batch_cells, padded, pool
from nascore.search.ganas.topology import PAD, Topology


class Steps(NamedTuple):
    """Decisions, one row each: the partial cell before it and what was chosen."""

    label: torch.Tensor  # (M, nodes)
    adjacency: torch.Tensor  # (M, nodes, nodes)
    node: torch.Tensor  # (M,) index of the node that is inserted
    op: torch.Tensor  # (M,) chosen operation (or output)
    edges: torch.Tensor  # (M, nodes) chosen edges from previous nodes, 0/1; unused for a fixed topology


class Episodes(NamedTuple):
    """A batch of generated cells."""

    steps: Steps  # all decisions, episode after episode within each step
    episode: torch.Tensor  # (M,) episode of each decision
    log_prob: torch.Tensor  # (M,) under the policy that made them
    value: torch.Tensor  # (M,) the critic's estimate before the decision
    label: torch.Tensor  # (B, nodes) final cells
    adjacency: torch.Tensor  # (B, nodes, nodes)
    broken: torch.Tensor  # (B,) True where the last action was invalid and ended the episode


class Generator(nn.Module):
    """Actor and critic over partial cells."""

    def __init__(self, topology: Topology, width: int, layers: int):
        super().__init__()
        self.topology, self.width = topology, width
        self.encoder = Encoder(topology.labels, topology.nodes, width, layers, positions=True)
        self.op_head = nn.Sequential(nn.Linear(2 * width, width), nn.Tanh(), nn.Linear(width, topology.actions))
        self.critic = nn.Sequential(nn.Linear(2 * width, width), nn.Tanh(), nn.Linear(width, 1))
        nn.init.zeros_(self.op_head[-1].bias)
        self.op_head[-1].weight.data.mul_(0.1)  # start near the uniform policy
        if topology.free:
            self.op_embedding = nn.Embedding(topology.actions, width)
            self.edge_start = nn.Linear(2 * width, width)
            self.edge_gru = nn.GRUCell(width + 1, width)
            self.edge_head = nn.Linear(width, 1)
            self.edge_head.weight.data.mul_(0.1)

    def _read(self, label, adjacency, node):
        """Node embeddings (M, nodes, width) and the decision's context (M, 2 width): the newest node and the pool."""
        cells = batch_cells(label, adjacency)
        x = self.encoder(cells)
        nodes = padded(x, cells)
        # a fixed topology holds the undecided node as `unknown`; a free one only what has been built so far
        newest = node - 1 if self.topology.free else node
        return nodes, torch.cat([nodes[torch.arange(len(node)), newest], pool(x, cells)], 1)

    def _edge_state(self, context, op):
        return torch.tanh(self.edge_start(torch.cat([context[:, self.width :], self.op_embedding(op)], 1)))

    def _op_logits(self, context, node, temperature: float = 1.0) -> torch.Tensor:
        """log probabilities of the operations, (M, actions); what the node may not hold has -1e9, and so no mass."""
        scores = self.op_head(context) / temperature if temperature != 1.0 else self.op_head(context)
        if self.topology.allowed is not None:
            scores = scores.masked_fill(~self.topology.allowed.to(scores.device)[node - 1], -1e9)
        return F.log_softmax(scores, 1)

    def evaluate(self, steps: Steps) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """log probability (M,), entropy (M,) and value (M,) of stored decisions under the present policy.

        The entropy is that of the whole action: of the operation, and of its edges one after the other.
        """
        nodes, context = self._read(steps.label, steps.adjacency, steps.node)
        logits = self._op_logits(context, steps.node)
        log_prob = logits.gather(1, steps.op[:, None]).squeeze(1)
        entropy = -(logits.exp() * logits).sum(1)
        value = self.critic(context).squeeze(1)
        if self.topology.free:
            state = self._edge_state(context, steps.op)
            previous = torch.zeros(len(state), 1)
            edge_log_prob, edge_entropy = 0.0, 0.0
            for source in range(int(steps.node.max())):
                exists = (source < steps.node).float()
                state = self.edge_gru(torch.cat([nodes[:, source], previous], 1), state)
                logit = self.edge_head(state).squeeze(1)
                chosen = steps.edges[:, source]
                nll = F.binary_cross_entropy_with_logits(logit, chosen, reduction="none")
                p = torch.sigmoid(logit)
                bits = F.softplus(logit) - p * logit  # entropy of a Bernoulli from its logit
                edge_log_prob = edge_log_prob - nll * exists
                edge_entropy = edge_entropy + bits * exists
                previous = chosen[:, None]
            log_prob = log_prob + edge_log_prob
            entropy = entropy + edge_entropy
        return log_prob, entropy, value

    @torch.no_grad()
    def generate(self, batch: int, rng: torch.Generator, temperature: float = 1.0) -> Episodes:
        """`batch` cells in lock-step; a `temperature` above 1 flattens every decision (1 is the policy itself)."""
        make = self._generate_free if self.topology.free else self._generate_fixed
        return make(batch, rng, temperature)

    def _generate_fixed(self, batch: int, rng: torch.Generator, temperature: float) -> Episodes:
        topology, nodes = self.topology, self.topology.nodes
        label = torch.full((batch, nodes), PAD)
        label[:, 0] = topology.input
        everyone = torch.arange(batch)
        record = []
        for step in range(topology.steps):
            node = step + 1
            label[:, node] = topology.unknown
            adjacency = topology.adjacency.clone()
            adjacency[:, node + 1 :] = False
            adjacency = adjacency.expand(batch, -1, -1)
            at = torch.full((batch,), node)
            _, context = self._read(label, adjacency, at)
            logits = self._op_logits(context, at, temperature)
            op = torch.multinomial(logits.exp(), 1, generator=rng).squeeze(1)
            record.append(
                (
                    label.clone(),
                    adjacency,
                    at,
                    op,
                    torch.zeros(batch, nodes),
                    everyone,
                    logits.gather(1, op[:, None]).squeeze(1),
                    self.critic(context).squeeze(1),
                )
            )
            label[:, node] = op
        label[:, -1] = topology.output
        return _episodes(record, label, topology.adjacency.expand(batch, -1, -1), torch.zeros(batch, dtype=torch.bool))

    def _generate_free(self, batch: int, rng: torch.Generator, temperature: float) -> Episodes:
        topology, nodes = self.topology, self.topology.nodes
        label = torch.full((batch, nodes), PAD)
        label[:, 0] = topology.input
        adjacency = torch.zeros(batch, nodes, nodes, dtype=torch.bool)
        broken = torch.zeros(batch, dtype=torch.bool)
        alive = torch.arange(batch)
        record = []
        for node in range(1, nodes):
            before, wires = label[alive], adjacency[alive]
            at = torch.full((len(alive),), node)
            embedded, context = self._read(before, wires, at)
            logits = self._op_logits(context, at, temperature)
            op = torch.multinomial(logits.exp(), 1, generator=rng).squeeze(1)
            log_prob = logits.gather(1, op[:, None]).squeeze(1)
            state, previous = self._edge_state(context, op), torch.zeros(len(alive), 1)
            edges = torch.zeros(len(alive), nodes)
            for source in range(node):
                state = self.edge_gru(torch.cat([embedded[:, source], previous], 1), state)
                logit = self.edge_head(state).squeeze(1) / temperature
                edge = (torch.rand(len(alive), generator=rng) < torch.sigmoid(logit)).float()
                log_prob = log_prob - F.binary_cross_entropy_with_logits(logit, edge, reduction="none")
                edges[:, source] = edge
                previous = edge[:, None]
            record.append((before, wires, at, op, edges, alive, log_prob, self.critic(context).squeeze(1)))
            label[alive, node] = op
            adjacency[alive, :, node] = edges.bool()
            # the space allows a limited number of edges: exceeding it is an invalid action and ends the episode
            over = adjacency[alive].flatten(1).sum(1) > topology.max_edges
            broken[alive[over]] = True
            alive = alive[~over & (op != topology.output)]
            if not len(alive):
                break
        return _episodes(record, label, adjacency, broken)


def _episodes(record, label, adjacency, broken) -> Episodes:
    columns = [torch.cat(column) for column in zip(*record, strict=True)]
    return Episodes(Steps(*columns[:5]), columns[5], columns[6], columns[7], label, adjacency, broken)
