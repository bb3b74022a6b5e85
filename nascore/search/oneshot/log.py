"""What a one-shot search has found, epoch by epoch."""
from __future__ import annotations

from html import escape

import numpy as np
import pandas as pd

from ...errors import SettingError
from ...spaces.base import Arch
from .selection import Selection, selection

COLUMNS = ("epoch", "train_loss", "val_loss", "entropy", "arch", "best_val", "process_best", "seconds")


class SearchLog:
    """The course of one search.

    `frame`: one row per epoch: epoch (from 1), train_loss and val_loss (means of the minibatch losses of the weight
    and the architecture steps; NaN where there was no such step), entropy (nats, mean over edges), arch (argmax of the
    probabilities), best_val and process_best (lowest minibatch validation loss so far and its architecture; NaN and
    None while none was seen), seconds (wall time of the epoch).
    `probabilities`: float32 (epochs, edges, ops) after each epoch. `settings`: everything the numbers depend on.
    """

    def __init__(self, rows: list[dict], probabilities: list[list[list[float]]], settings: dict):
        self.frame = pd.DataFrame(rows, columns=list(COLUMNS))
        self.probabilities = np.asarray(probabilities, np.float32)
        self.settings = settings

    def derive(self, by: str | Selection = "argmax") -> Arch:
        """The final architecture, an operation per edge: "argmax", "process_best" or a `Selection` (see there).

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
        return (f"<SearchLog of {self.settings['strategy']['name']}: {len(self.frame)} epochs, validation loss "
                f"{last['val_loss']:.4g}, entropy {last['entropy']:.3g}, arch {last['arch']}>")

    def _repr_html_(self) -> str:
        return f"<div>{escape(repr(self)[1:-1])}{self.frame.tail(3).to_html(index=False, float_format='%.4g')}</div>"
