"""The best operation of each edge, as the supernet decodes the scores of the last epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nascore.search.oneshot.selections.base import Selection
from nascore.spaces.base import Arch

if TYPE_CHECKING:
    from nascore.search.oneshot.log import SearchLog


class Argmax(Selection):
    """The architecture of the last epoch: what the supernet decodes from the strategy's scores."""

    def select(self, log: SearchLog) -> Arch:
        return log.frame["arch"].iloc[-1]
