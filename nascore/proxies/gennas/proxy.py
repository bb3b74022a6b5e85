"""GenNAS as a proxy: how well an untrained network learns made-up signals within a few steps (Li et al., NeurIPS 2021).

A network that can quickly reproduce waves and dots from a handful of images at several stages has features of many
frequencies and a well-conditioned path to all its weights; no label is needed. Lower loss is better.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import torch
from torch import nn

from nascore import checks
from nascore.errors import Diverged, SettingError
from nascore.networks.cells.fast import fast_features
from nascore.networks.initial import BIAS, WEIGHTS, initialise
from nascore.proxies.batch import Batch
from nascore.proxies.gennas.heads import heads
from nascore.proxies.gennas.named import task as named_task
from nascore.proxies.gennas.plain import plain_cells
from nascore.proxies.gennas.regression import RECURRENT, Settings, fit
from nascore.proxies.gennas.sequences import STEPS, AroundCell
from nascore.proxies.gennas.targets import image_problem, sequence_problem
from nascore.proxies.gennas.task import ImageTask, SequenceTask, Task
from nascore.proxies.registry import Proxy

CELLS = ("plain", "built")
MOST_PIXELS = 8  # sides of the targets, or the last stage's where that is smaller


class GenNAS(Proxy):
    """The loss of a task after `iterations` steps on one batch of `batch` images. A seed fixes targets, weights, noise.

    task: a name (see `nascore.proxies.gennas.named`) or a Task. Other parameters:

    cells: normalisation inside the cells of NAS-Bench-201: "plain", by the batch without gain and shift, as the
    published code has it, or as it was "built". Other networks have theirs as built.
    settings: of the regression, by default the appendix's (A.2); `PUBLISHED_CODE` holds what the code has instead.
    weights, bias: how the heads start, see `nc.networks.initialise` (Table 2; the network's own first weights are drawn
    by whoever builds it, `nc.proxies.score(weights=..., bias=...)`).

    Targets belong to the last three stages of a network and are as large as the last of them, at most 8 pixels (8 for
    images of 32). A network of two stages, such as digits201's, gets the last two targets with their weights 0.5 and
    1, at the 5 x 5 pixels that its second stage has for images of 10; colours of "resize" are the images' own, one
    there. A task for sequences takes a network with a recurrent `cell` and has no use for images: 8 steps, Adam. First
    weights are those that the network has; `nc.proxies.score` draws PyTorch's own, as the paper does. Where the loss
    is not finite the score is NaN, never a made-up number.
    """

    higher_is_better = False
    labels = False

    def __init__(
        self,
        task: str | Task = "combo",
        iterations: int = 100,
        batch: int = 16,
        *,
        name: str | None = None,
        cells: str = "plain",
        settings: Settings | None = None,
        weights: str = "default",
        bias: str = "default",
    ):
        self.task = named_task(task)
        self.batch = self.samples = checks.whole("batch", batch, 1)
        self.cells = checks.one_of("cells", cells, CELLS)
        self.first = (checks.one_of("weights", weights, WEIGHTS), checks.one_of("bias", bias, BIAS))
        if isinstance(self.task, SequenceTask) and self.first != ("default", "default"):
            raise SettingError(
                f"weights={weights!r}, bias={bias!r}: the layers around a recurrent cell have PyTorch's own"
            )
        if settings is None:
            settings = RECURRENT if isinstance(self.task, SequenceTask) else Settings()
        checks.instance("settings", settings, Settings, "a Settings of nascore.proxies.gennas")
        self.fitting = replace(settings, iterations=checks.whole("iterations", iterations, 0))
        shown = f"gennas-{task}" if isinstance(task, str) else "gennas"
        self.name = checks.text("name", shown if name is None else name)
        self.settings: dict[str, Any] = {
            "task": self.task.to_dict(),
            "cells": self.cells,
            "heads": list(self.first),
            **asdict(self.fitting),
        }

    def __repr__(self) -> str:
        return f"<proxy {self.name}: lower is better, {self.fitting.iterations} iterations on {self.batch} samples>"

    def scores(self, networks: Sequence[nn.Module], batch: Batch, generators: Sequence[torch.Generator]) -> list[float]:
        pairs = zip(networks, generators, strict=True)
        return [self.loss(network, batch.images, int(each.initial_seed())) for network, each in pairs]

    def loss(self, network: nn.Module, images: torch.Tensor, seed: int, watch=None) -> float:
        """The final loss of one network, which is changed; `watch(iteration, training loss)` sees the curve. NaN where
        the training diverged."""
        try:
            if isinstance(self.task, SequenceTask):
                return self._sequences(network, images.device, seed, watch)
            with plain_cells(network) if self.cells == "plain" else contextlib.nullcontext():
                return self._images(network, images, seed, watch)
        except Diverged:
            return math.nan

    def _images(self, network: nn.Module, images: torch.Tensor, seed: int, watch) -> float:
        assert isinstance(self.task, ImageTask)
        if images.dim() != 4:
            raise SettingError(f"{self.name}: a task for images, not for tokens {tuple(images.shape)}")
        if not callable(getattr(network, "features", None)):
            raise SettingError(f"{self.name}: {type(network).__name__} has no `features(images)`, one tensor per stage")
        forward = fast_features(network)
        network.eval()
        with torch.no_grad():
            shapes = forward(images)
        stages = min(len(shapes), len(self.task.parts))
        side = min(MOST_PIXELS, *shapes[-1].shape[2:])
        problem = image_problem(self.task, images, side, stages, seed)
        last = heads(shapes, [target.shape[1] for target in problem.targets], side, seed)
        if self.first != ("default", "default"):
            initialise(last, *self.first, seed)

        def outputs(noisy: torch.Tensor) -> list[torch.Tensor]:
            found = forward(noisy)[-stages:]
            return [head(x) for head, x in zip(last, found, strict=True)]

        return fit(outputs, (network, last), problem, self.fitting, watch)

    def _sequences(self, network: nn.Module, device: torch.device, seed: int, watch) -> float:
        assert isinstance(self.task, SequenceTask)
        generator = torch.Generator().manual_seed(seed)
        around = AroundCell(network, self.task.parts[0].channels, generator).to(device)
        problem = sequence_problem(self.task, STEPS, self.samples, seed)
        problem.inputs, problem.targets = problem.inputs.to(device), tuple(each.to(device) for each in problem.targets)
        return fit(around, (around,), problem, self.fitting, watch)
