"""Compare in one call: several searches on one benchmark, or several one-shot strategies on one supernet.

found = nc.compare({"GA-NAS": lambda seed: nc.search.GANAS(bench.space, seed=seed),
                    "random": lambda seed: nc.search.RandomSearch(bench.space, seed=seed)}, bench, budget=500, seeds=10)
found            # in a notebook: query curves with bands, and a table with intervals
found.frame      # one row per method and seed
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nascore import checks
from nascore.benchmarks.oracle import Oracle
from nascore.benchmarks.table import TabularBenchmark
from nascore.companion import store as row_store
from nascore.companion.pool import check_workers
from nascore.errors import NascoreError, ResultsError, SettingError
from nascore.search.base import Search
from nascore.search.loop import run
from nascore.threads import one_thread_for_all

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from nascore.spaces.base import Arch

Make = Callable[[int], Any]
LEVEL = 0.95


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
    benchmark: what the searches ask. unit: of the budget, "queries" or "epochs".
    seeds: how many (0, 1, ...), or which.
    workers: processes; each run has one thread.
    store: a file of rows, one for each finished run: a comparison that was stopped goes on from it, more seeds or
        methods add to it. It belongs to one benchmark and budget; ResultsError for another's. What a method's function
        does is not checked: rename the method when you change it.
    judge: how good an architecture is where the methods are one-shot searches: a benchmark, or a function.

    SettingError for a method that is no function of a seed or makes something else than a search or a log.
    """
    if not isinstance(methods, Mapping) or not methods or not all(callable(make) for make in methods.values()):
        raise SettingError(f"methods={checks.shown(methods)}: expected {{name: function of a seed}}, at least one")
    methods = {checks.text("methods", name): make for name, make in methods.items()}
    chosen = _seeds(seeds)
    workers = check_workers(workers)
    checks.flag("progress", progress)
    if benchmark is not None:
        checks.instance("benchmark", benchmark, TabularBenchmark, "a benchmark such as nc.benchmarks.load('digits201')")
        Oracle(benchmark, budget, unit=unit)  # what is wrong with them is said before anything runs
    if judge is not None and not isinstance(judge, TabularBenchmark) and not callable(judge):
        raise SettingError(f"judge={checks.shown(judge)}: expected a benchmark or a function architecture -> value")
    question = {
        "benchmark": None if benchmark is None else benchmark.identity(),
        "judge": judge.identity() if isinstance(judge, TabularBenchmark) else None if judge is None else "callable",
        "budget": budget,
        "unit": unit,
    }
    rows = _Rows(None if store is None else Path(store), json.loads(json.dumps(question)))
    jobs = [(name, seed) for seed in chosen for name in methods if (name, seed) not in rows.found]
    calls = [(name, seed, methods[name], benchmark, budget, unit, judge) for name, seed in jobs]
    with contextlib.closing(_bar(len(jobs), progress)) as bar:
        for row in _run_all(calls, workers):
            rows.add(row)
            bar.update()
    wanted = [rows.found[name, seed] for name in methods for seed in chosen]
    return Comparison(wanted, question, _optimum(benchmark if judge is None else judge))


def _seeds(seeds: int | Sequence[int]) -> list[int]:
    if isinstance(seeds, (list, tuple, range)):
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


def _run_all(calls: list[tuple], workers: int) -> Iterator[dict]:
    """Rows as they finish; functions of a user's own (lambdas too) go to worker processes by cloudpickle."""
    if workers == 1:
        yield from (one_run(*call) for call in calls)
        return
    from joblib import Parallel, delayed, parallel_config
    from joblib.externals.loky import wrap_non_picklable_objects

    wrapped = [(*call[:2], wrap_non_picklable_objects(call[2]), *call[3:]) for call in calls]
    with parallel_config(backend="loky", inner_max_num_threads=1):
        yield from Parallel(n_jobs=workers, return_as="generator_unordered", batch_size=1)(
            delayed(one_run)(*call) for call in wrapped
        )


