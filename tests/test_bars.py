"""A bar in a file is lines; where all is over soon it is nothing."""

from __future__ import annotations

import io
import sys

from nascore import bars


def test_a_file_gets_whole_lines_each_state_once(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with bars.bar(total=3, delay=0, mininterval=0, desc="units") as bar:
        for _ in range(3):
            bar.update()
    shown = stream.getvalue().splitlines()
    assert "\r" not in stream.getvalue() and "\n\n" not in stream.getvalue()
    assert len(shown) == len(set(shown)) >= 2 and shown[-1].startswith("units: 100%")


def test_what_is_over_at_once_shows_nothing(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    with bars.bar(total=3) as bar:
        bar.update(3)
    assert stream.getvalue() == ""


def test_a_stream_that_is_gone_is_no_terminal():
    assert not bars._drawn(None)
    closed = io.StringIO()
    closed.close()
    assert not bars._drawn(closed)
