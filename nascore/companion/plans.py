"""What an experiment under a profile would compute: its units beside the rows that are stored."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from nascore import checks
from nascore.companion import columns, store
from nascore.errors import DataError, ResultsError
from nascore.studies import registry
from nascore.studies.experiment import Experiment, Unit, check_profile

T = TypeVar("T")


@dataclass(frozen=True)
class Plan:
    """All units of one experiment under one profile, the stored rows, and the units still missing.

    A plan is made once and handed on: what is computed is put into `stored` as it is written to the store.
    """

    experiment: Experiment
    profile: str
    units: tuple[Unit, ...]
    fingerprints: tuple[str, ...]
    labels: tuple[str, ...]
    stored: dict[str, dict] = field(repr=False)
    tail: store.Tail = field(repr=False)

    @property
    def missing(self) -> list[int]:
        """Positions of the units without a stored row."""
        return [i for i, mark in enumerate(self.fingerprints) if mark not in self.stored]

    @property
    def seconds(self) -> float:
        """Estimated single-thread seconds of the missing units."""
        return float(sum(self.units[i].seconds for i in self.missing))

    def rows(self) -> list[dict]:
        """Stored rows of this plan's units, in the order of the units."""
        return [self.stored[mark] for mark in self.fingerprints if mark in self.stored]

    def save(self, i: int, result: dict, provenance: dict) -> None:
        """Store the row of unit `i` (position in `units`), flushed to disk before returning."""
        unit = self.units[i]
        row = {
            "experiment": self.experiment.id,
            "version": self.experiment.version,
            "profile": self.profile,
            "config": dict(unit.config),
            "seed": unit.seed,
            "fingerprint": self.fingerprints[i],
            **result,
            "provenance": provenance,
        }
        self.stored[self.fingerprints[i]] = store.append(store.path(self.experiment.id, self.profile), row)

    def follow(self) -> None:
        """Take in what the file holds by now: another runner's rows, and a row of ours that a signal kept from being
        counted as it was written."""
        wanted = set(self.fingerprints)
        self.stored.update((row["fingerprint"], row) for row in self.tail.new() if row["fingerprint"] in wanted)


@dataclass(frozen=True)
class Waiting:
    """An experiment that cannot be planned yet: data are missing. `stored`: units with a row of whatever data."""

    experiment: Experiment
    units: tuple[Unit, ...]
    stored: int
    seconds: float  # of the units without any row
    reasons: tuple[str, ...]

    @property
    def data(self) -> tuple[str, ...]:
        """Names of the data sets to fetch, as far as the reasons say them."""
        named = (name for reason in self.reasons for name in re.findall(r"nascore data fetch ([\w-]+)", reason))
        return tuple(dict.fromkeys(named))


def survey(names: Iterable[str | Experiment], profile: str) -> tuple[list[Plan], list[Waiting]]:
    """Plans of these experiments, and those of them that wait for data."""
    made, waiting = [], []
    for name in names:
        try:
            made.append(plan(name, profile))
        except DataError as error:
            waiting.append(_waiting(registry.get(name), profile, error))
    return made, waiting


def _waiting(experiment: Experiment, profile: str, first: DataError) -> Waiting:
    listed = units(experiment, profile)
    reasons = {str(first): None}
    for config in {store.canonical(unit.config): unit.config for unit in listed}.values():
        try:
            _data(experiment, config)
        except DataError as error:
            reasons[str(error)] = None
    rows = store.read(store.path(experiment.id, profile))
    known = {store.canonical([row["config"], row["seed"]]) for row in rows if row["version"] == experiment.version}
    missing = [unit for unit in listed if store.canonical([unit.config, unit.seed]) not in known]
    seconds = float(sum(unit.seconds for unit in missing))
    return Waiting(experiment, tuple(listed), len(listed) - len(missing), seconds, tuple(reasons))


def plan(experiment: str | Experiment, profile: str) -> Plan:
    """Compare an experiment's units under a profile with the store. Needs the data (for its checksum)."""
    experiment = registry.get(experiment)
    check_profile(profile)
    listed = units(experiment, profile)
    label_of: dict[str, str] = {}
    labels, marks = [], []
    for unit in listed:
        key = store.canonical(unit.config)
        if key not in label_of:
            label_of[key] = _data(experiment, unit.config)
        labels.append(label_of[key])
        marks.append(store.fingerprint(experiment.id, experiment.version, unit.config, unit.seed, label_of[key]))
    tail = store.Tail(store.path(experiment.id, profile))
    made = Plan(experiment, profile, tuple(listed), tuple(marks), tuple(labels), {}, tail)
    made.follow()
    return made


def units(experiment: Experiment, profile: str) -> list[Unit]:
    """The units of a profile; ResultsError if the experiment gives no list of Units, or lists one twice."""
    listed = _asked(experiment, "units", lambda: checks.listed("units", experiment.units(profile), "a list of Units"))
    if not all(isinstance(unit, Unit) for unit in listed):
        raise ResultsError(f"{experiment.id}: units({profile!r}) gives {checks.shown(listed)}, not a list of Units")
    seen: set[str] = set()
    for unit in listed:
        columns.check_config(experiment.id, unit.config)
        try:
            key = store.canonical([unit.config, unit.seed])
        except ResultsError as error:
            raise ResultsError(f"{experiment.id}, {describe(unit)}: {error}") from None
        if key in seen:
            raise ResultsError(f"{experiment.id} lists the unit {describe(unit)} twice in profile {profile}")
        seen.add(key)
    return listed


def _data(experiment: Experiment, config: dict) -> str:
    """The label of the data that a unit stands on."""
    return _asked(experiment, "data", lambda: str(experiment.data(dict(config))))


def _asked(experiment: Experiment, name: str, call: Callable[[], T]) -> T:
    """What the experiment's own function `name` gives to `call`; where it fails, a ResultsError that says so.

    A DataError passes: it says which data are to be fetched.
    """
    try:
        return call()
    except DataError:
        raise
    except Exception as error:  # whatever a paper's own code does
        raise ResultsError(f"{experiment.id}: its function {name} fails: {registry.told(error)}") from error


def describe(unit: Unit) -> str:
    """One unit in words: its config values and its seed."""
    return ", ".join([f"{key}={value}" for key, value in unit.config.items()] + [f"seed={unit.seed}"])
