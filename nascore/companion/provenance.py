"""Where a result came from: commit, machine, versions, threads, and the time it took.

Every stored row carries one of these records, so that a number in a notebook can be traced to the run that made it.
"""

from __future__ import annotations

import datetime
import functools
import hashlib
import os
import platform
import re
import subprocess
from importlib import metadata

from nascore import paths, threads


def commit() -> str:
    """Short commit of the checkout, with `+` when files under nascore/ differ from it; "" outside a checkout."""
    try:
        head = _git("rev-parse", "--short=10", "HEAD")
        changed = _git("status", "--porcelain", "--", "nascore")
    except (OSError, subprocess.SubprocessError):
        return ""
    return head + ("+" if changed else "")


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(paths.root()), *arguments], capture_output=True, text=True, timeout=20, check=True
    )
    return done.stdout.strip()


@functools.lru_cache(maxsize=1)
def machine() -> str:
    """Processor model and the number of cores this process may use, e.g. `"AMD EPYC 7B13 x 2"`."""
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            for line in file:
                if line.startswith("model name"):
                    model = line.split(":", 1)[1].strip()
                    break
    except OSError:
        pass  # not Linux: the platform's own answer stands
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{model} x {cores}"


@functools.lru_cache(maxsize=1)
def rounding() -> str:
    """12 hex digits that name how this machine rounds: processor family and model, kernels of the BLAS libraries, and
    the versions of numpy and torch. Two rows of the same mark were rounded alike; "AMD EPYC" alone names many
    processors."""
    from threadpoolctl import threadpool_info

    marks = [platform.machine(), version("numpy"), version("scipy"), version("torch")]
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            first = file.read().split("\n\n")[0]
        marks += re.findall(r"(?m)^(?:cpu family|model|stepping|flags)\s*:\s*(.*)$", first)
    except OSError:
        marks.append(machine())
    marks += sorted(str(each.get("architecture")) for each in threadpool_info())
    return hashlib.sha256("|".join(marks).encode()).hexdigest()[:12]


def version(package: str) -> str:
    """Installed version of a package without importing it; "" when it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def record(*, wall_s: float, cpu_s: float, data: str, device: str = "cpu") -> dict:
    """The provenance of one finished unit. Called in the worker, so that machine and threads are the worker's own.

    The commit is left for the parent to fill in (`commit`): a remote worker may have no checkout.
    """
    return {
        "commit": "",
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "machine": machine(),
        "rounding": rounding(),
        "python": platform.python_version(),
        "numpy": version("numpy"),
        "torch": version("torch"),
        "torch_geometric": version("torch-geometric"),
        "threads": threads.in_use(),
        "device": device,
        "wall_s": round(wall_s, 3),
        "cpu_s": round(cpu_s, 3),
        "data": data,
    }
