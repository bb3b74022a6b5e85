"""What a hook of the one-shot loop is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nascore import checks
from nascore.errors import SettingError
from nascore.search.oneshot.plain import plain

if TYPE_CHECKING:
    from nascore.search.oneshot.run import Run


class Hook:
    """Called by the loop with the run, whose supernet, strategy, data and weight optimiser it may read and change.

    What `after_epoch` returns becomes columns of the log. A hook that keeps something from epoch to epoch puts it into
    `state_dict`, so that a checkpoint carries it. `run.stop(reason)` ends the search after the present epoch.
    """

    def before_search(self, run: Run) -> None:
        """Before the first epoch, or before the first after a checkpoint was loaded."""

    def before_epoch(self, run: Run) -> None:
        """`run.epoch` (from 0) is about to begin."""

    def after_step(self, run: Run) -> None:
        """A weight step and, unless theta is frozen, an architecture step have been taken; `run.step` counts from 0."""

    def after_epoch(self, run: Run) -> Mapping[str, Any] | None:
        """Further columns of this epoch's line in the log: name -> number, text or architecture."""
        return None

    def state_dict(self) -> dict:
        """What a checkpoint has to carry: tensors, numbers, text, lists and dicts."""
        return {}

    def load_state_dict(self, state: Mapping) -> None:
        """Undo `state_dict`."""


def columns(hook: Hook, run: Run, taken: set[str]) -> dict[str, Any]:
    """What the hook adds to this epoch's line, as plain values; SettingError for anything that cannot be a column."""
    name, found = f"{type(hook).__name__}.after_epoch", hook.after_epoch(run)
    if found is None:
        return {}
    if not isinstance(found, Mapping) or not all(isinstance(column, str) and column for column in found):
        raise SettingError(f"{name} returned {checks.shown(found)}: expected a dict from a column's name to its value")
    checks.unreserved(name, found, taken)
    return {str(column): plain(f"{name}[{column!r}]", value) for column, value in found.items()}
