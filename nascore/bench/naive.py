"""GA-NAS as it is first written: one PyG `Data` per cell, every member of every pair encoded, one cell generated at a
time. The weights are those of the batched code, so that the numbers can be compared; only the work is arranged
differently.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch.nn import functional as F
from torch_geometric.data import Batch, Data
from torch_geometric.nn import global_mean_pool

from nascore.search.ganas.discriminator import PairwiseDiscriminator
from nascore.search.ganas.encoder import Encoder
from nascore.search.ganas.generator import Generator
from nascore.search.ganas.topology import PAD

Pair = tuple[Data, Data]


def graphs(topology, archs: Sequence) -> list[Data]:
    """One PyG graph per architecture."""
    found = []
    for arch in archs:
        label, adjacency = topology.dense([arch])
        found.append(graph(label[0], adjacency[0]))
    return found


def graph(label: torch.Tensor, adjacency: torch.Tensor) -> Data:
    """The graph of one cell, given as label (nodes,) with PAD at the end and adjacency (nodes, nodes)."""
    nodes = int((label != PAD).sum())
    edges = adjacency[:nodes, :nodes].nonzero().T
    return Data(label=label[:nodes], position=torch.arange(nodes), edge_index=edges, num_nodes=nodes)


def nodes_of(encoder: Encoder, data: Data) -> torch.Tensor:
    """Node embeddings (N, width) of one graph or of a PyG batch."""
    x = encoder.label(data.label)
    if encoder.position is not None:
        x = x + encoder.position(data.position)
    reverse = data.edge_index.flip(0)
    for along, against in zip(encoder.along, encoder.against, strict=True):
        x = torch.tanh(along(x, data.edge_index) + against(x, reverse))
    return x


# ---- discriminator ------------------------------------------------------------------------------------------------


def all_pairs(truth: Sequence[Data], fake: Sequence[Data]) -> list[Pair]:
    """Every ordered pair of two different truth cells, then every truth-fake pair."""
    positive = [(a, b) for i, a in enumerate(truth) for j, b in enumerate(truth) if i != j]
    return positive + [(a, b) for a in truth for b in fake]


def pair_logits(discriminator: PairwiseDiscriminator, pairs: Sequence[Pair]) -> torch.Tensor:
    """Logits (pairs,): both members of every pair are encoded, concatenated and classified."""
    sides = []
    for side in (0, 1):
        batch = Batch.from_data_list([pair[side] for pair in pairs])
        sides.append(global_mean_pool(nodes_of(discriminator.encoder, batch), batch.batch))
    weight = torch.cat([discriminator.true_half.weight, discriminator.other_half.weight], 1)
    hidden = F.relu(F.linear(torch.cat(sides, 1), weight, discriminator.true_half.bias))
    return discriminator.head(hidden).squeeze(1)


def epoch(
    discriminator: PairwiseDiscriminator, truth: Sequence[Data], fake: Sequence[Data], minibatch: int = 64
) -> torch.Tensor:
    """One pass over all pairs, forward and backward; the gradients add up to those of the whole. Returns the logits."""
    pairs, positives = all_pairs(truth, fake), len(truth) * (len(truth) - 1)
    target = torch.cat([torch.ones(positives), torch.zeros(len(pairs) - positives)])
    logits = []
    for start, part in _parts(pairs, minibatch):
        logit = pair_logits(discriminator, part)
        wanted = target[start : start + len(part)]
        (F.binary_cross_entropy_with_logits(logit, wanted, reduction="sum") / len(pairs)).backward()
        logits.append(logit.detach())
    return torch.cat(logits)


@torch.no_grad()
def reward(
    discriminator: PairwiseDiscriminator, truth: Sequence[Data], generated: Sequence[Data], minibatch: int = 64
) -> torch.Tensor:
    """R_D (generated,): the largest probability over the truth cells, every pair encoded anew."""
    pairs = [(a, b) for b in generated for a in truth]
    logits = torch.cat([pair_logits(discriminator, part) for _, part in _parts(pairs, minibatch)])
    return torch.sigmoid(logits).view(len(generated), len(truth)).amax(1)


def _parts(pairs: Sequence[Pair], minibatch: int) -> Iterator[tuple[int, Sequence[Pair]]]:
    for start in range(0, len(pairs), minibatch):
        yield start, pairs[start : start + minibatch]


# ---- generator ----------------------------------------------------------------------------------------------------


@torch.no_grad()
def generate(generator: Generator, rng: torch.Generator, script: Sequence[tuple[int, list[float]]] | None = None):
    """One cell, node after node: label (nodes,), adjacency (nodes, nodes) and each decision's log probability.

    `script` gives the decisions (operation, edges) instead of drawing them, to compare with cells drawn elsewhere.
    """
    topology = generator.topology
    label = torch.full((topology.nodes,), PAD)
    label[0] = topology.input
    adjacency = torch.zeros(topology.nodes, topology.nodes, dtype=torch.bool)
    log_probs = []
    for node in range(1, topology.steps + 1):
        if not topology.free:
            label[node] = topology.unknown
            adjacency[:, node] = topology.adjacency[:, node]
        x = nodes_of(generator.encoder, graph(label, adjacency))
        context = torch.cat([x[-1], x.mean(0)])[None]
        logits = F.log_softmax(generator.op_head(context), 1)
        generator.critic(context)  # the value that GAE needs
        op, edges = _drawn(logits, rng) if script is None else script[node - 1]
        log_prob = logits[0, op]
        label[node] = op
        if topology.free:
            edges, log_edges = _wire(generator, x, context, op, node, edges, rng)
            log_prob = log_prob + log_edges
            adjacency[:node, node] = torch.tensor(edges).bool()
        log_probs.append(float(log_prob))
        if topology.free and (op == topology.output or int(adjacency.sum()) > topology.max_edges):
            break
    if not topology.free:
        label[-1], adjacency = topology.output, topology.adjacency
    return label, adjacency, log_probs


def _drawn(logits: torch.Tensor, rng: torch.Generator) -> tuple[int, None]:
    return int(torch.multinomial(logits.exp(), 1, generator=rng)), None


def _wire(generator: Generator, x, context, op: int, node: int, edges, rng) -> tuple[list[float], float]:
    """Edges from the `node` previous nodes, 0.0 or 1.0 each, and their log probability."""
    state = torch.tanh(
        generator.edge_start(torch.cat([context[:, generator.width :], generator.op_embedding(torch.tensor([op]))], 1))
    )
    previous, chosen, log_prob = 0.0, [], 0.0
    for source in range(node):
        step = torch.cat([x[source : source + 1], torch.tensor([[previous]])], 1)
        state = generator.edge_gru(step, state)
        logit = generator.edge_head(state).squeeze()
        if edges is None:
            previous = float(torch.rand((), generator=rng) < torch.sigmoid(logit))
        else:
            previous = float(edges[source])
        log_prob = log_prob + F.logsigmoid(logit if previous else -logit)
        chosen.append(previous)
    return chosen, log_prob
