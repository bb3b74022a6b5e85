"""Ways to die: a forked child that runs a function and is killed on its way, at a moment that a number names."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path

CONTEXT = multiprocessing.get_context("fork")


def ran(function: Callable[[], None], after: float | None = None) -> int:
    """The exit code of a child that runs `function`; with `after`, it is killed after so many seconds."""
    child = CONTEXT.Process(target=function)
    child.start()
    if after is not None:
        child.join(after)
        if child.is_alive():
            os.kill(child.pid, signal.SIGKILL)
    child.join()
    return child.exitcode


def at_call(function: Callable[[], None], number: int) -> Callable[[], None]:
    """`function`, killed -9 when it makes its call `number` (of Python or C, as the profiler counts)."""

    def run() -> None:
        left = number

        def count(frame, event, argument) -> None:
            nonlocal left
            left -= 1
            if left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.setprofile(count)
        function()

    return run


def in_write(function: Callable[[], None], size: int) -> Callable[[], None]:
    """`function`, killed while it writes a file beyond `size` bytes: what fits is written, the rest is not."""

    def run() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        function()

    return run


def calls(function: Callable[[], None], folder: Path) -> int:
    """How many calls `function` makes."""

    def run() -> None:
        made = 0

        def count(frame, event, argument) -> None:
            nonlocal made
            made += 1

        sys.setprofile(count)
        function()
        sys.setprofile(None)
        (folder / "calls").write_text(str(made))

    if ran(run) != 0:
        raise RuntimeError("the undisturbed run failed")
    return int((folder / "calls").read_text())


def note(file: Path, text: str) -> None:
    """One line more, there whatever happens next."""
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    try:
        os.write(handle, text.encode() + b"\n")
    finally:
        os.close(handle)


def noted(file: Path) -> list[str]:
    """The lines of `note`."""
    return file.read_text().split() if file.exists() else []
