"""A worker process ends when the process that started it is gone, however it went: kill -9 leaves nobody to tell it.

The worker asks the system for its parent once a second, from a thread of its own: the same on Linux and macOS. Linux
could send a signal instead (PR_SET_PDEATHSIG), but does so when the parent's *thread* that started the worker ends, and
pools start workers from threads that come and go.
"""

from __future__ import annotations

import os
import threading
import time

EVERY_S = 1.0


def end_with(parent: int) -> None:
    """From now on this process ends within seconds of the death of `parent`, its parent's process id."""
    if os.name != "posix":  # elsewhere a process keeps its parent's number, whatever becomes of it
        return
    threading.Thread(target=_watch, args=(parent,), name="ends-with-parent", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(EVERY_S)
    os._exit(1)  # no clean-up: nobody is left to read results, and a unit in flight is lost either way
