"""`import nascore` is light: what is heavy waits until something needs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HEAVY = (
    "torch",
    "torch_geometric",
    "matplotlib",
    "pandas",
    "pyarrow",
    "lightgbm",
    "optuna",
    "sklearn",
    "scipy",
    "seaborn",
    "papermill",
    "IPython",
)


def loaded_after(code: str) -> list[str]:
    """Which heavy packages a fresh interpreter holds after `code`."""
    check = f"import sys, json\n{code}\nprint(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))"
    done = subprocess.run(
        [sys.executable, "-c", check],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


SEARCH = """
import nascore as nc
space = nc.spaces.CellSpace(3, ("a", "b", "c"))
bench = nc.benchmarks.from_table(space, {arch: float(sum(arch)) for arch in space.enumerate()})
oracle = nc.Oracle(bench, budget=5)
search = nc.search.RegularizedEvolution(space, population=3, sample=2)
oracle.evaluate(search.ask(3))
"""
SCOREBOARD = """
import contextlib, io
from nascore import cli
with contextlib.redirect_stdout(io.StringIO()):
    cli.main(["scoreboard"])
"""


@pytest.mark.parametrize(
    "code",
    [
        "import nascore",
        "import nascore as nc; nc.spaces, nc.benchmarks, nc.search, nc.Oracle, nc.run, nc.paths",
        "import nascore.spaces, nascore.benchmarks.oracle, nascore.search.loop, nascore.studies.experiment",
        "import nascore as nc; nc.search.available(); nc.benchmarks.available(); dir(nc)",
        SCOREBOARD,
        SEARCH,
    ],
    ids=["import", "modules", "submodules", "available", "scoreboard", "evaluate"],
)
def test_import_is_light(code):
    assert loaded_after(code) == []


def test_this_test_sees_heavy_imports():
    assert "pandas" in loaded_after("import pandas")


def test_a_result_brings_pandas_and_nothing_heavier():
    loaded = loaded_after(SEARCH + "oracle.history")
    assert "pandas" in loaded and not {"torch", "torch_geometric", "matplotlib", "lightgbm", "optuna"} & set(loaded)


def test_spaces_are_numpy_only():
    assert (
        loaded_after(
            "import nascore.spaces as s\nspace = s.NASBench201()\nspace.dag((0,) * 6)\n"
            "s.MacroSpace(3, 'ab'.split() + ['c', 'd']).format((0, 1, 2))"
        )
        == []
    )


def test_unknown_names_are_attribute_errors():
    import nascore as nc

    for module in (nc, nc.spaces, nc.search):
        with pytest.raises(AttributeError, match="abacus"):
            module.abacus  # noqa: B018
    assert {"Oracle", "run", "spaces", "search", "benchmarks"} <= set(dir(nc))
