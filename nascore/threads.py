"""The one place that sets how many threads compute.

Small networks are several times slower on more than one thread, and sums come out alike on every machine only on one.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS")


def in_use() -> int:
    """Threads that torch uses now; without torch, what the environment says (1 where it is silent)."""
    torch = sys.modules.get("torch")
    if torch is not None:
        return torch.get_num_threads()
    said = os.environ.get("OMP_NUM_THREADS", "")
    return int(said) if said.isdigit() and int(said) else 1


@contextlib.contextmanager
def limited(count: int | None) -> Iterator[None]:
    """`count` torch threads inside (None: as it is); what was set before is set again afterwards."""
    import torch

    before = torch.get_num_threads()
    if count is not None:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def one_thread() -> contextlib.AbstractContextManager[None]:
    """One torch thread inside; what was set before is set again afterwards."""
    return limited(1)


@contextlib.contextmanager
def one_thread_for_all() -> Iterator[None]:
    """One thread for OpenMP, BLAS and torch inside, also for libraries that are imported only then."""
    from threadpoolctl import threadpool_limits

    before = {name: os.environ.get(name) for name in VARIABLES}
    os.environ.update(environment())  # read by libraries that are imported later
    torch = sys.modules.get("torch")
    torch_threads = torch.get_num_threads() if torch is not None else None
    if torch is not None:
        torch.set_num_threads(1)
    try:
        with threadpool_limits(limits=1):
            yield
    finally:
        if torch is not None:
            torch.set_num_threads(torch_threads)
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def environment() -> dict[str, str]:
    """Environment variables that give a process one thread."""
    return dict.fromkeys(VARIABLES, "1")
