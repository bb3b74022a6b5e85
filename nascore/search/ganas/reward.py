"""The rewards of GA-NAS A.3: validity of each step, validity of the cell, and the discriminator's judgement."""

from __future__ import annotations

import torch

from nascore.search.ganas.generator import Episodes
from nascore.search.ganas.topology import PAD

STEP_PENALTY = -0.1  # an invalid action; it also ends the episode
VIOLATION_PENALTY = -0.1  # for each kind of violation that a finished cell shows


def violations(label: torch.Tensor, adjacency: torch.Tensor, output: int) -> torch.Tensor:
    """How many of the four kinds of violation each cell shows, (batch,) long.

    1) there is no output node; 2) a node (other than the input) has no incoming edge; 3) a node (other than the
    output) has no outgoing edge; 4) a node has neither.
    """
    present = label != PAD
    incoming, outgoing = adjacency.any(1), adjacency.any(2)
    is_output = label == output
    inner_source = torch.zeros_like(present)
    inner_source[:, 0] = True
    no_in = present & ~incoming & ~inner_source
    no_out = present & ~outgoing & ~is_output
    isolated = present & ~incoming & ~outgoing
    kinds = torch.stack([~is_output.any(1), no_in.any(1), no_out.any(1), isolated.any(1)])
    return kinds.sum(0)


def validity(episodes: Episodes, output: int) -> tuple[torch.Tensor, torch.Tensor]:
    """R_v (batch,) of finished cells and the mask of the valid ones; a cell broken off by an invalid action has no
    final reward (its penalty is the step reward)."""
    count = violations(episodes.label, episodes.adjacency, output)
    score = VIOLATION_PENALTY * count.float()
    score[episodes.broken] = 0.0
    return score, (count == 0) & ~episodes.broken


def step_rewards(episodes: Episodes, final: torch.Tensor) -> torch.Tensor:
    """Reward of every decision, (M,): 0, or -0.1 for the action that broke the episode, plus R_final (batch,) at each
    episode's last decision."""
    reward = torch.zeros(len(episodes.episode))
    last = torch.zeros(len(final), dtype=torch.long)
    order = torch.arange(len(reward))
    last.scatter_reduce_(0, episodes.episode, order, "amax", include_self=False)
    reward[last] = final + torch.where(episodes.broken, STEP_PENALTY, 0.0)
    return reward
