"""The search loop that all one-shot strategies share (Algorithm 1 of AdvantageNAS)."""
from __future__ import annotations

import math
import reprlib
import time
from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path

import torch

from ...errors import SettingError
from ...networks.choices import Draw
from ...networks.supernet import Supernet
from . import checkpoint as checkpoints
from . import unrolled
from .base import Strategy
from .log import SearchLog

# NAS-Bench-201's search setting; the paper's own (Appendix D) is not in our copy
OPTIMIZERS: dict[str, tuple[type, dict]] = {
    "sgd": (torch.optim.SGD, {"lr": 0.025, "momentum": 0.9, "nesterov": True, "weight_decay": 5e-4}),
    "adam": (torch.optim.Adam, {"lr": 1e-3, "betas": (0.9, 0.999)}),
}
FLOOR = 0.04  # the cosine ends at this share of the learning rate: 0.001 of 0.025
SCHEDULES: dict[str, Callable[[float], float]] = {
    "cosine": lambda progress: FLOOR + (1 - FLOOR) * (1 + math.cos(math.pi * progress)) / 2,
    "constant": lambda progress: 1.0,
}
PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def search(supernet: Supernet, strategy: Strategy, data, epochs: int = 50, *, steps_per_epoch: int | None = None,
           freeze_epochs: int = 0, weight_optimizer: str = "sgd", weight_options: dict | None = None,
           weight_schedule: str = "cosine", clip: float | None = None, precision: str = "float32",
           checkpoint: Path | str | None = None, progress: bool = True, seed: int = 0,
           device: str = "cpu") -> SearchLog:
    """Learn weights and architecture parameters in turn; returns the log.

    Each step takes one weight step on a training batch under one fresh draw and then one architecture step on a
    validation batch under `strategy.samples` fresh draws. A supernet without trainable parameters takes no weight
    steps. `data.train(epoch)` and `data.val(epoch)` give equally many batches; whatever they hold, tensors in it are
    moved to `device`. In architecture steps the supernet is in evaluation mode: what that means for batch
    normalisation the supernet's `settings` say.

    Parameters
    ----------
    steps_per_epoch: fewer steps than there are batches, or the number where the batches have no length.
    freeze_epochs: theta stays as it is in the first epochs; they have weight steps only (Section 5.2: 50 of 100).
    weight_optimizer, weight_options: "sgd" (Nesterov, 0.025) or "adam", and what shall differ from its defaults here,
    such as {"lr": 0.1}. weight_schedule: "cosine" (over all steps, to 4%) or "constant".
    clip: largest norm of the weights' gradient. precision: "bfloat16" computes under autocast.
    checkpoint: a file written after every epoch; where it exists the search goes on from it and ends with the log that
    it would have had without the break.
    seed: of torch's global generator inside the loop; the strategy, the supernet and the data have seeds of their own.

    SettingError for anything outside what is allowed, and for a loss that is not finite.
    """
    for name, value, needed, wanted in (
            ("supernet", supernet, ("choices", "loss", "parameters"), "a Supernet, such as digits201_supernet()"),
            ("strategy", strategy, ("choices", "draw", "update"), "a Strategy, such as AdvantageNAS(supernet.choices)"),
            ("data", data, ("train", "val"), "batches by train(epoch) and val(epoch), such as ImageData")):
        if isinstance(value, type) or not all(hasattr(value, part) for part in needed):
            raise SettingError(f"{name}={reprlib.repr(value)}: expected {wanted}")
    _whole("epochs", epochs, 1)
    _whole("freeze_epochs", freeze_epochs, 0)
    _whole("seed", seed, 0)
    if freeze_epochs > epochs:
        raise SettingError(f"freeze_epochs={freeze_epochs}: expected at most epochs={epochs}")
    if steps_per_epoch is not None:
        _whole("steps_per_epoch", steps_per_epoch, 1)
    for name, value, allowed in (("weight_optimizer", weight_optimizer, OPTIMIZERS),
                                 ("weight_schedule", weight_schedule, SCHEDULES), ("precision", precision, PRECISIONS)):
        if not isinstance(value, str) or value not in allowed:
            raise SettingError(f"{name}={value!r}: expected one of {', '.join(allowed)}")
    if clip is not None and not (isinstance(clip, (int, float)) and clip > 0):
        raise SettingError(f"clip={clip!r}: expected None or a positive number")
    if strategy.choices != supernet.choices:
        raise SettingError(f"the strategy chooses among {strategy.choices}, the supernet offers {supernet.choices}")
    run = _Run(supernet, strategy, data, device, PRECISIONS[precision])
    run.prepare(weight_optimizer, weight_options or {}, SCHEDULES[weight_schedule], clip)
    run.plan(epochs, freeze_epochs, steps_per_epoch)
    settings = {"strategy": {"name": type(strategy).__name__, "samples": strategy.samples, **strategy.settings},
                "supernet": {"name": type(supernet).__name__, **getattr(supernet, "settings", {})},
                "data": {"name": type(data).__name__, **getattr(data, "settings", {})},
                "epochs": epochs, "steps_per_epoch": run.steps, "freeze_epochs": freeze_epochs,
                "weight_optimizer": weight_optimizer, "weight_options": run.options,
                "weight_schedule": weight_schedule, "clip": clip, "precision": precision, "seed": seed,
                "device": str(device), "threads": torch.get_num_threads()}
    path = None if checkpoint is None else Path(checkpoint)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        state = None if path is None else checkpoints.load(path, settings)
        if state is not None:
            run.load(state)
        run.all(path, settings, progress)
    return SearchLog(run.rows, run.probabilities, settings)


