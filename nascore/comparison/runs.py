"""The runs of a comparison: one method with one seed, as a row of plain values; here or in worker processes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pickle import PicklingError
from typing import Any

from nascore import checks
from nascore.benchmarks.oracle import Oracle
from nascore.benchmarks.table import TabularBenchmark
from nascore.companion import store as row_store
from nascore.companion.pool import pool
from nascore.errors import Diverged, MissingArchitecture, NascoreError, SettingError
from nascore.search.base import Search
from nascore.search.loop import run
from nascore.search.result import Result
from nascore.threads import one_thread_for_all

Make = Callable[[int], Any]


@contextmanager
def processes(workers: int) -> Iterator[Callable[[Iterable[tuple]], Iterator[dict]]]:
    """Yields a function that gives the rows of `one_run` as they finish; functions of a user's own (lambdas too) go to
    worker processes by cloudpickle."""
    try:
        with pool(one_run, workers, "loky", None) as run_all:
            yield run_all
    except (PicklingError, TypeError, AttributeError) as error:  # what pickle raises; a run raises SettingError only
        if workers == 1:
            raise
        raise SettingError(
            f"workers={workers}: a method, the benchmark or judge cannot be sent to another process by pickle ({error})"
        ) from error


def one_run(name: str, seed: int, make: Make, benchmark, budget, unit: str, judge, in_worker: bool = True) -> dict:
    """One method with one seed. SettingError, with the method and the seed, for whatever goes wrong in it."""
    begin, cpu = time.perf_counter(), time.process_time()
    try:
        with one_thread_for_all():
            row = _row(make(seed), benchmark, budget, unit, judge)
    except Diverged as error:  # the run failed, nothing is wrong with the method: recorded and survived
        row = {"value": None, "rank": None, "arch": None, "stopped": f"diverged: {error}"}
        row["curve"] = {"query": [], "best": []}
    except Exception as error:
        what = str(error) if isinstance(error, NascoreError) else f"{type(error).__name__}: {error}"
        raise SettingError(f"method {name!r} with seed {seed}: {what}") from error
    row |= {"wall_s": round(time.perf_counter() - begin, 3), "cpu_s": round(time.process_time() - cpu, 3)}
    return {"method": name, "seed": seed, **row_store.plain(row)}


def _row(made, benchmark, budget, unit: str, judge) -> dict:
    if isinstance(made, Search):
        if benchmark is None:
            raise SettingError("it makes a search: compare needs the benchmark that it asks")
        if made.space.identity() != benchmark.space.identity():
            asked = f"benchmark={benchmark.name} is on {benchmark.space.identity()}"
            raise SettingError(f"it searches {made.space.identity()}; {asked}: expected the same space")
        result = run(made, Oracle(benchmark, budget, unit=unit))
        _whole(result.stopped)
        return _search_row(result, benchmark, unit, judge)
    if hasattr(made, "derive") and hasattr(made, "frame"):
        _whole(made.stopped)
        return _oneshot_row(made, benchmark if judge is None else judge)
    raise SettingError(f"it made {checks.shown(made)}: expected a search or the log of a one-shot search")


def _whole(stopped: str) -> None:
    """A run that Ctrl-C cut short is no run: nothing of it is kept, and the comparison stops."""
    if stopped == "interrupted":
        raise KeyboardInterrupt


def _search_row(result: Result, benchmark: TabularBenchmark, unit: str, judge) -> dict:
    """`value`, `rank` and `curve` are what the benchmark says of the best architecture so far, whatever length of
    training the search asked for: so values after 20 epochs are never compared with values after 160."""
    curve = _curve(result, benchmark, unit)
    best = result.best
    value = None if best is None else _known(benchmark, best)
    optimum = benchmark.best()[1]
    reached = [x for x, y in zip(curve["query"], curve["best"], strict=True) if y >= optimum - 1e-6]
    row = {
        "value": value,
        "rank": None if value is None else benchmark.rank(value),
        "queries": result.queries,
        "spent": result.oracle.spent,
        "to_best": reached[0] if reached else None,
        "arch": None if best is None else result.space.format(best),
        "stopped": result.stopped,
        "curve": {**curve, "best": [round(float(y), 4) for y in curve["best"]]},
    }
    if judge is not None:
        row["judged"] = None if best is None else judged(judge, best, result.space)
    return row


def _curve(result: Result, benchmark: TabularBenchmark, unit: str) -> dict[str, list]:
    """The best so far wherever it changed: what was spent until then, its value and its rank."""
    history = result.course.dropna(subset=["best"])
    steps = history[history["best"].diff().fillna(1) > 0]
    spent = result.course["cost"].cumsum() if unit == "epochs" else result.course["query"]
    found = [
        (x, value)
        for x, arch in zip(spent.loc[steps.index].tolist(), steps["arch"], strict=True)
        if (value := _known(benchmark, arch)) is not None
    ]
    return {
        "query": [x for x, _ in found],
        "best": [value for _, value in found],
        "rank": [benchmark.rank(value) for _, value in found],
    }


def _known(benchmark: TabularBenchmark, arch) -> float | None:
    """What the benchmark says of an architecture; None where it has answers after other numbers of epochs only."""
    try:
        value = benchmark.value(arch)
    except MissingArchitecture:
        return None
    return value if value == value else None


def _oneshot_row(log, judge) -> dict:
    if judge is None:
        raise SettingError(
            "it gives the log of a one-shot search: compare needs judge=..., a benchmark or a function "
            "architecture -> value"
        )
    space = None if log.run is None else getattr(log.run.supernet, "space", None)
    arch = log.derive()
    found: dict = {}  # a judge may train what it is asked for
    for each in [*log.frame["arch"], arch]:
        if each not in found:
            found[each] = judged(judge, each, space)
    curve = {"query": log.frame["epoch"].tolist(), "best": [found[each] for each in log.frame["arch"]]}
    row = {
        "value": found[arch],
        "arch": str(arch),
        "entropy": float(log.frame["entropy"].iloc[-1]),
        "val_loss": float(log.frame["val_loss"].iloc[-1]),
        "stopped": log.stopped,
        "curve": curve,
    }
    if isinstance(judge, TabularBenchmark):
        row["rank"] = judge.rank(row["value"])
        curve["rank"] = [judge.rank(value) for value in curve["best"]]
    return row


def judged(judge, arch, space=None) -> float:
    """How good `judge` finds an architecture of `space`; SettingError where it is of another space, or no number."""
    if not isinstance(judge, TabularBenchmark):
        value = judge(arch)
        return checks.number(f"what judge says of {arch}", value.item() if getattr(value, "ndim", 1) == 0 else value)
    if space is not None and space.identity() != judge.space.identity():
        raise SettingError(
            f"judge={judge.name}: its architectures are those of {judge.space.identity()}, the search's those of "
            f"{space.identity()}; give a function that turns the one into the other and asks the benchmark"
        )
    return float(judge.value(arch))
