"""One loop for every query-based search."""

from __future__ import annotations

import time
from collections.abc import Callable

from nascore import bars, checks
from nascore.benchmarks.oracle import Oracle
from nascore.errors import SettingError
from nascore.search import doors
from nascore.search.base import Search
from nascore.search.result import Result


def run(
    search: Search,
    oracle: Oracle,
    *,
    progress: bool = False,
    callback: Callable[[Search, Oracle], bool | None] | None = None,
) -> Result:
    """Asks `search`, evaluates with `oracle`, tells, until the budget is spent, the search is done, or it stalls.

    `progress` shows a bar with the time left. `callback(search, oracle)` is called after every tell; True stops the
    run. Ctrl-C ends it too: the result so far is returned, and `run` on the same two objects goes on.
    """
    checks.instance("search", search, Search, "a search such as nc.search.GANAS(space)")
    checks.instance("oracle", oracle, Oracle, "nc.Oracle(benchmark, budget=...)")
    progress = checks.flag("progress", progress)
    if callback is not None and not callable(callback):
        raise SettingError(f"callback={checks.shown(callback)}: expected a callable (search, oracle) -> bool, or None")
    if search.space.identity() != oracle.space.identity():
        raise SettingError(
            f"the search is on {search.space.identity()}, the oracle on {oracle.space.identity()}: "
            "expected the same space"
        )
    begin = time.perf_counter()
    bar = _bar(oracle) if progress else None
    ask, tell, evaluate, through = search.ask, search.tell, oracle.evaluate, doors.through
    stopped = ""
    try:
        while not stopped:
            stopped = oracle.exhausted or ("finished" if search.done and not search.unanswered else "")
            if stopped:
                break
            archs = search.unanswered or ask()
            if type(archs) is not list:
                archs = checks.listed(f"what ask() of {type(search).__name__} gave", archs, "a list of architectures")
            if not archs:
                stopped = "finished" if search.done else "nothing to ask"
                break
            search.unanswered = archs  # until they are told: an evaluation may be interrupted
            values = evaluate(archs)
            if len(values) == len(archs):
                through(search, tell, archs, values)
                search.unanswered = []
            elif values:  # the budget ended, or the search stalls
                through(search, tell, archs[: len(values)], values)
                search.unanswered = archs[len(values) :]
            if bar is not None:
                bar.update(oracle.spent - bar.n)
            if callback is not None and callback(search, oracle):
                stopped = "callback"
    except KeyboardInterrupt:
        stopped = "interrupted"
    finally:
        if bar is not None:
            bar.close()
    return Result(oracle, type(search).__name__, stopped, time.perf_counter() - begin)


def _bar(oracle: Oracle):
    unit = "query" if oracle.unit == "queries" else "epoch"
    return bars.bar(total=oracle.budget, initial=oracle.spent, unit=unit)
