"""What `compare` is given, what it keeps, and in which order things run."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nascore import checks
from nascore.benchmarks.oracle import Oracle
from nascore.benchmarks.table import TabularBenchmark
from nascore.companion import store as row_store
from nascore.companion.pool import check_workers
from nascore.comparison.found import Comparison
from nascore.comparison.runs import Make, run_all
from nascore.errors import ResultsError, SettingError
from nascore.search.base import Search

if TYPE_CHECKING:
    from nascore.spaces.base import Arch


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
        methods add to it. It belongs to one benchmark and budget; ResultsError for another's. What a method's function
        does is not checked: rename the method when you change it.
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
    rows = _Rows(None if store is None else checks.file("store", store), json.loads(json.dumps(question)))
    jobs = [(name, seed) for seed in chosen for name in methods if (name, seed) not in rows.found]
    with contextlib.closing(_bar(len(jobs), progress)) as bar:
        # another process may have done a run meanwhile: asked anew before each
        calls = ((*job, methods[job[0]], benchmark, budget, unit, judge) for job in jobs if not rows.has(job))
        for row in run_all(calls, workers):
            rows.add(row)
            bar.update()
    wanted = [rows.found[name, seed] for name in methods for seed in chosen]
    return Comparison(wanted, question, _optimum(benchmark if judge is None else judge))


def _methods(methods: Any) -> dict[str, Make]:
    if not isinstance(methods, Mapping) or not methods:
        raise SettingError(f"methods={checks.shown(methods)}: expected {{name: function of a seed}}, at least one")
    for name, make in methods.items():
        if not isinstance(name, str) or not name:
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
    from tqdm.auto import tqdm

    return tqdm(total=total, unit="run", desc="compare", disable=not progress or not total, delay=2)


FIELDS = ("method", "seed", "question", "digest", "value", "stopped", "curve")


class _Rows:
    """Finished runs by (method, seed), in memory and, with a path, as checked lines of a file."""

    def __init__(self, path: Path | None, question: dict):
        self.path, self.question = path, question
        self.found: dict[tuple[str, int], dict] = {}
        if path is None:
            return
        if path.is_dir():
            raise ResultsError(f"store={str(path)!r}: a folder; expected a file")
        try:  # said now, not after the first run
            path.parent.mkdir(parents=True, exist_ok=True)
            open(path, "ab").close()
        except (OSError, ValueError) as error:
            raise ResultsError(f"store={str(path)!r} cannot be written: {error}") from error
        self._read(path)

    def _read(self, path: Path) -> None:
        for number, row in enumerate(row_store.read_lines(path, FIELDS), 1):
            if row["question"] != self.question:
                raise ResultsError(
                    f"{path}, line {number}: a run of another comparison ({row['question']}, this one is "
                    f"{self.question}); give another file"
                )
            curve = row["curve"]
            if not isinstance(row["method"], str) or type(row["seed"]) is not int or not isinstance(curve, dict):
                raise ResultsError(f"{path}, line {number}: no run of a comparison; {row_store.ADVICE}")
            self.found.setdefault((row["method"], row["seed"]), row)

    def has(self, job: tuple[str, int]) -> bool:
        """Whether a run is finished by now, here or in another process that has the same file."""
        if self.path is not None and job not in self.found:
            self._read(self.path)
        return job in self.found

    def add(self, row: dict) -> None:
        """Keep a row, on disk before it is reported."""
        if self.has((row["method"], row["seed"])):
            return
        row = {**row, "question": self.question}
        self.found[row["method"], row["seed"]] = row if self.path is None else row_store.append(self.path, row)
