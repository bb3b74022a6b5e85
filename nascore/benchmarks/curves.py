"""Learning curves: after how many epochs an architecture can be asked for, and what its training costs."""

from __future__ import annotations

from dataclasses import dataclass

from nascore import checks
from nascore.errors import SettingError
from nascore.spaces.base import Arch


@dataclass(frozen=True)
class Query:
    """What a search asks for where the number of epochs matters: `arch`, trained for `epochs`."""

    arch: Arch
    epochs: int

    def __post_init__(self):
        object.__setattr__(self, "epochs", checks.whole("epochs", self.epochs, 1))


@dataclass(frozen=True)
class Training:
    """`levels`: numbers of epochs after which there is an answer, rising; None where any may be asked.

    `resumable`: the answers are checkpoints of one training (digits201, the curves of NDS), so going on from 12 to 200
    epochs costs 188. Otherwise each level is a training of its own with its own schedule (NAS-Bench-201's 12 and 200,
    NAS-Bench-101's 4, 12, 36 and 108), and its whole cost is added.
    """

    levels: tuple[int, ...] | None = None
    resumable: bool = False

    def __post_init__(self):
        if self.levels is not None:
            wanted = "numbers of epochs, rising, or None"
            levels = tuple(checks.whole("levels", each, 1) for each in checks.listed("levels", self.levels, wanted))
            if list(levels) != sorted(set(levels)):
                raise SettingError(f"levels={checks.shown(self.levels)}: expected {wanted}")
            object.__setattr__(self, "levels", levels)
        object.__setattr__(self, "resumable", checks.flag("resumable", self.resumable))

    def check(self, epochs, name: str) -> int:
        """`epochs` as one of the levels; SettingError otherwise."""
        epochs = checks.whole("epochs", epochs, 1)
        if self.levels is not None and epochs not in self.levels:
            levels = (
                ", ".join(map(str, self.levels)) or "no number of epochs: its values do not say how many there were"
            )
            raise SettingError(f"epochs={checks.shown(epochs)}: {name} has answers after {levels}")
        return epochs

    def cost(self, epochs: int, done: int = 0) -> int:
        """Epochs to be trained for an answer after `epochs`, where `done` have been trained before (0: none)."""
        return max(0, epochs - done) if self.resumable else epochs
