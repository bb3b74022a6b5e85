"""The result store: one JSON line for each finished unit of an experiment.

`data/results/<experiment id>.jsonl` holds the rows of the laptop and paper profiles and is committed; smoke rows go
to the git-ignored cache. A row is identified by its fingerprint (experiment, version, config, seed, data) and guarded
by a digest over the whole row: an edited or damaged row is refused, with the file and the line named. Only a last
line without its newline is forgiven, since that is what a killed run leaves behind.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from nascore import checks, paths
from nascore.benchmarks.query_log import digest
from nascore.errors import ResultsError, why
from nascore.studies.experiment import check_id, check_profile

REQUIRED = ("experiment", "version", "profile", "config", "seed", "fingerprint", "metrics", "provenance", "digest")


def path(experiment: str, profile: str) -> Path:
    """File that holds the rows of an experiment under a profile (laptop and paper share one file)."""
    check_id(experiment)  # it becomes a path, which must not lead out of the store
    check_profile(profile)
    folder = Path(paths.cache()) / "results" / "smoke" if profile == "smoke" else Path(paths.results())
    return folder / f"{experiment}.jsonl"


def lock_path(experiment: str, profile: str, fingerprint: str) -> Path:
    """The file that who computes this unit holds a lock on; git-ignored, and gone with the lock."""
    return path(experiment, profile).parent / ".claims" / f"{fingerprint[:32]}.lock"


def plain(value: Any) -> Any:
    """JSON-able copy of `value`: numpy numbers and arrays become plain ones, NaN and infinities become None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):  # numpy scalars and arrays, torch tensors
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    kind = type(value).__name__
    raise ResultsError(f"cannot store a {kind} in a result row: {checks.shown(value)}; use numbers, text or lists")


def canonical(value: Any) -> str:
    """One text for one value: sorted keys, no spaces."""
    try:
        return _text(value)  # already plain: what most is, and json says so at once
    except (TypeError, ValueError):
        return _text(plain(value))


def fingerprint(experiment: str, version: int, config: Mapping, seed: int, data: str) -> str:
    """sha256 (hex) of what determines a unit's result: code version, parameters, seed and data."""
    text = canonical({"experiment": experiment, "version": version, "config": config, "seed": seed, "data": data})
    return hashlib.sha256(text.encode()).hexdigest()


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def append(file: Path, row: Mapping) -> dict:
    """Write one row at the end of `file`, flushed to disk before returning; returns the row as stored.

    A half line left by a killed process is cut off first. A lock keeps two writers (two notebooks, say) apart.
    """
    stored = plain(row)
    stored["digest"] = digest(stored)
    line = json.dumps(stored, separators=(",", ":"), allow_nan=False) + "\n"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with open(file, "a+b") as stream, _locked(stream):
            _cut_half_line(stream)
            stream.write(line.encode())
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise ResultsError(f"cannot write the result row to {file}: {why(error)}") from error
    return stored


@contextmanager
def _locked(stream) -> Iterator[None]:
    try:
        import fcntl
    except ImportError:  # Windows has no fcntl; there the store serves one writer at a time
        yield
        return
    fcntl.flock(stream, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(stream, fcntl.LOCK_UN)


def _cut_half_line(stream) -> None:
    end = stream.seek(0, os.SEEK_END)
    keep = end
    while keep > 0:
        start = max(0, keep - 65536)
        stream.seek(start)
        newline = stream.read(keep - start).rfind(b"\n")
        if newline >= 0:
            keep = start + newline + 1
            break
        keep = start
    if keep < end:
        stream.truncate(keep)
    stream.seek(0, os.SEEK_END)


def read(file: Path) -> list[dict]:
    """All rows of one experiment's file, in the order written; an absent file has none.

    Raises ResultsError naming file and line for a line that is not JSON, lacks a field, or was changed.
    """
    return Tail(file).new()


ADVICE = "restore the file (git checkout) or delete that line; the missing unit is then computed again"


class Lines:
    """A file of digested JSON lines that others may be adding to: each look gives the rows that came since the last,
    each with the `required` keys. A half line at the end, which a killed run leaves, waits for its rest."""

    def __init__(self, file: Path, required: tuple[str, ...]) -> None:
        self.file, self.required = Path(file), required
        self._offset = self._lines = 0

    def new(self) -> list[dict]:
        """Rows added since the last call; an absent file has none.

        Raises ResultsError naming file and line for a line that is not JSON, lacks a key, or was changed.
        """
        try:
            with open(self.file, "rb") as stream:
                if stream.seek(0, os.SEEK_END) < self._offset:  # somebody put an older file in its place
                    self._offset = self._lines = 0
                stream.seek(self._offset)
                content = stream.read()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise ResultsError(f"cannot read the results in {self.file}: {why(error)}") from error
        lines = content.split(b"\n")
        unfinished = lines.pop()
        found = [self._row(line, number) for number, line in enumerate(lines, start=self._lines + 1)]
        self._offset += len(content) - len(unfinished)
        self._lines += len(lines)
        return found

    def _row(self, line: bytes, number: int) -> dict:
        return _checked(line, self.file, number, self.required)


class Tail(Lines):
    """The rows of an experiment's file, as they come."""

    def __init__(self, file: Path) -> None:
        super().__init__(file, REQUIRED)

    def _row(self, line: bytes, number: int) -> dict:
        return _fitting(super()._row(line, number), self.file, number)


def read_lines(file: Path, required: tuple[str, ...]) -> list[dict]:
    """All rows of a file of digested JSON lines, see `Lines`."""
    return Lines(file, required).new()


def _checked(line: bytes, file: Path, number: int, required: tuple[str, ...]) -> dict:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ResultsError(f"{file}, line {number}: not a JSON row ({error}); {ADVICE}") from None
    missing = [key for key in required if not isinstance(row, dict) or key not in row]
    if missing:
        raise ResultsError(f"{file}, line {number}: the row lacks {', '.join(missing)}; {ADVICE}")
    try:
        whole = row["digest"] == digest(row)
    except (ValueError, RecursionError):  # NaN and Infinity, which Python reads though JSON has none
        whole = False
    if not whole:
        raise ResultsError(f"{file}, line {number}: the row was changed after it was written; {ADVICE}")
    return row


def _fitting(row: dict, file: Path, number: int) -> dict:
    if not isinstance(row["metrics"], dict) or not isinstance(row["provenance"], dict):
        raise ResultsError(f"{file}, line {number}: metrics and provenance must be JSON objects; {ADVICE}")
    data = row["provenance"].get("data", "")
    expected = fingerprint(row["experiment"], row["version"], row["config"], row["seed"], data)
    if row["fingerprint"] != expected:
        raise ResultsError(f"{file}, line {number}: the row was changed after it was written; {ADVICE}")
    return row
