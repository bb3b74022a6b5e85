"""`python -m nascore.bench`: the benchmark with its long parts, and the file that keeps its output."""

from __future__ import annotations

import argparse
import json
import sys
import time

from nascore import bench, paths


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m nascore.bench", description=__doc__)
    options.add_argument("--full", action="store_true", help="enumerate NAS-Bench-101 in full (minutes)")
    options.add_argument("--write", action="store_true", help="write data/results/bench.json")
    options.add_argument("--only", choices=bench.PARTS, help="one part; it is printed and not written")
    chosen = options.parse_args()
    if chosen.only and chosen.write:
        options.error("--only with --write: data/results/bench.json holds all parts")
    wall, cpu = time.perf_counter(), time.process_time()
    rows = bench.run(full=chosen.full, parts=(chosen.only,) if chosen.only else bench.PARTS)
    command = "python -m nascore.bench" + "".join(f" {word}" for word in sys.argv[1:])
    found = bench.document(rows, command, time.perf_counter() - wall, time.process_time() - cpu)
    text = json.dumps(found, indent=1) + "\n"
    if chosen.write:
        paths.atomic_write(paths.results() / "bench.json", text)
    print(text, end="")
    missed = [row["name"] for row in rows if row["met"] is False]
    if missed:
        print(f"missed: {', '.join(missed)}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
