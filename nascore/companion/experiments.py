"""Finding the experiments: every ``experiments`` module under nascore.search with a list ``EXPERIMENTS``.

A new paper therefore registers its experiments by existing; nothing here has to be edited.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Iterable
from typing import TYPE_CHECKING

from nascore.errors import ResultsError, SettingError

if TYPE_CHECKING:
    from nascore.search.experiment import Experiment

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
        import nascore.search

        for module in pkgutil.walk_packages(nascore.search.__path__, "nascore.search."):
            if module.name.rsplit(".", 1)[1] == "experiments":
                for experiment in importlib.import_module(module.name).EXPERIMENTS:
                    if experiment.id in _registered and _registered[experiment.id] is not experiment:
                        raise ResultsError(f"two experiments share the id {experiment.id!r} (one in {module.name})")
                    _registered[experiment.id] = experiment
        _walked = True
    return dict(sorted(_registered.items()))


def get(name: str | Experiment) -> Experiment:
    """The experiment of that id; raises :class:`SettingError` with the nearest known ids otherwise."""
    if not isinstance(name, str):
        return name
    if name in _registered:
        return _registered[name]
    known = available()
    if name in known:
        return known[name]
    raise SettingError(f"unknown experiment {name!r}{suggest(name, known)}")


def suggest(name: str, known: Iterable[str]) -> str:
    """Tail of an error message: the nearest known names, or all of them."""
    known = list(known)
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    if near:
        return f"; did you mean {', '.join(near)}?"
    return f"; known: {', '.join(known)}" if known else "; none are known"
