"""The house stands: imports point down only, no package cycle, and the companion knows no paper and no benchmark."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "nascore"
# a part may import its own floor and those below it
FLOORS = (
    ("errors", "paths", "checks", "threads", "bars"),
    ("spaces",),
    ("data",),
    ("networks",),
    ("benchmarks",),
    ("proxies",),
    ("search",),
    ("studies",),
    ("companion",),
    ("bench",),
    ("comparison",),
    ("testing",),
    ("cli",),
    ("__main__", "__init__"),
)
FLOOR = {part: number for number, parts in enumerate(FLOORS) for part in parts}
# papers by the names that their files have, and as people write them; benchmarks by the names that `load` takes
NAMES = re.compile(
    r"gan(?:as|-nas)|\badvantage-?nas|gennas|gibbs-?nas|\bthesis\b|darts|drnas|rank-?nosh|"
    r"nas-?bench|\bnb-?[123]01|digits201|\bnds\b",
    re.IGNORECASE,
)


def part_of(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(file: Path, root: Path = ROOT) -> list[tuple[int, str]]:
    """(line, module below nascore) of every import, lazy ones too; relative imports count as an offence of their
    own."""
    found = []
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom):
            if node.level:
                found.append((node.lineno, "relative"))
            elif node.module == "nascore":
                found += [(node.lineno, alias.name) for alias in node.names]
            elif (node.module or "").startswith("nascore."):
                found.append((node.lineno, node.module.removeprefix("nascore.")))
        elif isinstance(node, ast.Import):
            found += [
                (node.lineno, a.name.removeprefix("nascore.")) for a in node.names if a.name.startswith("nascore.")
            ]
    return found


def offenders(files) -> list[str]:
    rows = []
    for file in files:
        own = part_of(file)
        for line, module in imported(file):
            part = module.split(".")[0]
            if part == "relative":
                rows.append(f"{file.relative_to(ROOT)}:{line} imports relatively")
            elif FLOOR.get(part, -1) > FLOOR[own]:
                rows.append(f"{file.relative_to(ROOT)}:{line} {own} imports {part} (upward)")
    return rows


FILES = sorted(PACKAGE.rglob("*.py"))


def test_imports_point_down_only():
    assert {part_of(file) for file in FILES} <= set(FLOOR)
    assert offenders(FILES) == []


def test_this_test_sees_an_import_that_runs_upstairs(tmp_path, monkeypatch):
    file = PACKAGE / "spaces" / "base.py"
    text = file.read_text() + "\n\ndef late():\n    from nascore.search import run\n    return run\n"
    monkeypatch.setattr(Path, "read_text", lambda self, *a, **k: text if self == file else "")
    (row,) = offenders([file])
    assert re.fullmatch(r"nascore/spaces/base\.py:\d+ spaces imports search \(upward\)", row)


def test_nothing_imports_the_suites_and_only_the_command_line_the_bench():
    for file in FILES:
        parts = {module.split(".")[0] for _, module in imported(file)}
        assert "testing" not in parts or part_of(file) == "testing", file
        assert "bench" not in parts or part_of(file) in ("bench", "cli"), file


def test_what_answers_does_not_import_what_makes():
    for file in sorted((PACKAGE / "benchmarks").glob("*.py")):
        modules = [module for _, module in imported(file) if module.startswith("benchmarks.recipes")]
        light = {"benchmarks.recipes.digits201", "benchmarks.recipes.digits201.recipe"}  # the recipe as data
        assert set(modules) <= light, f"{file}: {modules}"


def test_the_ground_floor_needs_no_torch():
    for file in sorted((PACKAGE / "spaces").rglob("*.py")):
        assert not re.search(r"(?m)^\s*(import|from) torch", file.read_text()), file


@pytest.mark.parametrize("file", sorted((PACKAGE / "companion").rglob("*.*")), ids=lambda file: file.name)
def test_the_companion_knows_no_paper_and_no_benchmark(file):
    if file.suffix not in (".py", ".mplstyle"):
        pytest.skip("no source")
    lines = [f"{n}: {line.strip()}" for n, line in enumerate(file.read_text().splitlines(), 1) if NAMES.search(line)]
    assert lines == []


def test_no_catch_all_modules_and_no_module_of_two_ideas():
    assert not [file for file in FILES if file.stem in ("utils", "helpers", "misc", "common")]
    assert [f"{f.relative_to(ROOT)}" for f in FILES if len(f.read_text().splitlines()) > 430] == []


def test_every_public_module_says_what_it_is():
    assert [
        str(file) for file in FILES if file.read_text().strip() and not ast.get_docstring(ast.parse(file.read_text()))
    ] == []


def test_the_wheel_says_it_is_typed():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert (PACKAGE / "py.typed").is_file()
    assert "py.typed" in settings["tool"]["setuptools"]["package-data"]["nascore"]
