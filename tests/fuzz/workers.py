"""Cases in worker processes: each has a bound in processor time, and one that does not come back is killed."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import resource
import shutil
import signal
import tempfile
import time
from collections.abc import Iterable, Iterator
from multiprocessing.connection import Connection, wait

from tests.fuzz import cases

SECONDS = 10  # of processor time for one case, after which it hangs
MEMORY = 6 << 30  # bytes that a worker may take beyond what it has at its start
STUCK = 120  # seconds of wall time without any of the processor's: a case that waits for ever


def _hang(number, frame):
    raise cases.Hang(f"more than {SECONDS} seconds of processor time")


def one(seed: int, number: int, quick: bool) -> cases.Verdict:
    """One case in this process, in an empty folder of its own, with its bound of processor time."""
    home, folder = os.getcwd(), tempfile.mkdtemp(prefix="nascore-fuzz-")
    os.chdir(folder)
    begin = time.process_time()
    before = signal.signal(signal.SIGPROF, _hang)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        found = cases.run(seed, number, quick)
    except cases.Hang as error:
        found = cases.Verdict("harness", "fuzz", "hang", f"case {number}", str(error), f"cases.run({seed}, {number})")
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
        os.chdir(home)
        shutil.rmtree(folder, ignore_errors=True)
    return cases.replace(found, seconds=time.process_time() - begin, number=number)


def _work(seed: int, quick: bool, pipe: Connection) -> None:
    with open(os.devnull, "w") as nothing:
        for stream in (1, 2):
            os.dup2(nothing.fileno(), stream)
    with contextlib.suppress(OSError, ValueError):
        pages = int(open("/proc/self/statm").read().split()[0])
        limit = pages * os.sysconf("SC_PAGESIZE") + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    while True:
        number = pipe.recv()
        if number is None:
            return
        pipe.send(one(seed, number, quick))


class _Worker:
    def __init__(self, seed: int, quick: bool):
        context = multiprocessing.get_context("fork")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(seed, quick, theirs), daemon=True)
        self.process.start()
        theirs.close()
        self.number: int | None = None
        self.used = self.since = 0.0

    def give(self, number: int) -> None:
        self.number, self.used, self.since = number, self.cpu(), time.monotonic()
        self.pipe.send(number)

    def cpu(self) -> float:
        """Seconds of processor time so far."""
        try:
            fields = open(f"/proc/{self.process.pid}/stat").read().rsplit(")", 1)[1].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        except (OSError, IndexError):
            return 0.0

    def hangs(self) -> str:
        """Why it will not come back, or ""."""
        if self.number is None:
            return ""
        used = self.cpu() - self.used
        if used > 3 * SECONDS:
            return f"{used:.0f} seconds of processor time in one call"
        if used < 1 and time.monotonic() - self.since > STUCK:
            return f"waits for ever ({used:.1f} seconds of processor time in {STUCK} seconds)"
        return ""


def run_all(numbers: Iterable[int], seed: int, workers: int, quick: bool = False) -> Iterator[cases.Verdict]:
    """The verdicts of the cases `numbers`, as they come."""
    left = iter(numbers)
    team = [_Worker(seed, quick) for _ in range(workers)]
    busy: list[_Worker] = []
    for worker in team:
        number = next(left, None)
        if number is not None:
            worker.give(number)
            busy.append(worker)
    while busy:
        ready = wait([worker.pipe for worker in busy], timeout=5)
        for worker in list(busy):
            verdict = None
            if worker.pipe in ready:
                try:
                    verdict = worker.pipe.recv()
                except (EOFError, ConnectionError):
                    verdict = cases.Verdict(
                        "harness",
                        "fuzz",
                        "traceback",
                        "the process died",
                        f"exit status {worker.process.exitcode}",
                        cases.describe(seed, worker.number, quick),
                    )
            elif worker.hangs():
                verdict = cases.Verdict(
                    "harness", "fuzz", "hang", "hang", worker.hangs(), cases.describe(seed, worker.number, quick)
                )
            if verdict is None:
                continue
            if verdict.entry == "harness":  # it is gone or of no use any more
                worker.process.kill()
                worker.process.join()
                busy.remove(worker)
                worker = _Worker(seed, quick)
                busy.append(worker)
            yield verdict
            number = next(left, None)
            if number is None:
                busy.remove(worker)
                worker.pipe.send(None)
                worker.process.join(5)
            else:
                worker.give(number)
