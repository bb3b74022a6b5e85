"""Your own table or training function: the comparison with other searches, and a search killed half way and resumed."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path


def compared(space, table, schedule: dict, seeds: int, budget: int):
    """GA-NAS, REA and RS on a table: method, seed, queries, best, rank, curve."""
    import pandas as pd

    from nascore import search
    from nascore.benchmarks import Oracle
    from nascore.search.loop import run

    makers = {
        "GA-NAS": lambda seed: search.GANAS(space, seed=seed, **schedule),
        "REA": lambda seed: search.RegularizedEvolution(space, seed=seed),
        "RS": lambda seed: search.RandomSearch(space, seed=seed),
    }
    lines = []
    for method, make in makers.items():
        for seed in range(seeds):
            found = run(make(seed), Oracle(table, budget))
            line = {"method": method, "seed": seed, "queries": found.queries, "best": found.best_value}
            lines.append(line | {"rank": found.rank(table), "curve": found.curve(table)})
    return pd.DataFrame(lines)


def evaluations_in(log: Path) -> int:
    """Finished evaluations in a log; its first line is a header."""
    return max(0, log.read_bytes().count(b"\n") - 1) if log.exists() else 0


def killed_half_way(search: Callable, log: Path, queries: int) -> int:
    """Run `search(log, queries)` in another process and kill it (SIGKILL) when half of its evaluations are in the log.

    Returns how many evaluations it has left behind.
    """
    from joblib.externals.loky import ProcessPoolExecutor

    pool = ProcessPoolExecutor(1)
    job = pool.submit(search, log, queries)
    while evaluations_in(log) < queries // 2 and not job.done():
        time.sleep(0.02)
    pool.shutdown(wait=False, kill_workers=True)
    return evaluations_in(log)


def evaluations(log: Path):
    """A log's evaluations without their seconds: arch, row, status as text."""
    import pandas as pd

    rows = pd.read_json(log, lines=True).iloc[1:]
    return rows[["arch", "row", "status"]].astype(str).reset_index(drop=True)


def draw_resumed(whole, resumed, left_behind: int):
    """Every evaluation and the best so far of a search without interruption and of the same one killed and resumed."""
    import matplotlib.pyplot as plt
    import numpy as np

    fig, ax = plt.subplots(figsize=(6.4, 3.0), layout="constrained")
    history, failed = resumed.history, whole.history["value"].isna()
    ax.axvspan(0, left_behind + 0.5, color="0.93", zorder=0)
    style = {"ha": "right", "va": "bottom", "color": "0.35", "fontsize": 8.5}
    ax.text(left_behind, 0.16, "in the log when killed ", transform=ax.get_xaxis_transform(), **style)
    ax.plot(history["query"], history["value"], "o", ms=3.5, color="0.6", label="training")
    lowest = np.full(failed.sum(), history["value"].min())
    ax.plot(history["query"][failed], lowest, "x", color="C1", label="failed")
    wide = {"where": "post", "color": "C0", "lw": 4, "alpha": 0.3}
    ax.step(whole.history["query"], whole.history["best"], label="best, uninterrupted", **wide)
    thin = {"where": "post", "color": "C0", "lw": 1.5}
    ax.step(history["query"], history["best"], label="best, killed and resumed", **thin)
    ax.set(xlabel="queries", ylabel="held-out digits read (%)", xlim=(0, len(history) + 1))
    ax.set_title("Digits: killed half way, and resumed")
    fig.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return fig
