"""The file of a comparison: several processes share it, killed ones leave no lock, and no row is taken on trust."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time

import pytest

import nascore as nc
from nascore.companion import store
from nascore.errors import ResultsError, SettingError
from nascore.testing.landscapes import small

BENCH = small("cell-4-4")
JOBS = [(name, seed) for seed in range(5) for name in ("a", "b")]


def method(name, calls, slow=0.02):
    def make(seed):
        with open(calls, "a") as stream:
            stream.write(f"{name} {seed}\n")
        time.sleep(slow)
        return nc.search.RandomSearch(BENCH.space, seed=seed)

    return make


def compare(file, methods, seeds=5, **options):
    return nc.compare(methods, BENCH, budget=9, seeds=seeds, store=file, progress=False, **options)


def _both(file, calls, barrier):
    methods = {name: method(name, calls) for name in ("a", "b")}
    barrier.wait()
    frame = compare(file, methods).frame
    assert len(frame) == 10 and (frame["queries"] == 9).all()


def test_two_processes_share_the_runs(tmp_path):
    file, calls, context = tmp_path / "rows.jsonl", tmp_path / "calls", multiprocessing.get_context("fork")
    barrier = context.Barrier(2)
    jobs = [context.Process(target=_both, args=(file, calls, barrier)) for _ in range(2)]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    assert [job.exitcode for job in jobs] == [0, 0]
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    assert sorted((row["method"], row["seed"]) for row in rows) == sorted(JOBS), "none twice, none missing"
    assert sorted(calls.read_text().splitlines()) == sorted(f"{name} {seed}" for name, seed in JOBS)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["calls", "rows.jsonl"], "no lock is left"


def _killed(file):
    def make(seed):
        if seed == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        return nc.search.RandomSearch(BENCH.space, seed=seed)

    compare(file, {"a": make})


def test_a_killed_process_leaves_its_rows_and_no_lock(tmp_path):
    file, calls = tmp_path / "rows.jsonl", tmp_path / "calls"
    job = multiprocessing.get_context("fork").Process(target=_killed, args=(file,))
    job.start()
    job.join()
    assert job.exitcode == -signal.SIGKILL
    assert len(compare(file, {"a": method("a", calls)}).frame) == 5
    assert calls.read_text().splitlines() == ["a 2", "a 3", "a 4"]


def test_a_run_that_fails_gives_its_lock_back(tmp_path):
    file, calls = tmp_path / "rows.jsonl", tmp_path / "calls"
    with pytest.raises(SettingError, match="seed 0"):
        compare(file, {"a": lambda seed: 1 / 0})
    assert len(compare(file, {"a": method("a", calls)}).frame) == 5
    assert sorted(path.name for path in tmp_path.iterdir()) == ["calls", "rows.jsonl"]


SCRIPT = """
import sys, time
import nascore as nc
from nascore.testing.landscapes import small
bench = small("cell-4-4")
def make(seed):
    time.sleep(0.5 if seed < 2 else 60)
    return nc.search.RandomSearch(bench.space, seed=seed)
if __name__ == "__main__":
    nc.compare({"a": make}, bench, budget=9, seeds=6, store=sys.argv[1], workers=2, progress=False)
"""


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="process groups")
def test_ctrl_c_ends_the_workers_too(tmp_path):
    file, script = tmp_path / "rows.jsonl", tmp_path / "script.py"
    script.write_text(SCRIPT)
    running = subprocess.Popen(
        [sys.executable, script, file], start_new_session=True, stderr=subprocess.PIPE, stdout=subprocess.PIPE
    )
    while running.poll() is None and (not file.exists() or file.read_text().count("\n") < 2):
        time.sleep(0.1)
    os.killpg(running.pid, signal.SIGINT)
    _, said = running.communicate()  # the pipes close when the last worker has gone
    assert running.returncode and "KeyboardInterrupt" in said.decode()
    calls = tmp_path / "calls"
    assert len(compare(file, {"a": method("a", calls)}, seeds=4).frame) == 4
    assert calls.read_text().splitlines() == ["a 2", "a 3"]


def _again(line, **changes):
    row = {**json.loads(line), **changes}
    return json.dumps({**row, "digest": store.digest(row)}) + "\n"


def test_rows_are_not_taken_on_trust(tmp_path):
    file, calls = tmp_path / "rows.jsonl", tmp_path / "calls"
    compare(file, {"a": method("a", calls)}, seeds=2)
    whole, (first, _) = file.read_text(), file.read_text().splitlines()
    file.write_text(whole + _again(first, wall_s=9.0))
    compare(file, {"a": method("a", calls)}, seeds=2)
    for changes, why in (
        ({"value": 1.0}, "line 3 contradicts"),
        ({"curve": 3}, "line 3: no run"),
        ({"method": ["a"]}, "line 3: no run"),
        ({"seed": True}, "line 3: no run"),
        ({"curve": {"query": [1, 2], "best": [1.0]}}, "line 3: no run"),
        ({"curve": {}}, "line 3: no run"),
        ({"curve": {"query": ["a"], "best": [1.0]}}, "line 3: no run"),
        ({"value": "5"}, "line 3: no run"),
        ({"value": True}, "line 3: no run"),
        ({"stopped": 3}, "line 3: no run"),
        ({"arch": "\ud800"}, "line 3: no run"),
    ):
        file.write_text(whole + _again(first, **changes))
        with pytest.raises(ResultsError, match=why):
            compare(file, {"a": method("a", calls)}, seeds=2)
