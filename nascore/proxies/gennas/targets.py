"""Inputs and targets of one batch: fixed, but for the noise that is added anew in every iteration."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from nascore.proxies.gennas import bases
from nascore.proxies.gennas.task import ImageTask, Part, SequenceTask, Task


def _maps(
    part: Part, generator: torch.Generator, samples: int, channels: int, size: tuple[int, int], images: torch.Tensor
) -> torch.Tensor:
    total = torch.zeros(samples, channels, *size)
    for each in part.signals:
        total += bases.signal(each, generator, samples, channels, size, images)
    return total


class Problem:
    """`inputs`, `targets` (one per part of the task that is predicted) and the noise of `noisy()`.

    Everything random comes from `seed`: the same seed and images give the same problem to every network.
    """

    def __init__(self, task: Task, inputs: torch.Tensor, targets: Sequence[torch.Tensor], noise: torch.Generator):
        self.task, self.inputs, self.targets, self._noise = task, inputs, tuple(targets), noise

    def noisy(self) -> torch.Tensor:
        """The inputs with a new draw of noise."""
        if not self.task.noise.level:
            return self.inputs
        return self.inputs + bases.noise(self.task.noise, self._noise, self.inputs)


def image_problem(task: ImageTask, images: torch.Tensor, side: int, stages: int, seed: int) -> Problem:
    """Targets (n, channels, side, side) for the last `stages` stages, for images (n, colours, h, w)."""
    parts = task.parts[len(task.parts) - stages :]
    made = []
    for number, part in enumerate(parts, len(task.parts) - stages):
        own = _stream(seed, number)  # a stage's target does not depend on which others there are
        maps = _maps(part, own, len(images), part.channels, (side, side), images)
        made.append(maps.to(images).contiguous(memory_format=torch.channels_last))
    return Problem(task, images, made, _stream(seed, 9))


def sequence_problem(task: SequenceTask, steps: int, samples: int, seed: int) -> Problem:
    """Input and target (steps, samples, dimension)."""
    made = []
    for number, part in enumerate(task.parts):
        maps = _maps(part, _stream(seed, number), samples, 1, (steps, part.channels), torch.zeros(1, 1, 1, 1))
        made.append(maps.squeeze(1).transpose(0, 1).contiguous())
    return Problem(task, made[0], made[1:], _stream(seed, 9))


def _stream(seed: int, number: int) -> torch.Generator:
    return torch.Generator().manual_seed((seed * 10 + number) % 2**63)
