"""Going back to an earlier epoch of a search, as Figure 3.1 of the thesis does."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from nascore import checks
from nascore.errors import SettingError
from nascore.search.oneshot import state as states
from nascore.search.oneshot.hooks.base import Hook

if TYPE_CHECKING:
    from nascore.search.oneshot.run import Run


class Snapshots(Hook):
    """Keeps supernet, strategy and optimiser as they are after every `every`-th epoch, in memory.

    `epochs`: those that are kept, from 1. `with snapshots.back(log.run, 10) as run:` sets the run back to the end of
    epoch 10, so that a selection can be made from it (`PerturbationSelection.on`), and afterwards to where it was. A
    checkpoint carries the snapshots too.
    """

    def __init__(self, every: int = 1):
        self.every = checks.whole("every", every, 1)
        self._kept: dict[int, dict] = {}

    @property
    def epochs(self) -> list[int]:
        """Epochs, from 1, that the run can be set back to."""
        return sorted(self._kept)

    def after_epoch(self, run: Run) -> None:
        if (run.epoch + 1) % self.every == 0:
            self._kept[run.epoch + 1] = _parts(run)

    @contextmanager
    def back(self, run: Run, epoch: int) -> Iterator[Run]:
        """The run as it was at the end of `epoch`; SettingError for one that was not kept."""
        epoch = checks.whole("epoch", epoch, 1)
        if epoch not in self._kept:
            raise SettingError(f"epoch={epoch}: expected one of {self.epochs}")
        with kept(run):
            _set(run, self._kept[epoch])
            yield run

    def state_dict(self) -> dict:
        return {"kept": {str(epoch): copy.deepcopy(parts) for epoch, parts in self._kept.items()}}

    def load_state_dict(self, state: Mapping) -> None:
        self._kept = {checks.whole("epoch", int(epoch), 1): parts for epoch, parts in state["kept"].items()}


@contextmanager
def kept(run: Run) -> Iterator[None]:
    """Supernet, strategy and optimiser are afterwards as they were, whatever happens inside."""
    before, further = _parts(run), run._further
    try:
        run._further = None
        yield
    finally:
        _set(run, before)
        run._further = further


def _parts(run: Run) -> dict:
    found = states.capture(run, {})
    return copy.deepcopy({name: found[name] for name in ("supernet", "strategy", "optimizer", "candidates")})


def _set(run: Run, parts: Mapping) -> None:
    run.supernet.load_state_dict(parts["supernet"])
    run.strategy.load_state_dict(parts["strategy"])
    if run.weights.optimizer is not None and parts["optimizer"] is not None:
        run.weights.optimizer.load_state_dict(copy.deepcopy(parts["optimizer"]))
    run.candidates.found = [(loss, ops, arch) for loss, ops, arch in parts["candidates"]]
