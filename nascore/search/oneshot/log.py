"""What a one-shot search has found, epoch by epoch."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from nascore.errors import SettingError
from nascore.search.oneshot.selections import Selection, selection
from nascore.spaces.base import Arch

if TYPE_CHECKING:
    from nascore.networks.supernets.base import Supernet
    from nascore.search.oneshot.run import Run
    from nascore.search.oneshot.strategies.base import Strategy

COLUMNS = ("epoch", "train_loss", "val_loss", "entropy", "arch", "best_val", "process_best", "seconds")


class SearchLog:
    """The course of one search.

    `frame`: one row per epoch: epoch (from 1), train_loss and val_loss (means of the minibatch losses of the weight
    and the architecture steps; NaN where there was no such step), entropy (nats, mean over edges), arch (what the
    supernet decodes from the strategy's scores), best_val and process_best (lowest minibatch validation loss so far and
    its architecture; NaN and None while none was seen), seconds (wall time of the epoch), and what hooks added.
    `probabilities`: float32 (epochs, edges, ops) after each epoch. `settings`: everything the numbers depend on;
    `threads` among them is how many torch computed on. Where a search went on from a checkpoint of another number,
    `earlier_threads` lists those: the numbers may then differ in their last digits from those of one number throughout.
    `stopped`: why the search ended before its last epoch; "" where it did not.
    `run`: the search itself, with which training can go on (`run.supernet`, `run.strategy`, `run.train_weights`, ...);
    None in a log made of rows alone.
    """

    def __init__(
        self,
        rows: list[dict],
        probabilities: list[list[list[float]]],
        settings: dict,
        run: Run | None = None,
        stopped: str = "",
    ):
        # a hook may add a column in some epochs only
        extra = dict.fromkeys(name for row in rows for name in row if name not in COLUMNS)
        self.frame = pd.DataFrame(rows, columns=[*COLUMNS, *extra])
        self.probabilities = np.asarray(probabilities, np.float32)
        self.settings, self.run, self.stopped = settings, run, stopped

    @property
    def supernet(self) -> Supernet:
        """The supernet as the search left it."""
        return self._run().supernet

    @property
    def strategy(self) -> Strategy:
        """The strategy as the search left it."""
        return self._run().strategy

    def _run(self) -> Run:
        if self.run is None:
            raise SettingError("this log was made of rows alone: it has no supernet and no strategy")
        return self.run

    def derive(self, by: str | Selection = "argmax") -> Arch:
        """The final architecture: "argmax", "process_best" or a `Selection` (see there), which may train on.

        SettingError for another name, an empty log, and where the selection finds nothing to select from.
        """
        chosen = selection(by)
        if not len(self.frame):
            raise SettingError("the log is empty: no epoch has ended")
        return chosen.select(self)

    def __len__(self) -> int:
        return len(self.frame)

    def __repr__(self) -> str:
        if not len(self.frame):
            return "<SearchLog: no epoch>"
        last = self.frame.iloc[-1]
        return (
            f"<SearchLog of {self.settings.get('strategy', {}).get('name', 'a search')}: {len(self.frame)} epochs, "
            f"validation loss {last['val_loss']:.4g}, entropy {last['entropy']:.3g}, arch {last['arch']}>"
        )

    def _repr_html_(self) -> str:
        return f"<div>{escape(repr(self)[1:-1])}{self.frame.tail(3).to_html(index=False, float_format='%.4g')}</div>"
