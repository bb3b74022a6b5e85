"""One unit, one runner: who computes a unit holds a lock on it until its row is stored.

Two runs of the same command, two notebooks or two machines on one folder then share the work: each takes the units that
nobody else holds. A lock belongs to the process that took it, so one that is killed leaves none behind.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from nascore.companion import store
from nascore.companion.locks import Locks
from nascore.errors import ResultsError, why

if TYPE_CHECKING:
    from nascore.companion.plans import Plan

POLL_S = 0.5
Job = tuple["Plan", int]  # a plan and the position of one of its units


class Reservations:
    """The units that this runner holds, by fingerprint."""

    def __init__(self) -> None:
        self._held = Locks()

    def __enter__(self) -> Reservations:
        return self

    def __exit__(self, *_: object) -> None:
        self._held.__exit__()

    def take(self, job: Job) -> bool:
        """Hold this unit, unless another runner does or its row is stored by now; whether it is to be computed."""
        plan, i = job
        mark = plan.fingerprints[i]
        if mark in self._held:
            return True
        file = store.lock_path(plan.experiment.id, plan.profile, mark)
        try:
            if not self._held.take(mark, file):
                return False
        except OSError as error:
            raise ResultsError(f"cannot write to {file.parent}: {why(error)}") from error
        plan.follow()  # another runner may have stored it between our plan and our lock
        if mark in plan.stored:
            self._held.give_back(mark)
            return False
        return True

    def give_back(self, job: Job) -> None:
        """The unit's row is stored, or it failed."""
        self._held.give_back(job[0].fingerprints[job[1]])

    def wait(self, jobs: Sequence[Job], say: Callable[[str], None]) -> list[Job]:
        """Those of `jobs`, all held by other runners when last asked, that are to be computed after all: the first of
        them is held. Waits until there is one, as a runner was stopped or failed; none once all are stored."""
        said = False
        while True:
            for plan in {id(plan): plan for plan, _ in jobs}.values():
                plan.follow()
            jobs = [job for job in jobs if job[0].fingerprints[job[1]] not in job[0].stored]
            for job in jobs:
                if self.take(job):
                    return [job, *(other for other in jobs if other is not job)]
            if not jobs:
                return []
            if not said:
                say(f"another run is computing {len(jobs)} of the units; waiting for it")
                said = True
            time.sleep(POLL_S)
