"""The table digits201 from the finished training files, with its checksum, record and card."""

from __future__ import annotations

import hashlib
import json
import platform
from importlib import metadata
from pathlib import Path

import numpy as np

from nascore.benchmarks import digits201
from nascore.benchmarks.packed_npz import write_npz
from nascore.benchmarks.recipes.digits201 import recipe as made_by
from nascore.benchmarks.recipes.digits201 import training
from nascore.benchmarks.recipes.digits201.card import markdown
from nascore.benchmarks.recipes.digits201.chunks import read_chunk
from nascore.benchmarks.recipes.digits201.recipe import SEEDS
from nascore.errors import DataError
from nascore.paths import atomic_write


def incomplete(found: np.ndarray) -> str:
    """What is still to be trained, in words; "" when nothing is. found: as `training.trained` gives it."""
    for seed in SEEDS:
        missing = int((found[training.plan(seed, found), seed] < 0).any((1, 2)).sum())
        if missing:
            return f"seed {seed} lacks {missing} classes"
    return ""


def build() -> Path:
    """Write table, checksum, record and card from the finished training files; the table's bytes depend on nothing
    else. DataError while trainings are missing."""
    found, where = training.trained(), made_by.folder()
    missing = incomplete(found)
    if missing:
        raise DataError(f"{where / 'chunks'}: {missing}; python -m nascore.benchmarks.recipes.digits201 goes on")
    path = where / digits201.FILE
    write_npz(path, {"correct": found.astype(np.int16), "classes": training.classes()[1].astype(np.int16)})
    atomic_write(where / digits201.SUMS, f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n")
    digits201.read_table.cache_clear()
    atomic_write(where / "record.json", json.dumps(_record(), indent=1) + "\n")
    atomic_write(where / "README.md", markdown(where))
    return path


def _record() -> dict:
    """What the training files and this machine say about how the table was made."""
    count = len(training.classes()[0])
    files = [read_chunk(file, count) for file in sorted((made_by.folder() / "chunks").glob("seed*.npz"))]
    processor = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").is_file():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        processor = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), processor)
    return {
        "processor": processor,
        "torch": metadata.version("torch"),
        "python": platform.python_version(),
        "trainings": {str(seed): sum(len(f.classes) for f in files if f.seed == seed) for seed in SEEDS},
        "cpu_seconds": {str(seed): round(sum(f.seconds for f in files if f.seed == seed), 1) for seed in SEEDS},
    }
