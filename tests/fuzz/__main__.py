"""python -m tests.fuzz --cases 10000 --seed 1 --workers 2: a summary per entry and kind, and a reproduction of each."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")
# nothing is downloaded, nothing of the repository's own is overwritten
_HOME = tempfile.mkdtemp(prefix="nascore-fuzz-home-")
os.environ["NASCORE_MIRROR"] = str(Path(_HOME) / "no-mirror")
os.environ["NASCORE_CACHE"] = str(Path(_HOME) / "cache")
os.environ["NASCORE_FIGURES"] = str(Path(_HOME) / "figures")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--only", type=int, help="run this one case here and show its verdict")
    parser.add_argument("--report", type=Path, help="also write the failures there, grouped by owner")
    options = parser.parse_args()
    from tests.fuzz import cases, workers
    from tests.fuzz.summary import Summary

    cases.prepare()
    if options.only is not None:
        print(workers.one(options.seed, options.only, False))
        return 0
    begin, found = time.perf_counter(), Summary()
    numbers = range(options.first, options.first + options.cases)
    for done, verdict in enumerate(workers.run_all(numbers, options.seed, options.workers), 1):
        found.add(verdict)
        if done % 500 == 0:
            print(f"{done} cases, {found.failures} failures, {time.perf_counter() - begin:.0f} s", flush=True)
            _write(options.report, found)
    lines = [f"seed {options.seed}, cases {options.first} to {numbers[-1]}", *found.lines()]
    print("\n".join(lines))
    print("most seconds: " + ", ".join(f"{name} {seconds:.0f}" for name, seconds in found.seconds.most_common(8)))
    _write(options.report, found)
    return 1 if found.failures else 0


def _write(file: Path | None, found) -> None:
    if file is not None:
        file.write_text("\n".join(found.lines()) + "\n")


if __name__ == "__main__":
    sys.exit(main())
