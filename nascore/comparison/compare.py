"""What `compare` is given, what it keeps, and in which order things run."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nascore import bars, checks
from nascore.benchmarks.oracle import Oracle
from nascore.benchmarks.table import TabularBenchmark
from nascore.companion import store as row_store
from nascore.companion.pool import check_workers
from nascore.comparison.found import Comparison
from nascore.comparison.rows import Rows
from nascore.comparison.runs import Make, processes
from nascore.errors import SettingError
from nascore.search.base import Search

if TYPE_CHECKING:
    from nascore.spaces.base import Arch

POLL_S = 0.5


def compare(
    methods: Mapping[str, Make],
    benchmark: TabularBenchmark | None = None,
    *,
    budget: int | None = None,
    unit: str = "queries",
    seeds: int | Sequence[int] = 10,
    workers: int = 1,
    store: str | Path | None = None,
    judge: TabularBenchmark | Callable[[Arch], float] | None = None,
    progress: bool = True,
) -> Comparison:
    """Run every method with every seed; the result shows itself.

    Parameters
    ----------
    methods: name -> function of a seed. It makes a search (nc.search.GANAS(...)), which is run on `benchmark` within
        `budget`; or it runs a one-shot search and returns its log, whose derived architecture is judged.
    benchmark: what the searches ask. budget: of each run (None: a search ends by itself or stalls). unit: of the
        budget, "queries" or "epochs".
    seeds: how many (0, 1, ...), or which.
    workers: processes; each run has one thread.
    store: a file of rows, one for each finished run: a comparison that was stopped goes on from it, more seeds or
        methods add to it, and several processes may share it: each takes the runs that no other does. It belongs to one
        benchmark and budget; ResultsError for another's. What a method's function does is not checked: rename the
        method when you change it.
    judge: how good an architecture is where the methods are one-shot searches: a benchmark, or a function.

    SettingError for a method that is no function of a seed or makes something else than a search or a log, and, with
    the method and the seed, for whatever goes wrong in a run. Ctrl-C stops the comparison: finished runs are in
    `store`, the run that was cut short is not.
    """
    methods = _methods(methods)
    chosen = _seeds(seeds)
    workers = check_workers(workers)
    checks.flag("progress", progress)
    budget = None if budget is None else checks.whole("budget", budget, 1)
    unit = checks.one_of("unit", unit, ("queries", "epochs"))
    if benchmark is not None:
        checks.instance("benchmark", benchmark, TabularBenchmark, "a benchmark such as nc.benchmarks.load('digits201')")
        Oracle(benchmark, budget, unit=unit)  # what is wrong with them is said before anything runs
    table = isinstance(judge, TabularBenchmark)
    if judge is not None and not table and not (callable(judge) and checks.takes(judge, 1)):
        raise SettingError(f"judge={checks.shown(judge)}: expected a benchmark or a function architecture -> value")
    question = {
        "benchmark": None if benchmark is None else benchmark.identity(),
        "judge": judge.identity() if isinstance(judge, TabularBenchmark) else None if judge is None else "callable",
        "budget": budget,
        "unit": unit,
    }
    rows = Rows(None if store is None else checks.file("store", store), row_store.plain(question))
    left = [(name, seed) for seed in chosen for name in methods if not rows.has((name, seed))]
    with rows, processes(workers) as run_all, contextlib.closing(_bar(len(left), progress)) as bar:
        while left:
            # another process may have done a run meanwhile, or be at it: asked anew before each
            calls = ((*job, methods[job[0]], benchmark, budget, unit, judge) for job in left if rows.take(job))
            for row in run_all(calls):
                rows.add(row)
                bar.update()
            left = [job for job in left if not rows.has(job)]
            if left:
                bar.set_postfix_str("waiting for another process")
                time.sleep(POLL_S)
    wanted = [rows.found[name, seed] for name in methods for seed in chosen]
    return Comparison(wanted, question, _optimum(benchmark if judge is None else judge))


def _methods(methods: Any) -> dict[str, Make]:
    if not isinstance(methods, Mapping) or not methods:
        raise SettingError(f"methods={checks.shown(methods)}: expected {{name: function of a seed}}, at least one")
    for name, make in methods.items():
        if not isinstance(name, str) or not name or name.encode(errors="replace").decode() != name:
            raise SettingError(f"methods={{{checks.shown(name)}: ...}}: expected a name, text")
        if isinstance(make, type) and issubclass(make, Search):
            raise SettingError(
                f"methods={{{name!r}: ...}}: it is the class {make.__name__}, whose first argument is the space; "
                f"expected a function of a seed: lambda seed: {make.__name__}(space, seed=seed)"
            )
        if not callable(make) or not checks.takes(make, 1):
            raise SettingError(f"methods={{{name!r}: ...}}: it is {checks.shown(make)}; expected a function of a seed")
    return {str(name): make for name, make in methods.items()}


def _seeds(seeds: int | Sequence[int]) -> list[int]:
    if isinstance(seeds, (list, tuple, range)) or (isinstance(seeds, np.ndarray) and seeds.ndim > 0):
        found = [checks.seed(seed, "seeds") for seed in seeds]
        if not found or len(set(found)) != len(found):
            raise SettingError(f"seeds={seeds!r}: expected different seeds, at least one")
        return found
    return list(range(checks.whole("seeds", seeds, 1)))


def _optimum(table: Any) -> float | None:
    return table.best()[1] if isinstance(table, TabularBenchmark) else None


def _bar(total: int, progress: bool):
    return bars.bar(total=total, unit="run", desc="compare", disable=not progress or not total)
