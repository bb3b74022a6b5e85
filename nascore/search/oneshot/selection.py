"""From what a search has left behind to one architecture (Section 5.2 of AdvantageNAS): the last of three parts.

A Strategy draws and learns, a Supernet gives losses, a Selection decides. Any of them can be changed alone.
"""
from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from ...errors import SettingError
from ...spaces.base import Arch

if TYPE_CHECKING:
    from .log import SearchLog


class Selection(ABC):
    """Turns a search's log into an architecture. What else it needs (a supernet, images) its constructor takes."""

    @abstractmethod
    def select(self, log: SearchLog) -> Arch:
        """One operation per edge; SettingError where this log does not allow the selection. The log has an epoch."""


class Argmax(Selection):
    """The most probable operation of each edge after the last epoch."""

    def select(self, log: SearchLog) -> Arch:
        return log.frame["arch"].iloc[-1]


class ProcessBest(Selection):
    """The architecture with the lowest minibatch validation loss seen; none where no architecture was ever evaluated
    alone, as with dense or two-hot draws."""

    def select(self, log: SearchLog) -> Arch:
        arch = log.frame["process_best"].iloc[-1]
        if arch is None:
            raise SettingError("by='process_best': no single architecture was evaluated on a validation batch")
        return arch


SELECTIONS = {"argmax": Argmax, "process_best": ProcessBest}


def selection(by: str | Selection) -> Selection:
    """A selection by its name, or as it is; SettingError for anything else."""
    if isinstance(by, Selection):
        return by
    if not isinstance(by, str) or by not in SELECTIONS:
        raise SettingError(f"by={by!r}: expected 'argmax', 'process_best' or a Selection")
    return SELECTIONS[by]()
