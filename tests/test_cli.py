"""The command line: every error is one line and a non-zero exit; reproduce runs real (tiny) notebooks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import nbformat
import pytest

from nascore import cli, paths
from nascore.companion import compute, runner, stored, targets
from nascore.errors import DataError, SettingError
from nascore.studies import registry as experiments
from nascore.studies.experiment import Experiment, Unit
from tests.waiting import alive, until

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture()
def house(tmp_path, monkeypatch):
    """Temporary results, cache and notebooks folders; returns a function that writes a notebook."""
    monkeypatch.setenv("NASCORE_RESULTS", str(tmp_path / "results"))
    monkeypatch.setenv("NASCORE_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "notebooks"
    monkeypatch.setattr(paths, "notebooks", lambda: folder)
    monkeypatch.setattr(experiments, "_registered", dict(experiments.available()))

    def write(name, *cells, shows=(), parameters='mode = "cached"\nprofile = "laptop"\nworkers = 1'):
        book = nbformat.v4.new_notebook(
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
        )
        book.metadata["nascore"] = {"experiments": list(shows)}
        if parameters:
            cell = nbformat.v4.new_code_cell(parameters)
            cell.metadata["tags"] = ["parameters"]
            book.cells.append(cell)
        book.cells += [nbformat.v4.new_code_cell(text) for text in cells]
        file = folder / f"{name}.ipynb"
        file.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(book, file)
        return file

    return write


def toy(fail=()):
    def run(config, seed):
        if seed in fail:
            raise ValueError("no luck")
        return {"metrics": {"best": 90 + seed}}

    return experiments.register(
        Experiment(
            "toy/cli",
            1,
            "Toy",
            lambda profile: [Unit({}, seed, 600.0) for seed in range(3)],
            run,
            lambda config: "toy:1",
        )
    )


def one_line_error(capsys, arguments, *words, status=1):
    assert cli.main(arguments) == status
    out = capsys.readouterr()
    assert out.err.startswith("nascore: error: ") and out.err.count("\n") == 1
    for word in words:
        assert word in out.err
    return out.out


def test_usage_errors_exit_2(capsys):
    for arguments in (
        [],
        ["fly"],
        ["reproduce", "--profile", "huge"],
        ["reproduce", "--workers", "0"],
        ["reproduce", "--workers", "many"],
        ["reproduce", "--workers", "1.5"],
        ["reproduce", "--workers", "99999999999999999999"],
        ["reproduce", "--workers", "9" * 5000],
        ["data"],
        ["data", "fetch"],
    ):
        with pytest.raises(SystemExit) as stop:
            cli.main(arguments)
        assert stop.value.code == 2
        assert "nascore" in capsys.readouterr().err


def test_unknown_names(house, capsys):
    house("ganas/01_method", "1")
    one_line_error(capsys, ["reproduce", "gannas"], "gannas", "did you mean ganas")
    one_line_error(capsys, ["reproduce", "01_methd"], "01_method")
    one_line_error(capsys, ["data", "path", "nasbench999"], "nasbench999")
    one_line_error(capsys, ["reproduce", "--scheduler", "tcp://x:1"], "--backend dask or ray")
    one_line_error(capsys, ["reproduce", "-p", "table"], "name=value")
    one_line_error(capsys, ["reproduce", "-p", "depth=3"], "no parameter 'depth'")
    one_line_error(capsys, ["reproduce", "-p", "workers=two"], "workers='two'", "from 1 to 4096")
    one_line_error(capsys, ["reproduce", "-p", "workers=99999999999999999999"], "from 1 to 4096")
    for text in ("profile=paper", "mode=cached", "profile=3"):  # each would overrule what was checked and announced
        one_line_error(capsys, ["reproduce", "-p", text], text, "is set by")


def test_unexpected_faults_are_one_line_unless_debugging(monkeypatch, capsys):
    from nascore.companion import scoreboard

    def broken(profile):
        raise RuntimeError("boom\nwith details")

    monkeypatch.setattr(scoreboard, "judged", broken)
    monkeypatch.delenv("NASCORE_DEBUG", raising=False)
    one_line_error(capsys, ["scoreboard"], "RuntimeError: boom with details")
    monkeypatch.setenv("NASCORE_DEBUG", "1")
    with pytest.raises(RuntimeError):
        cli.main(["scoreboard"])


def test_ctrl_c_is_one_line(monkeypatch, capsys):
    from nascore.companion import scoreboard

    def interrupted(profile):
        raise KeyboardInterrupt

    monkeypatch.setattr(scoreboard, "judged", interrupted)
    monkeypatch.delenv("NASCORE_DEBUG", raising=False)
    one_line_error(capsys, ["scoreboard"], "stopped", status=130)


def test_scoreboard(capsys):
    assert cli.main(["scoreboard", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["claims"]
    assert len([c for c in found if c["paper"] == "ganas"]) >= 30
    assert {"id", "paper", "where", "claim", "expected", "measured", "interval", "verdict"} <= set(found[0])
    assert cli.main(["scoreboard"]) == 0
    assert "GA-NAS: " in capsys.readouterr().out


def test_data_list(capsys):
    assert cli.main(["data", "list"]) == 0
    assert "nasbench201" in capsys.readouterr().out
    assert cli.main(["data", "list", "--json"]) == 0
    assert {row["name"] for row in json.loads(capsys.readouterr().out)["datasets"]} >= {"nasbench201", "nasbench101"}


def test_dry_run_says_what_is_stored_and_how_long_the_rest_takes(house, capsys):
    experiment = toy()
    house("ganas/01_method", 'results("toy/cli")', shows=["toy/cli"])
    assert cli.main(["reproduce", "ganas", "--profile", "laptop", "--workers", "2", "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert "0 of 3 units stored; 3 to compute, about 15 min" in out and "notebook ganas/01_method" in out
    assert not (paths.results() / "toy").exists()
    compute.compute(experiment, "laptop", progress=False)
    assert cli.main(["reproduce", "01_method", "--profile", "laptop", "--dry-run"]) == 0
    assert "3 of 3 units stored; all stored" in capsys.readouterr().out


def test_a_dry_run_without_the_data_says_what_needs_which_and_plans_the_rest(house, capsys):
    experiment = toy()

    def absent(config):
        raise DataError(f"table-{config['set']}.csv: missing; run `nascore data fetch table-{config['set']}`")

    needy = Experiment(
        "toy/needy", 1, "Needy", lambda profile: [Unit({"set": s}, 0, 900.0) for s in "ab"], experiment.run, absent
    )
    experiments.register(needy)
    house("ganas/01_method", "1", shows=["toy/cli"])
    house("ganas/02_needy", "1", shows=["toy/needy"])
    assert cli.main(["reproduce", "ganas", "--profile", "laptop", "--dry-run"]) == 0
    out = capsys.readouterr().out
    assert "0 of 3 units stored; 3 to compute" in out and "notebook ganas/02_needy, after the data" in out
    assert "0 of 2 units stored, of whatever data; the others take about 30 min; needs data: table-a, table-b" in out
    assert "about 60 min in all" in out
    arguments = ["reproduce", "ganas", "--profile", "laptop"]
    one_line_error(capsys, arguments, "toy/needy", "run: nascore data fetch table-a table-b")
    assert not (paths.results() / "toy").exists()


def test_two_runs_write_a_notebook_one_after_the_other(house, tmp_path):
    file = house("ganas/01_fine", "print(mode)")
    target = tmp_path / "out" / "01_fine.ipynb"
    ran = []
    with runner._alone(target):
        other = threading.Thread(target=lambda: ran.append(runner.run_notebook(str(file), str(target), {}, {})))
        other.start()
        other.join(0.5)
        assert not ran and not target.exists()
    other.join()
    assert ran[0][0] == "" and target.exists() and [each.name for each in target.parent.iterdir()] == [target.name]


def test_experiments_can_be_named_alone(house, capsys):
    toy()
    assert cli.main(["reproduce", "toy/cli", "--profile", "laptop"]) == 0
    assert len(stored.rows("toy/cli")) == 3 and "Scoreboard" in capsys.readouterr().out


def test_a_failing_unit_gives_a_non_zero_exit_and_skips_its_notebook(house, capsys):
    toy(fail={1})
    house("ganas/01_method", 'results("toy/cli")', shows=["toy/cli"])
    assert cli.main(["reproduce", "ganas", "--profile", "laptop"]) == 1
    out = capsys.readouterr()
    assert "toy/cli (seed=1)" in out.out and "01_method: not run" in out.out
    assert len(stored.rows("toy/cli")) == 2


def test_notebooks_run_and_a_failing_one_does_not_stop_the_others(house, capsys, tmp_path):
    house(
        "ganas/01_fine",
        "import os\nprint(mode, profile, workers, depth, os.environ['OMP_NUM_THREADS'])",
        parameters='mode = "cached"\nprofile = "laptop"\nworkers = 1\ndepth = 1',
    )
    house(
        "ganas/02_broken",
        "raise ValueError('the cell fails')",
        parameters='mode = "cached"\nprofile = "laptop"\nworkers = 1\ndepth = 1',
    )
    arguments = ["reproduce", "ganas", "--workers", "2", "--output", str(tmp_path / "out"), "-p", "depth=4"]
    assert cli.main(arguments) == 1
    out = capsys.readouterr().out
    assert "✓ ganas/01_fine" in out and "✗ ganas/02_broken" in out and "ValueError: the cell fails" in out
    done = nbformat.read(tmp_path / "out" / "ganas" / "01_fine.ipynb", as_version=4)
    assert [o.text for c in done.cells if c.cell_type == "code" for o in c.outputs] == ["recompute smoke 1 4 1\n"]
    assert not (tmp_path / "out" / "ganas" / "02_broken.ipynb").exists()
    assert (tmp_path / "out" / "ganas" / "02_broken.partial.ipynb").exists()


def test_notebook_faults(house, capsys):
    house("ganas/01_no_parameters", "1", parameters="")
    one_line_error(capsys, ["reproduce", "ganas"], "01_no_parameters", "parameters")
    (paths.notebooks() / "ganas" / "02_broken.ipynb").write_text("{not json")
    one_line_error(capsys, ["reproduce", "ganas"], "02_broken.ipynb", "not a readable notebook")


def test_targets(house, tmp_path):
    toy()
    for name in ("00_scoreboard", "ganas/01_method", "ganas/02_theory", "gennas/01_method"):
        house(name, 'results("toy/cli")', shows=["toy/cli"])
    house("ganas/.ipynb_checkpoints/01_method-checkpoint", "1")

    def names(*given):
        return [n.name for n in targets.choose(given).notebooks]

    assert names() == ["00_scoreboard", "ganas/01_method", "ganas/02_theory", "gennas/01_method"]
    assert names("ganas") == ["ganas/01_method", "ganas/02_theory"]
    assert names("02_theory") == names("ganas/02_theory.ipynb") == ["ganas/02_theory"]
    assert names("01_method") == ["ganas/01_method", "gennas/01_method"]
    assert names(str(paths.notebooks() / "ganas" / "02_theory.ipynb")) == ["ganas/02_theory"]
    assert targets.choose(["02_theory"]).experiments == ("toy/cli",)
    with pytest.raises(SettingError):
        targets.choose(["nothing_like_it"])


def test_parameters_from_the_command_line():
    assert targets.parse_parameter("seed=3") == ("seed", 3)
    assert targets.parse_parameter("dataset=cifar10") == ("dataset", "cifar10")
    assert targets.parse_parameter("fast=true") == ("fast", True)


def test_durations():
    assert [runner.duration(s) for s in (0, 40, 600, 7200)] == ["1 s", "40 s", "10 min", "2.0 h"]


def test_ctrl_c_while_notebooks_run(tmp_path, house):
    house(
        "ganas/01_slow",
        "import pathlib, os, time\npathlib.Path(os.environ['MARK']).write_text(str(os.getpid()))\ntime.sleep(10**6)",
    )
    mark = tmp_path / "mark"
    script = tmp_path / "run.py"
    script.write_text(
        "import signal, sys\nfrom pathlib import Path\nfrom nascore import cli, paths\n"
        # a shell that starts the tests in the background has its children ignore Ctrl-C: the script hears it again
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"paths.notebooks = lambda: Path({str(paths.notebooks())!r})\n"
        "if __name__ == '__main__':\n    sys.exit(cli.main(['reproduce', 'ganas']))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MARK": str(mark)}
    process = subprocess.Popen(
        [sys.executable, str(script)],
        env=environment,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    until(lambda: mark.exists() and mark.read_text(), process)
    os.killpg(process.pid, signal.SIGINT)
    err = process.communicate()[1]
    assert process.returncode == 130
    assert "nascore: error: stopped while executing notebooks" in err and "Traceback" not in err
    kernel = int(mark.read_text())
    until(lambda: not alive(kernel))  # it would sleep for 11 days