def one_run(name: str, seed: int, make: Make, benchmark, budget, unit: str, judge) -> dict:
    """One method with one seed, as a row of plain values."""
    begin, cpu = time.perf_counter(), time.process_time()
    with one_thread_for_all():
        made = make(seed)
        if isinstance(made, Search):
            if benchmark is None:
                raise SettingError(f"method {name!r} makes a search: compare needs the benchmark that it asks")
            result = run(made, Oracle(benchmark, budget, unit=unit))
            row = _search_row(result, benchmark, judge)
        elif hasattr(made, "derive") and hasattr(made, "frame"):
            row = _oneshot_row(made, benchmark if judge is None else judge, name)
        else:
            raise SettingError(
                f"method {name!r} made {checks.shown(made)}: expected a search or the log of a one-shot search"
            )
    row |= {"wall_s": round(time.perf_counter() - begin, 3), "cpu_s": round(time.process_time() - cpu, 3)}
    return {"method": name, "seed": seed, **row_store.plain(row)}


def _search_row(result, benchmark: TabularBenchmark, judge) -> dict:
    found = result.best is not None
    row = {
        "value": result.best_value if found else None,
        "rank": result.rank(benchmark) if found else None,
        "queries": result.queries,
        "spent": result.oracle.spent,
        "to_best": result.queries_to(benchmark.best()[1]),
        "arch": result.space.format(result.best) if found else None,
        "stopped": result.stopped,
        "curve": result.curve(benchmark),
    }
    if judge is not None:
        row["judged"] = _judged(judge, result.best) if found else None
    return row


def _oneshot_row(log, judge, name: str) -> dict:
    if judge is None:
        raise SettingError(
            f"method {name!r} gives the log of a one-shot search: compare needs judge=..., a benchmark or "
            "a function architecture -> value"
        )
    arch = log.derive()
    row = {
        "value": _judged(judge, arch),
        "arch": str(arch),
        "entropy": float(log.frame["entropy"].iloc[-1]),
        "val_loss": float(log.frame["val_loss"].iloc[-1]),
        "stopped": log.stopped,
        "curve": {
            "query": log.frame["epoch"].tolist(),
            "best": [_judged(judge, each) for each in log.frame["arch"]],
        },
    }
    if isinstance(judge, TabularBenchmark):
        row["rank"] = judge.rank(row["value"])
    return row


def _judged(judge, arch) -> float:
    return float(judge.value(arch) if isinstance(judge, TabularBenchmark) else judge(arch))


class _Rows:
    """Finished runs by (method, seed), in memory and, with a path, as checked lines of a file."""

    def __init__(self, path: Path | None, question: dict):
        self.path, self.question = path, question
        self.found: dict[tuple[str, int], dict] = {}
        if path is None:
            return
        if path.is_dir():
            raise ResultsError(f"store={str(path)!r}: a folder; expected a file")
        lines = row_store.read_lines(path, ("method", "seed", "question", "digest"))
        for number, row in enumerate(lines, 1):
            if row["question"] != question:
                raise ResultsError(
                    f"{path}, line {number}: a run of another comparison ({row['question']}, this one is {question}); "
                    "give another file"
                )
            self.found[row["method"], row["seed"]] = row

    def add(self, row: dict) -> None:
        """Keep a row, on disk before it is reported."""
        if self.path is not None:
            row = row_store.append(self.path, {**row, "question": self.question})
        self.found[row["method"], row["seed"]] = row


