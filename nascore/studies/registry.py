"""Finding the experiments: every paper's folder below nascore.studies has a module `experiments` with a list
EXPERIMENTS.

A new paper therefore registers its experiments by existing; nothing here has to be edited. Papers outside the package
lie in folders that NASCORE_PAPERS names (see `nascore.paths.paper_folders`); what is wrong with one is a ResultsError
that names its file.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import nascore.studies
from nascore import checks, paths
from nascore.checks import suggest
from nascore.errors import ResultsError, SettingError
from nascore.studies.experiment import Experiment

Style = tuple[str, tuple[float, ...] | None]
_registered: dict[str, Experiment] = {}
_walked = False


def register(experiment: Experiment) -> Experiment:
    """Add one experiment by hand (your own, or a test's); it takes the place of any other under the same id."""
    checks.instance("experiment", experiment, Experiment, "an Experiment")
    _registered[experiment.id] = experiment
    return experiment


def available() -> dict[str, Experiment]:
    """All experiments by id, sorted."""
    global _walked
    if not _walked:
        found: dict[str, Experiment] = {}
        for paper in papers():
            module = _module(f"nascore.studies.{paper}.experiments")
            for experiment in _experiments(module):
                if experiment.id in found:
                    raise ResultsError(f"two experiments share the id {experiment.id!r} (one in {module.__file__})")
                found[experiment.id] = experiment
        for name, experiment in found.items():
            _registered.setdefault(name, experiment)  # one registered by hand stays
        _walked = True
    return dict(sorted(_registered.items()))


def papers() -> list[str]:
    """Names of the papers that have experiments."""
    _check_folders()
    packages = [found.name for found in pkgutil.iter_modules(nascore.studies.__path__) if found.ispkg]
    return sorted(name for name in packages if _has(f"nascore.studies.{name}", "experiments"))


def get(name: str | Experiment) -> Experiment:
    """The experiment of that id; raises SettingError with the nearest known ids otherwise."""
    if isinstance(name, Experiment):
        return name
    if not isinstance(name, str):
        raise SettingError(f"experiment={checks.shown(name)}: expected an id such as paper/table1, or an Experiment")
    if name in _registered:
        return _registered[name]
    known = available()
    if name in known:
        return known[name]
    raise SettingError(f"unknown experiment {name!r}{suggest(name, known)}")


def styles() -> dict[str, Style]:
    """How the papers' methods are drawn: name in the tables -> (colour, dashes), from each paper's module `style`."""
    found: dict[str, Style] = {}
    for paper in papers():
        if _has(f"nascore.studies.{paper}", "style"):
            module = _module(f"nascore.studies.{paper}.style")
            methods = getattr(module, "METHODS", None)
            if not isinstance(methods, Mapping) or not all(map(_is_style, methods.values())):
                raise ResultsError(
                    f'{module.__file__}: expected METHODS = {{"name": (colour, dashes or None), ...}}, '
                    f"not {checks.shown(methods)}"
                )
            found |= methods
    return found


def _is_style(value: Any) -> bool:
    if not isinstance(value, tuple) or len(value) != 2 or not isinstance(value[0], str):
        return False
    return value[1] is None or (isinstance(value[1], tuple) and all(isinstance(n, (int, float)) for n in value[1]))


def _check_folders() -> None:
    """ResultsError for a folder of a paper outside the package that Python would not see, or take for one of ours."""
    ours = Path(nascore.studies.__file__).parent
    for shelf in paths.shelves("studies"):
        for folder in sorted(shelf.iterdir()):
            if not folder.is_dir() or not any(folder.glob("*.py")):
                continue
            if not (folder / "__init__.py").is_file():
                raise ResultsError(f"{folder}: the paper's folder has no __init__.py")
            others = [place for place in (ours, *paths.shelves("studies")) if (place / folder.name).is_dir()]
            if others[0] != shelf:
                raise ResultsError(f"two papers are called {folder.name}: {others[0] / folder.name} and {folder}")


def _has(package: str, name: str) -> bool:
    """Whether a package, which is imported for it, has a module of that name."""
    _module(package)
    return importlib.util.find_spec(f"{package}.{name}") is not None


def _module(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except Exception as error:  # whatever a paper's own code does as it is loaded
        raise ResultsError(f"{name} cannot be loaded: {told(error)}") from error


def told(error: Exception) -> str:
    """What a paper's own code raised, and where."""
    if isinstance(error, SyntaxError):
        place = f"{error.filename}, line {error.lineno}"
    else:
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{last.filename}, line {last.lineno}"
    return f"{type(error).__name__}: {error} ({place})"


def _experiments(module: ModuleType) -> list[Experiment]:
    found = getattr(module, "EXPERIMENTS", None)
    if not isinstance(found, (list, tuple)) or not all(isinstance(each, Experiment) for each in found):
        raise ResultsError(f"{module.__file__}: expected a list EXPERIMENTS of Experiments, not {checks.shown(found)}")
    return list(found)
