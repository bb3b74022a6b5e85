"""The finished runs of a comparison, in memory and, with a path, as checked lines of a file that processes share."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from nascore.companion import store
from nascore.companion.locks import Locks
from nascore.errors import ResultsError, why

Job = tuple[str, int]  # method and seed
FIELDS = ("method", "seed", "question", "digest", "value", "stopped", "curve")
MEASURED = ("wall_s", "cpu_s", "digest")  # what two runs of one method with one seed may differ in


class Rows:
    """Finished runs by (method, seed); `question`: what they answer, ResultsError for a file of another.

    Who does a run holds a lock on it until its row is stored. The locks are the operating system's: a killed process
    leaves none behind.
    """

    def __init__(self, path: Path | None, question: dict):
        self.path, self.question = path, question
        self.found: dict[Job, dict] = {}
        self._held = Locks()
        self._lines = 0
        if path is None:
            return
        if path.is_dir():
            raise ResultsError(f"store={str(path)!r}: a folder; expected a file")
        try:  # said now, not after the first run
            path.parent.mkdir(parents=True, exist_ok=True)
            open(path, "ab").close()
        except (OSError, ValueError) as error:
            raise ResultsError(f"store={str(path)!r} cannot be written: {error}") from error
        self._tail = store.Lines(path, FIELDS)
        self._follow()

    def __enter__(self) -> Rows:
        return self

    def __exit__(self, *_: object) -> None:
        self._held.__exit__()

    def has(self, job: Job) -> bool:
        """Whether a run is finished by now, here or in another process that has the same file."""
        if self.path is not None and job not in self.found:
            self._follow()
        return job in self.found

    def take(self, job: Job) -> bool:
        """Hold this run, unless it is finished or another process is at it; whether it is to be done here."""
        if self.has(job):
            return False
        if self.path is None:
            return True
        name = hashlib.sha256(repr(job).encode()).hexdigest()[:16]
        try:
            if not self._held.take(job, self.path.with_name(f".{self.path.name}.{name}.lock")):
                return False
        except OSError as error:
            raise ResultsError(f"store={str(self.path)!r} cannot be locked: {why(error)}") from error
        if self.has(job):  # it was finished between the look and the lock
            self._held.give_back(job)
            return False
        return True

    def add(self, row: dict) -> None:
        """Keep a row, on disk before it is reported."""
        job = row["method"], row["seed"]
        row = {**row, "question": self.question}
        self.found[job] = row if self.path is None else store.append(self.path, row)
        self._held.give_back(job)

    def _follow(self) -> None:
        """Takes over what has been written since it was read last, by whomever."""
        for row in self._tail.new():
            self._lines += 1
            where = f"{self.path}, line {self._lines}"
            if row["question"] != self.question:
                raise ResultsError(
                    f"{where}: a run of another comparison ({row['question']}, this one is {self.question}); give "
                    "another file"
                )
            if not _sound(row):
                raise ResultsError(f"{where}: no run of a comparison; {store.ADVICE}")
            job = row["method"], row["seed"]
            if _measured(self.found.setdefault(job, row)) != _measured(row):
                raise ResultsError(f"{where} contradicts an earlier row of the same method and seed; {store.ADVICE}")


def _sound(row: dict) -> bool:
    """Whether it has the parts of a run, of the kinds that a table and a plot are made of."""
    text, curve = json.dumps(row, ensure_ascii=False), row["curve"]
    if text.encode(errors="replace").decode() != text:  # half a character, which no table takes
        return False
    if not isinstance(row["method"], str) or type(row["seed"]) is not int or not isinstance(row["stopped"], str):
        return False
    if not isinstance(curve, dict) or not {"query", "best"} <= set(curve):
        return False
    steps = list(curve.values())
    if not all(isinstance(each, list) and len(each) == len(steps[0]) for each in steps):
        return False
    return all(type(x) in (int, float) for each in steps for x in each) and type(row["value"]) in (
        int,
        float,
        type(None),
    )


def _measured(row: dict) -> dict:
    return {key: value for key, value in row.items() if key not in MEASURED}