class Comparison:
    """What `compare` found. `frame`: one row per method and seed (value, rank, queries, to_best, arch, ...).

    `table()`: per method the mean and the interquartile mean of the best value with 95 % bootstrap intervals, how
    likely it beats the first method, and the median queries to the benchmark's best. `plot()`: curves with bands.
    """

    def __init__(self, rows: list[dict], question: dict, optimum: float | None):
        self.rows, self.question, self.optimum = rows, question, optimum

    @property
    def methods(self) -> list[str]:
        return list(dict.fromkeys(row["method"] for row in self.rows))

    @property
    def frame(self) -> pd.DataFrame:
        """One row per method and seed."""
        import pandas as pd

        return pd.DataFrame(
            [{k: v for k, v in row.items() if k not in ("curve", "question", "digest")} for row in self.rows]
        )

    @property
    def curves(self) -> pd.DataFrame:
        """Improvement steps in long form: method, seed, query (epoch for one-shot searches), best."""
        import pandas as pd

        parts = [pd.DataFrame(row["curve"]).assign(method=row["method"], seed=row["seed"]) for row in self.rows]
        return pd.concat(parts, ignore_index=True)

    def table(self) -> pd.DataFrame:
        """One line per method, values as numbers: runs, mean, low, high, iqm, iqm_low, iqm_high, improvement (P that a
        run beats a run of the first method), to_best (median; runs that never found it count as the budget), found."""
        import numpy as np
        import pandas as pd

        from nascore.companion import stats

        frame, lines = self.frame, []
        first = frame[frame["method"] == self.methods[0]]["value"].dropna().to_numpy(float)
        for name in self.methods:
            part = frame[frame["method"] == name]
            values = part["value"].dropna().to_numpy(float)
            line: dict[str, Any] = {"method": name, "runs": len(part), "failed": len(part) - len(values)}
            if len(values):
                statistics: dict[str, Any] = {"mean": np.mean, "iqm": stats.iqm}
                for key, statistic in statistics.items():
                    estimate = stats.bootstrap_ci(values, statistic, LEVEL)
                    low, high = (estimate.low, estimate.high) if len(values) > 1 else (np.nan, np.nan)
                    line |= {key: estimate.value, f"{key}_low": low, f"{key}_high": high}
                if len(first):
                    line["improvement"] = stats.probability_of_improvement(values, first).value
            if "to_best" in part:
                spent = pd.to_numeric(part["to_best"], errors="coerce")
                line |= {"found": int(spent.notna().sum()), "to_best": float(spent.fillna(part["queries"]).median())}
            lines.append(line)
        return pd.DataFrame(lines)

    def plot(self, value: str = "best", ax=None) -> Figure:
        """Mean best value so far with its bootstrap band against queries (one-shot: against epochs)."""
        import pandas as pd
        from matplotlib.figure import Figure

        from nascore.companion import plots

        ax = Figure(figsize=(5.6, 3.2), layout="constrained").subplots() if ax is None else ax
        rows = pd.DataFrame([row for row in self.rows if row["curve"]["query"]])
        plots.query_curves(rows, value, ax=ax, optimum=self.optimum if value == "best" else None)
        if "queries" not in rows:
            ax.set_xlabel("epochs")
        return ax.figure

    def __repr__(self) -> str:
        shown = [self._words(line) for line in self.table().to_dict("records")]
        width = {key: max(len(key), *(len(line[key]) for line in shown)) for key in shown[0]}
        head = "  ".join(key.ljust(width[key]) for key in width)
        body = ["  ".join(line[key].ljust(width[key]) for key in width).rstrip() for line in shown]
        return "\n".join([self._title(), head.rstrip(), *body])

    def _title(self) -> str:
        asked = self.question["benchmark"] or self.question["judge"]
        where = asked["benchmark"] if isinstance(asked, dict) else "a function"
        budget = "" if self.question["budget"] is None else f", {self.question['budget']} {self.question['unit']} a run"
        return f"Comparison on {where}{budget}"

    def _words(self, line: dict) -> dict[str, str]:
        """One line of the table as text; what few runs cannot say is left out."""

        def interval(key: str) -> str:
            if line.get(key) != line.get(key) or line.get(key) is None:
                return "–"
            if line[f"{key}_low"] != line[f"{key}_low"]:
                return f"{line[key]:.2f}"
            return f"{line[key]:.2f} [{line[f'{key}_low']:.2f}, {line[f'{key}_high']:.2f}]"

        words = {"method": line["method"], "runs": str(line["runs"]), "mean [95 %]": interval("mean")}
        words["IQM [95 %]"] = interval("iqm")
        better = line.get("improvement")
        known = better is not None and better == better and line["method"] != self.methods[0]
        words[f"P(better than {self.methods[0]})"] = f"{better:.2f}" if known else "–"
        if "to_best" in line:
            words["found the best"] = f"{line['found']} of {line['runs']}"
            words["queries to it (median)"] = f"{line['to_best']:.0f}"
        return words

    def _repr_html_(self) -> str:
        lines = [self._words(line) for line in self.table().to_dict("records")]
        head = "".join(f"<th style='text-align:left'>{escape(key)}</th>" for key in lines[0])
        body = "".join(
            "<tr>" + "".join(f"<td style='text-align:left'>{escape(text)}</td>" for text in line.values()) + "</tr>"
            for line in lines
        )
        picture = io.BytesIO()
        try:
            self.plot().savefig(picture, dpi=110)
            image = f"<img src='data:image/png;base64,{base64.b64encode(picture.getvalue()).decode()}'/>"
        except NascoreError:  # no run found anything: there is no curve to draw
            image = ""
        title = escape(self._title())
        return f"<div><b>{title}</b><br>{image}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


__all__ = ["Comparison", "compare"]
