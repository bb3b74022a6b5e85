"""Computing the units of an experiment, and reading them back as a table.

Each unit is one task; its row is written by the parent the moment it ends, so that an interrupted run loses only
the units in flight and the same command goes on from there. Where tasks run is :mod:`nascore.companion.pool`'s matter.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nascore.companion import experiments, provenance, store
from nascore.companion.pool import check_backend, check_workers, pool, terminated_as_interrupted
from nascore.companion.progress import Progress
from nascore.errors import NascoreError, ResultsError

if TYPE_CHECKING:
    import pandas as pd

    from nascore.search.experiment import Experiment, Unit


class Stopped(ResultsError):
    """The run was interrupted; what had finished is stored."""


@dataclass(frozen=True)
class Plan:
    """What one experiment under one profile would compute: all units, the stored rows, and the units still missing."""

    experiment: Experiment
    profile: str
    units: tuple[Unit, ...]
    fingerprints: tuple[str, ...]
    labels: tuple[str, ...]
    stored: Mapping[str, dict] = field(repr=False)

    @property
    def missing(self) -> list[int]:
        """Positions of the units without a stored row."""
        return [i for i, mark in enumerate(self.fingerprints) if mark not in self.stored]

    @property
    def seconds(self) -> float:
        """Estimated single-thread seconds of the missing units."""
        return float(sum(self.units[i].seconds for i in self.missing))

    def rows(self) -> list[dict]:
        """Stored rows of this plan's units, in the order of the units."""
        return [self.stored[mark] for mark in self.fingerprints if mark in self.stored]


def plan(experiment: str | Experiment, profile: str) -> Plan:
    """Compare an experiment's units under a profile with the store. Needs the data (for its checksum)."""
    experiment = experiments.get(experiment)
    store.check_profile(profile)
    units = _units(experiment, profile)
    label_of: dict[str, str] = {}
    labels, marks = [], []
    for unit in units:
        key = store.canonical(unit.config)
        if key not in label_of:
            label_of[key] = str(experiment.data(dict(unit.config)))
        labels.append(label_of[key])
        marks.append(store.fingerprint(experiment.id, experiment.version, unit.config, unit.seed, label_of[key]))
    wanted = set(marks)
    stored = {}
    for row in store.read(store.path(experiment.id, profile)):
        if row["fingerprint"] in wanted:
            stored[row["fingerprint"]] = row
    return Plan(experiment, profile, tuple(units), tuple(marks), tuple(labels), stored)


def _units(experiment: Experiment, profile: str) -> list[Unit]:
    units = list(experiment.units(profile))
    seen: set[str] = set()
    for unit in units:
        key = store.canonical([unit.config, unit.seed])
        if key in seen:
            raise ResultsError(f"{experiment.id} lists the unit {describe(unit)} twice in profile {profile}")
        seen.add(key)
    return units


def describe(unit: Unit) -> str:
    """One unit in words: its config values and its seed."""
    return ", ".join([f"{key}={value}" for key, value in unit.config.items()] + [f"seed={unit.seed}"])


def compute(
    experiment: str | Experiment,
    profile: str = "laptop",
    *,
    workers: int = 1,
    backend: str = "loky",
    scheduler: str | None = None,
    progress: bool = True,
) -> pd.DataFrame:
    """Run the missing units of one experiment and return all rows of the profile (see :func:`rows`)."""
    compute_many([experiment], profile, workers=workers, backend=backend, scheduler=scheduler, progress=progress)
    return rows(experiment, profile, exact=True)


def compute_many(
    names: Iterable[str | Experiment],
    profile: str = "laptop",
    *,
    workers: int = 1,
    backend: str = "loky",
    scheduler: str | None = None,
    progress: bool = True,
) -> int:
    """Run the missing units of several experiments in one pool, longest first; returns how many were computed.

    Raises :class:`ResultsError` at the end if units failed (the others are stored) and :class:`Stopped` on Ctrl-C and
    SIGTERM.
    """
    check_workers(workers)
    check_backend(backend, scheduler)
    plans = [plan(name, profile) for name in names]
    jobs = [(each, i) for each in plans for i in each.missing]
    if not jobs:
        return 0
    jobs.sort(key=lambda job: -job[0].units[job[1]].seconds)  # longest first, so that no long unit is left for the end
    done, failures = 0, []
    commit = provenance.commit()
    bar = Progress([each.units[i].seconds for each, i in jobs], workers, progress)
    try:
        with terminated_as_interrupted(), bar, pool(run_unit, workers, backend, scheduler) as run_all:
            for number, outcome in run_all(_tasks(jobs)):
                each, i = jobs[number]
                if "error" in outcome:
                    failures.append((each.experiment.id, describe(each.units[i]), outcome))
                else:
                    _save(each, i, outcome, commit)
                    done += 1
                bar.step(each.units[i].seconds)
    except KeyboardInterrupt:
        done = _count_stored(jobs)  # Ctrl-C may come between a row and its count
        raise Stopped(
            f"stopped: {done} of {len(jobs)} missing units were computed and stored; "
            "run the same command again to go on from there"
        ) from None
    if failures:
        raise ResultsError(_failure_text(failures, done, len(jobs)))
    return done


def _count_stored(jobs: list) -> int:
    marks = {row["fingerprint"] for file in {store.path(each.experiment.id, each.profile) for each, _ in jobs}
             for row in store.read(file)}
    return sum(each.fingerprints[i] in marks for each, i in jobs)


def _failure_text(failures: list, done: int, total: int) -> str:
    name, unit, outcome = failures[0]
    if os.environ.get("NASCORE_DEBUG"):
        print(outcome["traceback"], file=sys.stderr)
    more = f" and {len(failures) - 1} more" if len(failures) > 1 else ""
    return (
        f"{len(failures)} of {total} units failed: {name} ({unit}){more}; first error: {outcome['error']}; "
        f"{done} finished units are stored"
    )


