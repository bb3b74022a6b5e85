"""What a search has found: the ordered log of unique queries, and views of it."""

from __future__ import annotations

import base64
import functools
import io
from typing import TYPE_CHECKING

from nascore import checks
from nascore.benchmarks.oracle import Oracle
from nascore.benchmarks.table import TabularBenchmark
from nascore.errors import SettingError

if TYPE_CHECKING:
    import pandas as pd


class Result:
    """`best` (architecture), `best_value`, `history` (DataFrame, one row per unique query, see `Oracle.history`),
    `queries`, `stopped` ("budget", "finished", "stalled", "interrupted", "callback", "nothing to ask"), `seconds`.

    It stays what it is when the Oracle goes on answering.
    """

    def __init__(self, oracle: Oracle, search_name: str, stopped: str, seconds: float):
        self.oracle, self.search, self.stopped, self.seconds = oracle, search_name, stopped, seconds
        self.space, self.queries = oracle.space, oracle.queries
        self.best, self.best_value = oracle.best()
        self._rows = oracle.log

    @functools.cached_property
    def history(self) -> pd.DataFrame:
        """One row per unique query: query, arch, value, best, rank (where the benchmark is a table), ..., text."""
        return self.oracle.history_of(self._rows)

    @functools.cached_property
    def course(self) -> pd.DataFrame:
        """`history` without the column text, which is what takes long."""
        return self.oracle.history_of(self._rows, text=False)

    def rank(self, benchmark: TabularBenchmark | None = None) -> int:
        """Rank of the best architecture in `benchmark` (default: the one that was asked): strictly better values, plus
        1."""
        table = _table(self.oracle.benchmark if benchmark is None else benchmark)
        if self.best is None:
            raise SettingError("no evaluation succeeded, so there is no best architecture to rank")
        return table.rank(table.value(self.best))

    def curve(self, benchmark: TabularBenchmark | None = None) -> dict[str, list]:
        """Best so far at each query where it improved: {"query", "best"} and, in the table that was asked or in
        `benchmark`, one of the same values, {"rank"}."""
        rows = self.course.dropna(subset=["best"])
        rows = rows[rows["best"].diff().fillna(1) > 0]
        out = {"query": rows["query"].tolist(), "best": [round(float(v), 4) for v in rows["best"]]}
        if benchmark is not None and benchmark is not self.oracle.benchmark:
            out["rank"] = [_table(benchmark).rank(v) for v in rows["best"]]
        elif "rank" in rows:
            out["rank"] = [int(place) for place in rows["rank"]]
        return out

    def queries_to(self, value: float) -> int | None:
        """Queries until the best so far reached `value`; None if it never did."""
        reached = self.course[self.course["best"] >= checks.number("value", value) - 1e-6]
        return int(reached["query"].iloc[0]) if len(reached) else None

    def plot(self, ax=None):
        """The query curve on a matplotlib axes (a new figure by default); returns the axes."""
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(5.2, 2.6), layout="constrained").subplots()
        ax.plot(self.course["query"], self.course["value"], ".", ms=3, color="0.75", label="query")
        ax.step(self.course["query"], self.course["best"], where="post", color="#0072B2", label="best so far")
        ax.set(xlabel="unique queries", ylabel="value")
        ax.spines[["top", "right"]].set_visible(False)
        ax.legend(frameon=False, loc="lower right")
        return ax

    def __repr__(self) -> str:
        best = "nothing evaluated" if self.best is None else f"best {self.best_value:.4f} at {self.best}"
        return f"<Result of {self.search}: {best}; {self.queries} queries, stopped: {self.stopped}>"

    def _repr_html_(self) -> str:
        from html import escape

        if self.best is None:
            return f"<div>{escape(repr(self))}</div>"
        picture = io.BytesIO()
        self.plot().figure.savefig(picture, dpi=110)
        steps = self.history[self.history["best"].diff().fillna(1) > 0].tail(5)
        table = steps[[name for name in ("query", "text", "value", "rank") if name in steps]]
        return (
            f"<div><b>{escape(self.search)}</b>: best {self.best_value:.4f} after {self.queries} queries "
            f"(stopped: {escape(self.stopped)})<br>"
            f"<img src='data:image/png;base64,{base64.b64encode(picture.getvalue()).decode()}'/>"
            f"{self.space.view(self.best)._repr_svg_()}{table.to_html(index=False, float_format='{:.4f}'.format)}</div>"
        )


def _table(benchmark):
    """`benchmark`, if it can say what an architecture's value and a value's rank are."""
    if isinstance(benchmark, type) or not all(callable(getattr(benchmark, name, None)) for name in ("value", "rank")):
        raise SettingError(f"benchmark={checks.shown(benchmark)}: expected a table, such as nc.benchmarks.load(...)")
    return benchmark
