"""RL-NAS: GA-NAS without its discriminator. The generator's reward is the queried accuracy (Section 4.1, Table 5)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from nascore import checks
from nascore.errors import SettingError
from nascore.search.ganas.ganas import GANAS
from nascore.search.ganas.reward import step_rewards, validity
from nascore.search.ganas.schedule import SETUP2
from nascore.search.ganas.state import batch_of, episodes_of
from nascore.search.ganas.training import Training
from nascore.spaces.base import Arch, Space


class RLNAS(GANAS):
    """The same generator and PPO; every valid generated cell is queried and its value is the final reward.

    The value enters as (value - mean of the first batch) / standard deviation of the first batch: accuracies in
    [0, 1] differ in the second decimal only, and the penalties of A.3 (-0.1) must not outweigh them. Failed queries
    count as one standard deviation below the mean. `episodes` cells make one batch, and PPO learns from every batch,
    known cells too, as they were drawn from the policy itself. Where a batch brings little that is new (`dry`), a
    second one, drawn at a temperature that grows with each such batch (`heat`, up to `hottest`), helps to use up the
    queries; nothing is learnt from it. Ends with the oracle's budget.
    """

    def __init__(
        self, space: Space, *, seed: int = 0, training: Training | None = None, device: str = "auto", **changes
    ):
        other = set(changes) - set(Training.__dataclass_fields__)
        if other:
            raise SettingError(
                f"{', '.join(sorted(other))}: RLNAS has no such setting; known: "
                f"{', '.join(['training', 'device', *Training.__dataclass_fields__])}"
            )
        super().__init__(
            space,
            seed=seed,
            training=training,
            device=device,
            schedule=SETUP2,  # of which nothing is used: what is asked is what is generated
            initial=2,
            iterations=None,
            **changes,
        )
        self._ready = []
        self._proposed.clear()
        self._episodes = None
        self._values: dict = {}
        self._scale: tuple[float, float] | None = None
        self._temperature = 1.0
        self._own = self._asked = 0  # new architectures of the last batch: drawn from the policy itself, and in all

    def ask(self, n: int | None = None) -> list[Arch]:
        """The architectures of the next batch of episodes that have not been asked before."""
        tries = 0
        while not self._ready and not self._pending and not self.done:
            self._learn_from_batch()
            self._episodes = None
            with self._on_device():
                self._episodes = self.generator.generate(self.training.episodes, self.torch_rng)
            archs, _ = self._finished(self._episodes, validity(self._episodes, self.topology.output)[1])
            self._ready = self._unique(archs)
            self._own = len(self._ready)
            if self._own < self.training.dry * len(archs):
                self._temperature = min(self._temperature * self.training.heat, self.training.hottest)
                with self._on_device():
                    self._ready += self._unique(self._sampled(self.training.episodes, self._temperature))
            else:
                self._temperature = max(self._temperature * self.training.heat**-2, 1.0)
            tries += 1
            if tries >= self.training.exploration and not self._ready:  # it repeats itself: a batch of random ones
                self._ready = self._random(self.training.episodes)
                self._asked = len(self._ready)
                break
            self._asked = len(self._ready)
        out, self._ready = (self._ready, []) if n is None else (self._ready[:n], self._ready[n:])
        self._pending.update(self.space.key(arch) for arch in out)
        return out

    def tell(self, archs: Sequence[Arch], values: Sequence) -> None:
        super().tell(archs, values)
        for arch, row in zip(self.archs[len(self._values) :], self.rows[len(self._values) :], strict=True):
            self._values[self.space.key(arch)] = row[0]

    def _learn_from_batch(self) -> None:
        episodes = self._episodes
        if episodes is None:
            return
        self.iteration += 1
        known = [value for value in self._values.values() if not math.isnan(value)]
        if self._scale is None and len(known) > 1:
            tensor = torch.tensor(known)
            self._scale = float(tensor.mean()), float(tensor.std()) + 1e-6
        mean, spread = self._scale or (0.0, 1.0)
        with self._on_device():
            final, valid = validity(episodes, self.topology.output)
            archs, rows = self._finished(episodes, valid)
            if archs:
                values = [self._values.get(self.space.key(arch), math.nan) for arch in archs]
                final[rows] += torch.tensor([-1.0 if math.isnan(v) else (v - mean) / spread for v in values])
            rewards = step_rewards(episodes, final)
            self.training.ppo.update(self.generator, self.generator_optimizer, episodes, rewards, self.torch_rng)
        self.trace.append(
            {
                "iteration": self.iteration,
                "valid": float(valid.float().mean()),
                "unique": len(set(archs)),
                "reward": float(final.mean()),
                "new": self._asked,
                "heated": (self._asked - self._own) / max(1, self._asked),
            }
        )

    # -- state: a batch that waits for its values is part of it -------------------------------------------------
    def state_dict(self) -> dict:
        return {
            **super().state_dict(),
            "batch": batch_of(self._episodes),
            "scale": self._scale,
            "temperature": self._temperature,
            "own": self._own,
            "asked": self._asked,
        }

    def load_state_dict(self, state: dict) -> None:
        super().load_state_dict(state)
        self._episodes = episodes_of(state["batch"], self.topology)
        scale = state["scale"]
        self._scale = None if scale is None else checks.pair("scale", scale)
        if self._scale is not None and self._scale[1] <= 0:
            raise SettingError(f"scale={scale}: expected a mean and a positive spread")
        self._temperature = checks.number("temperature", state["temperature"], 1, self.training.hottest)
        self._asked = checks.whole("asked", state["asked"], 0)
        self._own = checks.whole("own", state["own"], 0, self._asked)
        self._values = {self.space.key(arch): row[0] for arch, row in zip(self.archs, self.rows, strict=True)}
