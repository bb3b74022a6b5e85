"""The rewards of GA-NAS A.3, on cells made by hand."""

import torch

from nascore.search.ganas.generator import Episodes, Steps
from nascore.search.ganas.reward import STEP_PENALTY, step_rewards, validity, violations
from nascore.search.ganas.topology import PAD, topology_of
from nascore.spaces import NASBench101

TOPOLOGY = topology_of(NASBench101())
OUT, IN = TOPOLOGY.output, TOPOLOGY.input


def cell(labels, edges):
    label = torch.full((1, 7), PAD)
    label[0, : len(labels)] = torch.tensor(labels)
    adjacency = torch.zeros(1, 7, 7, dtype=torch.bool)
    for source, target in edges:
        adjacency[0, source, target] = True
    return label, adjacency


def count(labels, edges):
    return int(violations(*cell(labels, edges), OUT))


def test_each_kind_of_violation_counts_once():
    assert count([IN, 0, OUT], [(0, 1), (1, 2)]) == 0
    assert count([IN, OUT], [(0, 1)]) == 0
    assert count([IN, 0, 1], [(0, 1), (1, 2)]) == 2  # no output; the last node leads nowhere
    assert count([IN, 0, 1, OUT], [(0, 2), (1, 3), (2, 3)]) == 1  # a node without incoming edge
    assert count([IN, 0, 1, OUT], [(0, 1), (0, 2), (2, 3)]) == 1  # a node without outgoing edge
    assert count([IN, 0, 1, OUT], [(0, 2), (2, 3)]) == 3  # an isolated node lacks both, and is isolated
    assert count([IN, 0, 1, 2], []) == 4  # everything at once
    assert count([IN, 0, 1, 2, OUT], [(0, 3), (3, 4)]) == 3  # two isolated nodes are still one kind


def episodes(label, adjacency, broken, episode):
    m = len(episode)
    empty = torch.zeros(m, dtype=torch.long)
    steps = Steps(empty, empty, empty, empty, empty)
    return Episodes(steps, torch.tensor(episode), torch.zeros(m), torch.zeros(m), label, adjacency, broken)


def test_final_reward_is_a_tenth_per_violation_and_none_after_an_invalid_action():
    good, bad = cell([IN, 0, OUT], [(0, 1), (1, 2)]), cell([IN, 0, 1, OUT], [(0, 2), (2, 3)])
    batch = [torch.cat(parts) for parts in zip(good, bad, bad, strict=True)]
    score, valid = validity(episodes(*batch, torch.tensor([False, False, True]), [0, 1, 2]), OUT)
    assert torch.allclose(score, torch.tensor([0.0, -0.3, 0.0]))
    assert valid.tolist() == [True, False, False]


def test_rewards_stand_at_the_last_decision_of_each_episode():
    good = cell([IN, 0, OUT], [(0, 1), (1, 2)])
    batch = [torch.cat([part] * 3) for part in good]
    made = episodes(
        *batch, torch.tensor([False, False, True]), [0, 1, 2, 0, 1, 0]
    )  # episode 2 ends first, then 1, then 0
    reward = step_rewards(made, torch.tensor([0.7, -0.2, 0.0]))
    assert torch.allclose(reward, torch.tensor([0.0, 0.0, STEP_PENALTY, 0.0, -0.2, 0.7]))
