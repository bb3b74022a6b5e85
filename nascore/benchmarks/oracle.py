"""The Oracle counts queries and epochs. Every query curve, rank and number of queries in every table comes from its
log."""

from __future__ import annotations

import math
import numbers
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from nascore import checks
from nascore.benchmarks.curves import Query, Training
from nascore.benchmarks.history import COLUMNS, Row, compared, frame
from nascore.benchmarks.query_log import FORMAT, QueryLog, Recorded
from nascore.benchmarks.table import TabularBenchmark
from nascore.errors import NascoreError, SettingError
from nascore.spaces.base import Arch, Space


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
        it, so that a killed run continues where it stopped (the same search and seed proposes the same again). Several
        processes may share one: none evaluates what another has evaluated or is evaluating (see `QueryLog`).

    SettingError for a setting that is not allowed, a callable that does not take what it is called with, and a row
    without its costs; ResultsError for a log that is damaged, of something else, or cannot be written.
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
        own = getattr(evaluate, "space", None)
        self._identity = getattr(evaluate, "identity", None) if self.benchmark is None else None
        if self.benchmark is None and not callable(evaluate) and hasattr(evaluate, "value"):
            evaluate = evaluate.value  # a benchmark of one's own: its costs are part of what it returns
        if self.benchmark is None and not callable(evaluate):
            raise SettingError(f"evaluate={checks.shown(evaluate)}: expected a benchmark or a callable arch -> value")
        space = own if space is None else space
        self.space = checks.instance("space", space, Space, "a nascore space, which an Oracle needs with a callable")
        if isinstance(own, Space) and own.identity() != self.space.identity():
            raise SettingError(f"space={self.space.identity()}: the evaluation is on {own.identity()}")
        if feasible is not None and not callable(feasible):
            raise SettingError(f"feasible={checks.shown(feasible)}: expected a callable row -> bool, or None")
        self.costs = checks.unreserved("costs", checks.distinct("costs", costs), COLUMNS)
        self.feasible = feasible
        self._callable: Callable = evaluate  # type: ignore[assignment]  # asked only where it is no table
        self._set_training(epochs, resumable)
        if self.benchmark is not None:
            for name in self.costs:
                if name not in self.benchmark.costs:
                    raise SettingError(
                        f"cost {name!r}: {self.benchmark.name} has {', '.join(self.benchmark.costs) or 'none'}"
                    )
        self._views: dict[int | str | None, TabularBenchmark] = {} if self.benchmark is None else {None: self.benchmark}
        # a space whose key is the architecture itself needs no call per proposal
        self._key = None if type(self.space).key is Space.key else self.space.key
        self._answers: dict = {}  # key, or (key, epochs) beside the usual number of epochs -> answer
        self._log: list[Row] = []
        self._spent = 0
        self._trained: dict = {}  # key -> epochs trained so far, where the budget is in epochs
        self._too_dear = False  # the last query was refused since it costs more than what is left
        self.repeats_in_a_row = 0
        self._file = None if log is None else QueryLog(log, self._header(), self._asked, 1 + len(self.costs))

    def _set_training(self, epochs: int | None, resumable: bool) -> None:
        """`epochs`: the usual number of epochs, asked for where none is named (None: not known)."""
        resumable = checks.flag("resumable", resumable)
        self.epochs: int | str | None
        if self.benchmark is None:
            self.training = Training(None, resumable)
            self.epochs = None if epochs is None else checks.whole("epochs", epochs, 1)
            self._takes = [checks.takes(self._callable, count) for count in (1, 2)]
            if not self._takes[self.epochs is not None] and not (self.epochs is None and self._takes[1]):
                called = "(arch)" if self.epochs is None else f"(arch, epochs), since epochs={self.epochs}"
                raise SettingError(f"evaluate={checks.shown(self._callable)}: it is called with {called}")
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
        if type(archs) is not list:
            archs = checks.listed("archs", archs, "a list of architectures")
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
            except Exception:  # no architecture, or one that has yet to become a tuple: validate says which
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
        simple = self.benchmark is not None and not self.costs and self._file is None
        if not simple or type(arch) is not tuple or not all(type(op) is int for op in arch):
            arch = self.space.validate(arch)  # what is logged is what was validated
        at = key if level is None else (key, level)
        if simple:
            value, status = self._from_table(arch, level)
            answer: float | tuple[float, ...] = value
            costs: tuple[float, ...] = ()
            seconds = 0.0
        else:
            recorded = self._evaluate(arch, level) if self._file is None else self._filed(self._file, at, arch, level)
            (value, *rest), status, seconds = recorded
            answer, costs = (recorded.row if rest else value), tuple(rest)
        self._answers[at] = answer
        epochs = self.epochs if level is None else level
        self._log.append(Row(arch, value, costs, status, seconds, epochs, cost))
        self._spent += cost
        if self.unit == "epochs":
            self._trained[key] = max(self._trained.get(key, 0), epochs)
        return answer

    def _filed(self, file: QueryLog, at, arch: Arch, level: int | None) -> Recorded:
        """The answer in the log, or a new one that is in the log before it is given."""
        known = file.found.get(at)
        if known is None:
            with file.claimed(at) as known:
                if known is None:
                    known = self._evaluate(arch, level)
                    file.add(at, arch, level, known)
        return known

    def _asked(self, arch: tuple, epochs: int | None):
        """What stands for a row of the log among the answers; an error for a row that cannot have been asked."""
        key = self.space.key(self.space.validate(arch))
        return key if epochs is None else (key, self.training.check(epochs, "the log"))

    def _header(self) -> dict:
        if self.benchmark is not None:
            whose = self.benchmark.identity()
        else:
            own = self._identity() if callable(self._identity) else {"benchmark": "callable"}
            whose = {**own, "epochs": self.epochs, **self.space.identity()}
        return {"nascore_log": FORMAT, "costs": list(self.costs), **whose}

    def _view(self, level: int | str | None) -> TabularBenchmark:
        view = self._views.get(level)
        if view is None:
            view = self._views[level] = self._views[None].select(epochs=level)
        return view

    def _from_table(self, arch: Arch, level: int | None) -> tuple[float, str]:
        try:
            value = self._view(level).value(arch)
        except KeyError:
            return math.nan, "no value in the table"
        return value, "ok" if value == value else "failed: nan"

    def _call(self, arch: Arch, level: int | None):
        if self.benchmark is not None:
            view = self._view(level)
            value = view.value(arch)
            return (value, *(view.cost(arch, name) for name in self.costs)) if self.costs else value
        epochs = self.epochs if level is None else level
        if not self._takes[epochs is not None]:
            raise SettingError(
                f"evaluate={checks.shown(self._callable)}: it takes no number of epochs, and {epochs} are asked for"
                if epochs is not None
                else f"evaluate={checks.shown(self._callable)}: it takes (arch, epochs); the Oracle needs epochs=..."
            )
        return self._callable(arch) if epochs is None else self._callable(arch, epochs)

    def _evaluate(self, arch: Arch, level: int | None) -> Recorded:
        failed = (math.nan,) * (1 + len(self.costs))
        begin = time.perf_counter()
        try:
            row = _row(self._call(arch, level), self.costs)
            status = "ok" if all(map(math.isfinite, row)) else f"failed: {row[0] if len(row) == 1 else row}"
        except SettingError:
            raise
        except KeyError as error:
            row, status = failed, f"no value: {error}" if isinstance(error, NascoreError) else f"failed: {error!r}"
        except Exception as error:  # a training may die in any way; the search goes on without it
            row, status = failed, f"failed: {type(error).__name__}: {error}"
        return Recorded(row if status == "ok" else failed, status, time.perf_counter() - begin)

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
        """DataFrame, one row per unique query: query (1, 2, ...), arch, value, best so far, rank (of the best so far,
        where the benchmark is a table), epochs, cost (what the budget paid), the costs asked for, status, seconds,
        text (arch as people write it). Which rows count for "best": see `best`."""
        return self.history_of(self._log)

    def history_of(self, rows: Sequence[Row], text: bool = True):
        """`history` as it was when these were the rows of the log; sooner there without `text`."""
        level = compared(rows, self.epochs)
        allowed = None if self.feasible is None else self._allowed
        rank = None if self.benchmark is None else self._view(None if level == self.epochs else level).rank
        return frame(rows, level, self.space, self.costs, allowed, rank, text)

    def _allowed(self, row: Row) -> bool:
        if self.feasible is None:
            return True
        try:
            return bool(self.feasible((row.value, *row.costs)))
        except Exception as error:  # whatever a function of somebody else's does
            raise SettingError(
                f"feasible={checks.shown(self.feasible)} of {(row.value, *row.costs)}: {type(error).__name__}: {error}"
            ) from error

    def best(self) -> tuple[Arch | None, float]:
        """The best feasible architecture so far and its value; (None, nan) before there is one.

        Only values after the usual number of epochs are compared: those of shorter trainings say less (as long as there
        is none of the usual number, those of the longest trainings are).
        """
        level = compared(self._log, self.epochs)
        good = [r for r in self._log if r.value == r.value and r.epochs == level and self._allowed(r)]
        if not good:
            return None, math.nan
        row = max(good, key=lambda row: row.value)
        return row.arch, row.value

    def __repr__(self) -> str:
        what = "a callable" if self.benchmark is None else self.benchmark.describe()
        budget = f"{self._spent} {self.unit}" if self.budget is None else f"{self._spent} of {self.budget} {self.unit}"
        failed = sum(row.value != row.value for row in self._log)
        arch, value = self.best()
        best = "nothing evaluated yet" if not self._log else "no best" if arch is None else f"best {value:.4f}"
        return f"<Oracle on {what}: {budget}, {best}{f', {failed} failed' if failed else ''}>"

    def _repr_html_(self) -> str:
        from html import escape

        arch, _ = self.best()
        cell = "" if arch is None else f"<br><code>{escape(self.space.format(arch))}</code>"
        cell += "" if arch is None else self.space.view(arch)._repr_svg_()
        return f"<div>{escape(repr(self)[1:-1])}{cell}</div>"


def _row(answer, costs: tuple[str, ...]) -> tuple[float, ...]:
    """What an evaluation returned, as floats: (value, cost, ...)."""
    if isinstance(answer, (tuple, list)) or getattr(answer, "ndim", 0) == 1:
        row = tuple(answer)
        if len(row) != 1 + len(costs):
            raise SettingError(f"the evaluation returned {len(row)} numbers, {_expected(costs)}")
        return tuple(map(_number, row))
    value = _number(answer)
    if costs:
        raise SettingError(f"the evaluation returned {value}, {_expected(costs)}")
    return (value,)


def _expected(costs: tuple[str, ...]) -> str:
    return f"expected {1 + len(costs)} ({', '.join(('value', *costs))}), since costs={costs}"


def _number(part) -> float:
    if hasattr(part, "item") and getattr(part, "ndim", None) == 0:  # numpy's and torch's numbers
        part = part.item()
    if isinstance(part, str):
        raise ValueError(f"it returned the text {part!r}, expected a number")
    if not isinstance(part, numbers.Real) or isinstance(part, bool):
        raise TypeError(f"it returned {checks.shown(part)}, expected a number")
    return float(part)
