"""The Oracle counts queries. Every query curve, rank and number of queries in every table comes from its log."""
from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ..errors import NascoreError, ResultsError, SettingError
from ..spaces.base import Arch, Space
from .table import TabularBenchmark


class Oracle:
    """Answers architectures with values, within a budget of unique queries.

    Parameters
    ----------
    evaluate: a benchmark, or any callable that trains and scores one architecture: a number (higher is better), or a
        row (value, cost, ...) whose costs are named by `costs`. An exception or NaN is recorded as a failed query and
        survived.
    budget: unique architectures at most (None: no limit). A repeat is answered from the log and costs nothing.
    space: needed when `evaluate` is a callable without a `space` attribute.
    costs: names of the benchmark's costs to answer beside the value, for constrained or multi-objective search.
    feasible: row -> bool; infeasible architectures are evaluated and logged but never "best".
    stall: stop after so many proposals in a row without a new architecture (evolution can repeat for ever).
    log: a file; each finished evaluation is appended to it at once. An Oracle opened on an existing log answers from
        it, so that a killed run continues where it stopped (the same search and seed proposes the same again).
    """

    def __init__(self, evaluate: TabularBenchmark | Callable, budget: int | None = None, *, space: Space | None = None,
                 costs: Sequence[str] = (), feasible: Callable[[tuple], bool] | None = None, stall: int = 100_000,
                 log: str | Path | None = None):
        if budget is not None and (isinstance(budget, bool) or not isinstance(budget, int) or budget < 1):
            raise SettingError(f"budget={budget!r}: expected a positive integer (unique queries) or None")
        if isinstance(stall, bool) or not isinstance(stall, int) or stall < 1:
            raise SettingError(f"stall={stall!r}: expected a positive integer (proposals without a new architecture)")
        self.benchmark = evaluate if hasattr(evaluate, "value") and hasattr(evaluate, "space") else None
        if self.benchmark is None and not callable(evaluate):
            raise SettingError(f"evaluate={evaluate!r}: expected a benchmark or a callable arch -> value")
        self.space = space or getattr(evaluate, "space", None)
        if not isinstance(self.space, Space):
            raise SettingError("Oracle needs space=... (a nascore space) when it wraps a callable")
        self.costs, self.budget, self.stall, self.feasible = tuple(costs), budget, stall, feasible
        if self.benchmark is not None:
            for name in self.costs:
                if name not in self.benchmark.costs:
                    raise SettingError(f"cost {name!r}: {self.benchmark.name} has "
                                       f"{', '.join(self.benchmark.costs) or 'none'}")
            self._call = self._row_of if self.costs else self.benchmark.value
        else:
            self._call = evaluate
        # a space whose key is the architecture itself needs no call per proposal
        self._key = None if type(self.space).key is Space.key else self.space.key
        self._answers: dict = {}
        self._log: list[tuple] = []  # (arch, value, costs tuple, status, seconds)
        self.repeats_in_a_row = 0
        self._recorded: dict = {}
        self._path = Path(log) if log is not None else None
        if self._path is not None:
            self._open_log()

    # -- asking -------------------------------------------------------------------------------------------------
    def evaluate(self, archs: Sequence[Arch]) -> list:
        """Values of `archs` in order: a number each, or a row (value, cost, ...) with `costs`; NaN where it failed.

        Stops early when the budget is spent: the list is then shorter than `archs`.
        """
        values = []
        answers, key_of, budget = self._answers, self._key, self.budget
        for arch in archs:
            try:
                key = arch if key_of is None else key_of(arch)
                known = answers.get(key)
            except (TypeError, ValueError):
                arch = self.space.validate(arch)
                key = self.space.key(arch)
                known = answers.get(key)
            if known is not None:
                self.repeats_in_a_row += 1
                values.append(known)
                if self.repeats_in_a_row >= self.stall:
                    break
                continue
            if budget is not None and len(answers) >= budget:
                break
            self.repeats_in_a_row = 0
            values.append(self._query(arch, key))
        return values

    def __call__(self, arch: Arch):
        """The value of one architecture; raises SettingError when the budget is spent."""
        values = self.evaluate([arch])
        if not values:
            raise SettingError(f"the budget of {self.budget} unique queries is spent")
        return values[0]

    def _row_of(self, arch: Arch) -> tuple:
        return (self.benchmark.value(arch), *(self.benchmark.cost(arch, name) for name in self.costs))

    def _query(self, arch: Arch, key):
        if self.benchmark is not None and not self.costs and self._path is None:
            answer, status, seconds = self._from_table(arch)
        else:
            answer, status, seconds = self._evaluate(arch, key)
        self._answers[key] = answer
        value, costs = (answer[0], answer[1:]) if self.costs else (answer, ())
        self._log.append((arch, value, costs, status, seconds))
        if self._path is not None and key not in self._recorded:
            self._append(arch, value, costs, status, seconds)
        return answer

    def _from_table(self, arch: Arch):
        try:
            value = self._call(arch)
        except KeyError:
            return math.nan, "no value in the table", 0.0
        return value, "ok" if value == value else "failed: nan", 0.0

    def _evaluate(self, arch: Arch, key):
        arch = self.space.validate(arch)
        if key in self._recorded:
            return self._recorded[key]
        width = 1 + len(self.costs)
        begin = time.perf_counter()
        try:
            answer = self._call(arch)
            row = tuple(float(x) for x in (answer if width > 1 else (answer,)))
            if len(row) != width:
                raise SettingError(f"the evaluation returned {len(row)} numbers, expected {width} "
                                   f"(value, {', '.join(self.costs)})")
            status = "ok" if all(math.isfinite(x) for x in row) else f"failed: {row[0] if width == 1 else row}"
        except SettingError:
            raise
        except KeyError as error:
            row, status = (math.nan,) * width, f"no value: {error}" if isinstance(error, NascoreError) else f"failed: {error!r}"
        except Exception as error:  # a training may die in any way; the search goes on without it
            row, status = (math.nan,) * width, f"failed: {type(error).__name__}: {error}"
        if status != "ok":
            row = (math.nan,) * width
        return (row if width > 1 else row[0]), status, time.perf_counter() - begin

    # -- state --------------------------------------------------------------------------------------------------
    @property
    def queries(self) -> int:
        """Unique architectures evaluated so far."""
        return len(self._log)

    @property
    def remaining(self) -> float:
        """Unique queries left (inf without a budget)."""
        return math.inf if self.budget is None else self.budget - len(self._answers)

    @property
    def exhausted(self) -> str:
        """Why no more queries are answered: "budget", "stalled" or "" while they are."""
        if self.budget is not None and len(self._answers) >= self.budget:
            return "budget"
        return "stalled" if self.repeats_in_a_row >= self.stall else ""

    @property
    def log(self) -> list[tuple]:
        """One (arch, value, costs, status, seconds) per unique query, in order."""
        return list(self._log)

    @property
    def history(self):
        """DataFrame, one row per unique query: query (1, 2, ...), arch, value, best so far, costs, status, seconds."""
        import pandas as pd

        best, so_far = -math.inf, []
        for row in self._log:
            if row[1] > best and self._allowed(row):
                best = row[1]
            so_far.append(best if best > -math.inf else math.nan)
        frame = pd.DataFrame({"query": range(1, len(self._log) + 1), "arch": [row[0] for row in self._log],
                              "value": [row[1] for row in self._log], "best": so_far})
        for position, name in enumerate(self.costs):
            frame[name] = [row[2][position] for row in self._log]
        if self.feasible is not None:
            frame["feasible"] = [bool(self._allowed(row)) for row in self._log]
        frame["status"] = [row[3] for row in self._log]
        frame["seconds"] = [row[4] for row in self._log]
        return frame

    def _allowed(self, row: tuple) -> bool:
        return self.feasible is None or bool(self.feasible((row[1], *row[2])))

    def best(self) -> tuple[Arch | None, float]:
        """The best feasible architecture so far and its value; (None, nan) before there is one."""
        good = [row for row in self._log if row[1] == row[1] and self._allowed(row)]
        if not good:
            return None, math.nan
        row = max(good, key=lambda row: row[1])
        return row[0], row[1]

    # -- the log file -------------------------------------------------------------------------------------------
    def _header(self) -> dict:
        return {"nascore_log": 1, "space": self.space.name, "costs": list(self.costs),
                "benchmark": self.benchmark.describe() if self.benchmark is not None else "callable"}

    def _open_log(self) -> None:
        if not self._path.exists():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(json.dumps(self._header()) + "\n")
            return
        try:
            lines = self._path.read_text().split("\n")
        except UnicodeDecodeError:
            raise ResultsError(f"{self._path} is not a nascore log (not text); use another file") from None
        complete, tail = lines[:-1], lines[-1]
        header = json.dumps(self._header())
        if not complete:  # killed while it wrote the header, or a file of something else
            if not header.startswith(tail):
                raise ResultsError(f"{self._path} is not a nascore log; use another file")
            self._path.write_text(header + "\n")
            return
        for number, line in enumerate(complete, 1):
            try:
                row = json.loads(line)
                if number == 1:
                    if row != self._header():
                        raise ResultsError(f"{self._path} belongs to another search: it says {row}, this one is "
                                           f"{self._header()}; use another file or delete it")
                    continue
                arch = self.space.validate(tuple(row["arch"]))
                answer = tuple(math.nan if x is None else float(x) for x in row["row"])
                if len(answer) != 1 + len(self.costs):
                    raise ValueError("wrong number of values")
                self._recorded[self.space.key(arch)] = (answer if self.costs else answer[0], row["status"],
                                                        float(row["seconds"]))
            except ResultsError:
                raise
            except (ValueError, KeyError, TypeError) as error:
                raise ResultsError(f"{self._path} line {number} is not a row of a nascore log ({error}); "
                                   "restore the file or delete it") from None
        if tail:  # the run was killed while it wrote this line: drop it
            temporary = self._path.with_name(self._path.name + ".tmp")
            temporary.write_text("".join(line + "\n" for line in complete))
            os.replace(temporary, self._path)

    def _append(self, arch: Arch, value: float, costs: tuple, status: str, seconds: float) -> None:
        row = [None if x != x else x for x in (value, *costs)]
        with open(self._path, "a") as stream:
            stream.write(json.dumps({"arch": list(arch), "row": row, "status": status,
                                     "seconds": round(seconds, 4)}) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
