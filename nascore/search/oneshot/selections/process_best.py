"""The best architecture that the search itself has evaluated (AdvantageNAS, Section 5.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nascore.errors import SettingError
from nascore.search.oneshot.selections.base import Selection
from nascore.spaces.base import Arch

if TYPE_CHECKING:
    from nascore.search.oneshot.log import SearchLog


class ProcessBest(Selection):
    """The architecture with the lowest minibatch validation loss seen; none where no architecture was ever evaluated
    alone, as with dense or two-hot draws. Of a log with its run, the best of those all of whose operations are live."""

    def select(self, log: SearchLog) -> Arch:
        arch = log.frame["process_best"].iloc[-1] if log.run is None else log.run.process_best
        if arch is None:
            raise SettingError("by='process_best': no single architecture was evaluated on a validation batch")
        return arch
