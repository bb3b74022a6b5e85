"""The runs of a comparison: one method with one seed, as a row of plain values; here or in worker processes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from pickle import PicklingError
from typing import Any

from nascore import checks
from nascore.benchmarks.oracle import Oracle
from nascore.benchmarks.table import TabularBenchmark
from nascore.companion import store as row_store
from nascore.errors import NascoreError, SettingError
from nascore.search.base import Search
from nascore.search.loop import run
from nascore.search.result import Result
from nascore.threads import one_thread_for_all

Make = Callable[[int], Any]


def run_all(calls: Iterable[tuple], workers: int) -> Iterator[dict]:
    """Rows as they finish; functions of a user's own (lambdas too) go to worker processes by cloudpickle."""
    if workers == 1:
        yield from (one_run(*call) for call in calls)
        return
    from joblib import Parallel, delayed, parallel_config
    from joblib.externals.loky import wrap_non_picklable_objects
    from joblib.externals.loky.process_executor import BrokenProcessPool

    wrapped = ((*call[:2], wrap_non_picklable_objects(call[2]), *call[3:]) for call in calls)
    try:
        with parallel_config(backend="loky", inner_max_num_threads=1):
            yield from Parallel(n_jobs=workers, return_as="generator_unordered", batch_size=1)(
                delayed(one_run)(*call) for call in wrapped
            )
    except BrokenProcessPool as error:
        raise NascoreError(
            f"workers={workers}: a worker process ended before its run did ({error}); it may have been killed or out "
            "of memory. What has finished is in store="
        ) from error
    except (PicklingError, TypeError, AttributeError) as error:  # what pickle raises; a run raises SettingError only
        raise SettingError(
            f"workers={workers}: a method, the benchmark or judge cannot be sent to another process by pickle ({error})"
        ) from error


def one_run(name: str, seed: int, make: Make, benchmark, budget, unit: str, judge) -> dict:
    """One method with one seed. SettingError, with the method and the seed, for whatever goes wrong in it."""
    begin, cpu = time.perf_counter(), time.process_time()
    try:
        with one_thread_for_all():
            row = _row(make(seed), benchmark, budget, unit, judge)
    except Exception as error:
        what = str(error) if isinstance(error, NascoreError) else f"{type(error).__name__}: {error}"
        raise SettingError(f"method {name!r} with seed {seed}: {what}") from error
    row |= {"wall_s": round(time.perf_counter() - begin, 3), "cpu_s": round(time.process_time() - cpu, 3)}
    return {"method": name, "seed": seed, **row_store.plain(row)}


def _row(made, benchmark, budget, unit: str, judge) -> dict:
    if isinstance(made, Search):
        if benchmark is None:
            raise SettingError("it makes a search: compare needs the benchmark that it asks")
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
    value = None if best is None else benchmark.value(best)
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
    history = result.history.dropna(subset=["best"])
    steps = history[history["best"].diff().fillna(1) > 0]
    spent = result.history["cost"].cumsum() if unit == "epochs" else result.history["query"]
    values = [benchmark.value(arch) for arch in steps["arch"]]
    ranks = [benchmark.rank(value) for value in values]
    return {"query": spent.loc[steps.index].tolist(), "best": values, "rank": ranks}


def _oneshot_row(log, judge) -> dict:
    if judge is None:
        raise SettingError(
            "it gives the log of a one-shot search: compare needs judge=..., a benchmark or a function "
            "architecture -> value"
        )
    space = None if log.run is None else getattr(log.run.supernet, "space", None)
    arch = log.derive()
    row = {
        "value": judged(judge, arch, space),
        "arch": str(arch),
        "entropy": float(log.frame["entropy"].iloc[-1]),
        "val_loss": float(log.frame["val_loss"].iloc[-1]),
        "stopped": log.stopped,
        "curve": {
            "query": log.frame["epoch"].tolist(),
            "best": [judged(judge, each, space) for each in log.frame["arch"]],
        },
    }
    if isinstance(judge, TabularBenchmark):
        row["rank"] = judge.rank(row["value"])
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
