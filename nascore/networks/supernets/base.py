"""What every supernet offers a one-shot search."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from nascore import checks
from nascore.errors import SettingError
from nascore.networks.choices import Choices, Draw
from nascore.networks.image import parameters_text
from nascore.spaces.base import Arch


class Supernet(nn.Module, ABC):
    """A network whose edges hold every candidate operation, with weights shared by all architectures.

    `choices` says what there is to choose. `loss(batch, draw)` computes only the operations that `draw.active` lists
    and multiplies them by `draw.weights`. `settings`: what its numbers depend on, by name. Subclasses say in their
    docstring what a batch is.
    """

    choices: Choices
    settings: dict = {}
    rivals: tuple[tuple[int, ...], ...] = ()  # sets of edges of which an architecture keeps `kept` only
    kept = 2

    def close(self, edge: int) -> None:
        """Take an edge out for good: nothing passes it, and no architecture has it. Only where edges are `rivals`."""
        raise SettingError(f"edge={checks.shown(edge)}: {type(self).__name__} keeps all of its edges")

    def open_edges(self) -> list[int]:
        """Edges that have not been closed."""
        return list(range(self.choices.edges))

    def __repr__(self) -> str:
        """One line; `str` and `print` show torch's tree of modules."""
        edges, ops = self.choices.edges, len(self.choices.ops)
        return f"<{type(self).__name__}: {edges} edges, {ops} operations{self.summary()}, {parameters_text(self)}>"

    def summary(self) -> str:
        """What else there is to say in `repr`."""
        return ""

    def __str__(self) -> str:
        return nn.Module.__repr__(self)

    @abstractmethod
    def loss(self, batch, draw: Draw) -> torch.Tensor:
        """The scalar loss of one batch under one draw, differentiable in the weights and in `draw.weights`."""

    @abstractmethod
    def measures(self, batch, draw: Draw) -> dict[str, float]:
        """Numbers worth logging for a batch, at least {"loss": ...}; no gradient, no change of state."""

    def advance(self) -> None:
        """What the last `loss` was given counts as read: for supernets whose batches follow on one another (text).

        A search calls it after the loss of an architecture step, not after the further losses that a strategy asks
        for; weight steps are in training mode, where `loss` itself goes on. Here nothing.
        """

    def decode(self, scores: torch.Tensor) -> Arch:
        """The architecture that scores stand for, float (edges, ops), higher is better; -inf: not to be chosen.

        Here the best operation of each edge (of equal ones the first). Spaces in which an architecture is not one
        operation per edge, such as DARTS's with two inputs per node, decide otherwise.
        """
        return tuple(scores.argmax(1).tolist())


@contextmanager
def modes_kept(module: nn.Module) -> Iterator[None]:
    """Each part of `module` is afterwards in the mode (training, evaluation) that it had, whatever happens inside."""
    modes = [(each, each.training) for each in module.modules()]  # some may be frozen in evaluation
    try:
        yield
    finally:
        for each, training in modes:
            each.training = training


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Evaluation mode inside, and the modes before afterwards."""
    with modes_kept(module):
        module.eval()
        yield


def pair(batch) -> tuple[torch.Tensor, torch.Tensor]:
    """A batch's two tensors; SettingError for anything else."""
    if isinstance(batch, (tuple, list)) and len(batch) == 2 and all(isinstance(part, torch.Tensor) for part in batch):
        return batch[0], batch[1]
    parts = [type(part).__name__ for part in batch] if isinstance(batch, (tuple, list)) else type(batch).__name__
    raise SettingError(f"a batch of {checks.shown(parts)}: expected two tensors, images and labels or targets")
