"""Waiting for other processes without looking at the clock: until it is so, or until nobody is left to make it so."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

# seconds after which something hangs for good, on however busy a machine; no test waits so long where all is well
FOREVER = 1800


def until(condition: Callable[[], object], process: subprocess.Popen | None = None) -> None:
    """Returns as soon as `condition()` holds; AssertionError if `process` ends before."""
    for _ in range(20 * FOREVER):
        ended = process is not None and process.poll() is not None
        if condition():
            return
        assert not ended, f"the process ended with {process.returncode} before that"
        time.sleep(0.05)
    raise AssertionError("waited for ever")


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not asked about does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def lines(file: Path) -> int:
    """Complete lines of a file that may not be there yet."""
    return file.read_text().count("\n") if file.exists() else 0
