"""Bring your own table or training function (issue bar E6): the code of notebooks/ganas/12_bring_your_own itself
runs."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path

import pytest

import nascore as nc
from nascore import paths

NOTEBOOK = paths.notebooks() / "ganas" / "12_bring_your_own.ipynb"


def cell(tag: str) -> str:
    """The source of the notebook's cell with this tag."""
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    found = ["".join(c["source"]) for c in cells if tag in c["metadata"].get("tags", [])]
    assert len(found) == 1, f"{NOTEBOOK.name} has {len(found)} cells tagged {tag}"
    return found[0]


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_a_table_of_4096_values_is_searched_in_20_lines():
    import numpy as np

    source = cell("table-in-20-lines")
    assert sum(bool(line.strip()) for line in source.splitlines()) <= 20
    scope = {"nc": nc, "np": np}
    exec(source, scope)
    table, mine, result = scope["table"], scope["mine"], scope["result"]
    assert len(table) == mine.space.size == 4096 and len(mine.space.ops) == 4 and mine.space.nodes == 4
    assert result.search == "GANAS" and result.queries == 140 and mine.label == "synthetic"
    assert result.best_value == pytest.approx(table[result.best], rel=1e-6)
    # a random search of the same size has its median rank near 4096 / 141, about 29
    assert result.rank(mine) <= 29


def digits() -> dict:
    import numpy as np
    import torch
    from sklearn.datasets import load_digits

    scope = {"nc": nc, "np": np, "torch": torch, "nn": torch.nn, "F": torch.nn.functional, "load_digits": load_digits}
    exec(cell("train-digits"), scope)
    return scope


def rows(log: Path) -> list[tuple]:
    lines = [json.loads(line) for line in log.read_text().splitlines()[1:]]
    return [(line["arch"], line["row"], line["status"]) for line in lines]


def test_training_on_digits_survives_failures():
    scope = digits()
    train, space = scope["train"], scope["cells"]
    with pytest.raises(ValueError, match="no path from input to output"):
        train((3, 0, 0, 0, 0, 0))
    assert math.isnan(train((1,) * space.positions))
    value = train((3, 0, 3, 1, 0, 3))
    begin = time.process_time()
    assert value > 60 and value == train((3, 0, 3, 1, 0, 3))  # 10 by guessing; the same training again
    assert time.process_time() - begin < 2.0  # 0.2 s on a quiet machine

    oracle = nc.Oracle(train, 3, space=space)
    values = oracle.evaluate([(3, 0, 0, 0, 0, 0), (1,) * 6, (3, 0, 3, 1, 0, 3)])
    assert math.isnan(values[0]) and math.isnan(values[1]) and values[2] == value
    assert oracle.history["status"].tolist() == [
        "failed: ValueError: no path from input to output",
        "failed: nan",
        "ok",
    ]
    assert oracle.best() == ((3, 0, 3, 1, 0, 3), value)


def test_a_killed_search_on_digits_resumes_to_the_same_log(tmp_path):
    """SIGKILL half way, in another process; the resumed log equals the one of a run without interruption."""
    from joblib.externals.loky import ProcessPoolExecutor

    scope = digits()
    queries, log = 9, tmp_path / "killed.jsonl"
    whole = scope["digits_search"](tmp_path / "whole.jsonl", queries)
    pool = ProcessPoolExecutor(1)
    try:
        job = pool.submit(scope["digits_search"], log, queries)
        while not (log.exists() and len(log.read_text().splitlines()) > queries // 2) and not job.done():
            time.sleep(0.01)
    finally:
        pool.shutdown(wait=False, kill_workers=True)
    left = rows(log)
    assert 0 < len(left) < queries, "the process was not killed half way"

    train, trained = scope["train"], []

    def counted(arch):
        trained.append(arch)
        return train(arch)

    scope["train"] = counted
    resumed = scope["digits_search"](log, queries)
    assert len(trained) == queries - len(left)
    assert rows(log) == rows(tmp_path / "whole.jsonl") and rows(log)[: len(left)] == left
    assert resumed.best == whole.best and resumed.queries == queries
    assert {"failed: nan", "failed: ValueError: no path from input to output", "ok"} <= {row[2] for row in rows(log)}
