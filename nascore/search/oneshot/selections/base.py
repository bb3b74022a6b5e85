"""From what a search has left behind to one architecture (Section 5.2 of AdvantageNAS): the last of three parts.

A Strategy draws and learns, a Supernet gives losses, a Selection decides. Any of them can be changed alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from nascore.spaces.base import Arch

if TYPE_CHECKING:
    from nascore.search.oneshot.log import SearchLog


class Selection(ABC):
    """Turns a search's log into an architecture. What else it needs (a supernet, images) its constructor takes."""

    @abstractmethod
    def select(self, log: SearchLog) -> Arch:
        """One operation per edge; SettingError where this log does not allow the selection. The log has an epoch."""
