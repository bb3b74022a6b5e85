"""What the README shows works as shown: its Python runs, its claim is read, its commands and places exist."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from nascore import paths
from nascore.cli import parser
from nascore.companion import claims
from nascore.companion.verdict_tests import COMMON, KEYS
from nascore.data import upstream

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", TEXT)


def shell_lines() -> list[str]:
    """Indented lines of the README that are commands."""
    lines = re.findall(r"(?m)^    ((?:nascore|make|pip|source) .*)$", TEXT)
    return [re.split(r"\s{2,}#", line)[0].strip() for line in lines]


def test_the_ten_lines(capsys):
    code = blocks("python")[0]
    lines = [line for line in code.splitlines() if line]
    assert len(lines) <= 10
    namespace: dict = {}
    exec(compile(code, "README.md", "exec"), namespace)
    result = namespace["result"]
    assert result.queries == len(result.history) <= 500
    assert result.rank(namespace["bench"]) <= 5
    assert f"rank {result.rank(namespace['bench'])}" in capsys.readouterr().out


def test_your_own_space_callable_and_search(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    namespace: dict = {}
    for code in blocks("python")[1:]:
        exec(compile(code, "README.md", "exec"), namespace)
    assert (tmp_path / "my_run.jsonl").is_file()
    assert capsys.readouterr().out.rstrip().endswith("80.0")  # Climb finds the best value, 50 + 6 * 5
    climb = namespace["Climb"](namespace["space"], seed=1)
    climb.tell([climb.ask()[0]], [1.0])
    climb.save(tmp_path / "climb.json")
    again = namespace["Climb"](namespace["space"], seed=1)
    again.load(tmp_path / "climb.json")
    assert again.ask() == climb.ask() and again.best == climb.best


def test_the_claim_is_one_that_the_claims_file_takes(tmp_path, monkeypatch):
    (text,) = blocks("toml")
    (entry,) = tomllib.loads(text)["claim"]
    assert set(entry["test"]) <= COMMON | KEYS[entry["test"]["kind"]]
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
