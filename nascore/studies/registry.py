"""Finding the experiments: every paper's folder below nascore.studies has a module `experiments` with a list
EXPERIMENTS.

A new paper therefore registers its experiments by existing; nothing here has to be edited. Papers outside the package
lie in folders that NASCORE_PAPERS names (see `nascore.paths.shelves`).
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil

import nascore.studies
from nascore.checks import suggest
from nascore.errors import ResultsError, SettingError
from nascore.studies.experiment import Experiment

_registered: dict[str, Experiment] = {}
_walked = False


def register(experiment: Experiment) -> Experiment:
    """Add one experiment by hand (your own, or a test's); a second one under the same id replaces the first."""
    _registered[experiment.id] = experiment
    return experiment


def available() -> dict[str, Experiment]:
    """All experiments by id, sorted."""
    global _walked
    if not _walked:
        for paper in papers():
            module = f"nascore.studies.{paper}.experiments"
            for experiment in importlib.import_module(module).EXPERIMENTS:
                if experiment.id in _registered and _registered[experiment.id] is not experiment:
                    raise ResultsError(f"two experiments share the id {experiment.id!r} (one in {module})")
                _registered[experiment.id] = experiment
        _walked = True
    return dict(sorted(_registered.items()))


def papers() -> list[str]:
    """Names of the papers that have experiments."""
    return sorted(
        found.name
        for found in pkgutil.iter_modules(nascore.studies.__path__)
        if found.ispkg and importlib.util.find_spec(f"nascore.studies.{found.name}.experiments")
    )


def get(name: str | Experiment) -> Experiment:
    """The experiment of that id; raises SettingError with the nearest known ids otherwise."""
    if not isinstance(name, str):
        return name
    if name in _registered:
        return _registered[name]
    known = available()
    if name in known:
        return known[name]
    raise SettingError(f"unknown experiment {name!r}{suggest(name, known)}")


def styles() -> dict[str, tuple[str, tuple[float, ...] | None]]:
    """How the papers' methods are drawn: name in the tables -> (colour, dashes), from each paper's module `style`."""
    found: dict[str, tuple[str, tuple[float, ...] | None]] = {}
    for paper in papers():
        name = f"nascore.studies.{paper}.style"
        if importlib.util.find_spec(name):
            found |= importlib.import_module(name).METHODS
    return found
