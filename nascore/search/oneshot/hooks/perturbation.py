"""SGAS+PT: SGAS says which edge comes next, perturbation which operation it keeps (Section 3.1.3.1 of the thesis)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nascore import checks
from nascore.errors import SettingError
from nascore.search.oneshot.hooks.base import Hook
from nascore.search.oneshot.strength import CRITERIA, Strength

if TYPE_CHECKING:
    from nascore.search.oneshot.run import Run


class PerturbationDecisions(Hook):
    """Where the strategy decides edges during the search (SGAS), the operation that is missed most is kept.

    data: `val(0)` gives the batches that judge, the first `batches` of them (None: all). criterion: "accuracy" or
    "loss".
    """

    def __init__(self, data, *, criterion: str = "accuracy", batches: int | None = None):
        if isinstance(data, type) or not callable(getattr(data, "val", None)):
            raise SettingError(f"data={checks.shown(data)}: expected batches by val(epoch), such as ImageData")
        self.data, self.criterion = data, checks.one_of("criterion", criterion, tuple(CRITERIA))
        self.batches = None if batches is None else checks.whole("batches", batches, 1)

    def before_search(self, run: Run) -> None:
        if not hasattr(run.strategy, "choose"):
            raise SettingError(
                f"PerturbationDecisions: {type(run.strategy).__name__} decides no edge during the search"
            )
        strength = Strength.on_first(run, self.data, self.batches, self.criterion)
        run.strategy.choose = lambda edge: strength.strongest(edge)[0]
