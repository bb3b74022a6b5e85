from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from nascore.companion import compute, plans, store, stored
from nascore.errors import ResultsError, SettingError
from nascore.studies.experiment import Unit
from tests.waiting import lines, until

ROOT = Path(__file__).resolve().parents[2]


def test_units_are_computed_once(toy):
    experiment, calls = toy()
    table = compute.compute(experiment, "laptop", progress=False)
    assert len(table) == len(calls) == 8
    assert list(table["method"]) == ["A"] * 4 + ["B"] * 4 and list(table["seed"]) == [0, 1, 2, 3] * 2
    assert (table["best"] == table["method"].map({"A": 90, "B": 80}) + table["seed"]).all()
    compute.compute(experiment, "laptop", progress=False)
    assert len(calls) == 8


def test_the_paper_profile_takes_over_laptop_rows(toy):
    experiment, calls = toy()
    compute.compute(experiment, "laptop", progress=False)
    table = compute.compute(experiment, "paper", progress=False)
    assert len(calls) == len(table) == 12
    assert list(table["profile"]).count("laptop") == 8


def test_smoke_rows_stay_out_of_the_committed_store(toy):
    experiment, _ = toy()
    compute.compute(experiment, "smoke", progress=False)
    assert not store.path(experiment.id, "laptop").exists()
    with pytest.raises(ResultsError, match="no stored rows.*nascore reproduce toy/line"):
        stored.rows(experiment, "laptop")


@pytest.mark.parametrize("change", [{"version": 2}, {"data": "toy:2"}])
def test_new_version_or_data_is_computed_again(toy, change):
    compute.compute(toy()[0], "laptop", progress=False)
    experiment, calls = toy(**change)
    compute.compute(experiment, "laptop", progress=False)
    assert len(calls) == 8


def test_cached_rows_prefer_true_data_over_a_stand_in(toy):
    compute.compute(toy(data="toy:1", extra={"origin": "true"})[0], "laptop", progress=False)
    compute.compute(toy(data="toy-synthetic:1", extra={"origin": "synthetic"})[0], "laptop", progress=False)
    assert set(stored.rows("toy/line")["origin"]) == {"true"}
    assert set(stored.rows("toy/line", exact=True)["origin"]) == {"synthetic"}  # what the present data gives


def test_old_versions_do_not_count(toy):
    compute.compute(toy()[0], "laptop", progress=False)
    toy(version=2)
    with pytest.raises(ResultsError, match="version 2"):
        stored.rows("toy/line")


def test_a_failing_unit_is_named_and_the_others_are_kept(toy):
    experiment, calls = toy(fail={("A", 2)})
    with pytest.raises(ResultsError, match=r"1 of 8 units failed: toy/line \(method=A, seed=2\).*ValueError: no luck"):
        compute.compute(experiment, "laptop", progress=False)
    assert len(store.read(store.path(experiment.id, "laptop"))) == 7
    experiment, calls = toy()
    compute.compute(experiment, "laptop", progress=False)
    assert calls == [("A", 2)]


def test_two_workers_give_the_same_rows(toy):
    experiment, _ = toy()
    one = compute.compute(experiment, "laptop", progress=False)
    store.path(experiment.id, "laptop").unlink()
    two = compute.compute(experiment, "laptop", workers=2, progress=False)
    assert one[["method", "seed", "best"]].equals(two[["method", "seed", "best"]])
    assert set(two["provenance.threads"]) == {1}


def test_run_must_return_metrics(toy):
    from dataclasses import replace

    experiment = replace(toy()[0], run=lambda config, seed: {"best": 1})
    with pytest.raises(ResultsError, match="'metrics'"):
        compute.compute(experiment, "smoke", progress=False)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"workers": 0}, "workers.*0"),
        ({"workers": 1.5}, "workers"),
        ({"workers": True}, "workers"),
        ({"backend": "slurm"}, "slurm.*loky, dask, ray"),
        ({"scheduler": "tcp://x:1"}, "needs --backend dask or ray"),
        ({"profile": "tiny"}, "tiny.*smoke"),
    ],
)
def test_wrong_settings_are_refused(toy, options, message):
    with pytest.raises(SettingError, match=message):
        compute.compute(toy()[0], **{"profile": "smoke", "progress": False, **options})


def test_unknown_experiment_suggests_the_nearest(toy):
    toy()
    with pytest.raises(SettingError, match="toy/lime.*did you mean toy/line"):
        compute.compute("toy/lime")


