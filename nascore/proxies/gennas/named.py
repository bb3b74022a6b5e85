"""Tasks with a name: one per basis, the combination of all (combo), and those that the search for tasks found."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from pathlib import Path

import numpy as np

from nascore import checks
from nascore.errors import SettingError
from nascore.proxies.gennas.task import ImageTask, Part, SequenceTask, Signal, Task

# ten frequencies from the first on, evenly spaced, without the last; the code has medium and high, low follows them
BANDS = {"low": (0.0, 0.125), "medium": (0.125, 0.375), "high": (0.375, 0.5)}
SEARCHED = Path(__file__).with_name("tasks.toml")


def frequencies(band: str) -> tuple[float, ...]:
    """The ten frequencies of a band: low, medium or high."""
    first, last = BANDS[checks.one_of("band", band, tuple(BANDS))]
    return tuple(np.round(np.linspace(first, last, 10, endpoint=False), 6).tolist())


def _singles() -> dict[str, Signal]:
    """Level 1, no noise; dots at all pixels."""
    waves = {f"{basis}-{band}": Signal(basis, 1.0, frequencies(band)) for basis in ("sin1d", "sin2d") for band in BANDS}
    return {
        "noise": Signal("noise"),
        **waves,
        "dot": Signal("dot", fraction=1.0),
        "dot_gaussian": Signal("dot_gaussian", fraction=1.0),
        "resize": Signal("resize"),
    }


@lru_cache(maxsize=1)
def _tasks() -> dict[str, Task]:
    singles = _singles()
    high, medium = singles["sin1d-high"], singles["sin2d-medium"]
    combo = (
        (high, singles["sin2d-high"], singles["dot"]),
        (high, medium, singles["resize"]),
        (high, singles["dot"], singles["resize"]),
    )
    waves = Part((singles["sin1d-medium"], medium))
    tasks: dict[str, Task] = {
        **{f"single-{name}": ImageTask((Part((each,)),) * 3) for name, each in singles.items()},
        "single": ImageTask((Part((singles["dot"],)),) * 3),
        "combo": ImageTask(tuple(Part(signals) for signals in combo)),
        "single-nlp": SequenceTask((Part((singles["dot"],)),) * 2),
        "combo-nlp": SequenceTask((waves, waves)),
    }
    for name, given in tomllib.loads(SEARCHED.read_text()).items():
        tasks[name.lower()] = (SequenceTask if "input" in given else ImageTask).from_dict(given)
    return tasks


def named() -> list[str]:
    """The names that `task` knows."""
    return sorted(_tasks())


def task(name: str | Task) -> Task:
    """The task of this name ("single", "combo", "search-n", "search-d", "search-r", "single-sin1d-high", ..., and for
    sequences "single-nlp", "combo-nlp", "search-nlp"); a task passes as it is.

    "single" is the dot task, which the published code has as its only single one (for sequences); which of the bases
    the paper's column shows is said in its main text, which is not in our copy. Levels of 1 and 64 channels without
    noise; "combo" as in the published code.
    """
    if isinstance(name, Task):
        return name
    found = _tasks().get(checks.text("task", name).lower())
    if found is None:
        raise SettingError(f"task {name!r}: unknown{checks.suggest(name, named())}")
    return found
