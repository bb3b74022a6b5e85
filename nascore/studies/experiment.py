"""An experiment as data: the units it consists of and the function that computes one of them.

A paper's folder lists its experiments in a module `experiments` (EXPERIMENTS); the companion finds them, stores one row
per finished unit and knows nothing of the algorithms.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nascore import checks

PROFILES = ("smoke", "laptop", "paper")


def check_profile(profile: str) -> str:
    """`profile` if it is one of smoke, laptop, paper; SettingError otherwise."""
    return checks.one_of("profile", profile, PROFILES)


@dataclass(frozen=True)
class Unit:
    """One run: `config` (plain JSON values) and `seed`; `seconds` is the expected time on one laptop core."""

    config: dict
    seed: int
    seconds: float = 1.0


@dataclass(frozen=True)
class Experiment:
    """`units(profile)` lists the runs; `run(config, seed)` computes one row {"metrics": ..., "curve": ...};
    `data(config)` names the data it stands on with its checksum; `version` rises when the algorithm changes."""

    id: str
    version: int
    title: str
    units: Callable[[str], list[Unit]]
    run: Callable[[dict, int], dict]
    data: Callable[[dict], str] = lambda config: ""
    paper: str = ""
