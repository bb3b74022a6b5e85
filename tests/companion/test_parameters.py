"""What notebooks' parameters may be: said once in the parameters cell, asked by the command line and by the kernel."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from nascore.companion import notebook, parameters, runner, targets
from nascore.errors import ResultsError, SettingError

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = {name: book for name, book in targets.notebooks().items() if ROOT / "notebooks" in book.path.parents}
CELL = """
mode = "cached"  # "cached" or "recompute"
profile = "laptop"
workers = 1
near = 3  # [1 to 1,000] a rank
seed = 0  # [0 or more]
rate = 0.5  # [-0.5 to 1.5] a number
reference = "REA"  # ["REA", "a, b"] a search
free = "x"
flag = True
many = [1, 2]
none: float | None = None
computed = 3 * near
"""


def test_what_a_cell_says():
    found = parameters.declared(CELL, "here")
    assert list(found) == [
        "mode",
        "profile",
        "workers",
        "near",
        "seed",
        "rate",
        "reference",
        "free",
        "flag",
        "many",
        "none",
    ]
    assert (found["near"].low, found["near"].high) == (1, 1000)
    assert found["reference"].choices == ("REA", "a, b")
    assert found["near"].check(np.int64(5)) == 5 and type(found["near"].check(np.int64(5))) is int
    assert found["seed"].check(10**12) == 10**12 and found["rate"].check(1) == 1.0
    assert found["free"].check("y") == "y" and found["flag"].check(False) is False and found["none"].check(3) == 3
    assert set(parameters.said(CELL)) == {"near", "seed", "rate", "reference"}


@pytest.mark.parametrize(
    "name, value",
    [
        ("mode", "chached"), ("profile", "huge"), ("workers", 0), ("workers", 10**20), ("workers", True),
        ("near", 0), ("near", 1001), ("near", 3.0), ("near", "3"), ("near", True), ("near", None),
        ("seed", -1), ("rate", 1.6), ("rate", float("nan")), ("rate", "0.5"), ("reference", "nobody"),
        ("reference", 3), ("free", 3), ("flag", 1), ("many", 3),
    ],
)  # fmt: skip
def test_what_is_not_allowed_is_one_error_that_names_it(name, value):
    with pytest.raises(SettingError, match=f"{name}=") as caught:
        parameters.declared(CELL, "here")[name].check(value)
    assert "expected" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["near = ", "near = '", "x = 1\n  y = 2", "\x00"])
def test_a_cell_that_is_no_python_is_named(text):
    with pytest.raises(ResultsError, match="here: the parameters cell is not Python"):
        parameters.declared(text, "here")
    assert parameters.said(text) == {}


def kernel(**values):
    """Calls `start` as a notebook does, in a namespace that knows the cells executed so far."""
    scope = {"mode": "cached", "profile": "laptop", "workers": 1, "start": notebook.start, **values}
    exec("found = start(mode, profile, workers)", scope)
    return scope["found"]


def test_the_kernel_checks_what_its_cells_say():
    injected = "# Parameters\nnear = 4\n"  # papermill's own cell says nothing of ranges
    cells = ["", CELL, injected, "%matplotlib inline", "start(mode, profile, workers)"]
    assert kernel(In=cells, near=4).mode == "cached"
    for wrong in ({"near": -3}, {"reference": "nobody"}, {"rate": 9}, {"seed": -1}):
        with pytest.raises(SettingError, match=f"{next(iter(wrong))}="):
            kernel(In=cells, **wrong)
    assert kernel(near=-3).profile == "laptop"  # a script, which has no cells


# every notebook's further parameters, each with values that were once accepted or failed late
WRONG = {
    "advantagenas/00_digits201": {"split": ["train", 3]},
    "advantagenas/01_theory": {"shown_edges": [99, 1, 2.5], "shown_seed": [-1, 10]},
    "advantagenas/02_toy_figure1": {"last_iteration": [10**9, 0, -5]},
    "advantagenas/03_table1": {"edges": [0, 10**6], "operations": [1, 0, True]},
    "advantagenas/06_table3_ptb": {"reference": ["nobody", ""]},
    "advantagenas/07_your_own_strategy": {"steps": [0, 4, 10**9], "seeds": [0, -1]},
    "ganas/01_method": {"seed": [-1, 1.5, "0"], "dataset": ["mnist"]},
    "ganas/02_theory": {
        "table_seed": [-1],
        "alpha_rank": [0, 4097],
        "delta": [0, -1.0],
        "rho": [0, 1.0],
        "tables": [0],
    },
    "ganas/03_table1_table2": {"near": [-3, 0]},
    "ganas/04_table4_nasbench201": {"reference": ["nobody", "GA-NAS"]},
    "ganas/12_bring_your_own": {"queries": [0, 3], "seeds": [0, 1]},
    "gennas/01_task": {"iterations": [0, 10**6], "seed": [-1, 1.5]},
    "gennas/09_your_own_proxy": {"groups": [1, 101, "4"]},
}


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_notebook_says_what_its_parameters_may_be(name):
    book = NOTEBOOKS[name]
    source = parameters.cell_of(book.path, json.loads(book.path.read_text()))
    declared = parameters.declared(source, name)
    further = set(declared) - set(parameters.EVERYWHERE)
    assert further == set(parameters.said(source)), "a parameter without its range"
    assert further == set(WRONG.get(name, {})), "a parameter that this test does not try"
    for parameter in declared.values():
        assert parameter.check(parameter.default) == parameter.default
    for parameter, values in WRONG.get(name, {}).items():
        for value in values:
            with pytest.raises(SettingError, match=f"{parameter}="):
                targets.check_parameters(book, {parameter: value})


@pytest.mark.parametrize(
    "cells, words",
    [([], "0 cells are tagged"), ([{"metadata": {"tags": ["parameters"]}, "source": ["x"]}] * 2, "2 cells"),
     ([3], "not a readable notebook")],
)  # fmt: skip
def test_a_notebook_has_one_parameters_cell(tmp_path, cells, words):
    with pytest.raises((SettingError, ResultsError), match=words):
        parameters.cell_of(tmp_path / "x.ipynb", {"cells": cells})


def test_papermill_alone_is_told_too(tmp_path):
    """Run without our command line, which checks before it starts anything: the notebook's first cell refuses."""
    book = NOTEBOOKS["ganas/03_table1_table2"]
    error, _ = runner.run_notebook(str(book.path), str(tmp_path / "out.ipynb"), {"near": -3}, {})
    assert "SettingError: near=-3: expected a whole number from 1 to 423624" in error
