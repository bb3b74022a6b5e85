"""Several runners on one store, and runners that are killed: nothing is computed twice, nobody is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from nascore.companion import compute, orphans, pool, store
from nascore.companion.plans import plan
from nascore.companion.reservations import Reservations
from nascore.errors import ResultsError
from tests.waiting import FOREVER, alive, lines, until

ROOT = Path(__file__).resolve().parents[2]

# Units say when they begin (a line with their seed and process) and wait for a file before they end.
WAITING = """
import os, sys, time
from pathlib import Path
from nascore.companion import compute
from nascore.studies.experiment import Experiment, Unit
HERE = Path(__file__).parent
def run(config, seed):
    with open(HERE / "begun", "a") as file:
        file.write(f"{seed} {os.getpid()} {os.getppid()}\\n")
    while not (HERE / "go").exists():
        time.sleep(0.02)
    return {"metrics": {"best": seed}}
experiment = Experiment("toy/waiting", 1, "Waiting", lambda profile: [Unit({}, seed, 9.0) for seed in range(12)],
                        run, lambda config: "toy:1")
if __name__ == "__main__":
    table = compute.compute(experiment, "laptop", workers=int(sys.argv[1]), progress=True)
    print(len(table))
"""


@pytest.fixture()
def start(store_folder):
    """Starts the script with a number of workers; ends what a failing test leaves."""
    script = store_folder / "waiting.py"
    script.write_text(textwrap.dedent(WAITING))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    started = []

    def run(workers: int) -> subprocess.Popen:
        pipe = subprocess.PIPE
        command = [sys.executable, str(script), str(workers)]
        started.append(subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True))
        return started[-1]

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def begun(folder: Path) -> list[list[int]]:
    return [[int(part) for part in line.split()] for line in (folder / "begun").read_text().splitlines()]


@pytest.mark.parametrize("workers", [(1, 1), (2, 1)])
def test_two_runners_share_the_units(store_folder, start, workers):
    first = start(workers[0])
    until(lambda: lines(store_folder / "begun") >= workers[0], first)
    second = start(workers[1])
    until(lambda: lines(store_folder / "begun") > workers[0], second)  # it took another unit
    (store_folder / "go").touch()
    for process in (first, second):
        out, err = process.communicate(timeout=FOREVER)
        assert (process.returncode, out) == (0, "12\n"), err  # each has the whole table
    seeds = [seed for seed, *_ in begun(store_folder)]
    assert sorted(seeds) == list(range(12)), "a unit was computed twice"
    file = store_folder / "results" / "toy" / "waiting.jsonl"
    assert sorted(row["seed"] for row in store.read(file)) == list(range(12))
    assert not list(store_folder.rglob("*.lock"))


def test_a_runner_waits_for_the_units_that_another_holds_and_takes_those_of_a_killed_one(store_folder, toy):
    experiment, calls = toy()
    made = plan(experiment, "laptop")
    said = []
    other = Reservations()
    for i in range(8):
        assert other.take((made, i))
    other.give_back((made, 3))

    def say(text: str) -> None:
        said.append(text)
        other.__exit__()  # as the system does for a process that was killed

    with Reservations() as held:
        assert [held.take((made, i)) for i in range(8)] == [False] * 3 + [True] + [False] * 4
        left = held.wait([(made, i) for i in range(8) if i != 3], say)
        assert len(left) == 7 and len(said) == 1 and "another run is computing 7" in said[0]
    compute.compute(experiment, "laptop", progress=False)
    assert len(calls) == 8 and not held.wait(left, say)  # all are stored by now


def test_kill_9_leaves_no_claim(store_folder, start):
    first = start(1)
    until(lambda: lines(store_folder / "begun") == 1, first)
    assert list(store_folder.rglob("*.lock"))
    first.kill()
    first.communicate()
    (store_folder / "go").touch()
    second = start(1)
    out, err = second.communicate(timeout=FOREVER)
    assert (second.returncode, out) == (0, "12\n"), err
    assert not list(store_folder.rglob("*.lock"))


def test_an_unwritable_place_is_one_error(store_folder, toy):
    experiment, calls = toy()
    folder = store.lock_path(experiment.id, "laptop", "0" * 64).parent
    folder.parent.mkdir(parents=True)
    folder.write_text("no folder")
    for workers in (1, 2):
        with pytest.raises(ResultsError, match=r"cannot write to .*\.claims"):
            compute.compute(experiment, "laptop", workers=workers, progress=False)
    assert not calls


def test_workers_end_when_their_parent_is_killed(store_folder, start):
    process = start(3)
    until(lambda: lines(store_folder / "begun") >= 3, process)
    workers = {pid for _, pid, _ in begun(store_folder)}
    assert len(workers) == 3 and {parent for *_, parent in begun(store_folder)} == {process.pid}
    process.kill()
    process.wait()
    until(lambda: not any(map(alive, workers)))  # their units would wait for ever
    assert orphans.EVERY_S <= 2


def test_a_worker_that_dies_is_one_error_and_what_was_done_is_stored(store_folder, start):
    process = start(2)
    until(lambda: lines(store_folder / "begun") >= 2, process)
    os.kill(begun(store_folder)[0][1], signal.SIGKILL)
    out, err = process.communicate(timeout=FOREVER)
    assert process.returncode == 1 and err.strip().splitlines()[-1].endswith("perhaps with fewer workers")


def test_what_comes_to_a_file_is_whole_lines_and_no_warning(store_folder, start):
    (store_folder / "go").touch()
    process = start(2)
    out, err = process.communicate(timeout=FOREVER)
    shown = err.splitlines()
    assert "\r" not in err and "Warning" not in err and "worker stopped" not in err
    assert shown[0].startswith("0/12 units") and shown[0].endswith("about 54 s left")
    assert shown[-1].startswith("12/12 units 100%") and shown[-1].endswith("done")


@pytest.mark.parametrize("threads", [0, 1])
def test_interrupts_wait_while_processes_are_started(threads):
    over, held = threading.Event(), False
    others = [threading.Thread(target=over.wait) for _ in range(threads)]  # any may be given the signal
    for other in others:
        other.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            with pool.interrupt_held():
                os.kill(os.getpid(), signal.SIGINT)
                sum(range(10_000))
                held = True
        assert held and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        over.set()
        for other in others:
            other.join()


def test_rows_are_followed_as_they_come(tmp_path):
    """A half line is no row yet; an older file in its place is read from its start."""
    from tests.companion.test_store import row

    file = tmp_path / "x.jsonl"
    tail = store.Tail(file)
    assert tail.new() == []
    store.append(file, row(0))
    assert [each["seed"] for each in tail.new()] == [0] and tail.new() == []
    text = json.dumps(row(1))
    with open(file, "a") as stream:
        stream.write(text[:30])
    assert tail.new() == []
    store.append(file, row(2))
    assert [each["seed"] for each in tail.new()] == [2]
    with open(file, "a") as stream:
        stream.write("no json\n")
    with pytest.raises(ResultsError, match="line 3"):
        tail.new()
    file.unlink()
    store.append(file, row(4))
    assert [each["seed"] for each in tail.new()] == [4]
