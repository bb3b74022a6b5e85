"""What the README shows works as shown: its Python runs, its claim is read, its commands and places exist."""

from __future__ import annotations

import ast
import contextlib
import io
import re
import tomllib
from pathlib import Path

import pytest

from nascore import paths
from nascore.cli import parser
from nascore.companion import claims, verdict_schema
from nascore.data import upstream

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", TEXT)


def shell_lines() -> list[str]:
    """Indented lines of the README that are commands."""
    lines = re.findall(r"(?m)^    ((?:nascore|make|pip|source) .*)$", TEXT)
    return [re.split(r"\s{2,}#", line)[0].strip() for line in lines]


PYTHON = blocks("python")


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """Each block of Python as a reader pastes it, in a folder of its own: (namespace, printed) by number."""
    known: dict[int, tuple[dict, str]] = {}

    def run(number: int) -> tuple[dict, str]:
        if number not in known:
            namespace: dict = {}
            out = io.StringIO()
            with contextlib.chdir(tmp_path_factory.mktemp("block")), contextlib.redirect_stdout(out):
                exec(compile(PYTHON[number], f"README.md, block {number}", "exec"), namespace)
            known[number] = namespace, out.getvalue()
        return known[number]

    return run


def the(name: str) -> int:
    """The number of the one block in which this occurs."""
    (number,) = (number for number, code in enumerate(PYTHON) if name in code)
    return number


@pytest.mark.parametrize("number", range(len(PYTHON)))
def test_each_block_runs_alone_and_says_something(number, ran):
    assert ran(number)[1].strip()


def test_the_ten_lines_find_a_better_cell_than_blind_search(ran):
    assert len([line for line in PYTHON[0].splitlines() if line]) <= 10
    shown, printed = ran(0)
    result, blind, bench = shown["result"], shown["blind"], shown["bench"]
    assert result.queries == len(result.history) == blind.queries
    assert result.rank(bench) <= 5 < blind.rank(bench)
    assert f"rank {result.rank(bench)}\n" in printed and f"rank {blind.rank(bench)} of" in printed


def test_the_one_shot_example_finds_a_better_cell_than_a_blind_one(ran):
    shown, printed = ran(the("oneshot.search"))
    assert shown["alone"][shown["log"].derive()] > shown["blind"] + 10
    assert f"{shown['blind']:.1f} % on average" in printed


def test_what_waits_shows_that_it_does(ran):
    """The first line of a block that takes seconds comes before what takes them, and then a bar is on."""
    for number in (0, the("oneshot.search")):
        lines = PYTHON[number].splitlines()
        slow = next(i for i, line in enumerate(lines) if "nc.run(" in line or "oneshot.search(" in line)
        assert any(line.startswith("print(") for line in lines[:slow])
        assert "progress=False" not in PYTHON[number]
    assert "progress=True" in PYTHON[0]


def test_an_evaluation_is_written_at_once(ran):
    number = the("my_run.jsonl")
    shown, _ = ran(number)
    assert shown["oracle"].queries == 50


def test_climb_finds_the_best_cell_and_goes_on_where_it_was(ran, tmp_path):
    shown, printed = ran(the("class Climb"))
    assert printed.endswith("rank 1\n")
    climb = shown["Climb"](shown["bench"].space, seed=1)
    climb.tell([climb.ask()[0]], [1.0])
    climb.save(tmp_path / "climb.json")
    again = shown["Climb"](shown["bench"].space, seed=1)
    again.load(tmp_path / "climb.json")
    assert again.ask() == climb.ask() and again.best == climb.best


def test_climb_passes_the_suite_and_is_the_one_of_contributing(ran):
    """`TestClimb` of CONTRIBUTING runs in tests/test_contributing.py: here the two are the same class."""

    def method(text: str) -> str:
        found = re.search(r"(?ms)^class Climb.*?(?=^\S|^```)", text)[0]
        return ast.dump(ast.parse(found))

    assert method(TEXT + "\n```") == method((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"))


def test_the_claim_is_one_that_the_claims_file_takes(tmp_path, monkeypatch):
    (text,) = blocks("toml")
    (entry,) = tomllib.loads(text)["claim"]
    verdict_schema.check(entry["test"], "mypaper")
    (tmp_path / "mypaper.toml").write_text(text)
    monkeypatch.setattr(paths, "claim_files", lambda: sorted(tmp_path.glob("*.toml")))
    assert [claim.id for claim in claims.load("mypaper")] == [entry["id"]]


@pytest.mark.parametrize("line", [line for line in shell_lines() if line.startswith("nascore")])
def test_the_commands_are_of_our_command_line(line):
    parser().parse_args(line.split()[1:])


def test_the_make_targets_exist():
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"\bmake ([a-z]+)", TEXT))
    assert targets == {"reproduce", "test", "lab", "bench", "clean"}
    assert all(re.search(rf"(?m)^{target}:", makefile) for target in targets)


def test_every_data_set_is_listed():
    table = TEXT[TEXT.index("| `nascore data fetch` |") :]
    assert re.findall(r"(?m)^\| `([a-z0-9-]+)` \|", table)[: len(upstream.DATASETS)] == list(upstream.DATASETS)


def test_every_variable_is_listed_and_none_that_does_not_exist():
    code = "".join(file.read_text() for file in (ROOT / "nascore").rglob("*.py"))
    listed = set(re.findall(r"(?m)^\| `(NASCORE_[A-Z]+)` \|", TEXT))
    assert listed <= set(re.findall(r"NASCORE_[A-Z]+", code))
    assert {"NASCORE_MIRROR", "NASCORE_CACHE", "NASCORE_RESULTS", "NASCORE_FIGURES", "NASCORE_ROOT"} <= listed


def test_the_places_it_names_exist():
    named = set(re.findall(r"`((?:nascore|data|notebooks|tests|figures)/[\w./-]*)`", TEXT))
    named |= set(re.findall(r"\]\((figures/[^)]*)\)", TEXT))
    missing = {name for name in named if "<" not in name and not (ROOT / name).exists()}
    made_later = {"data/cache", "data/cache/", "data/cache/executed/"}  # not in git
    assert missing - made_later == set()


def test_lines_are_not_too_long():
    assert [line for line in TEXT.splitlines() if len(line) > 130 and not line.startswith("|")] == []
