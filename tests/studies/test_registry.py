"""Papers outside the package: each fault of one is a ResultsError that names its file."""

from __future__ import annotations

import os
import sys
import zlib

import pytest

import nascore.studies
from nascore import cli, paths
from nascore.companion import claims, papers, store
from nascore.errors import ResultsError, SettingError
from nascore.studies import registry
from nascore.studies.experiment import Experiment, Unit

GOOD = '''"""Toy."""
from nascore.studies.experiment import Experiment, Unit
EXPERIMENTS = [Experiment("zz{n}/one", 1, "One", lambda profile: [Unit({{}}, 0)], lambda config, seed: {{}})]
'''


@pytest.fixture()
def outside(tmp_path, monkeypatch, request):
    """Writes files of a paper of its own (PAPER in their names) and lets the registry look again."""
    name = f"zz{zlib.crc32(request.node.name.encode())}"

    def write(files: dict[str, str]) -> str:
        for file, text in files.items():
            place = tmp_path / file.replace("PAPER", name)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)
        monkeypatch.setenv("NASCORE_PAPERS", str(tmp_path))
        folders = [str(folder) for folder in paths.study_folders()]
        monkeypatch.setattr(nascore.studies, "__path__", [*nascore.studies.__path__, *folders])
        monkeypatch.setattr(registry, "_registered", {})
        monkeypatch.setattr(registry, "_walked", False)
        return name

    yield write
    for module in [module for module in sys.modules if f".{name}" in module]:
        del sys.modules[module]
    if hasattr(nascore.studies, name):
        delattr(nascore.studies, name)


def test_a_paper_outside_is_found(outside):
    name = outside({"studies/PAPER/__init__.py": "", "studies/PAPER/experiments.py": GOOD.format(n="")})
    assert name in registry.papers() and "zz/one" in registry.available() and "ganas/facts" in registry.available()


INIT = {"studies/PAPER/__init__.py": ""}


@pytest.mark.parametrize(
    "files, words",
    [
        ({"studies/PAPER/experiments.py": GOOD.format(n="")}, "no __init__.py"),
        ({**INIT, "studies/PAPER/experiments.py": "def f(:"}, "SyntaxError.*experiments.py, line 1"),
        ({**INIT, "studies/PAPER/experiments.py": "\nimport not_there_at_all"}, "ModuleNotFoundError.*line 2"),
        ({**INIT, "studies/PAPER/experiments.py": "1 / 0"}, "ZeroDivisionError.*experiments.py, line 1"),
        ({**INIT, "studies/PAPER/experiments.py": "x = 1"}, "expected a list EXPERIMENTS.*not None"),
        ({**INIT, "studies/PAPER/experiments.py": "EXPERIMENTS = [3]"}, r"expected a list EXPERIMENTS.*\[3\]"),
        ({**INIT, "studies/PAPER/experiments.py": GOOD.replace("zz{n}/one", "../one").format()}, "experiment id"),
        ({**INIT, "studies/PAPER/experiments.py": GOOD.replace("zz{n}/one", "ganas/facts").format()}, "share the id"),
        ({"studies/PAPER/__init__.py": "1 / 0"}, "ZeroDivisionError.*__init__.py, line 1"),
        ({"studies/ganas/__init__.py": ""}, "two papers are called ganas"),
        ({"notes.txt": ""}, "has none of studies, notebooks"),
    ],
)  # fmt: skip
def test_every_fault_of_a_paper_is_one_error(outside, capsys, monkeypatch, files, words):
    outside(files)
    with pytest.raises(ResultsError, match=words) as caught:
        registry.available()
    assert "\n" not in str(caught.value)
    monkeypatch.delenv("NASCORE_DEBUG", raising=False)
    assert cli.main(["reproduce", "--dry-run"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("nascore: error: ") and "a fault in nascore" not in err


@pytest.mark.parametrize(
    "text", ["x = 1", "METHODS = [1]", "METHODS = {'a': 'green'}", "METHODS = {'a': ('green', 3)}", "1 / 0"]
)
def test_a_faulty_style_is_one_error(outside, text):
    outside({**INIT, "studies/PAPER/experiments.py": "EXPERIMENTS = []", "studies/PAPER/style.py": text})
    with pytest.raises(ResultsError, match=r"style\.py|style cannot be loaded"):
        registry.styles()


def test_a_folder_that_is_not_there_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("NASCORE_PAPERS", os.pathsep.join(["", str(tmp_path / "absent")]))
    for ask in (registry.papers, paths.claim_files, paths.notebook_folders, claims.load):
        with pytest.raises(ResultsError, match="absent, which is no folder"):
            ask()


@pytest.mark.parametrize("kind, ask", [("claims", claims.load), ("papers", papers.available)])
def test_a_second_file_of_a_paper_does_not_replace_the_first(outside, kind, ask):
    outside({f"data/{kind}/ganas.toml": ""})
    with pytest.raises(ResultsError, match=f"two files of {kind} for the paper ganas"):
        ask()


def experiment(**changes):
    given = {"id": "t/x", "version": 1, "title": "T", "units": lambda profile: [], "run": lambda config, seed: {}}
    return Experiment(**{**given, **changes})


@pytest.mark.parametrize(
    "name", ["../x", "/etc/x", "a/../../x", "a//b", "", "a/", ".hidden/x", "a b", "a\\..\\x", "x" * 300, 3, None, "a\n"]
)
def test_an_id_cannot_leave_the_store(name, tmp_path, monkeypatch):
    monkeypatch.setenv("NASCORE_RESULTS", str(tmp_path))
    for ask in (
        lambda: experiment(id=name),
        lambda: store.path(name, "laptop"),
        lambda: store.lock_path(name, "laptop", "0"),
    ):
        with pytest.raises(SettingError, match="experiment id"):
            ask()


@pytest.mark.parametrize(
    "make",
    [
        lambda: experiment(version=0),
        lambda: experiment(version=True),
        lambda: experiment(title=3),
        lambda: experiment(run=3),
        lambda: experiment(data="x"),
        lambda: Unit({}, -1),
        lambda: Unit({}, 1.5),
        lambda: Unit([], 0),
        lambda: Unit({1: 2}, 0),
        lambda: Unit({}, 0, -1),
        lambda: Unit({}, 0, float("nan")),
        lambda: registry.get(3),
        lambda: registry.register(3),
    ],
)
def test_what_an_experiment_is_made_of_is_checked(make):
    with pytest.raises(SettingError):
        make()


def test_one_registered_by_hand_takes_the_place_of_another(monkeypatch):
    for walked in (True, False):
        monkeypatch.setattr(registry, "_registered", dict(registry.available()) if walked else {})
        monkeypatch.setattr(registry, "_walked", walked)
        mine = experiment(id="ganas/facts")
        assert registry.register(mine) is mine
        assert registry.available()["ganas/facts"] is mine is registry.get("ganas/facts")
        assert "ganas/theory" in registry.available()