def _save(each: Plan, i: int, outcome: dict, commit: str) -> None:
    unit, result = each.units[i], outcome["result"]
    row = {
        "experiment": each.experiment.id,
        "version": each.experiment.version,
        "profile": each.profile,
        "config": dict(unit.config),
        "seed": unit.seed,
        "fingerprint": each.fingerprints[i],
        **result,
        "provenance": {**outcome["provenance"], "commit": commit},
    }
    store.append(store.path(each.experiment.id, each.profile), row)


def _tasks(jobs: list) -> Iterator[tuple]:
    for number, (each, i) in enumerate(jobs):
        unit = each.units[i]
        yield number, each.experiment.run, dict(unit.config), unit.seed, each.labels[i]


def run_unit(number: int, run: Any, config: dict, seed: int, data: str, in_worker: bool = True) -> tuple[int, dict]:
    """Run one unit on one thread and report its result or its error. Runs in the worker process."""
    if in_worker and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's: it stops the pool and reports
    with _one_thread():
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            result = run(config, seed)
            if not isinstance(result, Mapping) or not isinstance(result.get("metrics"), Mapping):
                raise ResultsError("the experiment's run() must return a dict with the key 'metrics' (a dict)")
            result = {key: value for key, value in store.plain(result).items() if key not in store.REQUIRED[:6]}
        except Exception as error:  # the other units go on; the parent reports this one
            text = f"{type(error).__name__}: {error}" if not isinstance(error, NascoreError) else str(error)
            return number, {"error": text, "traceback": traceback.format_exc()}
        device = str(result.pop("device", "cpu"))
        record = provenance.record(
            wall_s=time.perf_counter() - wall, cpu_s=time.process_time() - cpu, data=data, device=device
        )
    return number, {"result": result, "provenance": record}


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """One thread for OpenMP, BLAS and torch inside; what was set before is set again afterwards."""
    from threadpoolctl import threadpool_limits

    before = {name: os.environ.get(name) for name in provenance.THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(provenance.THREAD_VARIABLES, "1"))  # read by libraries that are imported later
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


def stored(experiment: str | Experiment, profile: str = "laptop") -> list[dict]:
    """Stored rows of an experiment's units under a profile, without touching the data.

    Where a unit has several rows (measured on true data and on a stand-in), the better kind
    of data wins (:data:`nascore.companion.store.KINDS`), and the later row over the earlier. Rows of another algorithm version do not count.
    """
    experiment = experiments.get(experiment)
    best: dict[str, dict] = {}
    for row in store.read(store.path(experiment.id, profile)):
        if row["version"] != experiment.version:
            continue
        key = store.canonical([row["config"], row["seed"]])
        if key not in best or _rank(row) <= _rank(best[key]):
            best[key] = row
    keys = [store.canonical([unit.config, unit.seed]) for unit in _units(experiment, profile)]
    return [best[key] for key in keys if key in best]


def _rank(row: dict) -> int:
    return store.data_rank(row["provenance"]["data"])


def rows(experiment: str | Experiment, profile: str = "laptop", *, exact: bool = False) -> pd.DataFrame:
    """Stored rows as a table, one line per unit, in the order of the experiment's units.

    Columns: ``experiment, version, profile, seed, data, data_kind``, then every config and every metric under its
    own name, ``curve`` where there is one, and ``provenance.*``. ``exact=True`` takes only rows measured on the
    data that is present now; otherwise see :func:`stored`. ``attrs["missing"]`` counts units without a row.

    Raises :class:`ResultsError` when there is no row at all.
    """
    import pandas as pd

    experiment = experiments.get(experiment)
    found = plan(experiment, profile).rows() if exact else stored(experiment, profile)
    if not found:
        raise ResultsError(
            f"no stored rows of {experiment.id} (version {experiment.version}) for profile {profile} in "
            f"{store.path(experiment.id, profile)}; compute them: nascore reproduce {experiment.id} "
            f'--profile {profile}, or mode = "recompute" in the notebook'
        )
    table = pd.DataFrame([_flat(row) for row in found])
    table.attrs["missing"] = len(_units(experiment, profile)) - len(found)
    table.attrs["experiment"], table.attrs["profile"] = experiment.id, profile
    return table


def _flat(row: dict) -> dict:
    data = row["provenance"]["data"]
    flat = {key: row[key] for key in ("experiment", "version", "profile", "seed")}
    flat.update(data=data, data_kind=store.data_kind(data))
    for part in (row["config"], row["metrics"]):
        for key, value in part.items():
            if key in flat:
                raise ResultsError(f"{row['experiment']}: the name {key!r} is used twice among config and metrics")
            flat[key] = value
    extra = {key: value for key, value in row.items() if key not in store.REQUIRED and key not in flat}
    flat.update(extra)
    flat.update({f"provenance.{key}": value for key, value in row["provenance"].items() if key != "data"})
    return flat


def curves(table: pd.DataFrame, by: Iterable[str] = ("method",)) -> pd.DataFrame:
    """Improvement steps of the stored query curves in long form: the ``by`` columns, seed, query, best (and rank)."""
    import pandas as pd

    if "curve" not in table:
        raise ResultsError("these rows hold no query curves")
    names = [name for name in by if name in table]
    parts = []
    for _, row in table.iterrows():
        if isinstance(row["curve"], Mapping):
            part = pd.DataFrame(dict(row["curve"]))
            for name in reversed([*names, "seed"]):
                part.insert(0, name, row[name])
            parts.append(part)
    if not parts:
        raise ResultsError("these rows hold no query curves")
    return pd.concat(parts, ignore_index=True)
