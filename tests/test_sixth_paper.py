"""A sixth paper in a folder of its own: found, computed, executed, judged and shown, with no file of ours edited."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]

EXPERIMENTS = '''
"""All experiments of the toy paper."""

from nascore.studies.toypaper.table1 import TABLE1

EXPERIMENTS = [TABLE1]
'''
TABLE1 = '''
"""Table 1: random search on a tiny chain."""

import nascore as nc
from nascore.studies.experiment import Experiment, Unit

SPACE = nc.spaces.MacroSpace(3, ("a", "b"))
TABLE = nc.benchmarks.from_table(SPACE, {arch: float(sum(arch)) for arch in SPACE.enumerate()})


def units(profile):
    seeds = range(2 if profile == "smoke" else 3)
    return [Unit({"method": method}, seed, 0.1) for method in ("Mine", "RS") for seed in seeds]


def run(config, seed):
    budget = 8 if config["method"] == "Mine" else 2
    result = nc.run(nc.search.RandomSearch(SPACE, seed=seed), nc.Oracle(TABLE, budget))
    metrics = {"best": result.best_value, "rank": result.rank(TABLE), "queries": result.queries}
    return {"metrics": metrics, "curve": result.curve(TABLE)}


TABLE1 = Experiment("toypaper/table1", 1, "Table 1", units, run, lambda config: "toy-synthetic:1", "toypaper")
'''
STYLE = '"""Style."""\n\nMETHODS = {"Mine": ("green", None)}\n'
PAPER = """
[paper]
title = "A toy"

[table1]
where = "Table 1"
what = "best value"

[table1.mine]
label = "Mine"
line = 1
acc = 3.0
"""
CLAIMS = """
[paper]
order = 6
short = "Toy"
title = "A toy paper"

[[claim]]
id = "toypaper/finds-the-best"
section = "Tiny chain"
where = "Table 1"
claim = "The best chain is always found."
expected = "every run"
experiment = "toypaper/table1"
needs = "any"
test = { kind = "share", select = { method = "Mine" }, column = "rank", equals = 1, share = 1.0, exact = true }
"""
CELLS = [
    ("parameters", 'mode = "cached"\nprofile = "laptop"\nworkers = 1'),
    ("", "from nascore.companion import notebook, plots\nsettings = notebook.start(mode, profile, workers)\n"
         'rows = settings.results("toypaper/table1")'),
    ("", "from nascore.companion.tables import compare\n"
         'compare(rows, {"best": "acc"}, printed={"Mine": "table1.mine"})'),
    ("", "plots.query_curves(rows);"),
    ("", 'settings.verdicts("toypaper/*")'),
    ("", "notebook.provenance_note(rows)"),
]  # fmt: skip


@pytest.fixture(scope="module")
def paper(tmp_path_factory):
    """The folder of the sixth paper, and an environment in which nascore knows it."""
    folder = tmp_path_factory.mktemp("papers")
    study = folder / "studies" / "toypaper"
    for file, text in {
        study / "__init__.py": '"""A toy paper."""\n',
        study / "experiments.py": EXPERIMENTS,
        study / "table1.py": TABLE1,
        study / "style.py": STYLE,
        folder / "data" / "papers" / "toypaper.toml": PAPER,
        folder / "data" / "claims" / "toypaper.toml": CLAIMS,
    }.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    book = nbformat.v4.new_notebook(metadata={"kernelspec": kernel, "nascore": {"experiments": ["toypaper/table1"]}})
    for tag, source in CELLS:
        cell = nbformat.v4.new_code_cell(source)
        cell.metadata["tags"] = [tag] if tag else []
        book.cells.append(cell)
    (folder / "notebooks" / "toypaper").mkdir(parents=True)
    nbformat.write(book, folder / "notebooks" / "toypaper" / "01_table1.ipynb")
    work = tmp_path_factory.mktemp("work")
    places = {name: str(work / name.lower()) for name in ("NASCORE_RESULTS", "NASCORE_CACHE", "NASCORE_FIGURES")}
    inherited = {name: value for name, value in os.environ.items() if name != "MPLBACKEND"}  # pictures are wanted here
    return folder, {**inherited, "PYTHONPATH": str(ROOT), "NASCORE_PAPERS": str(folder), **places}


def nascore(paper, *arguments, check=True):
    done = subprocess.run(
        [sys.executable, "-m", "nascore", *arguments], capture_output=True, text=True, env=paper[1],
    cwd=paper[0] )  # fmt: skip
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_command_line_finds_it(paper):
    out = nascore(paper, "reproduce", "toypaper", "--profile", "laptop", "--dry-run")
    assert "toypaper/table1" in out and "0 of 6 units stored" in out and "notebook toypaper/01_table1" in out


@pytest.mark.parametrize("workers", ["2"])
def test_it_is_run_judged_and_shown(paper, workers):
    folder, environment = paper
    before = {file: file.stat().st_mtime_ns for file in (ROOT / "nascore").rglob("*.py")}
    out = nascore(paper, "reproduce", "toypaper", "--profile", "laptop", "--workers", workers)
    assert "✓ toypaper/01_table1" in out and "Toy: 1 reproduced" in out
    claims = json.loads(nascore(paper, "scoreboard", "--json"))["claims"]
    (mine,) = [claim for claim in claims if claim["paper"] == "toypaper"]
    assert mine["verdict"] == "reproduced" and mine["measured"] == "3 of 3 runs" and mine["on"] == "synthetic"
    executed = Path(environment["NASCORE_CACHE"]) / "executed" / "laptop" / "toypaper" / "01_table1.ipynb"
    outputs = json.dumps(nbformat.read(executed, 4).cells)
    assert "reproduced" in outputs and "3.00" in outputs and "image/png" in outputs
    rows = (Path(environment["NASCORE_RESULTS"]) / "toypaper" / "table1.jsonl").read_text().splitlines()
    assert len(rows) == 6
    assert before == {file: file.stat().st_mtime_ns for file in before}, "no file of the package was touched"


def test_without_the_variable_nobody_knows_it(paper):
    folder, environment = paper
    plain = {name: value for name, value in environment.items() if name != "NASCORE_PAPERS"}
    done = subprocess.run(
        [sys.executable, "-m", "nascore", "reproduce", "toypaper", "--dry-run"],
        capture_output=True,
        text=True,
        env=plain,
    )
    assert done.returncode == 1 and "unknown paper, notebook or experiment 'toypaper'" in done.stderr
