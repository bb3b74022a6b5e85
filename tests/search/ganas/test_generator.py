"""Generation in lock-step, and PPO on it."""

import numpy as np
import pytest
import torch

from nascore.search.ganas.generator import Generator, Steps
from nascore.search.ganas.ppo import PPO
from nascore.search.ganas.reward import step_rewards, validity
from nascore.search.ganas.topology import topology_of
from nascore.spaces import DARTSSpace, MacroSpace, NASBench101, NASBench201

SPACES = [NASBench201(), MacroSpace(5, ("x", "y", "z")), NASBench101(), DARTSSpace("s2")]


def make(space, seed=0):
    torch.manual_seed(seed)
    return Generator(topology_of(space), 16, 2)


@pytest.mark.parametrize("space", SPACES, ids=lambda s: s.name)
def test_stored_decisions_have_the_probabilities_they_were_made_with(space):
    generator = make(space)
    made = generator.generate(64, torch.Generator().manual_seed(1))
    log_prob, entropy, value = generator.evaluate(made.steps)
    assert torch.allclose(log_prob, made.log_prob, atol=1e-5)
    assert torch.allclose(value, made.value, atol=1e-5)
    assert (entropy > 0).all()


@pytest.mark.parametrize("space", SPACES, ids=lambda s: s.name)
def test_generation_depends_on_the_seed_only(space):
    generator = make(space)
    one, two, other = (generator.generate(32, torch.Generator().manual_seed(s)) for s in (5, 5, 6))
    assert torch.equal(one.label, two.label) and torch.equal(one.adjacency, two.adjacency)
    assert not torch.equal(one.label, other.label)


def test_free_episodes_end_at_the_output_or_the_size_limit_or_an_invalid_action():
    space = NASBench101()
    topology = topology_of(space)
    made = make(space).generate(400, torch.Generator().manual_seed(0))
    edges = made.adjacency.flatten(1).sum(1)
    assert ((edges > topology.max_edges) == made.broken).all() and made.broken.any()
    for episode in range(50):
        nodes = made.steps.node[made.episode == episode]
        assert nodes.tolist() == list(range(1, len(nodes) + 1)) and len(nodes) <= topology.steps
        ops = made.steps.op[made.episode == episode]
        assert (ops[:-1] != topology.output).all()
        assert bool(ops[-1] == topology.output) or bool(made.broken[episode]) or len(nodes) == topology.steps
    _, valid = validity(made, topology.output)
    for arch in topology.archs(made.label[valid], made.adjacency[valid]):
        assert arch in space


def test_fixed_episodes_are_all_valid():
    space = NASBench201()
    made = make(space).generate(50, torch.Generator().manual_seed(0))
    assert validity(made, topology_of(space).output)[1].all()
    assert all(tuple(row) in space for row in made.label[:, 1:-1].tolist())


def test_a_fresh_policy_is_nearly_uniform():
    generator = make(NASBench201())
    made = generator.generate(2000, torch.Generator().manual_seed(0))
    share = torch.bincount(made.label[:, 1:-1].flatten(), minlength=5) / made.label[:, 1:-1].numel()
    assert (share - 0.2).abs().max() < 0.08


def test_high_temperature_flattens():
    generator = make(NASBench201())
    with torch.no_grad():
        generator.op_head[-1].bias[3] = 4.0
    cold = generator.generate(500, torch.Generator().manual_seed(0), temperature=1.0)
    hot = generator.generate(500, torch.Generator().manual_seed(0), temperature=20.0)
    assert (cold.label == 3).float().mean() > (hot.label == 3).float().mean() + 0.2


def test_advantages_are_those_of_generalised_advantage_estimation():
    ppo = PPO(gamma=0.9, lam=0.8)
    made = make(MacroSpace(3, ("x", "y"))).generate(2, torch.Generator().manual_seed(0))
    rewards = torch.tensor([0.0, 0.1, 0.0, 0.2, 1.0, -1.0])  # step-major: episodes 0, 1 at each of 3 steps
    advantage, returns = ppo.advantages(made, rewards)
    for episode in (0, 1):
        where = (made.episode == episode).nonzero().squeeze(1)
        value, reward = made.value[where].numpy(), rewards[where].numpy()
        following = np.append(value[1:], 0.0)
        delta = reward + 0.9 * following - value
        expected = [sum((0.9 * 0.8) ** (k - t) * delta[k] for k in range(t, 3)) for t in range(3)]
        assert np.allclose(advantage[where], expected, atol=1e-5)
        assert np.allclose(returns[where], expected + value, atol=1e-5)


@pytest.mark.parametrize("space", [NASBench201(), NASBench101()], ids=lambda s: s.name)
def test_ppo_learns_what_is_rewarded(space):
    """Reward the share of operation 0: the policy must come to prefer it (and, where it can fail, validity)."""
    topology = topology_of(space)
    generator = make(space)
    optimizer = torch.optim.Adam(generator.parameters(), 3e-3)
    rng = torch.Generator().manual_seed(0)

    def wish(made):
        final, valid = validity(made, topology.output)
        inner = (made.label >= 0) & (made.label < topology.operations)
        share = ((made.label == 0) & inner).sum(1) / inner.sum(1).clamp(min=1)
        return final + share * valid, valid

    before = wish(generator.generate(256, rng))[0].mean()
    for _ in range(30):
        made = generator.generate(128, rng)
        PPO(entropy=0.01).update(generator, optimizer, made, step_rewards(made, wish(made)[0]), rng)
    after, valid = wish(generator.generate(256, rng))
    assert after.mean() > before + 0.3
    assert valid.float().mean() > 0.8


def test_minibatches_cover_the_same_decisions():
    generator = make(NASBench201())
    optimizer = torch.optim.Adam(generator.parameters(), 1e-3)
    made = generator.generate(16, torch.Generator().manual_seed(0))
    before = [p.clone() for p in generator.parameters()]
    PPO(minibatch=32).update(
        generator, optimizer, made, torch.randn(len(made.episode)), torch.Generator().manual_seed(0)
    )
    assert any(not torch.equal(a, b) for a, b in zip(before, generator.parameters(), strict=True))
    assert isinstance(made.steps, Steps)
