"""What an experiment is: a list of units, each a configuration and a seed, and a function that runs one of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Unit:
    """One run: its configuration (JSON-able), its seed, and the seconds it is expected to take on one thread."""

    config: dict
    seed: int
    seconds: float = 1.0


@dataclass(frozen=True)
class Experiment:
    """A named set of runs whose results are stored as rows.

    ``units(profile)`` lists the runs of a profile ("smoke", "laptop" or "paper"); ``run(config, seed)`` performs one and
    returns ``{"metrics": {name: number or text}, "curve": {...}, ...}``; ``data(config)`` names the data it measures on
    with a checksum ("nasbench201:ab12..", "nasbench201-synthetic:.."). Raise ``version`` when the algorithm changes:
    rows of older versions then no longer count.
    """

    id: str
    version: int
    title: str
    units: Callable[[str], list[Unit]]
    run: Callable[[dict, int], dict]
    data: Callable[[dict], str]
    paper: str = ""
