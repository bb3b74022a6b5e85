"""pyproject.toml, requirements.lock and environment.yml agree; what the package imports is declared."""

from __future__ import annotations

import ast
import importlib.metadata
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
# where a package's import name is not its own name
IMPORT_NAMES = {"pillow": "PIL", "scikit-learn": "sklearn", "torch-geometric": "torch_geometric", "dask": "distributed"}


def declared(extra: str | None = None) -> list[Requirement]:
    lines = PROJECT["dependencies"] if extra is None else PROJECT["optional-dependencies"][extra]
    return [Requirement(line) for line in lines]


def lock() -> dict[str, str]:
    """Package -> exact version."""
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pins = [line.split("#")[0].strip() for line in lines]
    return dict(re.fullmatch(r"([a-z0-9._-]+)==(\S+)", pin).groups() for pin in pins if pin)


def imported(folder: Path) -> dict[str, str]:
    """Top-level name -> a file that imports it, lazily or not, without the standard library and nascore itself."""
    found = {}
    for file in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom) and node.level == 0
                else []
            )
            found.update({name.split(".")[0]: str(file.relative_to(ROOT)) for name in names})
    return {name: file for name, file in found.items() if name not in sys.stdlib_module_names and name != "nascore"}


def test_every_declared_package_is_locked_in_range():
    pins = lock()
    for requirement in [*declared(), *declared("dev")]:
        name = canonicalize_name(requirement.name)
        assert name in pins, f"{name} is not in requirements.lock: make it again (its first line says how)"
        assert requirement.specifier.contains(pins[name]), f"{name}: {pins[name]} is outside {requirement.specifier}"


def test_lock_is_portable():
    pins = lock()
    assert all("+" not in version for version in pins.values())  # no local builds such as 2.13.0+cpu
    assert not [name for name in pins if name.startswith(("nvidia-", "cuda-", "triton"))]
    assert Version(pins["torch"]) >= Version("2.6")


def test_environment_file_takes_the_lock():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    plain = [item for item in environment["dependencies"] if isinstance(item, str)]
    assert plain == ["python=3.11", "pip"]
    assert environment["dependencies"][-1] == {"pip": ["-r requirements.lock", "-e ."]}
    assert environment["name"] == PROJECT["name"] == "nascore"
    assert "3.11" in PROJECT["requires-python"]


def test_makefile_installs_the_locked_torch_first():
    text = (ROOT / "Makefile").read_text()
    steps = [
        text.index("pip install -qq $(TORCH)"),
        text.index("install -qq -r requirements.lock"),
        text.index("install -qq --no-build-isolation -e ."),
    ]
    assert steps == sorted(steps)
    assert re.search(r"(?m)^torch==[0-9.]+$", (ROOT / "requirements.lock").read_text())


def test_this_environment_is_the_locked_one():
    """Says nothing where another environment is used on purpose: it only compares what the Makefile installed."""
    if not (Path(sys.prefix) / ".installed").exists():
        pytest.skip("not an environment that the Makefile made")
    other = {
        name: (version, found)
        for name, version in lock().items()
        if (found := importlib.metadata.version(name).split("+")[0]) != version
    }
    assert other == {}


def test_every_import_of_the_package_is_declared():
    known = {
        IMPORT_NAMES.get(r.name, r.name.replace("-", "_"))
        for extra in (None, "dask", "ray", "testing")
        for r in declared(extra)
    }
    undeclared = {name: file for name, file in imported(ROOT / "nascore").items() if name not in known}
    assert undeclared == {}
    assert {"torch", "numpy", "torch_geometric"} <= set(imported(ROOT / "nascore"))  # this test sees imports


def test_every_import_of_the_tests_is_declared_or_comes_with_what_is():
    known = {
        IMPORT_NAMES.get(r.name, r.name.replace("-", "_"))
        for extra in (None, "dask", "ray", "dev")
        for r in declared(extra)
    }
    local = {file.stem for file in (ROOT / "tests").rglob("*.py")}
    # yaml, packaging, nbformat: papermill, pytest and nbval stand on them
    undeclared = set(imported(ROOT / "tests")) - known - local - {"yaml", "packaging", "nbformat", "tests"}
    assert undeclared == set()


def test_package_data_and_entry_point():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    for package, files in settings["tool"]["setuptools"]["package-data"].items():
        for file in files:
            assert (ROOT / package.replace(".", "/") / file).is_file()
    data = {
        file.relative_to(ROOT / "nascore").as_posix()
        for file in (ROOT / "nascore").rglob("*")
        if file.is_file() and file.suffix not in (".py", ".pyc")
    }
    listed = {
        "/".join([*package.split(".")[1:], file])
        for package, files in settings["tool"]["setuptools"]["package-data"].items()
        for file in files
    }
    assert data == listed, "a data file that pip would leave out, or one that is gone"
    from nascore.cli import main

    assert PROJECT["scripts"] == {"nascore": "nascore.cli:main"} and callable(main)


def test_versions_agree():
    import nascore

    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["version"] == nascore.__version__
    assert citation["license"] == PROJECT["license"] == "MIT"
    assert (ROOT / "LICENSE").read_text().startswith("MIT License")
    assert (ROOT / ".ci/run").stat().st_mode & 0o111


def test_a_folder_of_the_same_name_does_not_hide_the_package(tmp_path):
    (tmp_path / "nascore" / "docs").mkdir(parents=True)  # as in the folder that a clone lies in
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", "import nascore; print(nascore.__file__)"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
    )
    assert done.stdout.strip() == str(ROOT / "nascore" / "__init__.py"), done.stderr
