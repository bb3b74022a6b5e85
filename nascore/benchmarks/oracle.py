"""The Oracle counts queries and epochs. Every query curve, rank and number of queries in every table comes from its
log."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from nascore import checks
from nascore.benchmarks.curves import Query, Training
from nascore.benchmarks.table import TabularBenchmark
from nascore.errors import NascoreError, ResultsError, SettingError
from nascore.spaces.base import Arch, Space


class Row(NamedTuple):
    """One query of the log: what was asked, the answer, and what it took."""

    arch: Arch
    value: float
    costs: tuple[float, ...]
    status: str  # "ok", or why there is no value
    seconds: float
    epochs: int | str | None  # how long it was trained; None: the evaluation does not say
    cost: int  # what the budget paid: 1 query, or epochs


COLUMNS = ("query", "arch", "value", "best", "epochs", "cost", "feasible", "status", "seconds", "rank")


class Oracle:
    """Answers architectures with values, within a budget of unique queries or of training epochs.

    Parameters
    ----------
    evaluate: a benchmark, or any callable that trains and scores one architecture: a number (higher is better), or a
        row (value, cost, ...) whose costs are named by `costs`. An exception or NaN is recorded as a failed query and
        survived. Where the number of epochs is known it is the callable's second argument.
    budget: what may be spent (None: no limit), in `unit`. A repeat is answered from the log and costs nothing.
    unit: "queries": unique architectures (each number of epochs of one counts); "epochs": training epochs, of which a
        resumed training costs only those that it adds (see `Training`).
    epochs, resumable: for a callable, how long an architecture is trained that is asked for without epochs, and whether
        it can go on with a training; benchmarks say so themselves.
    space: needed when `evaluate` is a callable without a `space` attribute.
    costs: names of the benchmark's costs to answer beside the value, for constrained or multi-objective search.
    feasible: row -> bool; infeasible architectures are evaluated and logged but never "best".
    stall: stop after so many proposals in a row without a new architecture (evolution can repeat for ever).
    log: a file; each finished evaluation is appended to it at once. An Oracle opened on an existing log answers from
        it, so that a killed run continues where it stopped (the same search and seed proposes the same again).
    """

    def __init__(
        self,
        evaluate: TabularBenchmark | Callable,
        budget: int | None = None,
        *,
        unit: str = "queries",
        epochs: int | None = None,
        resumable: bool = False,
        space: Space | None = None,
        costs: Sequence[str] = (),
        feasible: Callable[[tuple], bool] | None = None,
        stall: int = 100_000,
        log: str | Path | None = None,
    ):
        self.unit = checks.one_of("unit", unit, ("queries", "epochs"))
        self.budget = None if budget is None else checks.whole("budget", budget, 1)
        self.stall = checks.whole("stall", stall, 1)
        self.benchmark = evaluate if isinstance(evaluate, TabularBenchmark) else None
        if self.benchmark is None and not callable(evaluate) and hasattr(evaluate, "value"):
            space = getattr(evaluate, "space", None) if space is None else space
            evaluate = evaluate.value  # a benchmark of one's own: its costs are part of what it returns
        if self.benchmark is None and not callable(evaluate):
            raise SettingError(f"evaluate={checks.shown(evaluate)}: expected a benchmark or a callable arch -> value")
        space = getattr(evaluate, "space", None) if space is None else space
        self.space = checks.instance("space", space, Space, "a nascore space, which an Oracle needs with a callable")
        if feasible is not None and not callable(feasible):
            raise SettingError(f"feasible={checks.shown(feasible)}: expected a callable row -> bool, or None")
        self.costs = checks.unreserved("costs", checks.distinct("costs", costs), COLUMNS)
        self.feasible = feasible
        self._set_training(epochs, resumable)
        if self.benchmark is not None:
            for name in self.costs:
                if name not in self.benchmark.costs:
                    raise SettingError(
                        f"cost {name!r}: {self.benchmark.name} has {', '.join(self.benchmark.costs) or 'none'}"
                    )
        self._callable: Callable = evaluate  # type: ignore[assignment]  # asked only where it is no table
        self._views: dict[int | None, TabularBenchmark] = {} if self.benchmark is None else {None: self.benchmark}
        # a space whose key is the architecture itself needs no call per proposal
        self._key = None if type(self.space).key is Space.key else self.space.key
        self._answers: dict = {}  # key, or (key, epochs) beside the usual number of epochs -> answer
        self._log: list[Row] = []
        self._spent = 0
        self._trained: dict = {}  # key -> epochs trained so far, where the budget is in epochs
        self._too_dear = False  # the last query was refused since it costs more than what is left
        self.repeats_in_a_row = 0
        self._recorded: dict = {}
        self._path = Path(log) if log is not None else None
        if self._path is not None:
            self._open_log(self._path)

    def _set_training(self, epochs: int | None, resumable: bool) -> None:
        """`epochs`: the usual number of epochs, asked for where none is named (None: not known)."""
        resumable = checks.flag("resumable", resumable)
        self.epochs: int | str | None
        if self.benchmark is None:
            self.training = Training(None, resumable)
            self.epochs = None if epochs is None else checks.whole("epochs", epochs, 1)
        elif epochs is not None or resumable:
            raise SettingError(
                f"epochs={epochs!r}, resumable={resumable!r}: {self.benchmark.name} says so itself; another number "
                "of epochs is another view: benchmark.select(epochs=...)"
            )
        else:
            self.training, self.epochs = self.benchmark.training, self.benchmark.epochs
        if self.unit == "epochs" and (not isinstance(self.epochs, int) or self.epochs < 1):
            whose = "a callable needs epochs=..." if self.benchmark is None else f"{self.benchmark.name} has none"
            raise SettingError(f"unit='epochs': the number of epochs of one query must be known; {whose}")

    # -- asking -------------------------------------------------------------------------------------------------
    def evaluate(self, archs: Sequence[Arch | Query], epochs: int | None = None) -> list:
        """Values of `archs` in order: a number each, or a row (value, cost, ...) with `costs`; NaN where it failed.

        `epochs`: how long they are trained (default: the benchmark's own number); a `Query` names it for itself. Stops
        early when the budget does not pay for the next one: the list is then shorter than `archs`.
        """
        values = []
        answers, key_of, by_query = self._answers, self._key, self.unit == "queries"
        budget = self.budget if by_query else None
        usual = None if epochs is None else self._level(epochs)
        for arch in archs:
            level = usual
            if isinstance(arch, Query):
                level, arch = self._level(arch.epochs), arch.arch
            try:
                key = arch if key_of is None else key_of(arch)
                known = answers.get(key if level is None else (key, level))
            except (TypeError, ValueError):
                arch = self.space.validate(arch)
                key = self.space.key(arch)
                known = answers.get(key if level is None else (key, level))
            if known is not None:
                self.repeats_in_a_row += 1
                values.append(known)
                if self.repeats_in_a_row >= self.stall:
                    break
                continue
            if budget is not None and len(answers) >= budget:
                break
            cost = 1 if by_query else self._price(key, level)
            if cost is None:  # more than what is left
                break
            self.repeats_in_a_row = 0
            values.append(self._query(arch, key, level, cost))
        return values

    def __call__(self, arch: Arch):
        """The value of one architecture; raises SettingError when the budget is spent."""
        values = self.evaluate([arch])
        if not values:
            raise SettingError(f"the budget of {self.budget} {self.unit} is spent")
        return values[0]

    def _level(self, epochs) -> int | None:
        """None for the usual number of epochs, so that asking for it and asking for none is one query."""
        epochs = self.training.check(epochs, "the evaluation" if self.benchmark is None else self.benchmark.name)
        return None if epochs == self.epochs else epochs

    def _price(self, key, level: int | None) -> int | None:
        """Epochs that the query adds; None if the budget has not so many left."""
        epochs = self.epochs if level is None else level
        cost = self.training.cost(int(epochs or 0), self._trained.get(key, 0))
        self._too_dear = self.budget is not None and self._spent + cost > self.budget
        return None if self._too_dear else cost

    def _query(self, arch: Arch, key, level: int | None, cost: int):
        simple = self.benchmark is not None and not self.costs and self._path is None
        if not simple or type(arch) is not tuple or not all(type(op) is int for op in arch):
            arch = self.space.validate(arch)  # what is logged is what was validated
        answer, status, seconds = self._from_table(arch, level) if simple else self._evaluate(arch, key, level)
        at = key if level is None else (key, level)
        self._answers[at] = answer
        value, costs = (answer[0], answer[1:]) if self.costs else (answer, ())
        epochs = self.epochs if level is None else level
        self._log.append(Row(arch, value, costs, status, seconds, epochs, cost))
        self._spent += cost
        if self.unit == "epochs":
            self._trained[key] = max(self._trained.get(key, 0), epochs)
        if self._path is not None and at not in self._recorded:
            self._append(self._path, self._log[-1], level)
        return answer

    def _view(self, level: int | None) -> TabularBenchmark:
        view = self._views.get(level)
        if view is None:
            view = self._views[level] = self._views[None].select(epochs=level)
        return view

    def _from_table(self, arch: Arch, level: int | None):
        try:
            value = self._view(level).value(arch)
        except KeyError:
            return math.nan, "no value in the table", 0.0
        return value, "ok" if value == value else "failed: nan", 0.0

    def _call(self, arch: Arch, level: int | None):
        if self.benchmark is not None:
            view = self._view(level)
            value = view.value(arch)
            return (value, *(view.cost(arch, name) for name in self.costs)) if self.costs else value
        epochs = self.epochs if level is None else level
        return self._callable(arch) if epochs is None else self._callable(arch, epochs)

    def _evaluate(self, arch: Arch, key, level: int | None):
        at = key if level is None else (key, level)
        if at in self._recorded:
            return self._recorded[at]
        width = 1 + len(self.costs)
        begin = time.perf_counter()
        try:
            answer = self._call(arch, level)
            row = tuple(float(x) for x in (answer if width > 1 else (answer,)))
            if len(row) != width:
                raise SettingError(
                    f"the evaluation returned {len(row)} numbers, expected {width} (value, {', '.join(self.costs)})"
                )
            status = "ok" if all(math.isfinite(x) for x in row) else f"failed: {row[0] if width == 1 else row}"
        except SettingError:
            raise
        except KeyError as error:
            row, status = (
                (math.nan,) * width,
                f"no value: {error}" if isinstance(error, NascoreError) else f"failed: {error!r}",
            )
        except Exception as error:  # a training may die in any way; the search goes on without it
            row, status = (math.nan,) * width, f"failed: {type(error).__name__}: {error}"
        if status != "ok":
            row = (math.nan,) * width
        return (row if width > 1 else row[0]), status, time.perf_counter() - begin

    # -- state --------------------------------------------------------------------------------------------------
    @property
    def queries(self) -> int:
        """Unique queries so far: architectures, or pairs of architecture and epochs."""
        return len(self._log)

    @property
    def spent(self) -> int:
        """What has been spent of the budget, in its unit."""
        return self._spent

    @property
    def remaining(self) -> float:
        """What is left of the budget, in its unit (inf without a budget)."""
        return math.inf if self.budget is None else self.budget - self._spent

    @property
    def exhausted(self) -> str:
        """Why no more queries are answered: "budget", "stalled" or "" while they are."""
        if self.budget is not None and (self._spent >= self.budget or self._too_dear):
            return "budget"
        return "stalled" if self.repeats_in_a_row >= self.stall else ""

    @property
    def log(self) -> list[Row]:
        """One (arch, value, costs, status, seconds, epochs, cost) per unique query, in order."""
        return list(self._log)

    @property
    def history(self):
        """DataFrame, one row per unique query: query (1, 2, ...), arch, value, best so far, epochs, cost (what the
        budget paid), the costs asked for, status, seconds. Which rows count for "best": see `best`."""
        import pandas as pd

        level = self._best_level()
        best, so_far = -math.inf, []
        for row in self._log:
            if row.value > best and row.epochs == level and self._allowed(row):
                best = row.value
            so_far.append(best if best > -math.inf else math.nan)
        frame = pd.DataFrame(
            {
                "query": range(1, len(self._log) + 1),
                "arch": [row.arch for row in self._log],
                "value": [row.value for row in self._log],
                "best": so_far,
                "epochs": [row.epochs for row in self._log],
                "cost": [row.cost for row in self._log],
            }
        )
        for position, name in enumerate(self.costs):
            frame[name] = [row.costs[position] for row in self._log]
        if self.feasible is not None:
            frame["feasible"] = [bool(self._allowed(row)) for row in self._log]
        frame["status"] = [row.status for row in self._log]
        frame["seconds"] = [row.seconds for row in self._log]
        return frame

    def _best_level(self) -> int | str | None:
        """The number of epochs of the values that "best" compares: the usual one, else the largest asked for."""
        found = {row.epochs for row in self._log}
        return (
            self.epochs
            if not found or self.epochs in found
            else max(found, key=lambda level: (str(type(level)), level))
        )

    def _allowed(self, row: Row) -> bool:
        return self.feasible is None or bool(self.feasible((row.value, *row.costs)))

    def best(self) -> tuple[Arch | None, float]:
        """The best feasible architecture so far and its value; (None, nan) before there is one.

        Only values after the usual number of epochs are compared: those of shorter trainings say less (as long as there
        is none of the usual number, those of the longest trainings are).
        """
        level = self._best_level()
        good = [r for r in self._log if r.value == r.value and r.epochs == level and self._allowed(r)]
        if not good:
            return None, math.nan
        row = max(good, key=lambda row: row.value)
        return row.arch, row.value

    def __repr__(self) -> str:
        what = "a callable" if self.benchmark is None else self.benchmark.describe()
        budget = f"{self._spent} {self.unit}" if self.budget is None else f"{self._spent} of {self.budget} {self.unit}"
        return f"<Oracle on {what}: {budget}, best {self.best()[1]:.4g}>"

    # -- the log file -------------------------------------------------------------------------------------------
    def _header(self) -> dict:
        whose = (
            {"benchmark": "callable", **self.space.identity()} if self.benchmark is None else self.benchmark.identity()
        )
        return {"nascore_log": 2, "costs": list(self.costs), **whose}

    def _open_log(self, path: Path) -> None:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(self._header()) + "\n")
            return
        try:
            lines = path.read_text().split("\n")
        except UnicodeDecodeError:
            raise ResultsError(f"{path} is not a nascore log (not text); use another file") from None
        complete, tail = lines[:-1], lines[-1]
        header = json.dumps(self._header())
        if not complete:  # killed while it wrote the header, or a file of something else
            if not header.startswith(tail):
                raise ResultsError(f"{path} is not a nascore log; use another file")
            path.write_text(header + "\n")
            return
        for number, line in enumerate(complete, 1):
            try:
                row = json.loads(line)
                if number == 1:
                    if row != self._header():
                        raise ResultsError(
                            f"{path} belongs to another search: it says {row}, this one is "
                            f"{self._header()}; use another file or delete it"
                        )
                    continue
                arch = self.space.validate(tuple(row["arch"]))
                answer = tuple(math.nan if x is None else float(x) for x in row["row"])
                if len(answer) != 1 + len(self.costs):
                    raise ValueError("wrong number of values")
                key = self.space.key(arch)
                at = (key, self.training.check(row["epochs"], "the log")) if "epochs" in row else key
                answered = answer if self.costs else answer[0]
                self._recorded[at] = answered, str(row["status"]), float(row["seconds"])
            except ResultsError:
                raise
            except (ValueError, KeyError, TypeError) as error:
                raise ResultsError(
                    f"{path} line {number} is not a row of a nascore log ({error}); restore the file or delete it"
                ) from None
        if tail:  # the run was killed while it wrote this line: drop it
            temporary = path.with_name(path.name + ".tmp")
            temporary.write_text("".join(line + "\n" for line in complete))
            os.replace(temporary, path)

    def _append(self, path: Path, row: Row, level: int | None) -> None:
        values = [None if x != x else x for x in (row.value, *row.costs)]
        line = {"arch": list(row.arch), "row": values, "status": row.status, "seconds": round(row.seconds, 4)}
        with open(path, "a") as stream:
            stream.write(json.dumps(line if level is None else line | {"epochs": level}) + "\n")
            stream.flush()
            os.fsync(stream.fileno())
