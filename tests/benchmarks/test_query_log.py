"""The Oracle's file: every row is what was written, two processes share it, and what cannot be used is said once."""

from __future__ import annotations

import errno
import json
import math
import multiprocessing
import os
import signal

import pytest

from nascore import Oracle
from nascore.benchmarks import query_log
from nascore.benchmarks.query_log import digest
from nascore.errors import ResultsError, SettingError
from nascore.spaces import CellSpace

SPACE = CellSpace(3, ("a", "b", "c"))
ARCHS = list(SPACE.enumerate())


def value(arch):
    return float(sum(arch))


def oracle(path, evaluate=value, **options):
    return Oracle(evaluate, space=SPACE, log=path, **options)


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log.jsonl"
    oracle(path).evaluate(ARCHS[:4])
    return path


def edited(path, line, change):
    lines = path.read_text().splitlines()
    lines[line] = change(lines[line])
    path.write_text("\n".join(lines) + "\n")


def forged(**fields):
    """A row with other fields and the digest that belongs to them."""

    def change(line):
        row = {**json.loads(line), **fields}
        return json.dumps({**row, "digest": digest(row)} if "digest" not in fields else row)

    return change


@pytest.mark.parametrize(
    "change",
    [
        lambda line: line.replace("[1.0]", "[9.0]"),
        lambda line: line.replace('"ok"', '"no"'),
        lambda line: line.replace("[1.0]", "[Infinity]"),
        lambda line: line[:-1],
        lambda line: '{"a": ' * 100_000,
        lambda line: "[" * 100_000,
        forged(row=[True]),
        forged(row=["5"]),
        forged(row=[1.0, 2.0]),
        forged(row=[None]),
        forged(row=3),
        forged(row=[10**400]),
        forged(arch=3),
        forged(arch=[0, 0, 9]),
        forged(arch="abc"),
        forged(status=3),
        forged(status="failed: nan"),
        forged(seconds="1"),
        forged(seconds=-1),
        forged(epochs=0),
        forged(epochs=True),
        forged(more=1),
        forged(digest=3),
    ],
)
def test_a_row_that_is_not_what_was_written_is_named(log, change):
    edited(log, 2, change)
    before = log.read_bytes()
    with pytest.raises(ResultsError, match="log.jsonl line 3 is not a row"):
        oracle(log)
    assert log.read_bytes() == before


def test_a_contradiction_is_refused_and_a_repetition_is_not(log):
    first = log.read_text().splitlines()[1]
    log.write_text(log.read_text() + first + "\n")
    assert oracle(log).evaluate(ARCHS[:1]) == [0.0]
    log.write_text(log.read_text() + forged(row=[7.0])(first) + "\n")
    with pytest.raises(ResultsError, match="line 7 contradicts an earlier row"):
        oracle(log)


def test_a_log_says_for_how_many_epochs(tmp_path):
    def trained(arch, epochs):
        return float(epochs)

    path = tmp_path / "log.jsonl"
    assert oracle(path, trained, epochs=10).evaluate(ARCHS[:1]) == [10.0]
    with pytest.raises(ResultsError, match="belongs to another search"):
        oracle(path, trained, epochs=20)


def test_a_log_without_digests_is_named_as_such(log):
    edited(log, 0, lambda line: line.replace('"nascore_log": 3', '"nascore_log": 2'))
    with pytest.raises(ResultsError, match="earlier nascore"):
        oracle(log)


@pytest.mark.parametrize("bad", [3, "", True, b"x", ["a"], 1.5], ids=repr)
def test_a_log_is_the_path_of_a_file(bad):
    with pytest.raises(SettingError, match="log="):
        oracle(bad)


@pytest.mark.parametrize("place", [".", "file/below", "bad\0name"], ids=repr)
def test_a_place_for_no_file(tmp_path, place):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ResultsError, match="log="):
        oracle(f"{tmp_path}/{place}")
    assert (tmp_path / "file").read_text() == "x"


def test_a_full_disk_loses_nothing(log, monkeypatch):
    before, calls = log.read_bytes(), []

    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    again = oracle(log, lambda arch: calls.append(arch) or value(arch))
    with monkeypatch.context() as patch:
        patch.setattr(query_log.os, "fsync", full)
        with pytest.raises(ResultsError, match=r"log\.jsonl.*No space left"):
            again.evaluate(ARCHS[:6])
    assert log.read_bytes() == before, "no half row"
    again.evaluate(ARCHS[:7])
    assert calls == ARCHS[4:7], "what was evaluated is not evaluated again"
    assert log.read_text().count("\n") == 8 and oracle(log).evaluate(ARCHS[:7]) == [value(a) for a in ARCHS[:7]]


def test_a_log_that_was_replaced_under_a_run(log):
    running = oracle(log)
    log.write_text("")
    with pytest.raises(ResultsError, match="shortened or replaced"):
        running.evaluate(ARCHS[5:6])


def _run(path, barrier, order, calls):
    def evaluate(arch):
        with open(calls, "a") as stream:
            stream.write(f"{arch}\n")
        return value(arch)

    running = oracle(path, evaluate)
    barrier.wait()
    answers = running.evaluate(order)
    assert answers == [value(arch) for arch in order]


@pytest.mark.parametrize("orders", [(ARCHS, ARCHS), (ARCHS, ARCHS[::-1])], ids=["same", "other order"])
def test_two_processes_on_one_log_evaluate_and_write_each_once(tmp_path, orders):
    context = multiprocessing.get_context("fork")
    barrier, path, calls = context.Barrier(2), tmp_path / "log.jsonl", tmp_path / "calls"
    jobs = [context.Process(target=_run, args=(path, barrier, order, calls)) for order in orders]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    assert [job.exitcode for job in jobs] == [0, 0]
    rows = [tuple(json.loads(line)["arch"]) for line in path.read_text().splitlines()[1:]]
    assert sorted(rows) == sorted(ARCHS), "no row twice, none missing"
    assert sorted(calls.read_text().splitlines()) == sorted(map(str, ARCHS))


def _killed(path):
    def evaluate(arch):
        if arch == ARCHS[2]:
            os.kill(os.getpid(), signal.SIGKILL)
        return value(arch)

    oracle(path, evaluate).evaluate(ARCHS)


def test_a_killed_process_leaves_its_rows_and_no_lock(tmp_path):
    path = tmp_path / "log.jsonl"
    job = multiprocessing.get_context("fork").Process(target=_killed, args=(path,))
    job.start()
    job.join()
    assert job.exitcode == -signal.SIGKILL
    with open(path, "ab") as stream:
        stream.write(b'{"arch": [0, 0')  # killed in the middle of a row
    calls = []
    assert oracle(path, lambda arch: calls.append(arch) or value(arch)).evaluate(ARCHS[:4]) == [0.0, 1.0, 2.0, 1.0]
    assert calls == ARCHS[2:4] and path.read_text().count("\n") == 5


def test_a_failed_evaluation_comes_back_as_one(tmp_path):
    path = tmp_path / "log.jsonl"
    oracle(path, lambda arch: 1 / 0).evaluate(ARCHS[:1])
    again = oracle(path)
    assert math.isnan(again.evaluate(ARCHS[:1])[0]) and "ZeroDivision" in again.history["status"][0]
