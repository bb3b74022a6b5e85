"""Progress bars: drawn over and over in a terminal or a notebook, one line per update in a file or a pipe."""

from __future__ import annotations

import sys
from typing import Any, TextIO

DELAY_S = 2.0  # what is done sooner shows nothing
LINES_S = 10.0  # least time between two lines of a file


def bar(**options: Any) -> Any:
    """A tqdm bar with these options, which appears after two seconds unless they say otherwise."""
    options.setdefault("delay", DELAY_S)
    if _drawn(sys.stderr):
        from tqdm.auto import tqdm

        return tqdm(**options)
    from tqdm import tqdm as plain

    # leave: the last line says that it is over; ascii and ncols: nothing to draw, the words are what is read
    return plain(**{"mininterval": LINES_S, **options, "file": Lines(sys.stderr), "ascii": True, "ncols": 100,
                    "leave": True, "dynamic_ncols": False})  # fmt: skip


def _drawn(stream: Any) -> bool:
    """Whether what is written can be written over: a terminal, or a notebook's output."""
    if type(stream).__module__.startswith("ipykernel"):
        return True
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):  # no stream at all, or a closed one
        return False


class Lines:
    """What a bar writes over itself, as lines of a file: each state once, without the carriage returns."""

    def __init__(self, stream: TextIO) -> None:
        self.stream, self._last = stream, ""

    def write(self, text: str) -> int:
        for state in text.replace("\n", "\r").split("\r"):
            if state.strip() and state.rstrip() != self._last:
                self._last = state.rstrip()
                self.stream.write(self._last + "\n")
        return len(text)

    def flush(self) -> None:
        self.stream.flush()
