"""`python -m nascore.benchmarks.recipes.digits201`: train what is missing, then write the table and its card."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict

from nascore.benchmarks.recipes.digits201 import build, training
from nascore.benchmarks.recipes.digits201.recipe import RECIPE

# glibc hands freed pages back by default and faults them in again at every step: 1.5 times the time
MALLOC = {
    "MALLOC_MMAP_THRESHOLD_": "4000000000",
    "MALLOC_TRIM_THRESHOLD_": "8000000000",
    "MALLOC_TOP_PAD_": "100000000",
}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m nascore.benchmarks.recipes.digits201", description=__doc__)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args(arguments)
    if not MALLOC.keys() <= os.environ.keys():  # read when a process starts: start again with them
        os.execve(
            sys.executable,
            [sys.executable, "-m", "nascore.benchmarks.recipes.digits201", *sys.argv[1:]],
            {**MALLOC, **os.environ},
        )
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # like Ctrl-C: the workers end too
    print(asdict(RECIPE))
    training.train_all(options.workers, options.device)
    print(build.build())


if __name__ == "__main__":
    main()
