"""Running the companion: compute what is missing, execute the notebooks, say what failed.

First all missing units of the chosen experiments run in one pool (so that two notebooks never compute the same row),
then papermill executes the notebooks in a process pool (its working folder is not thread-safe). A failing notebook
does not stop the others.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

from nascore import bars, paths, threads
from nascore.companion import compute, orphans, plans, scoreboard, targets
from nascore.companion.pool import check_backend, check_workers, interrupt_held
from nascore.companion.progress import duration
from nascore.errors import DataError, ResultsError
from nascore.studies.experiment import check_profile

SECONDS_PER_NOTEBOOK = 8.0


def reproduce(
    names: Iterable[str] = (),
    *,
    profile: str = "smoke",
    workers: int = 1,
    backend: str = "loky",
    scheduler: str | None = None,
    dry_run: bool = False,
    output: str | os.PathLike | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> int:
    """Compute and execute what `names` choose (everything by default); returns the number of failures.

    Executed notebooks go to `output` (default: the cache's `executed/<profile>`), in the smoke profile the figures
    too. `parameters` are further notebook parameters, checked against every chosen notebook.
    """
    check_profile(profile)
    workers = check_workers(workers)
    check_backend(backend, scheduler)
    chosen = targets.choose(names)
    folder = Path(output).expanduser().resolve() if output else paths.cache() / "executed" / profile
    # every unit is stored before the notebooks start, so they need no workers of their own
    injected = {"mode": "recompute", "profile": profile, "workers": 1, **(parameters or {})}
    for notebook in chosen.notebooks:
        targets.check_parameters(notebook, injected)
    made, without = plans.survey(chosen.experiments, profile)
    print(describe(chosen, made, without, profile, workers), flush=True)
    if dry_run:
        return 0
    if without:
        raise DataError(_fetch_first(without))
    failures: list[str] = []
    if any(plan.missing for plan in made):
        try:
            compute.compute_plans(made, workers=workers, backend=backend, scheduler=scheduler)
        except compute.Stopped:
            raise
        except ResultsError as error:
            failures.append(str(error))
            print(f"✗ {error}", flush=True)
    ready, waiting = _ready(chosen, made) if failures else (list(chosen.notebooks), [])
    for notebook in waiting:
        failures.append(f"{notebook.name}: not run, some of its units failed")
        print(f"✗ {failures[-1]}", flush=True)
    failures += execute(ready, folder, injected, workers, profile)
    if chosen.notebooks:
        print(f"executed notebooks: {folder}")
    print("\n" + scoreboard_text(profile), flush=True)
    return len(failures)


def scoreboard_text(profile: str) -> str:
    """The scoreboard of the stored results; smoke rows only show that everything runs, so they earn no verdicts."""
    entries = scoreboard.judged("laptop" if profile == "smoke" else profile)
    note = "Verdicts come from the stored laptop rows, not from this smoke run.\n" if profile == "smoke" else ""
    return f"Scoreboard. {note}" + scoreboard.summary(entries)


def _ready(chosen: targets.Targets, made: list[plans.Plan]) -> tuple[list, list]:
    lacking = {plan.experiment.id for plan in made if plan.missing}
    ready = [notebook for notebook in chosen.notebooks if not lacking & set(notebook.experiments)]
    return ready, [notebook for notebook in chosen.notebooks if notebook not in ready]


def _fetch_first(without: list[plans.Waiting]) -> str:
    names = list(dict.fromkeys(name for each in without for name in each.data))
    who = ", ".join(each.experiment.id for each in without)
    how = f"run: nascore data fetch {' '.join(names)}" if names else without[0].reasons[0]
    return f"{len(without)} experiment(s) need data that are not here ({who}); {how}; or name others to run"


def describe(
    chosen: targets.Targets, made: list[plans.Plan], without: list[plans.Waiting], profile: str, workers: int
) -> str:
    """What would run, what is stored already, which experiments wait for which data, and about how long the rest
    takes."""
    lines = [f"profile {profile}, {workers} worker{'s' if workers > 1 else ''}"]
    for plan in made:
        missing = len(plan.missing)
        rest = f"{missing} to compute, about {duration(plan.seconds / workers)}" if missing else "all stored"
        lines.append(
            f"  {plan.experiment.id:<28} {len(plan.units) - missing:>4} of {len(plan.units)} units stored; {rest}"
        )
    for each in without:
        rest = f"the others take about {duration(each.seconds / workers)}; " if each.seconds else ""
        lines.append(
            f"  {each.experiment.id:<28} {each.stored:>4} of {len(each.units)} units stored, of whatever data; {rest}"
            f"needs data: {', '.join(each.data) or each.reasons[0]}"
        )
    waits = {each.experiment.id for each in without}
    for notebook in chosen.notebooks:
        lines.append(f"  notebook {notebook.name}" + (", after the data" if waits & set(notebook.experiments) else ""))
    total = sum(each.seconds for each in (*made, *without)) + SECONDS_PER_NOTEBOOK * len(chosen.notebooks)
    lines.append(f"  about {duration(total / workers)} in all, corrected by the speed of this machine once it runs")
    if without:
        lines.append(f"  {_fetch_first(without)}")
    return "\n".join(lines)


def execute(
    notebooks: Iterable[targets.Notebook], folder: Path, parameters: Mapping[str, Any], workers: int, profile: str
) -> list[str]:
    """Execute notebooks with papermill in a process pool; returns one line for each that failed."""
    notebooks = list(notebooks)
    if not notebooks:
        return []
    jobs = [
        (str(n.path), str(folder / f"{n.name}.ipynb"), dict(parameters), _environment(folder, profile))
        for n in notebooks
    ]
    failures = []
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(
        min(workers, len(jobs)), mp_context=context, initializer=_prepare_worker, initargs=(os.getpid(),)
    )
    bar = _bar(len(jobs))
    try:
        with interrupt_held():
            futures = {pool.submit(run_notebook, *job): notebook for job, notebook in zip(jobs, notebooks)}
        for future in as_completed(futures):
            name = futures[future].name
            try:
                error, seconds = future.result()
            except BrokenProcessPool:
                error, seconds = "its process died (out of memory?)", 0.0
            bar.update()
            if error:
                failures.append(f"{name}: {error}")
            bar.write(f"{'✗' if error else '✓'} {name:<32} {seconds:>6.0f} s{'  ' + error if error else ''}")
    except KeyboardInterrupt:
        for process in list(
            (pool._processes or {}).values()
        ):  # their kernels end with them: ipykernel watches its parent
            process.terminate()
        pool.shutdown(wait=False, cancel_futures=True)
        raise compute.Stopped(
            "stopped while executing notebooks; stored units are kept, run the same command again"
        ) from None
    finally:
        bar.close()
    pool.shutdown()
    return failures


def _bar(total: int):
    layout = "{n_fmt}/{total_fmt} notebooks |{bar}| {elapsed} gone, {remaining} left"
    return bars.bar(total=total, bar_format=layout, leave=False, delay=0)


def _prepare_worker(parent: int) -> None:
    orphans.end_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends the workers
    if hasattr(signal, "pthread_sigmask"):  # kernels inherit what is held back, and want to be interrupted
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    if not os.environ.get(
        "NASCORE_DEBUG"
    ):  # kernels write warnings about their own transport; errors come back as text
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def _environment(folder: Path, profile: str) -> dict[str, str]:
    """Variables for the kernels: one thread, this checkout's package, and no smoke figures among the published ones."""
    package = str(Path(__file__).resolve().parents[2])
    known = os.environ.get("PYTHONPATH", "")
    variables = threads.environment()
    variables["PYTHONPATH"] = os.pathsep.join([package, known] if known else [package])
    variables["NASCORE_QUIET"] = "1"  # no progress bars in executed notebooks
    if profile == "smoke" and "NASCORE_FIGURES" not in os.environ:
        variables["NASCORE_FIGURES"] = str(folder / "figures")
    return variables


def run_notebook(source: str, target: str, parameters: dict, environment: dict[str, str]) -> tuple[str, float]:
    """Execute one notebook; returns ("", seconds), or a one-line error and seconds. Runs in a worker process."""
    import logging
    import warnings

    import papermill

    from nascore.companion.kernels import AsyncSocketKernelManager

    os.environ.update(environment)
    logging.getLogger("papermill").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")
    final = Path(target)
    partial = final.with_suffix(".partial.ipynb")
    start = time.perf_counter()
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        with _alone(final):
            papermill.execute_notebook(
                source,
                str(partial),
                parameters=parameters,
                cwd=str(Path(source).parent),
                progress_bar=False,
                kernel_name="python3",
                kernel_manager_class=AsyncSocketKernelManager,
            )
            os.replace(partial, final)
    except papermill.PapermillExecutionError as error:
        text = f"{error.ename}: {error.evalue}".splitlines()[0]
        return f"cell {error.exec_count}: {text} (see {partial})", time.perf_counter() - start
    except Exception as error:  # a worker must answer, whatever went wrong
        return (
            f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}",
            time.perf_counter() - start,
        )
    return "", time.perf_counter() - start


@contextlib.contextmanager
def _alone(file: Path) -> Iterator[None]:
    """Waits for another run that is writing the same file."""
    from filelock import FileLock

    with FileLock(file.with_suffix(".lock")) as lock:
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                Path(lock.lock_file).unlink(missing_ok=True)
