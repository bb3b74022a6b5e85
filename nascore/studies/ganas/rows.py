"""What every unit of the GA-NAS experiments stores, and the searches by the names that the tables use."""

from __future__ import annotations

import math
from functools import lru_cache

from nascore import benchmarks
from nascore.benchmarks import Oracle
from nascore.benchmarks.recipes.digits201.recipe import RECIPE
from nascore.benchmarks.table import TabularBenchmark
from nascore.search.base import Search
from nascore.search.loop import run
from nascore.search.result import Result

# what the tables call them -> the class
METHODS = {
    "RS": "RandomSearch",
    "REA": "RegularizedEvolution",
    "LocalSearch": "LocalSearch",
    "REINFORCE": "Reinforce",
    "TPE": "TPE",
}


@lru_cache(maxsize=16)
def load(name: str, dataset: str | None = None, split: str | None = None, epochs: int | None = None):
    """A benchmark, kept for the next unit of the same worker."""
    question = {"dataset": dataset, "split": split, "epochs": epochs}
    return benchmarks.load(name, **{k: v for k, v in question.items() if v is not None})


def data_label(name: str, **question) -> str:
    """The benchmark and its checksum, for a row's fingerprint."""
    return f"{name}:{load(name, **question).checksum}"


def baseline(method: str, space, seed: int):
    """A baseline search with its published settings."""
    from nascore import search

    return getattr(search, METHODS[method])(space, seed=seed)


def complete(result: Result) -> Result:
    """`result`; of a search that was interrupted the interruption, which the search took for its end, goes on."""
    if result.stopped == "interrupted":
        raise KeyboardInterrupt
    return result


def short(name: str) -> int:
    """Epochs of a short training of a benchmark, which settings are tuned on and no reported number comes from."""
    return RECIPE.steps_at[3] if name == "digits201" else 12


def until_best(search: Search, benchmark: TabularBenchmark, budget: int) -> Result:
    """A search that ends with the query that finds the benchmark's best, or its budget: what counts is that query, and
    nothing is learnt by going on after it."""
    optimum = benchmark.best()[1]
    return run(search, Oracle(benchmark, budget), callback=lambda _, oracle: oracle.best()[1] >= optimum)


def search_row(result: Result, benchmark: TabularBenchmark, **more) -> dict:
    """metrics: best value, its rank, unique queries, found_at (query that found this run's best), queries_to_best
    (query that found the benchmark's best; null if it was not found)."""
    complete(result)
    optimum = benchmark.best()[1]
    if result.best is None:
        best, rank, found_at = math.nan, None, None
    else:
        best, rank = result.best_value, result.rank(benchmark)
        found_at = result.queries_to(best)
    return {
        "metrics": {
            "best": round(best, 4),
            "rank": rank,
            "queries": result.queries,
            "found_at": found_at,
            "queries_to_best": result.queries_to(optimum),
            "best_arch": result.space.format(result.best),
            "stopped": result.stopped,
            **more,
        },
        "curve": result.curve(benchmark),
    }


def drawn(search) -> tuple[dict, dict]:
    """Who made the cells: ({own_share: share of the new cells that G itself drew, at temperature 1}, {iteration, new,
    heated: for each iteration |X_t| and the share of X_t that a heated copy of G, or chance, drew})."""
    lines = [line for line in search.trace if "heated" in line]
    new = sum(line["new"] for line in lines)
    own = sum(line["new"] * (1 - line["heated"]) for line in lines)
    columns = {name: [round(line[name], 4) for line in lines] for name in ("iteration", "new", "heated")}
    return {"own_share": round(own / new, 4) if new else None}, columns
