"""Timing that holds on a busy machine: CPU time of this process, medians of interleaved repeats."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Sequence

FIELDS = ("name", "value", "unit", "bar", "met", "low", "high", "repeats", "threads", "load", "what", "reference")


def row(
    name: str,
    samples: Sequence[float],
    unit: str,
    what: str,
    *,
    least: float | None = None,
    most: float | None = None,
    reference: str = "",
    value: float | None = None,
) -> dict:
    """One result: the median of `samples` (or `value`, where a ratio of medians is meant), their range, and the bar.

    The bar is `least` (larger is better) or `most`; `met` is None without a bar and where nothing could be measured
    (no samples).
    """
    if value is None and samples:
        value = statistics.median(samples)
    bar = f">= {least:g}" if least is not None else f"<= {most:g}" if most is not None else ""
    met = None
    if bar and value is not None:
        met = value >= least if least is not None else value <= most
    low, high = (min(samples), max(samples)) if samples else (None, None)
    fields = (name, value, unit, bar, met, low, high, len(samples), threads(), load(), what, reference)
    return dict(zip(FIELDS, fields, strict=True))


def faster(
    name: str,
    slow: Sequence[float],
    fast: Sequence[float],
    what: str,
    how: str,
    *,
    least: float | None = None,
    note: str = "",
) -> dict:
    """How many times faster ours is: seconds `fast` of it beside seconds `slow` of the other way (`how`)."""
    others, ours = statistics.median(slow), statistics.median(fast)
    return row(
        name,
        [a / b for a, b in zip(slow, fast, strict=True)],
        "x faster",
        what,
        least=least,
        value=others / ours,
        reference=f"{how}: {1e3 * others:.4g} ms; ours {1e3 * ours:.4g} ms" + (f"; {note}" if note else ""),
    )


def seconds(work: Callable[[], object], repeats: int, warm_up: bool = True) -> list[float]:
    """CPU seconds of each of `repeats` calls, after one that does not count."""
    if warm_up:
        work()
    return [_once(work, 1) for _ in range(repeats)]


def interleaved(slow: Callable[[], object], fast: Callable[[], object], repeats: int, fast_calls: int = 5):
    """CPU seconds of one call of each, measured in turn so that both meet the same load: two lists of `repeats`.

    The fast one is called `fast_calls` times in each turn and averaged.
    """
    slow()
    fast()
    pairs = [(_once(slow, 1), _once(fast, fast_calls)) for _ in range(repeats)]
    return [a for a, _ in pairs], [b for _, b in pairs]


def _once(work: Callable[[], object], calls: int) -> float:
    begin = time.process_time()
    for _ in range(calls):
        work()
    return max((time.process_time() - begin) / calls, 1e-9)


def threads() -> int:
    """Threads that torch uses now."""
    import torch

    return torch.get_num_threads()


def load() -> float | None:
    """The machine's load average over the last minute; None where the system has none."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None
