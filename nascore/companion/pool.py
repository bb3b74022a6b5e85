"""Where units run: this process, loky's processes, or a dask or ray cluster; each gives results as they finish."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from nascore import checks
from nascore.companion import orphans
from nascore.errors import ResultsError, SettingError

BACKENDS = ("loky", "dask", "ray")
MOST_WORKERS = 4096


def check_workers(workers: Any) -> int:
    """`workers` as an int from 1 to MOST_WORKERS; SettingError otherwise."""
    return checks.whole("workers", workers, 1, MOST_WORKERS)


def check_backend(backend: str, scheduler: str | None = None) -> None:
    """SettingError for an unknown backend, a backend not installed, or an address without a cluster."""
    checks.one_of("backend", backend, BACKENDS)
    if backend == "loky" and scheduler:
        raise SettingError(f"--scheduler {scheduler} needs --backend dask or ray; loky runs on this machine only")
    if backend != "loky":
        from importlib.util import find_spec

        module, package = {"dask": ("distributed", "dask[distributed]"), "ray": ("ray", "ray")}[backend]
        if find_spec(module) is None:
            raise SettingError(f"backend {backend} is not installed here; run: pip install '{package}'")


@contextlib.contextmanager
def terminated_as_interrupted() -> Iterator[None]:
    """SIGTERM, which `kill` and cluster schedulers send, ends what is inside as Ctrl-C does: no worker lives on."""
    if threading.current_thread() is not threading.main_thread():  # signals belong to the main thread
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextlib.contextmanager
def interrupt_held() -> Iterator[None]:
    """Ctrl-C waits until what is inside is over. Processes started inside never see it, not even while they start up:
    it is for their parent to end them."""
    if not hasattr(signal, "pthread_sigmask") or threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[int] = []
    # the mask is what processes inherit; another thread of this one may still be given the signal, hence the handler
    handler = signal.signal(signal.SIGINT, lambda number, frame: held.append(number))
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        signal.signal(signal.SIGINT, handler)
        if held and callable(handler):
            handler(signal.SIGINT, None)


@contextlib.contextmanager
def pool(function: Callable, workers: int, backend: str, scheduler: str | None) -> Iterator[Any]:
    """Yield a function that maps argument tuples to the results of `function`, in the order they finish."""
    if backend == "loky" and workers == 1:
        yield lambda tasks: (function(*task, in_worker=False) for task in tasks)
        return
    from joblib import Parallel, delayed, parallel_config

    def run_all(tasks: Iterable[tuple]):
        # "generator_unordered" hands each result over as soon as it is there, so its row can be written at once
        with warnings.catch_warnings(), interrupt_held():
            warnings.simplefilter("ignore")  # joblib warns when an interrupted generator is dropped
            return Parallel(n_jobs=workers, return_as="generator_unordered", batch_size=1, pre_dispatch="2*n_jobs")(
                delayed(function)(*task) for task in tasks
            )

    if backend == "loky":
        from joblib.externals.loky.process_executor import BrokenProcessPool

        try:
            with warnings.catch_warnings():
                # loky starts another worker in place of one that was idle or grew too large; nothing to do for a user
                warnings.filterwarnings("ignore", message="A worker stopped while some jobs")
                watch = {"initializer": orphans.end_with, "initargs": (os.getpid(),)}
                with parallel_config(backend="loky", inner_max_num_threads=1, **watch):
                    yield run_all
        except KeyboardInterrupt:
            _kill_loky()
            raise
        except BrokenProcessPool:
            _kill_loky()
            raise ResultsError(
                "a worker process died (out of memory?); finished units are stored, run the same command again, "
                "perhaps with fewer workers"
            ) from None
        return
    if backend == "dask":
        with _dask(scheduler, workers), parallel_config(backend="dask"):
            yield run_all
        return
    with _ray(scheduler, workers) as ray:
        # joblib's ray backend hands results over only at the very end; ray.wait gives each as it finishes
        def run_on_ray(tasks: Iterable[tuple]) -> Iterator[Any]:
            remote = ray.remote(num_cpus=1)(function)
            slots = 2 * int(ray.cluster_resources().get("CPU", workers))
            tasks, pending = iter(tasks), []
            while True:  # no more at once than keep it busy: what is handed out is held against other runners
                pending += [remote.remote(*task) for task in itertools.islice(tasks, slots - len(pending))]
                if not pending:
                    return
                finished, pending = ray.wait(pending)
                yield ray.get(finished[0])

        yield run_on_ray


def _kill_loky() -> None:
    from joblib.externals.loky import get_reusable_executor

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        get_reusable_executor().shutdown(wait=True, kill_workers=True)


@contextlib.contextmanager
def _dask(scheduler: str | None, workers: int) -> Iterator[None]:
    """Connect to a dask scheduler, or start one here with `workers` processes."""
    from distributed import Client

    options = (
        {"timeout": "20s"} if scheduler else {"n_workers": workers, "threads_per_worker": 1, "dashboard_address": None}
    )
    try:
        client = Client(scheduler, **options)
    except (OSError, ValueError) as error:
        raise SettingError(f"no dask scheduler answers at {scheduler or 'localhost'}: {error}") from None
    with client:
        yield


@contextlib.contextmanager
def _ray(scheduler: str | None, workers: int) -> Iterator[Any]:
    """Connect to a ray cluster, or start one here with `workers` processor slots; yields the ray module."""
    import ray

    options = {"address": scheduler} if scheduler else {"num_cpus": workers, "include_dashboard": False}
    try:
        ray.init(log_to_driver=False, logging_level="ERROR", **options)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise SettingError(f"no ray cluster answers at {scheduler or 'localhost'}: {error}") from None
    try:
        yield ray
    finally:
        ray.shutdown()
