"""The search loop that all one-shot strategies share (Algorithm 1 of AdvantageNAS)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from nascore import checks
from nascore.errors import ResultsError, SettingError
from nascore.networks.supernets.base import Supernet, modes_kept
from nascore.search.oneshot import checkpoint as checkpoints
from nascore.search.oneshot import state as states
from nascore.search.oneshot.hooks.base import Hook
from nascore.search.oneshot.log import SearchLog
from nascore.search.oneshot.plain import plain
from nascore.search.oneshot.run import Run
from nascore.search.oneshot.strategies.base import Strategy
from nascore.search.oneshot.weights import WeightOptimizer, Weights
from nascore.threads import in_use, limited

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


@torch.inference_mode(False)  # whatever the caller is in
@torch.enable_grad()
def search(
    supernet: Supernet,
    strategy: Strategy,
    data,
    epochs: int = 50,
    *,
    steps_per_epoch: int | None = None,
    freeze_epochs: int = 0,
    weight_optimizer: WeightOptimizer = "sgd",
    weight_options: dict | None = None,
    weight_schedule: str = "cosine",
    clip: float | None = None,
    precision: str = "float32",
    checkpoint: Path | str | None = None,
    progress: bool = True,
    seed: int = 0,
    device: str = "cpu",
    hooks: Sequence[Hook] = (),
    threads: int | None = 1,
) -> SearchLog:
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
    such as {"lr": 0.1}; or a callable that makes a torch optimiser of the parameters. weight_schedule: "cosine" (over
    all steps, to 4%) or "constant".
    clip: largest norm of the weights' gradient. precision: "bfloat16" computes under autocast.
    checkpoint: a file written after every epoch; where it exists the search goes on from it and ends with the log that
    it would have had without the break (on as many threads; on others sums may differ in their last digits, and a
    warning and the log's settings say so).
    hooks: watch and shape the run, see `Hook`.
    threads: of torch, on the CPU. One by default: small supernets are no faster on several, many times slower where
    other programs compute too, and sums come out alike everywhere only on one. For large ones give more, or None for
    torch's own number.
    seed: of torch's global generator inside the loop; the strategy, the supernet and the data have seeds of their own.

    SettingError for anything outside what is allowed, ResultsError for a checkpoint of another search, one that is
    damaged and one that cannot be written, and Diverged for a loss, a gradient of theta, a theta or weights that are
    not finite. The supernet ends in the mode (training, evaluation) that it had.
    """
    for name, value, needed, wanted in (
        ("supernet", supernet, ("choices", "loss", "decode", "parameters"), "a Supernet, such as digits201_supernet()"),
        ("strategy", strategy, ("choices", "draw", "update"), "a Strategy, such as AdvantageNAS(supernet.choices)"),
        ("data", data, ("train", "val"), "batches by train(epoch) and val(epoch), such as ImageData"),
    ):
        if isinstance(value, type) or not all(hasattr(value, part) for part in needed):
            raise SettingError(f"{name}={checks.shown(value)}: expected {wanted}")
    epochs, seed = checks.whole("epochs", epochs, 1), checks.seed(seed)
    freeze_epochs = checks.whole("freeze_epochs", freeze_epochs, 0)
    if freeze_epochs > epochs:
        raise SettingError(f"freeze_epochs={freeze_epochs}: expected at most epochs={epochs}")
    if steps_per_epoch is not None:
        steps_per_epoch = checks.whole("steps_per_epoch", steps_per_epoch, 1)
    checks.one_of("precision", precision, tuple(PRECISIONS))
    progress = checks.flag("progress", progress)
    threads = None if threads is None else checks.whole("threads", threads, 1, 4096)
    hooks = checks.listed("hooks", hooks, "a list of Hook objects")
    for hook in hooks:
        checks.instance("hooks", hook, Hook, "a list of Hook objects")
    path = checkpoints.place(checkpoint)
    if strategy.choices != supernet.choices:
        raise SettingError(f"the strategy chooses among {strategy.choices}, the supernet offers {supernet.choices}")
    moved = _moved(supernet, device)
    trainable = [p for p in supernet.parameters() if p.requires_grad]
    if any(p.is_inference() for p in [*trainable, *[t for t in [getattr(strategy, "theta", None)] if t is not None]]):
        raise SettingError(
            "supernet and strategy: they were made under torch.inference_mode(), where nothing can learn"
        )
    weights = Weights(trainable, weight_optimizer, weight_options, weight_schedule, clip)
    run = Run(supernet, strategy, data, weights, moved, PRECISIONS[precision], hooks)
    run.plan(epochs, freeze_epochs, steps_per_epoch)
    run.threads = threads
    settings = {
        "strategy": {
            "name": type(strategy).__name__,
            "seed": getattr(strategy, "seed", None),
            "samples": strategy.samples,
            **plain("the strategy's settings", strategy.settings),
        },
        "supernet": {"name": type(supernet).__name__, **plain("the supernet's settings", supernet.settings)},
        "data": {"name": type(data).__name__, **plain("the data's settings", getattr(data, "settings", {}))},
        "hooks": [type(hook).__name__ for hook in hooks],
        "epochs": epochs,
        "steps_per_epoch": run.steps,
        "freeze_epochs": freeze_epochs,
        **weights.settings,
        "precision": precision,
        "seed": seed,
        "device": str(device),
        "threads": in_use() if threads is None else threads,
    }
    modes = modes_kept(supernet) if hasattr(supernet, "modules") else contextlib.nullcontext()
    with modes, limited(threads), _seeded(seed, moved):
        state = None if path is None else checkpoints.load(path, settings)
        if state is not None:
            try:
                states.restore(run, state)
            except ResultsError as error:
                raise ResultsError(f"checkpoint={str(path)!r}: {error}") from None
        run.all(path, settings, progress)
    return SearchLog(run.rows, run.probabilities, settings, run, run.stopped)


@contextlib.contextmanager
def _seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Torch's global generators of the CPU and of a CUDA device, seeded inside and as they were afterwards."""
    on_cuda = device.type == "cuda"
    devices = [torch.cuda.current_device() if device.index is None else device.index] if on_cuda else []
    with torch.random.fork_rng(devices=devices):
        torch.default_generator.manual_seed(seed)  # torch.manual_seed would touch every other device's, too
        for index in devices:
            with torch.cuda.device(index):
                torch.cuda.manual_seed(seed)
        yield


def _moved(supernet: Supernet, device: str) -> torch.device:
    """The supernet on its device; SettingError for one that is not here."""
    try:
        found = torch.device(device)
        if found.type == "meta":
            raise TypeError("it holds no numbers")
        supernet.to(found)
    except (RuntimeError, AssertionError, TypeError) as error:
        raise SettingError(f"device={checks.shown(device)}: {error}") from error
    return found
