"""What a checkpoint holds of a run, and how the run goes on from it: whole, or as it was before."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from nascore import checks
from nascore.errors import NascoreError, ResultsError, SettingError
from nascore.networks.supernets.base import Supernet
from nascore.search.oneshot.log import COLUMNS
from nascore.search.oneshot.plain import plain

if TYPE_CHECKING:
    from nascore.search.oneshot.run import Run


def capture(run: Run, settings: dict) -> dict:
    """Everything that the next epoch depends on, as tensors and plain values; SettingError for what a strategy or a
    hook of one's own keeps and cannot be written."""
    optimizer, strategy = run.weights.optimizer, type(run.strategy).__name__
    return {
        "settings": settings,
        "rows": run.rows,
        "probabilities": run.probabilities,
        "candidates": [list(each) for each in run.candidates.found],
        "stopped": run.stopped,
        "supernet": plain("the supernet's state", run.supernet.state_dict(), tensors=True),
        "optimizer": optimizer.state_dict() if optimizer is not None else None,
        "strategy": plain(f"the state of {strategy}", run.strategy.state_dict(), tensors=True),
        "hooks": [plain(f"{type(h).__name__}.state_dict", h.state_dict(), tensors=True) for h in run.hooks],
        "generator": torch.get_rng_state(),
        "device_generator": torch.cuda.get_rng_state(run.device) if run.device.type == "cuda" else None,
    }


def restore(run: Run, state: Mapping) -> None:
    """Go on from a state; ResultsError for one that is none of this run, which is then left as it was."""
    before = copy.deepcopy(
        {
            "supernet": run.supernet.state_dict(),
            "optimizer": None if run.weights.optimizer is None else run.weights.optimizer.state_dict(),
            "strategy": run.strategy.state_dict(),
            "hooks": [hook.state_dict() for hook in run.hooks],
        }
    )
    try:
        rows, probabilities = _rows(run, state["rows"]), _probabilities(run, state)
        candidates = [_candidate(run, each) for each in checks.listed("candidates", state["candidates"], "a list")]
        stopped = checks.text("stopped", state["stopped"])
        options = _options(run)
        _load(run, state)
        _check_optimizer(run, options)
        if run.device.type == "cuda":
            torch.cuda.set_rng_state(state["device_generator"], run.device)
        torch.set_rng_state(state["generator"])
    except Exception as error:  # whatever a forged state leads to, nothing of it stays
        _load(run, before)
        raise ResultsError(f"this is no state of this search: {_why(error)}") from None
    run.rows, run.probabilities, run.stopped, run.candidates.found = rows, probabilities, stopped, candidates


def _load(run: Run, state: Mapping) -> None:
    hooks, optimizer = state["hooks"], run.weights.optimizer
    if len(hooks) != len(run.hooks):
        raise SettingError(f"it has the states of {len(hooks)} hooks, the search has {len(run.hooks)}")
    run.supernet.load_state_dict(state["supernet"])
    if optimizer is not None:
        optimizer.load_state_dict(state["optimizer"])
    run.strategy.load_state_dict(state["strategy"])
    for hook, kept in zip(run.hooks, hooks, strict=True):
        hook.load_state_dict(kept)


def _check_optimizer(run: Run, options: list[dict]) -> None:
    """What torch's own loading lets through: options of another kind, and tensors of another size than the weights."""
    for ours, theirs in zip(options, _options(run), strict=True):
        if ours.keys() != theirs.keys() or not all(_alike(ours[name], theirs[name]) for name in ours):
            raise SettingError(f"the optimiser's options are {theirs}, expected such as {ours}")
    if run.weights.optimizer is None:
        return
    for parameter, kept in run.weights.optimizer.state.items():
        for part, value in kept.items():
            if isinstance(value, torch.Tensor) and value.numel() != 1 and value.shape != parameter.shape:
                shapes = f"{tuple(value.shape)}, expected {tuple(parameter.shape)}"
                raise SettingError(f"the optimiser's state: {part} has the shape {shapes}")


def _options(run: Run) -> list[dict]:
    groups = [] if run.weights.optimizer is None else run.weights.optimizer.param_groups
    return [{name: value for name, value in group.items() if name != "params"} for group in groups]


def _alike(ours: Any, theirs: Any) -> bool:
    number = (int, float)
    if type(ours) in number and type(theirs) in number:
        return math.isfinite(theirs)
    return type(ours) is type(theirs)


# -- the log so far ---------------------------------------------------------------------------------------------------
def _rows(run: Run, rows: Any) -> list[dict]:
    rows = checks.listed("rows", rows, "a list")
    if len(rows) > run.epochs:
        raise SettingError(f"it has {len(rows)} epochs, the search {run.epochs}")
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict) or not set(COLUMNS) <= row.keys() or row["epoch"] != number:
            raise SettingError(f"row {number} of its log is {checks.shown(row)}")
        for name in ("train_loss", "val_loss", "entropy", "best_val", "seconds"):
            if type(row[name]) is not float or math.isinf(row[name]):
                raise SettingError(f"row {number} of its log: {name}={checks.shown(row[name])}")
        _arch(run, row["arch"])
        if row["process_best"] is not None:
            _arch(run, row["process_best"])
    return rows


def _probabilities(run: Run, state: Mapping) -> list:
    shape = (len(state["rows"]), run.supernet.choices.edges, len(run.supernet.choices.ops))
    found = np.asarray(state["probabilities"], np.float64)
    if shape[0] and (found.shape != shape or not ((found > -1e-5) & (found < 1 + 1e-5)).all()):
        raise SettingError(f"its probabilities are none of {shape[0]} epochs, {shape[1]} edges, {shape[2]} operations")
    return list(state["probabilities"])


def _candidate(run: Run, value: Any) -> tuple[float, tuple[int, ...], Any]:
    if not isinstance(value, (list, tuple)) or len(value) != 3:
        raise SettingError(f"candidate {checks.shown(value)}: expected loss, operations and architecture")
    loss, ops, arch = value
    choices = run.supernet.choices
    if len(ops) != choices.edges:
        raise SettingError(f"candidate {checks.shown(value)}: expected {choices.edges} operations")
    ops = tuple(checks.whole("operation", op, 0, len(choices.ops) - 1) for op in ops)
    return checks.number("loss", loss), ops, _arch(run, arch)


def _arch(run: Run, arch: Any) -> Any:
    choices = run.supernet.choices
    if getattr(type(run.supernet), "decode", None) is Supernet.decode:
        if not isinstance(arch, tuple) or len(arch) != choices.edges:
            raise SettingError(f"architecture {checks.shown(arch)}: expected {choices.edges} operations")
        for op in arch:
            checks.whole("operation", op, 0, len(choices.ops) - 1)
    return arch


def _why(error: Exception) -> str:
    if isinstance(error, KeyError) and not isinstance(error, NascoreError):
        return f"it has no field {error}"
    text = str(error) if isinstance(error, NascoreError) else f"{type(error).__name__}: {error}"
    return text[:300]