@pytest.mark.parametrize("backend, module", [("dask", "distributed"), ("ray", "ray")])
def test_cluster_backends_say_what_to_install_or_work(toy, backend, module):
    from importlib.util import find_spec

    experiment, _ = toy()
    if find_spec(module) is None:
        with pytest.raises(SettingError, match="pip install"):
            compute.compute(experiment, "smoke", backend=backend)
    else:
        assert len(compute.compute(experiment, "smoke", backend=backend, progress=False)) == 2


def test_repeated_units_and_name_clashes_are_refused(toy):
    experiment, _ = toy()
    with pytest.raises(ResultsError, match="twice"):
        plans.plan(replace(experiment, units=lambda profile: experiment.units(profile) * 2), "smoke")
    clash, _ = toy(id="toy/clash", extra={"method": 1})
    with pytest.raises(ResultsError, match="'method' is used twice"):
        compute.compute(clash, "smoke", progress=False)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"units": lambda profile: [3]}, r"toy/.*units\('smoke'\) gives \[3\], not a list of Units"),
        ({"units": lambda profile: 3}, "toy/.*function units fails.*units=3"),
        ({"units": lambda profile: [Unit(3, 0)]}, "toy/.*function units fails.*config=3.*line"),
        ({"units": lambda profile: (1 / 0 for _ in "a")}, "toy/.*function units fails: .*ZeroDivisionError"),
        ({"units": lambda profile: [Unit({"a": print}, 0)]}, "toy/.*a=<built-in function print>.*cannot store"),
        ({"data": lambda config: config["none"]}, "toy/.*function data fails: KeyError"),
    ],
)
def test_what_an_experiments_own_functions_do_wrong_is_said_with_its_id(toy, changed, message):
    with pytest.raises(ResultsError, match=message):
        plans.plan(replace(toy()[0], **changed), "smoke")


def test_curves_in_long_form(toy):
    table = compute.compute(toy()[0], "laptop", progress=False)
    long = stored.curves(table)
    assert list(long.columns[:2]) == ["method", "seed"] and len(long) == 24
    with pytest.raises(ResultsError, match="no query curves"):
        stored.curves(table.drop(columns="curve"))


def test_a_row_written_as_the_signal_came_is_counted(toy, monkeypatch):
    write = compute.store.append

    def interrupted(path, row):
        write(path, row)
        raise KeyboardInterrupt

    monkeypatch.setattr(compute.store, "append", interrupted)
    with pytest.raises(compute.Stopped, match="1 of 2 missing units"):
        compute.compute(toy()[0], "smoke", progress=False)


# a shell that starts the tests in the background has its children ignore Ctrl-C: the script hears it again
SLOW = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)
from nascore.companion import compute
from nascore.studies.experiment import Experiment, Unit
def run(config, seed):
    time.sleep(0.05 if seed < 3 else 10**6)
    return {"metrics": {"best": seed}}
def quick(config, seed):
    return {"metrics": {"best": seed}}
experiment = Experiment("toy/slow", 1, "Slow", lambda profile: [Unit({}, seed, 9.0 - seed) for seed in range(6)],
                        quick if sys.argv[1] == "quick" else run, lambda config: "toy:1")
if __name__ == "__main__":
    try:
        compute.compute(experiment, "laptop", workers=int(sys.argv[2]), progress=False)
    except compute.Stopped as error:
        print(error)
        sys.exit(130)
"""


@pytest.mark.parametrize(
    "how, workers", [(signal.SIGKILL, 1), (signal.SIGINT, 1), (signal.SIGINT, 2), (signal.SIGTERM, 2)]
)
def test_a_stopped_run_goes_on_where_it_was(store_folder, how, workers):
    script = store_folder / "slow.py"
    script.write_text(textwrap.dedent(SLOW))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(script), "run", str(workers)]
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    file = store_folder / "results" / "toy" / "slow.jsonl"
    until(lambda: lines(file) >= 3, process)
    os.killpg(process.pid, how) if how == signal.SIGINT else process.send_signal(how)
    out, err = process.communicate()
    assert len(store.read(file)) == 3
    if how != signal.SIGKILL:
        assert process.returncode == 130 and "3 of 6" in out and "run the same command again" in out
        assert "Traceback" not in err
    first = store.read(file)
    done = subprocess.run([*command[:2], "quick", "1"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = store.read(file)
    assert rows[:3] == first and sorted(row["seed"] for row in rows) == list(range(6))
