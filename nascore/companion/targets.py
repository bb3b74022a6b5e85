"""What `nascore reproduce` is asked for: papers, notebooks or experiments, checked before anything runs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nascore import checks, paths
from nascore.checks import suggest
from nascore.companion import parameters
from nascore.errors import ResultsError, SettingError
from nascore.studies import registry


@dataclass(frozen=True)
class Notebook:
    """One notebook: its name below its folder of notebooks without the ending, its file, and the experiments that it
    says it shows (`metadata.nascore.experiments`)."""

    name: str
    path: Path
    experiments: tuple[str, ...]


@dataclass(frozen=True)
class Targets:
    """Everything chosen: notebooks, and the experiments they (or the user) name."""

    notebooks: tuple[Notebook, ...]
    experiments: tuple[str, ...]


def notebooks() -> dict[str, Notebook]:
    """All notebooks below the folders of notebooks, by name, in reading order."""
    found = {}
    for folder in paths.notebook_folders():
        for file in sorted(folder.rglob("*.ipynb")):
            inside = file.relative_to(folder)
            if not any(part.startswith(".") for part in inside.parts):
                name = inside.with_suffix("").as_posix()
                found[name] = Notebook(name, file, _shown(file))
    return found


def _shown(file: Path) -> tuple[str, ...]:
    """The experiments that a notebook shows; ResultsError for a damaged file or an experiment that does not exist."""
    try:
        shown = tuple(dict.fromkeys(_json(file)["metadata"].get("nascore", {}).get("experiments", [])))
    except (KeyError, TypeError, AttributeError) as error:
        raise ResultsError(f"{file}: not a readable notebook ({type(error).__name__}: {error})") from None
    for name in shown:
        if name not in registry.available():
            raise ResultsError(
                f"{file}: metadata.nascore.experiments names {name!r}{suggest(str(name), registry.available())}"
            )
    return shown


def _json(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ResultsError(f"{file}: not a readable notebook ({type(error).__name__}: {error})") from None


def choose(names: Iterable[str]) -> Targets:
    """Targets named by paper, notebook (`paper/05_table4`, `05_table4` or a path) or experiment id.

    No name means all notebooks. Raises SettingError for an unknown name, with the nearest known ones.
    """
    names = [checks.text("name", name) for name in checks.listed("names", names, "a list of names")]
    every = notebooks()
    if not names:
        if not every:
            raise ResultsError(f"no notebooks in {paths.notebooks()}")
        names = list(dict.fromkeys(name.split("/")[0] for name in every))
    chosen: dict[str, Notebook] = {}
    wanted: dict[str, None] = {}
    for name in names:
        found = _match(name, every)
        if found:
            chosen.update({notebook.name: notebook for notebook in found})
        elif name in registry.available():
            wanted[name] = None
        else:
            known = [*dict.fromkeys(n.split("/")[0] for n in every), *every, *registry.available()]
            raise SettingError(f"unknown paper, notebook or experiment {checks.shown(name)}{suggest(name, known)}")
    for notebook in chosen.values():
        wanted.update(dict.fromkeys(notebook.experiments))
    return Targets(tuple(chosen.values()), tuple(wanted))


def _match(name: str, every: Mapping[str, Notebook]) -> list[Notebook]:
    given = Path(name)
    if given.suffix == ".ipynb" and os.path.exists(given):
        return [n for n in every.values() if n.path.resolve() == given.resolve()]
    bare = name.removesuffix(".ipynb").rstrip("/")
    if bare in every:
        return [every[bare]]
    inside = [notebook for key, notebook in every.items() if key.startswith(bare + "/")]
    return inside or [notebook for key, notebook in every.items() if key.rsplit("/", 1)[-1] == bare]


def check_parameters(notebook: Notebook, values: Mapping[str, Any]) -> None:
    """Check names and values of parameters against what the notebook's own cell says (papermill would only warn).

    Raises SettingError naming the notebook, the parameter, and what is allowed.
    """
    source = parameters.cell_of(notebook.path, _json(notebook.path))
    declared = parameters.declared(source, str(notebook.path))
    for name, value in values.items():
        if name not in declared:
            raise SettingError(f"notebook {notebook.name} has no parameter {name!r}{suggest(name, declared)}")
        try:
            declared[name].check(value)
        except SettingError as error:
            raise SettingError(f"notebook {notebook.name}: {error}") from None


def parse_parameter(text: str) -> tuple[str, Any]:
    """`"name=value"` from the command line; the value is read as JSON where it is JSON, else as text."""
    name, sign, value = text.partition("=")
    if not sign or not name.isidentifier():
        raise SettingError(f"parameter {text!r} must look like name=value")
    if name in ("mode", "profile"):
        how = "--profile" if name == "profile" else "reproduce itself, which computes what is missing"
        raise SettingError(f"parameter {text!r}: {name} is set by {how}")
    try:
        return name, json.loads(value)
    except (ValueError, RecursionError):
        return name, value
