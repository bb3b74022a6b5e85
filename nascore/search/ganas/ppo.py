"""Proximal policy optimisation with generalised advantage estimation (Schulman et al.), as GA-NAS A.3 uses it."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from nascore import checks
from nascore.search.ganas.generator import Episodes, Generator, Steps


@dataclass(frozen=True)
class PPO:
    """Clip range, discount, GAE lambda, passes over each batch, decisions per step of the optimiser (0: all), weights
    of the critic's loss and of the entropy (0.1 in GA-NAS A.3)."""

    clip: float = 0.2
    gamma: float = 1.0
    lam: float = 0.95
    epochs: int = 4
    minibatch: int = 0
    critic: float = 0.5
    entropy: float = 0.1
    max_grad_norm: float = 0.5

    def __post_init__(self):
        normal = {
            "clip": checks.number("clip", self.clip, above=0, below=1),
            "gamma": checks.number("gamma", self.gamma, 0, 1),
            "lam": checks.number("lam", self.lam, 0, 1),
            "epochs": checks.whole("epochs", self.epochs, 1, 10_000),
            "minibatch": checks.whole("minibatch", self.minibatch, 0),
            "critic": checks.number("critic", self.critic, 0),
            "entropy": checks.number("entropy", self.entropy, 0),
            "max_grad_norm": checks.number("max_grad_norm", self.max_grad_norm, above=0),
        }
        for name, value in normal.items():
            object.__setattr__(self, name, value)

    def advantages(self, episodes: Episodes, rewards: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Advantage and return of every decision, (M,) each."""
        batch, steps = len(episodes.label), int(episodes.steps.node.max())
        row, column = episodes.episode, episodes.steps.node - 1
        reward, value, taken = (torch.zeros(batch, steps + 1) for _ in range(3))
        reward[row, column], value[row, column], taken[row, column] = rewards, episodes.value, 1.0
        advantage = torch.zeros(batch, steps + 1)
        for t in reversed(range(steps)):
            delta = reward[:, t] + self.gamma * value[:, t + 1] * taken[:, t + 1] - value[:, t]
            advantage[:, t] = (delta + self.gamma * self.lam * advantage[:, t + 1] * taken[:, t + 1]) * taken[:, t]
        chosen = advantage[row, column]
        return chosen, chosen + episodes.value

    def update(
        self,
        generator: Generator,
        optimizer: torch.optim.Optimizer,
        episodes: Episodes,
        rewards: torch.Tensor,
        rng: torch.Generator,
    ) -> None:
        """`epochs` passes over the decisions of one batch of episodes."""
        advantage, returns = self.advantages(episodes, rewards)
        advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-6)
        size = len(advantage)
        for _ in range(self.epochs):
            order = torch.randperm(size, generator=rng) if self.minibatch else torch.arange(size)
            for part in order.split(self.minibatch or size):
                steps = Steps(*(column[part] for column in episodes.steps)) if self.minibatch else episodes.steps
                log_prob, entropy, value = generator.evaluate(steps)
                ratio = torch.exp(log_prob - episodes.log_prob[part])
                gain = torch.min(
                    ratio * advantage[part], ratio.clamp(1 - self.clip, 1 + self.clip) * advantage[part]
                ).mean()
                loss = -gain + self.critic * (value - returns[part]).square().mean() - self.entropy * entropy.mean()
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                torch.nn.utils.clip_grad_norm_(generator.parameters(), self.max_grad_norm)
                optimizer.step()
