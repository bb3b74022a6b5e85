"""The pieces of GA-NAS asked for their answers: one decision of the generator, and the rewards of cells made wrong."""

from __future__ import annotations

from itertools import product
from types import SimpleNamespace

OPERATIONS = ("conv3x3", "conv1x1", "maxpool", "output")
PARTIAL = (("input", "conv3x3", "maxpool"), ((0, 1), (0, 2), (1, 2)))  # the partial cell of Figure 3
MADE_WRONG = {  # operations after the input, edges: the four kinds of violation of A.3
    "valid": (("conv3x3", "maxpool", "output"), ((0, 1), (1, 2), (0, 2), (2, 3))),
    "no output": (("conv3x3", "maxpool", "conv1x1"), ((0, 1), (1, 2), (2, 3), (0, 3))),
    "no incoming edge": (("conv3x3", "maxpool", "output"), ((0, 1), (1, 3), (2, 3))),
    "no outgoing edge": (("conv3x3", "maxpool", "output"), ((0, 1), (1, 3), (0, 2))),
    "neither": (("conv3x3", "maxpool", "output"), ((0, 1), (1, 3))),
}


def topology():
    """NAS-Bench-101 as the generator sees it: operations and edges are both free."""
    from nascore.search.ganas.topology import topology_of
    from nascore.spaces import NASBench101

    return topology_of(NASBench101())


def dense(shape, cells):
    """Cells (operations after the input, edges) as the generator's tensors: label [B, nodes], adjacency [B, n, n]."""
    import torch

    from nascore.search.ganas.topology import PAD

    label = torch.full((len(cells), shape.nodes), PAD)
    adjacency = torch.zeros(len(cells), shape.nodes, shape.nodes, dtype=torch.bool)
    for i, (operations, edges) in enumerate(cells):
        codes = [shape.input, *(OPERATIONS.index(name) for name in operations)]
        label[i, : len(codes)] = torch.tensor(codes)
        for source, target in edges:
            adjacency[i, source, target] = True
    return label, adjacency


def decision(network, node: int = 3) -> dict:
    """What a generator would do next with the partial cell: summed over all actions (operation, set of edges).

    operation: probability of each of OPERATIONS; edge: of an edge from each earlier node; total: of everything.
    """
    import torch

    from nascore.search.ganas.generator import Steps

    shape = network.topology
    label, adjacency = dense(shape, [(PARTIAL[0][1:], PARTIAL[1])])
    actions = [(op, edges) for op in range(shape.actions) for edges in product((0, 1), repeat=node)]
    count = len(actions)
    chosen = torch.zeros(count, shape.nodes)
    chosen[:, :node] = torch.tensor([edges for _, edges in actions], dtype=torch.float)
    op = torch.tensor([op for op, _ in actions])
    where = torch.full((count,), node)
    with torch.no_grad():
        steps = Steps(label.expand(count, -1), adjacency.expand(count, -1, -1), where, op, chosen)
        p = network.evaluate(steps)[0].exp()
    return {
        "operation": [float(p[op == each].sum()) for each in range(shape.actions)],
        "edge": (p[:, None] * chosen[:, :node]).sum(0).tolist(),
        "total": float(p.sum()),
    }


def trained_for_validity(seed: int = 0, updates: int = 16, batch: int = 96) -> dict:
    """A fresh generator, its decision, and the same after PPO with rewards for validity alone.

    Returns fresh and trained (see `decision`) and valid, the percent of valid cells in the batch of every update.
    """
    import torch

    from nascore.search.ganas import reward
    from nascore.search.ganas.generator import Generator
    from nascore.search.ganas.ppo import PPO

    shape = topology()
    rng = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    network = Generator(shape, width=32, layers=3)
    optimizer = torch.optim.Adam(network.parameters(), 3e-3)
    found = {"fresh": decision(network), "valid": []}
    for _ in range(updates):
        episodes = network.generate(batch, rng)
        final, valid = reward.validity(episodes, shape.output)
        found["valid"].append(100 * valid.float().mean().item())
        PPO(entropy=0.02).update(network, optimizer, episodes, reward.step_rewards(episodes, final), rng)
    return found | {"trained": decision(network)}


def decision_tables(found: dict) -> dict:
    """What `trained_for_validity` found as two tables: probabilities by decision, and valid percent by update."""
    import pandas as pd

    lines = [
        {"when": when, **dict(zip(OPERATIONS, found[when]["operation"]))}
        | {f"edge_{i}": p for i, p in enumerate(found[when]["edge"])}
        for when in ("fresh", "trained")
    ]
    validity = {"update": range(1, len(found["valid"]) + 1), "valid_percent": found["valid"]}
    return {"decisions": pd.DataFrame(lines), "validity": pd.DataFrame(validity)}


def validity_in_words(found: dict) -> str:
    """What the training for validity has changed, in one sentence or two."""
    before, after = (found[when]["operation"][-1] for when in ("fresh", "trained"))
    end = (
        "Short, densely wired cells are the easy way to be valid: validity alone does not ask for good cells, and that "
        "is what the discriminator is for."
        if after > before
        else "A valid cell is not yet a good one: that is what the discriminator is for."
    )
    return (
        f"The share of valid cells goes from {found['valid'][0]:.0f} to {found['valid'][-1]:.0f} %; the probability of "
        f"ending the cell here from {before:.2f} to {after:.2f}. {end}"
    )


def draw_decisions(found: dict):
    """Operation and edges before and after, and how validity was learnt: one figure of three panels."""
    import matplotlib.pyplot as plt
    import numpy as np

    fig, (left, middle, right) = plt.subplots(1, 3, figsize=(7.4, 2.5), width_ratios=(1.3, 1, 1.2))
    for i, (when, colour) in enumerate({"fresh": "#56b4e9", "trained": "#0072b2"}.items()):
        label = "trained for validity" if i else when
        left.bar(np.arange(4) + 0.38 * (i - 0.5), found[when]["operation"], 0.36, label=label, color=colour)
        middle.bar(np.arange(3) + 0.38 * (i - 0.5), found[when]["edge"], 0.36, color=colour)
    left.set_xticks(range(4), OPERATIONS, fontsize=8)
    left.set(ylabel="probability", title="Operation", ylim=(0, 1))
    left.legend(loc="upper left")
    middle.set_xticks(range(3), PARTIAL[0], fontsize=8)
    middle.set(title="Edge from", ylim=(0, 1))
    right.plot(range(1, len(found["valid"]) + 1), found["valid"], "o-", ms=3.5, color="#0072b2")
    right.set(xlabel="update of PPO", ylabel="valid cells (%)", title="Validity is learnt", ylim=(0, None))
    return fig


def rewards_of_wrong_cells():
    """Table of MADE_WRONG: cell, kinds of violation, R_v."""
    import pandas as pd

    from nascore.search.ganas import reward

    shape = topology()
    label, adjacency = dense(shape, list(MADE_WRONG.values()))
    count = reward.violations(label, adjacency, shape.output).tolist()
    rewards = [round(n * reward.VIOLATION_PENALTY, 1) + 0.0 for n in count]
    return pd.DataFrame({"cell": MADE_WRONG.keys(), "kinds of violation": count, "R_v": rewards})


def wrong_cells(rewards) -> dict:
    """Title with its reward -> cell, to be drawn."""
    return {
        f"{name}: $R_v$ = {value:.1f}": SimpleNamespace(labels=("input", *operations), edges=edges)
        for (name, (operations, edges)), value in zip(MADE_WRONG.items(), rewards["R_v"])
    }
