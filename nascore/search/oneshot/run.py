"""One search while it runs: its steps, its epochs, and what changes from step to step."""

from __future__ import annotations

import contextlib
import inspect
import itertools
import math
import time
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import torch

from nascore import bars, checks
from nascore.errors import Diverged, SettingError
from nascore.networks.choices import Draw
from nascore.networks.supernets.base import Supernet, evaluating
from nascore.search.oneshot import checkpoint as checkpoints
from nascore.search.oneshot import state, unrolled
from nascore.search.oneshot.candidates import Candidates
from nascore.search.oneshot.hooks.base import Hook, columns
from nascore.search.oneshot.log import COLUMNS
from nascore.search.oneshot.moving import on
from nascore.search.oneshot.strategies.base import Strategy, finite
from nascore.search.oneshot.weights import LARGEST, Weights
from nascore.spaces.base import Arch
from nascore.threads import limited


class Run:
    """A search from its first step on; hooks and selections get it, and training goes on with it after the end.

    `supernet`, `strategy`, `data`, `weights` (parameters, optimiser, schedule); `epoch` and `step`, both from 0;
    `epochs`, `freeze` and `steps` (per epoch), as planned; `rows` and `probabilities` of the log so far; `best_val` and
    `process_best`; `stopped`, why a hook ended the search.
    """

    def __init__(
        self,
        supernet: Supernet,
        strategy: Strategy,
        data,
        weights: Weights,
        device: torch.device,
        dtype: torch.dtype,
        hooks: Sequence[Hook],
    ):
        self.supernet, self.strategy, self.data, self.weights = supernet, strategy, data, weights
        self.device, self.dtype, self.hooks = device, dtype, tuple(hooks)
        self.rows: list[dict] = []
        self.probabilities: list = []
        self.candidates = Candidates()
        self.epoch = self.step = 0
        self.stopped = ""
        self.threads: int | None = None  # torch's own number
        self._further: tuple[Any, int, int] | None = None  # where `train_weights` stands: data, epoch, batches used
        self._place: str | None = None  # of the present step, outside the epochs of the search
        self._advance = getattr(supernet, "advance", None)
        self._perturbed = getattr(strategy, "perturbed", None)  # see Perturbation
        self._takes_evaluate = _parameters(strategy.update) > 2

    def plan(self, epochs: int, freeze: int, steps: int | None) -> None:
        """How long the search is; `steps` per epoch, by default as many as there are batches."""
        self.epochs, self.freeze = epochs, freeze
        parts = [
            name for name, used in (("train", self.weights.optimizer is not None), ("val", freeze < epochs)) if used
        ]
        if steps is None:
            try:
                steps = len(self.data.val(0))
            except TypeError as error:
                raise SettingError("steps_per_epoch=None: the batches have no length, give their number") from error
            if steps < 1:
                raise SettingError("the data has not one whole batch")
        lengths = [_length(getattr(self.data, name)(0)) for name in parts]
        there = min((length for length in lengths if length is not None), default=steps)
        if there < steps:
            raise SettingError(f"steps_per_epoch={steps}: the data gave {there} pairs of batches, not {steps}")
        self.steps = steps

    @property
    def best_val(self) -> float:
        """The lowest minibatch validation loss of an architecture all of whose operations are live; infinity before."""
        return self.candidates.best(self._live())[0]

    @property
    def process_best(self) -> Arch | None:
        """The architecture of `best_val`."""
        return self.candidates.best(self._live())[1]

    def _live(self) -> torch.Tensor | None:
        return getattr(self.strategy, "live", None)

    def stop(self, reason: str) -> None:
        """End the search after the present epoch."""
        self.stopped = checks.text("reason", reason) or "stopped"

    # -- epochs -------------------------------------------------------------------------------------------------------
    def all(self, path: Path | None, settings: dict, progress: bool) -> None:
        """Every epoch that is still to come; a checkpoint after each."""
        total, done = self.epochs * self.steps, len(self.rows) * self.steps
        name = settings["strategy"]["name"]
        for hook in self.hooks:
            hook.before_search(self)
        with bars.bar(total=total, initial=done, unit="step", desc=name, disable=not progress) as bar:
            for epoch in range(len(self.rows), self.epochs):
                if self.stopped:
                    break
                self._epoch(epoch, bar)
                if path is not None:
                    checkpoints.save(path, state.capture(self, settings))

    def _epoch(self, epoch: int, bar) -> None:
        begin, frozen, trains = time.perf_counter(), epoch < self.freeze, self.weights.optimizer is not None
        self.epoch, self.step = epoch, 0
        for hook in self.hooks:
            hook.before_epoch(self)
        train = self.batches("train", epoch) if trains else [None] * self.steps
        val = [None] * self.steps if frozen else self.batches("val", epoch)
        losses: dict[str, list[float]] = {"train": [], "val": []}
        count = 0
        for step, (training, validation) in enumerate(zip(train, val, strict=False)):
            self.step = step
            updates, total = (epoch - self.freeze) * self.steps + step, (self.epochs - self.freeze) * self.steps
            self.strategy.progress = 0.0 if frozen else updates / total
            if trains:
                self.weights.set_rate((epoch * self.steps + step) / (self.epochs * self.steps))
                losses["train"].append(self.weight_step(training))
            if not frozen:
                losses["val"].append(self.architecture_step(training, validation))
            for hook in self.hooks:
                hook.after_step(self)
            count += 1
            bar.update()
        if count < self.steps:
            raise SettingError(f"the data gave {count} pairs of batches in epoch {epoch + 1}, not {self.steps}")
        mean = {name: sum(found) / len(found) if found else math.nan for name, found in losses.items()}
        if trains and not all(map(finite, self.weights.parameters)):
            raise Diverged(f"weights, {self._where()}: not all are finite; a lower learning rate or a clip may help")
        best, architecture = self.candidates.best(self._live())
        row = {
            "epoch": epoch + 1,
            "train_loss": mean["train"],
            "val_loss": mean["val"],
            "entropy": float(self.strategy.entropy()),
            "arch": self.derived(),
            "best_val": best if math.isfinite(best) else math.nan,
            "process_best": architecture,
            "seconds": time.perf_counter() - begin,
        }
        for hook in self.hooks:
            row |= columns(hook, self, {*COLUMNS, *row})
        self.rows.append(row)
        self.probabilities.append(self.strategy.probabilities().tolist())
        if losses["val"]:  # none while theta is frozen
            bar.set_postfix(val=f"{mean['val']:.4g}", refresh=False)

    def batches(self, which: str, epoch: int) -> Iterable:
        """The "train" or "val" batches of an epoch, on the run's device."""
        return (on(batch, self.device) for batch in islice(getattr(self.data, which)(epoch), self.steps))

    def derived(self) -> Arch:
        """The architecture that the strategy's scores stand for now."""
        return self.supernet.decode(self.strategy.scores())

    # -- steps --------------------------------------------------------------------------------------------------------
    def loss(self, batch, draw: Draw, reads: bool = False) -> torch.Tensor:
        """The supernet's loss, in the run's precision and in the mode (training, evaluation) that the supernet is
        in. `reads`: what follows goes on from the end of this batch (see `Supernet.advance`)."""
        if self.dtype is torch.float32:
            found = self.supernet.loss(batch, draw)
        else:
            with torch.autocast(self.device.type, self.dtype):
                found = self.supernet.loss(batch, draw)
        if reads and self._advance is not None:
            self._advance()
        return found

    def evaluate(self, batch, draw: Draw, reads: bool = False) -> float:
        """A draw's loss in evaluation mode, without any gradient."""
        # in an architecture step the supernet is in it already, and has many parts
        mode = evaluating(self.supernet) if self.supernet.training else contextlib.nullcontext()
        with torch.no_grad(), mode:
            return self._finite(self.loss(batch, draw, reads), "loss")

    def mixing_gradient(
        self, batch, draw: Draw, create_graph: bool = False, reads: bool = False
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The loss, and d loss / d weights of the draw, (edges, ops).

        With `create_graph` both can be differentiated again, with respect to the weights' own source and to the
        supernet's parameters: Hessian-vector products are exact.
        """
        loss = self.loss(batch, draw, reads)
        gradient = None
        if loss.requires_grad:
            (gradient,) = torch.autograd.grad(loss, [draw.weights], allow_unused=True, create_graph=create_graph)
        return loss, torch.zeros_like(draw.weights) if gradient is None else gradient

    def weight_step(self, batch) -> float:
        """One step of the weights under one fresh draw (lines 2 to 5 of AdvantageNAS's Algorithm 1), at the present
        learning rate; the loss before it."""
        draw = self.strategy.weight_draw().detached()
        if self._perturbed is not None:
            self.supernet.eval()  # asking for a gradient leaves no trace in a norm or a hidden state
            draw = self._perturbed(draw, lambda other: self.mixing_gradient(batch, other)[1].detach())
        self.supernet.train()
        loss = self.loss(batch, draw)
        value = self._finite(loss, "training loss")
        self.weights.step(loss)
        self.strategy.observe(value)
        return value

    def train_weights(
        self, steps: int, data=None, rate: float | None = None, architecture: bool = False
    ) -> list[float]:
        """Train the weights on for `steps` steps, also after the search has ended; the losses. With `architecture` each
        is followed by an architecture step on a batch of `data.val(epoch)`.

        Batches come from `data.train(epoch)` (default: the search's data), from the epoch after the search's last one
        on; a further call goes on with the batch after the last one used. `rate`: the learning rate of all parameters
        in these steps (default: as the search left it). SettingError for bad values and data without a batch, Diverged
        for a loss that is not finite.
        """
        steps, architecture = checks.whole("steps", steps, 1), checks.flag("architecture", architecture)
        optimizer = self.weights.optimizer
        if optimizer is None:
            raise SettingError(f"{type(self.supernet).__name__} has no trainable parameters")
        rate = None if rate is None else checks.number("rate", rate, above=0, high=LARGEST)
        data = self.data if data is None else data
        needed = ("train", "val") if architecture else ("train",)
        if isinstance(data, type) or not all(callable(getattr(data, part, None)) for part in needed):
            wanted = " and ".join(f"{part}(epoch)" for part in needed)
            raise SettingError(f"data={checks.shown(data)}: expected batches by {wanted}, such as ImageData")
        if self._further is None or self._further[0] is not data:
            self._further = data, len(self.rows), 0
        losses: list[float] = []
        before = [group["lr"] for group in optimizer.param_groups]
        try:
            if rate is not None:
                for group in optimizer.param_groups:
                    group["lr"] = rate
            with limited(self.threads), torch.inference_mode(False), torch.enable_grad():
                self._train_on(steps, losses, architecture)
        finally:
            self._place = None
            for group, value in zip(optimizer.param_groups, before, strict=True):
                group["lr"] = value
        return losses

    def _train_on(self, steps: int, losses: list[float], architecture: bool) -> None:
        assert self._further is not None
        while len(losses) < steps:
            data, epoch, used = self._further
            before, end = len(losses), used + steps - len(losses)
            training = islice(data.train(epoch), used, end)
            validation = islice(data.val(epoch), used, end) if architecture else itertools.repeat(None)
            for batch, other in zip(training, validation, strict=False):
                self._place = f"step {len(losses) + 1} of training on"
                batch = on(batch, self.device)
                losses.append(self.weight_step(batch))
                if architecture:
                    self.architecture_step(batch, on(other, self.device))
                used += 1
                self._further = data, epoch, used
            if len(losses) < steps:
                if len(losses) == before and not used:
                    raise SettingError("the data gave no batch to train on")
                self._further = data, epoch + 1, 0

    def architecture_step(self, training, batch) -> float:
        """One step of theta (lines 6 to 10 of Algorithm 1); the mean of the draws' losses."""
        self.supernet.eval()
        draws = [self.strategy.draw() for _ in range(self.strategy.samples)]
        losses = [self._draw_loss(training, batch, draw, last=draw is draws[-1]) for draw in draws]
        for draw, value in zip(draws, losses, strict=True):
            self.candidates.add(value, draw, self.supernet.decode)
            if draw.weights.grad is not None and not finite(draw.weights.grad):
                raise Diverged(f"gradient of the mixing weights, {self._where()}: {draw.weights.grad.tolist()}")
        if self._takes_evaluate:
            self.strategy.update(draws, losses, lambda draw: self.evaluate(batch, draw))
        else:
            self.strategy.update(draws, losses)  # type: ignore[call-arg]  # it said that it needs no more
        theta = getattr(self.strategy, "theta", None)
        if isinstance(theta, torch.Tensor) and not finite(theta):
            raise Diverged(f"theta, {self._where()}: {theta.tolist()}")
        return sum(losses) / len(losses)

    def _draw_loss(self, training, batch, draw: Draw, last: bool) -> float:
        """A draw's loss; its gradient along the mixing weights (and only along them) where the strategy asks for it.

        The last draw's validation loss reads the batch: text goes on from its end.
        """
        optimizer = self.weights.optimizer
        if self.strategy.unrolled and optimizer is not None:
            value = unrolled.backward(
                lambda: self.loss(training, draw),
                lambda: self.loss(batch, draw, last),
                draw,
                self.weights.parameters,
                optimizer.param_groups[0]["lr"],
            )
            return self._finite(value, "validation loss")
        if not draw.weights.requires_grad:
            return self.evaluate(batch, draw, last)
        loss, draw.weights.grad = self.mixing_gradient(batch, draw, reads=last)
        return self._finite(loss, "validation loss")

    def _finite(self, loss, what: str) -> float:
        value = float(loss.detach()) if isinstance(loss, torch.Tensor) else float(loss)
        if not math.isfinite(value):
            raise Diverged(f"{what}, {self._where()}: {value}; a lower learning rate or a clip may help")
        return value

    def _where(self) -> str:
        return self._place or f"epoch {self.epoch + 1}, step {self.step + 1}"

    def __repr__(self) -> str:
        return (
            f"<Run of {type(self.strategy).__name__} on {type(self.supernet).__name__}: {len(self.rows)} of "
            f"{self.epochs} epochs of {self.steps} steps>"
        )


def _parameters(function) -> int:
    """How many positional arguments a function takes."""
    kinds = [each.kind for each in inspect.signature(function).parameters.values()]
    if inspect.Parameter.VAR_POSITIONAL in kinds:
        return 99
    return sum(kind in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD) for kind in kinds)


def _length(batches) -> int | None:
    try:
        return len(batches)
    except TypeError:  # nothing that says its length before it is read
        return None
