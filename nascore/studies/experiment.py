"""An experiment as data: the units it consists of and the function that computes one of them.

A paper's folder lists its experiments in a module `experiments` (EXPERIMENTS); the companion finds them, stores one row
per finished unit and knows nothing of the algorithms.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from nascore import checks
from nascore.errors import SettingError

PROFILES = ("smoke", "laptop", "paper")


def check_profile(profile: str) -> str:
    """`profile` if it is one of smoke, laptop, paper; SettingError otherwise."""
    return checks.one_of("profile", profile, PROFILES)


ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*)*")


def check_id(name: str) -> str:
    """`name` if it can be an experiment's id, which is also the place of its rows below the store."""
    if isinstance(name, str) and len(name) <= 200 and ID.fullmatch(name):
        return str(name)
    raise SettingError(
        f"experiment id {checks.shown(name)}: expected paper/name, of letters, digits, dots, dashes and underscores"
    )


@dataclass(frozen=True)
class Unit:
    """One run: `config` (plain JSON values) and `seed`; `seconds` is the expected time on one laptop core."""

    config: dict
    seed: int
    seconds: float = 1.0

    def __post_init__(self) -> None:
        if not isinstance(self.config, dict) or not all(isinstance(name, str) and name for name in self.config):
            raise SettingError(f"config={checks.shown(self.config)}: expected a dict of named values")
        object.__setattr__(self, "seed", checks.seed(self.seed))
        object.__setattr__(self, "seconds", checks.number("seconds", self.seconds, 0))


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

    def __post_init__(self) -> None:
        check_id(self.id)
        object.__setattr__(self, "version", checks.whole("version", self.version, 1))
        checks.text("title", self.title)
        checks.text("paper", self.paper)
        for name in ("units", "run", "data"):
            if not callable(getattr(self, name)):
                raise SettingError(f"{self.id}: {name}={checks.shown(getattr(self, name))}: expected a function")
