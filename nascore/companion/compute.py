"""Computing the missing units of experiments.

Each unit is one task; its row is written by the parent the moment it ends, so that an interrupted run loses only
the units in flight and the same command goes on from there. Where tasks run is the matter of `nascore.companion.pool`.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from nascore.companion import columns, provenance, store
from nascore.companion.plans import Plan, describe, plan
from nascore.companion.pool import check_backend, check_workers, pool, terminated_as_interrupted
from nascore.companion.progress import Progress
from nascore.companion.reservations import Job, Reservations
from nascore.companion.stored import as_table
from nascore.errors import NascoreError, ResultsError
from nascore.threads import one_thread_for_all

if TYPE_CHECKING:
    import pandas as pd

    from nascore.studies.experiment import Experiment


class Stopped(ResultsError):
    """The run was interrupted; what had finished is stored."""


def compute(
    experiment: str | Experiment,
    profile: str = "laptop",
    *,
    workers: int = 1,
    backend: str = "loky",
    scheduler: str | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """Run the missing units of one experiment and return all rows of the profile (see `stored.rows`)."""
    check_workers(workers)
    check_backend(backend, scheduler)
    made = plan(experiment, profile)
    compute_plans([made], workers=workers, backend=backend, scheduler=scheduler, progress=progress)
    return as_table(made.experiment, profile, made.rows())


def compute_plans(
    plans: Sequence[Plan],
    *,
    workers: int = 1,
    backend: str = "loky",
    scheduler: str | None = None,
    progress: bool = True,
) -> int:
    """Run the missing units of several plans in one pool, longest first; returns how many were computed.

    Raises ResultsError at the end if units failed (the others are stored) and Stopped on Ctrl-C and SIGTERM.
    """
    workers = check_workers(workers)
    check_backend(backend, scheduler)
    jobs = [(each, i) for each in plans for i in each.missing]
    if not jobs:
        return 0
    jobs.sort(key=_seconds, reverse=True)  # longest first, so that no long unit is left for the end
    failures: list[tuple[str, str, dict]] = []
    computed = 0
    commit = provenance.commit()
    bar = Progress([_seconds(job) for job in jobs], workers, progress)
    try:
        with (
            terminated_as_interrupted(),
            Reservations() as held,
            bar,
            pool(run_unit, workers, backend, scheduler) as run_all,
        ):
            left = jobs
            while left:
                handed = _Handout(left, held)
                for number, outcome in run_all(handed):
                    each, i = left[number]
                    if "error" in outcome:
                        failures.append((each.experiment.id, describe(each.units[i]), outcome))
                    else:
                        each.save(i, outcome["result"], {**outcome["provenance"], "commit": commit})
                        computed += 1
                    held.give_back(left[number])
                    bar.step(_seconds(left[number]), outcome.get("provenance", {}).get("wall_s"))
                if handed.trouble:
                    raise handed.trouble
                left = held.wait(handed.elsewhere, bar.note)
                again = {(id(each), i) for each, i in left}
                bar.skip([_seconds(job) for job in handed.elsewhere if (id(job[0]), job[1]) not in again])
    except KeyboardInterrupt:
        for each in plans:
            each.follow()
        raise Stopped(
            f"stopped: {_done(jobs)} of {len(jobs)} missing units were computed and stored; "
            "run the same command again to go on from there"
        ) from None
    if failures:
        raise ResultsError(_failure_text(failures, _done(jobs), len(jobs)))
    return computed


def _seconds(job: Job) -> float:
    return job[0].units[job[1]].seconds


class _Handout:
    """The tasks of those units that no other runner holds, taken one by one as the pool asks for them, perhaps from
    threads of its own, where an error would be lost: it is kept in `trouble`. `elsewhere`: what others hold."""

    def __init__(self, jobs: Sequence[Job], held: Reservations) -> None:
        self.jobs, self.held = jobs, held
        self.elsewhere: list[Job] = []
        self.trouble: NascoreError | None = None

    def __iter__(self) -> Iterator[tuple]:
        for number, job in enumerate(self.jobs):
            try:
                if not self.held.take(job):
                    self.elsewhere.append(job)
                    continue
            except NascoreError as error:
                self.trouble = error
                return
            each, i = job
            unit = each.units[i]
            yield number, each.experiment.run, dict(unit.config), unit.seed, each.labels[i]


def _done(jobs: list[Job]) -> int:
    return sum(each.fingerprints[i] in each.stored for each, i in jobs)


def _failure_text(failures: list, done: int, total: int) -> str:
    name, unit, outcome = failures[0]
    if os.environ.get("NASCORE_DEBUG"):
        print(outcome["traceback"], file=sys.stderr)
    more = f" and {len(failures) - 1} more" if len(failures) > 1 else ""
    return (
        f"{len(failures)} of {total} units failed: {name} ({unit}){more}; first error: {outcome['error']}; "
        f"{done} finished units are stored"
    )


def run_unit(number: int, run: Any, config: dict, seed: int, data: str, in_worker: bool = True) -> tuple[int, dict]:
    """Run one unit on one thread and report its result or its error. Runs in the worker process."""
    if in_worker and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's: it stops the pool and reports
    with one_thread_for_all():
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            result = run(config, seed)
            if not isinstance(result, Mapping) or not isinstance(result.get("metrics"), Mapping):
                raise ResultsError("the experiment's run() must return a dict with the key 'metrics' (a dict)")
            result = store.plain(result)
            columns.check_result(config, {key: value for key, value in result.items() if key != "device"})
        except Exception as error:  # the other units go on; the parent reports this one
            text = f"{type(error).__name__}: {error}" if not isinstance(error, NascoreError) else str(error)
            return number, {"error": text, "traceback": traceback.format_exc()}
        device = str(result.pop("device", "cpu"))
        record = provenance.record(
            wall_s=time.perf_counter() - wall, cpu_s=time.process_time() - cpu, data=data, device=device
        )
    return number, {"result": result, "provenance": record}
