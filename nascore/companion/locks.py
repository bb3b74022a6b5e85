"""Locks on files, held by key: who does a piece of work that processes share holds one until it is done.

They are the operating system's: a killed process leaves none behind.
"""

from __future__ import annotations

import contextlib
from collections.abc import Hashable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from filelock import FileLock


class Locks:
    """The locks that this process holds; all are given back where the `with` ends."""

    def __init__(self) -> None:
        self._held: dict[Hashable, FileLock] = {}

    def __enter__(self) -> Locks:
        return self

    def __exit__(self, *_: object) -> None:
        for key in list(self._held):
            self.give_back(key)

    def __contains__(self, key: Hashable) -> bool:
        return key in self._held

    def take(self, key: Hashable, file: Path) -> bool:
        """Whether `file` is locked now, under `key`; not where another process has it. OSError where nobody can."""
        from filelock import FileLock, Timeout

        # given back by another thread than took it: joblib asks for tasks from threads of its own
        lock = FileLock(file, thread_local=False)
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            return False
        self._held[key] = lock
        return True

    def give_back(self, key: Hashable) -> None:
        """Give the lock of `key` back, if it is held; its file goes with it."""
        lock = self._held.pop(key, None)
        if lock is not None:
            with contextlib.suppress(OSError):  # Windows keeps an open file; filelock sees a file that has gone
                Path(lock.lock_file).unlink(missing_ok=True)
            lock.release()
