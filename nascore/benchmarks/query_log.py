"""The file of an Oracle: one JSON line for each finished evaluation, and a header that says what they answer.

Each row carries a digest over itself: one that was edited or damaged is refused, with file and line. Only a last line
without its newline is forgiven, since that is what a killed run leaves behind. Several processes may use one log: each
takes over what the others have written, and none evaluates what another is evaluating at the moment (it waits for the
answer). The locks are the operating system's: a killed process leaves none behind. Windows has none of this kind:
there a log serves one process at a time.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import threading
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from nascore import checks
from nascore.errors import NascoreError, ResultsError, why

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

FORMAT = 3
ADVICE = "restore the file, or delete that line; it is then evaluated again"
_WRITING = 2**61  # byte that a writer locks; the claims on single evaluations lie below, the file's content far below
_CLAIMS = 2**60
_threads = threading.Lock()  # the system's locks do not keep threads of one process apart


class Recorded(NamedTuple):
    """A finished evaluation: (value, cost, ...), all NaN where it failed, its status, and the seconds that it took."""

    row: tuple[float, ...]
    status: str
    seconds: float


class QueryLog:
    """The evaluations in `path`, `found` by what was asked.

    `header`: what the answers depend on; ResultsError for the log of anything else. `asked`: (architecture, epochs) ->
    the key of `found`, an error for what cannot have been asked. `width`: how many numbers a row has.
    """

    def __init__(
        self,
        path: str | Path,
        header: dict,
        asked: Callable[[tuple, int | None], Hashable],
        width: int,
    ):
        self.path, self.header, self.width = checks.file("log", path), header, width
        self.found: dict[Hashable, Recorded] = {}
        self._asked = asked
        self._end = self._lines = 0  # how far the file has been read
        self._filed: set[Hashable] = set()
        self._unwritten: dict[Hashable, bytes] = {}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with open(self.path, "a+b") as stream, _locked(stream, _WRITING):
                self._begin(stream)
                self._follow(stream)
        except (OSError, ValueError) as error:
            self._refuse(error)

    def _refuse(self, error: Exception) -> None:
        if isinstance(error, NascoreError):
            raise error
        raise ResultsError(f"log={str(self.path)!r} cannot be used: {why(error)}") from error

    def _begin(self, stream: BinaryIO) -> None:
        """Writes the header of a new log, or checks that of an old one."""
        stream.seek(0)
        first = stream.readline()
        header = json.dumps(self.header).encode() + b"\n"
        if not first.endswith(b"\n"):  # new, killed while the header was written, or a file of something else
            if not header.startswith(first):
                raise ResultsError(f"{self.path} is not a nascore log; use another file")
            stream.truncate(0)
            stream.write(header)
            stream.flush()
            first = header
        try:
            found = json.loads(first)
        except (ValueError, RecursionError):
            raise ResultsError(f"{self.path} is not a nascore log; use another file") from None
        if found != json.loads(header):  # as a file holds it: tuples are lists
            old = isinstance(found, dict) and found.get("nascore_log") in range(1, FORMAT)
            said = f"belongs to another search: it says {checks.shown(found, 1000)}, this one is {self.header}"
            if old:
                said = f"is of an earlier nascore (format {found['nascore_log']}), whose rows carry no digest"
            raise ResultsError(f"{self.path} {said}; use another file or delete it")
        self._end, self._lines = len(first), 1

    def _follow(self, stream: BinaryIO) -> None:
        """Takes over what has been written since it was read last, by whomever."""
        if stream.seek(0, os.SEEK_END) < self._end:
            raise ResultsError(f"{self.path} was shortened or replaced while it was in use; restore it")
        stream.seek(self._end)
        *lines, _ = stream.read().split(b"\n")  # the last one is empty, or half a line
        for line in lines:
            key, recorded = self._read(line, f"{self.path} line {self._lines + 1}")
            self.found[key] = recorded
            self._filed.add(key)
            self._end, self._lines = self._end + len(line) + 1, self._lines + 1

    def _read(self, line: bytes, where: str) -> tuple[Hashable, Recorded]:
        try:
            row = json.loads(line, parse_constant=_no_number)
            fields = {"arch", "row", "status", "seconds", "digest"}
            if not isinstance(row, dict) or set(row) - {"epochs"} != fields:
                raise ValueError("expected an object with arch, row, status, seconds, digest")
            if row["digest"] != digest(row):
                raise ValueError("it was changed after it was written")
            if not isinstance(row["arch"], list) or not isinstance(row["row"], list) or len(row["row"]) != self.width:
                raise ValueError(f"expected an architecture and {self.width} numbers")
            values = tuple(math.nan if x is None else checks.number("row", x) for x in row["row"])
            status = checks.text("status", row["status"])
            if (status == "ok") == any(x != x for x in values) or len({x != x for x in values}) > 1:
                raise ValueError(f"status {status!r} with the row {row['row']}")
            epochs = checks.whole("epochs", row["epochs"], 1) if "epochs" in row else None
            key = self._asked(tuple(row["arch"]), epochs)
            recorded = Recorded(values, status, checks.number("seconds", row["seconds"], 0))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ResultsError(f"{where} is not a row of a nascore log ({error}); {ADVICE}") from None
        earlier = self.found[key] if key in self._filed else None
        if earlier is not None and (str(earlier.row), earlier.status) != (str(recorded.row), recorded.status):
            raise ResultsError(f"{where} contradicts an earlier row of the same architecture; {ADVICE}")
        return key, earlier or recorded

    @contextmanager
    def claimed(self, key: Hashable) -> Iterator[Recorded | None]:
        """Inside, no other process evaluates `key`: what is known of it by now, or None."""
        try:
            with open(self.path, "r+b") as stream, _locked(stream, _claim(key)):
                with _locked(stream, _WRITING):  # not while a row is half written
                    self._follow(stream)
                yield self.found.get(key)
        except OSError as error:
            self._refuse(error)

    def add(self, key: Hashable, arch: tuple, epochs: int | None, recorded: Recorded) -> None:
        """One more evaluation, on disk before it returns; ResultsError where it cannot be written.

        It is kept in memory then, and written together with the next one.
        """
        values = [None if x != x else x for x in recorded.row]
        line = {"arch": list(arch), "row": values, "status": recorded.status, "seconds": round(recorded.seconds, 4)}
        line |= {} if epochs is None else {"epochs": epochs}
        self.found[key] = recorded
        self._unwritten[key] = json.dumps({**line, "digest": digest(line)}).encode() + b"\n"
        try:
            with _threads, open(self.path, "r+b") as stream, _locked(stream, _WRITING):
                self._follow(stream)
                lines = [line for key, line in self._unwritten.items() if key not in self._filed]
                self._write(stream, b"".join(lines))
        except OSError as error:
            self._refuse(error)
        self._lines += len(lines)
        self._filed.update(self._unwritten)
        self._unwritten.clear()

    def _write(self, stream: BinaryIO, content: bytes) -> None:
        stream.truncate(self._end)  # half a line that a killed process has left
        stream.seek(self._end)
        try:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        except OSError:  # the disk is full: nothing of it stays
            os.ftruncate(stream.fileno(), self._end)
            raise
        self._end += len(content)


def digest(row: Mapping) -> str:
    """First 16 hex digits of the sha256 over a row without its digest; the row's values are plain."""
    body = {key: value for key, value in row.items() if key != "digest"}
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no finite number")


def _claim(key: Hashable) -> int:
    """The byte that stands for an evaluation; two that share one only wait for each other."""
    return _CLAIMS + int.from_bytes(hashlib.sha256(repr(key).encode()).digest()[:6], "big")


@contextmanager
def _locked(stream: BinaryIO, byte: int) -> Iterator[None]:
    """No other process has `byte` of the file meanwhile. Closing any stream of the file gives up what is locked of it:
    inside of a claim the file is opened once more only to write what was claimed."""
    if fcntl is None:
        yield
        return
    fcntl.lockf(stream, fcntl.LOCK_EX, 1, byte)
    try:
        yield
    finally:
        if not stream.closed:
            fcntl.lockf(stream, fcntl.LOCK_UN, 1, byte)
