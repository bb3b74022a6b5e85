"""How fast: `nascore bench`. Every ratio is measured in one run against the naive version kept beside it.

`python -m nascore.bench [--full] [--write]` also enumerates NAS-Bench-101 in full, or writes
data/results/bench.json.
"""

from __future__ import annotations

from collections.abc import Sequence

from nascore import bars
from nascore.bench.clock import FIELDS

__all__ = ["FIELDS", "PARTS", "document", "run"]

EXPECTED = 41  # rows, for the progress bar
PARTS = ("adversary", "tables", "oneshot", "darts", "gennas", "runs")


def run(*, quick: bool = False, full: bool = False, progress: bool = True, parts: Sequence[str] = PARTS) -> list[dict]:
    """All rows, each with the FIELDS name, value, unit, bar, met (None: no bar, or nothing to measure), low and high of
    the repeats, threads, load average, what was measured and the reference.

    Three minutes on one thread, longer where no runs are stored. `full` hashes all 1,293,208 labelled graphs of
    NAS-Bench-101; `quick` shrinks every size to test that it works and means nothing as a measurement; `parts`: which
    of PARTS. Raises ResultsError where naive and batched numbers differ.
    """
    from nascore.bench import adversary, gennas, oneshot, runs, tables, two_cells
    from nascore.threads import one_thread

    found = []
    with (
        one_thread(),
        bars.bar(total=EXPECTED if parts == PARTS else None, unit="row", disable=not progress, delay=5) as bar,
    ):
        rows = {
            "adversary": lambda: adversary.rows(quick),
            "tables": lambda: tables.rows(quick, full),
            "oneshot": lambda: oneshot.rows(quick),
            "darts": lambda: two_cells.rows(quick),
            "gennas": lambda: gennas.rows(quick),
            "runs": lambda: runs.rows(quick),
        }
        for part in parts:
            for row in rows[part]():
                found.append(row | {"met": None} if quick else row)
                bar.set_description(row["name"], refresh=False)
                bar.update()
    return found


def document(rows: list[dict], command: str, wall_s: float, cpu_s: float) -> dict:
    """What data/results/bench.json holds: the rows, and where, when and under which load they were measured."""
    from nascore.companion import provenance

    origin = provenance.record(wall_s=wall_s, cpu_s=cpu_s, data="") | {"commit": provenance.commit(), "threads": 1}
    return {"command": command, "provenance": origin, "bench": rows}
