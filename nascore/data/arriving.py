"""A file that is still arriving: it lies beside its target, locked while its process lives, and is renamed once whole.

Whatever ends the fetch in an orderly way (an error, Ctrl-C, SIGTERM) removes it; what kill -9 leaves behind is found by
its lock, which died with the process, and swept by the next fetch. Another running fetch's file is never touched.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

try:
    import fcntl
except ImportError:  # no such locks on Windows: there only old files are swept
    fcntl = None  # type: ignore[assignment]

SUFFIX = ".part"
# what has no lock: downloads of an earlier nascore, and tables that were being written when their process was killed
_UNLOCKED = re.compile(r"tmp[a-z0-9_]{8}|\..+\.[a-z0-9_]{8}")
OLD = 3600.0  # seconds after which such a file belongs to nobody


class Unwritable(Exception):
    """The place of the target refuses: full, read-only, no permission, not a folder."""


class Arriving:
    """The open file; `write` adds to it, `keep` puts it in the target's place."""

    def __init__(self, target: Path, path: Path, stream: BinaryIO):
        self.target, self.path, self.stream = target, path, stream

    def write(self, data: bytes) -> None:
        with _unwritable():
            self.stream.write(data)

    def keep(self) -> Path:
        with _unwritable():
            self.stream.flush()
            os.fsync(self.stream.fileno())
            self.path.chmod(0o644)
            os.replace(self.path, self.target)
        return self.target


@contextlib.contextmanager
def arriving(target: Path) -> Iterator[Arriving]:
    """An empty file beside `target`; gone in the end, unless `keep` gave it the target's name. Unwritable as above."""
    with _sigterm_raises():
        path = stream = None
        try:
            with _unwritable():
                target.parent.mkdir(parents=True, exist_ok=True)
                while stream is None or not _ours(stream, path):
                    handle, name = tempfile.mkstemp(f"{SUFFIX}", f".{target.name}.", target.parent)
                    path, stream = Path(name), os.fdopen(handle, "wb")
                    _lock(stream, wait=True)  # a sweep may be looking at it: then it goes, and another is made
            yield Arriving(target, path, stream)  # type: ignore[arg-type]
        finally:
            if path is not None:
                with contextlib.suppress(OSError):
                    path.unlink(missing_ok=True)
            if stream is not None:
                with contextlib.suppress(OSError):  # a full disk is met again where the last bytes are written out
                    stream.close()


def sweep(folder: Path) -> None:
    """Removes what killed fetches left anywhere below `folder`."""
    with contextlib.suppress(OSError):  # a folder that cannot be read holds nothing that could be removed
        for path in folder.rglob("*") if folder.is_dir() else ():
            with contextlib.suppress(OSError):  # gone meanwhile, or not ours to remove
                _sweep(path)


def _sweep(path: Path) -> None:
    if path.is_symlink() or not path.is_file():
        return
    if fcntl is not None and path.name.startswith(".") and path.name.endswith(SUFFIX):
        with open(path, "rb") as stream:
            if _lock(stream):
                path.unlink()
    elif _UNLOCKED.fullmatch(path.name) and time.time() - path.stat().st_mtime > OLD:
        path.unlink()


def _lock(stream, wait: bool = False) -> bool:
    """Whether nobody else holds the lock (any more, where we `wait`); we do from here on, until the file is closed."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True


def _ours(stream, path) -> bool:
    """Whether `path` is still the locked file: between its making and its locking it could be taken for a leftover."""
    try:
        return os.path.samestat(os.fstat(stream.fileno()), os.stat(path))
    except FileNotFoundError:
        stream.close()
        return False


@contextlib.contextmanager
def _unwritable() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unwritable(str(error)) from error


@contextlib.contextmanager
def _sigterm_raises() -> Iterator[None]:
    """SIGTERM ends what is inside as an exception does, so that it cleans up; whoever handles it already goes on so."""
    here = threading.current_thread() is threading.main_thread()
    if not here or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return

    def leave(number, _frame):
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