class _Run:
    """One search while it runs: what changes from step to step."""

    def __init__(self, supernet, strategy, data, device, dtype):
        try:
            self.device = torch.device(device)
            supernet.to(self.device)
        except (RuntimeError, AssertionError, TypeError) as error:
            raise SettingError(f"device={device!r}: {error}") from error
        self.supernet, self.strategy, self.data, self.dtype = supernet, strategy, data, dtype
        self.rows: list[dict] = []
        self.probabilities: list = []
        self.best_val, self.process_best = math.inf, None

    def prepare(self, name: str, options: dict, schedule: Callable[[float], float], clip: float | None) -> None:
        kind, defaults = OPTIMIZERS[name]
        self.options, self.schedule, self.clip = {**defaults, **options}, schedule, clip
        self.parameters = [p for p in self.supernet.parameters() if p.requires_grad]
        self.optimizer = None
        if self.parameters:
            try:
                self.optimizer = kind(self.parameters, **self.options)
            except (TypeError, ValueError) as error:
                raise SettingError(f"weight_options={options!r}: {error}") from error

    def plan(self, epochs: int, freeze: int, steps: int | None) -> None:
        self.epochs, self.freeze = epochs, freeze
        if steps is None:
            try:
                steps = len(self.data.val(0))
            except TypeError as error:
                raise SettingError("steps_per_epoch=None: the batches have no length, give their number") from error
            if steps < 1:
                raise SettingError("the data has not one whole batch")
        self.steps = steps

    # -- epochs -------------------------------------------------------------------------------------------------------
    def all(self, path: Path | None, settings: dict, progress: bool) -> None:
        from tqdm.auto import tqdm

        total, done = self.epochs * self.steps, len(self.rows) * self.steps
        with tqdm(total=total, initial=done, unit="step", desc=settings["strategy"]["name"], disable=not progress,
                  delay=5) as bar:
            for epoch in range(len(self.rows), self.epochs):
                self.epoch(epoch, bar)
                if path is not None:
                    checkpoints.save(path, self.state(settings))

    def epoch(self, epoch: int, bar) -> None:
        begin, frozen = time.perf_counter(), epoch < self.freeze
        train = self.batches("train", epoch) if self.optimizer else [None] * self.steps
        val = [None] * self.steps if frozen else self.batches("val", epoch)
        losses: dict[str, list[float]] = {"train": [], "val": []}
        count = 0
        for step, (training, validation) in enumerate(zip(train, val, strict=False)):
            where = f"epoch {epoch + 1}, step {step + 1}"
            updates, total = (epoch - self.freeze) * self.steps + step, (self.epochs - self.freeze) * self.steps
            self.strategy.progress = 0.0 if frozen else updates / total
            if self.optimizer:
                losses["train"].append(self.weight_step(training, epoch * self.steps + step, where))
            if not frozen:
                losses["val"].append(self.architecture_step(training, validation, where))
            count += 1
            bar.update()
        if count < self.steps:
            raise SettingError(f"the data gave {count} pairs of batches in epoch {epoch + 1}, not {self.steps}")
        mean = {name: sum(found) / len(found) if found else math.nan for name, found in losses.items()}
        best = self.best_val if math.isfinite(self.best_val) else math.nan
        self.rows.append({"epoch": epoch + 1, "train_loss": mean["train"], "val_loss": mean["val"],
                          "entropy": self.strategy.entropy(), "arch": self.strategy.derive(), "best_val": best,
                          "process_best": self.process_best, "seconds": time.perf_counter() - begin})
        self.probabilities.append(self.strategy.probabilities().tolist())
        bar.set_postfix(val=f"{mean['val']:.4g}", refresh=False)

    def batches(self, which: str, epoch: int) -> Iterable:
        return (_moved(batch, self.device) for batch in islice(getattr(self.data, which)(epoch), self.steps))

    # -- steps --------------------------------------------------------------------------------------------------------
    def loss(self, batch, draw: Draw) -> torch.Tensor:
        if self.dtype is torch.float32:
            return self.supernet.loss(batch, draw)
        with torch.autocast(self.device.type, self.dtype):
            return self.supernet.loss(batch, draw)

    def weight_step(self, batch, number: int, where: str) -> float:
        """Lines 2 to 5 of Algorithm 1."""
        self.supernet.train()
        draw = self.strategy.weight_draw()
        loss = self.loss(batch, Draw(draw.weights.detach(), draw.active))
        value = _finite(loss, f"training loss, {where}")
        self.optimizer.zero_grad(set_to_none=True)  # operations that were not drawn have no gradient: they stay put
        loss.backward()
        if self.clip is not None:
            torch.nn.utils.clip_grad_norm_(self.parameters, self.clip)
        for group in self.optimizer.param_groups:
            group["lr"] = self.options["lr"] * self.schedule(number / (self.epochs * self.steps))
        self.optimizer.step()
        self.strategy.observe(value)
        return value

    def architecture_step(self, training, batch, where: str) -> float:
        """Lines 6 to 10 of Algorithm 1; the mean of the draws' losses."""
        self.supernet.eval()
        draws = [self.strategy.draw() for _ in range(self.strategy.samples)]
        losses = [self.evaluate(training, batch, draw, where) for draw in draws]
        for draw, value in zip(draws, losses, strict=True):
            if value < self.best_val and _single(draw):
                self.best_val, self.process_best = value, Draw(draw.weights.detach(), draw.active).arch
        self.strategy.update(draws, losses)
        return sum(losses) / len(losses)

    def evaluate(self, training, batch, draw: Draw, where: str) -> float:
        """A draw's loss; its gradient along the mixing weights (and only along them) where the strategy asks for it."""
        if self.strategy.unrolled and self.optimizer:
            value = unrolled.backward(lambda: self.loss(training, draw), lambda: self.loss(batch, draw), draw,
                                      self.parameters, self.optimizer.param_groups[0]["lr"])
            return _finite(value, f"validation loss, {where}")
        with torch.set_grad_enabled(draw.weights.requires_grad):
            loss = self.loss(batch, draw)
        value = _finite(loss, f"validation loss, {where}")
        if draw.weights.requires_grad:
            gradient = None
            if loss.requires_grad:
                gradient, = torch.autograd.grad(loss, [draw.weights], allow_unused=True)
            draw.weights.grad = torch.zeros_like(draw.weights) if gradient is None else gradient
        others = self.strategy.counterfactuals(draw)
        if others:  # Equation 6 needs the reward without each edge, on the same batch and with the same weights
            with torch.no_grad():
                draw.counterfactual_losses = [_finite(self.loss(batch, other), f"counterfactual loss, {where}")
                                              for other in others]
        return value

    # -- state --------------------------------------------------------------------------------------------------------
    def state(self, settings: dict) -> dict:
        return {"settings": settings, "rows": self.rows, "probabilities": self.probabilities,
                "best": [self.best_val, self.process_best], "supernet": self.supernet.state_dict(),
                "optimizer": self.optimizer.state_dict() if self.optimizer else None,
                "strategy": self.strategy.state_dict(), "generator": torch.get_rng_state()}

    def load(self, state: dict) -> None:
        self.rows, self.probabilities = state["rows"], state["probabilities"]
        self.best_val, self.process_best = state["best"]
        self.supernet.load_state_dict(state["supernet"])
        if self.optimizer:
            self.optimizer.load_state_dict(state["optimizer"])
        self.strategy.load_state_dict(state["strategy"])
        torch.set_rng_state(state["generator"])


def _single(draw: Draw) -> bool:
    """Whether the draw evaluated one architecture: a single operation of weight other than zero on each edge."""
    weights = draw.weights.detach()
    return all(sum(bool(weights[i, j] != 0) for j in ops) == 1 if len(ops) > 1 else True
               for i, ops in enumerate(draw.active))


def _moved(batch, device: torch.device):
    if isinstance(batch, torch.Tensor):
        return batch.to(device, non_blocking=True)
    if isinstance(batch, (tuple, list)):
        return type(batch)(_moved(part, device) for part in batch)
    return batch


def _finite(loss, what: str) -> float:
    value = float(loss.detach()) if isinstance(loss, torch.Tensor) else float(loss)
    if not math.isfinite(value):
        raise SettingError(f"{what}: {value}; a lower learning rate or a clip may help")
    return value


def _whole(name: str, value, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise SettingError(f"{name}={value!r}: expected a whole number of at least {least}")
