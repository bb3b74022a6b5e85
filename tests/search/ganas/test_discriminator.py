"""Pairwise and standard discriminators."""

import pytest
import torch

from nascore.search.ganas.discriminator import PairwiseDiscriminator, StandardDiscriminator
from nascore.search.ganas.encoder import batch_cells
from nascore.search.ganas.topology import topology_of
from nascore.spaces import NASBench201

SPACE = NASBench201()
TOPOLOGY = topology_of(SPACE)
TRUTH = [(3, 3, a, 3, b, 3) for a in range(5) for b in range(2)]  # convolutions at four places
FAKE = [(0, 1, a, 4, b, 0) for a in range(5) for b in range(2)]


def make(kind):
    torch.manual_seed(0)
    return kind(TOPOLOGY.labels, TOPOLOGY.nodes, 16, 2, True)


def cells(archs):
    return batch_cells(*TOPOLOGY.dense(archs))


def test_a_pair_is_the_mlp_on_the_concatenated_embeddings():
    discriminator = make(PairwiseDiscriminator)
    truth, other = discriminator.embed(cells(TRUTH[:3])), discriminator.embed(cells(FAKE[:4]))
    weight = torch.cat([discriminator.true_half.weight, discriminator.other_half.weight], 1)
    for i in range(3):
        for j in range(4):
            joined = torch.cat([truth[i], other[j]])
            hidden = torch.relu(weight @ joined + discriminator.true_half.bias)
            assert torch.allclose(discriminator.head(hidden)[0], discriminator.pairs(truth, other)[i, j], atol=1e-5)


def test_positives_are_all_ordered_pairs_of_different_truth_cells():
    discriminator = make(PairwiseDiscriminator)
    truth, fake = cells(TRUTH[:3]), cells(FAKE[:2])
    a, b = discriminator.embed(truth), discriminator.embed(fake)
    positive = [discriminator.pairs(a, a)[i, j] for i in range(3) for j in range(3) if i != j]
    negative = discriminator.pairs(a, b).reshape(-1)
    logits = torch.cat([torch.stack(positive), negative])
    target = torch.tensor([1.0] * 6 + [0.0] * 6)
    expected = torch.nn.functional.binary_cross_entropy_with_logits(logits, target)
    assert torch.allclose(discriminator.loss(truth, fake), expected, atol=1e-6)


@pytest.mark.parametrize("kind", [PairwiseDiscriminator, StandardDiscriminator])
def test_learns_to_tell_truth_from_fake(kind):
    discriminator = make(kind)
    optimizer = torch.optim.Adam(discriminator.parameters(), 1e-2)
    for _ in range(60):
        loss = discriminator.loss(cells(TRUTH[:8]), cells(FAKE[:8]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    unseen = discriminator.reward(cells(TRUTH[:8]), cells([TRUTH[9], FAKE[9]]))
    assert unseen[0] > 0.8 > 0.2 > unseen[1]


def test_the_order_of_a_pair_is_positive_where_the_second_is_at_least_as_good():
    discriminator, levels = make(PairwiseDiscriminator), torch.tensor([2.0, 1.0, 2.0, -torch.inf])
    found = discriminator.order_loss(cells(TRUTH[:4]), levels)
    embedded = discriminator.embed(cells(TRUTH[:4]))
    logits = discriminator.pairs(embedded, embedded)
    pairs = [(i, j) for i in range(4) for j in range(4) if i != j]
    positive = {(0, 2), (1, 0), (1, 2), (2, 0), (3, 0), (3, 1), (3, 2)}
    target = torch.tensor([float(pair in positive) for pair in pairs])
    expected = torch.nn.functional.binary_cross_entropy_with_logits(
        torch.stack([logits[i, j] for i, j in pairs]), target
    )
    assert torch.allclose(found, expected, atol=1e-6)


def test_learns_an_order_and_judges_by_it():
    """Cells that it has not seen: the more convolutions, the better."""
    discriminator = make(PairwiseDiscriminator)
    optimizer = torch.optim.Adam(discriminator.parameters(), 1e-2)
    drawn = torch.randint(0, 5, (60, 6), generator=torch.Generator().manual_seed(0))
    levels = (drawn == 3).sum(1).double()
    archs = [tuple(arch) for arch in drawn.tolist()]
    for _ in range(60):
        loss = discriminator.order_loss(cells(archs[:40]), levels[:40])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    truth = [archs[place] for place in levels[:40].argsort(descending=True)[:5]]
    judgement = discriminator.judgement(cells(truth), cells(archs[40:]))
    assert torch.corrcoef(torch.stack([judgement.double(), levels[40:]]))[0, 1] > 0.8
    assert torch.allclose(torch.sigmoid(judgement), discriminator.reward(cells(truth), cells(archs[40:])))


def test_reward_is_the_largest_probability_over_the_truth_set():
    discriminator = make(PairwiseDiscriminator)
    reward = discriminator.reward(cells(TRUTH), cells(FAKE))
    each = torch.stack(
        [
            torch.sigmoid(discriminator.pairs(discriminator.embed(cells([t])), discriminator.embed(cells(FAKE))))[0]
            for t in TRUTH
        ]
    )
    assert torch.allclose(reward, each.amax(0), atol=1e-6)
    assert ((reward > 0) & (reward < 1)).all()
