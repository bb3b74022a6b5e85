"""`nascore reproduce` with workers: killed -9, its workers counted, gone on with; and two of them on one store."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

from tests.fuzz.kills.scenes import Tally

ROOT = Path(__file__).resolve().parents[3]
UNITS, WORKERS = 10, 2
BOUND = 10  # seconds that a worker may live on
MODULE = f'''
"""Table 1: units that compute for a moment."""

import time

from nascore.studies.experiment import Experiment, Unit


def units(profile):
    return [Unit({{"method": "Mine"}}, seed, 0.1) for seed in range({UNITS})]


def run(config, seed):
    begin = time.process_time()
    while time.process_time() - begin < 0.15:
        pass
    return {{"metrics": {{"best": float(seed * seed)}}}}


EXPERIMENTS = [Experiment("killed/table1", 1, "Table 1", units, run, lambda config: "toy-synthetic:1", "killed")]
'''
CLAIMS = '[paper]\norder = 9\nshort = "Killed"\ntitle = "Killed"\nplanned = ["one"]\n'


def paper(folder: Path) -> Path:
    """A paper of one experiment."""
    study = folder / "studies" / "killed"
    study.mkdir(parents=True)
    (study / "__init__.py").write_text('"""A paper to be killed."""\n')
    (study / "style.py").write_text('"""Style."""\n\nMETHODS = {"Mine": ("green", None)}\n')
    (study / "experiments.py").write_text(MODULE)
    for kind, text in (("claims", CLAIMS), ("papers", '[paper]\ntitle = "Killed"\n')):
        (folder / "data" / kind).mkdir(parents=True)
        (folder / "data" / kind / "killed.toml").write_text(text)
    return folder


def start(papers: Path, work: Path, mark: str) -> subprocess.Popen:
    """The command at work; its environment carries `mark`, by which its workers are found."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "NASCORE_PAPERS": str(papers),
        "NASCORE_FUZZ_MARK": mark,
        "NASCORE_RESULTS": str(work / "results"),
        "NASCORE_CACHE": str(work / "cache"),
        "OMP_NUM_THREADS": "1",
    }
    command = [
        sys.executable,
        "-m",
        "nascore",
        "reproduce",
        "killed/table1",
        "--profile",
        "laptop",
        "--workers",
        str(WORKERS),
    ]
    with open(work / "said", "ab") as said:
        return subprocess.Popen(command, env=environment, stdout=said, stderr=said, cwd=work, start_new_session=True)


def rows(work: Path) -> list[dict]:
    """The whole lines of the store."""
    file = work / "results" / "killed" / "table1.jsonl"
    return [json.loads(line) for line in file.read_bytes().split(b"\n")[:-1]] if file.exists() else []


def alive(mark: str) -> list[int]:
    """Processes whose environment carries `mark`."""
    found, wanted = [], f"NASCORE_FUZZ_MARK={mark}".encode()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if (
                    wanted in (entry / "environ").read_bytes()
                    and "Z" not in (entry / "stat").read_text().rsplit(")", 1)[1][:3]
                ):
                    found.append(int(entry.name))
            except OSError:
                pass
    return found


def orphans(mark: str) -> int:
    """How many processes live on `BOUND` seconds after their parent; those are then ended."""
    end = time.monotonic() + BOUND
    while alive(mark) and time.monotonic() < end:
        time.sleep(0.1)
    left = alive(mark)
    for each in left:
        try:
            os.kill(each, signal.SIGKILL)
        except ProcessLookupError:
            pass
    return len(left)


def kill(kills: int, rng: random.Random, folder: Path) -> Tally:
    """Kills the command when the store has some rows, goes on, and at last lets it end."""
    tally, papers, number = Tally(), paper(folder / "papers"), 0
    while tally.kills < kills:
        number += 1
        work = folder / str(number)
        work.mkdir()
        for _ in range(min(3, kills - tally.kills)):
            mark, before = uuid.uuid4().hex, rows(work)
            if len(before) >= UNITS:
                break
            process = start(papers, work, mark)
            wanted = rng.randint(len(before), UNITS - 1)
            while process.poll() is None and (len(rows(work)) < wanted or len(alive(mark)) <= 1):
                time.sleep(0.02)
            time.sleep(rng.uniform(0, 0.2))
            if process.poll() is not None:
                break
            process.kill()
            process.wait()
            tally.kills += 1
            tally.add(orphans=orphans(mark), lost=sum(row not in rows(work) for row in before))
        last = rows(work)
        mark = uuid.uuid4().hex
        code = start(papers, work, mark).wait()
        found = rows(work)
        tally.add(lost=sum(row not in found for row in last), orphans=orphans(mark), **_judged(found))
        if code != 0:
            tally.notes.append(f"reproduce ended with {code}: {(work / 'said').read_text()[-300:]}")
    return tally


def _judged(found: list[dict]) -> dict[str, int]:
    prints = [row["fingerprint"] for row in found]
    best = {row["seed"]: row["metrics"]["best"] for row in found}
    return {
        "doubled": len(prints) - len(set(prints)),
        "other": int(best != {seed: float(seed * seed) for seed in range(UNITS)}),
    }


def two_runners(folder: Path) -> Tally:
    """Two commands on one store at the same time."""
    papers, work, tally, mark = paper(folder / "papers"), folder / "work", Tally(), uuid.uuid4().hex
    work.mkdir()
    team = [start(papers, work, mark) for _ in range(2)]
    codes = [each.wait() for each in team]
    if any(codes):
        tally.notes.append(f"two runners ended with {codes}: {(work / 'said').read_text()[-300:]}")
    tally.add(orphans=orphans(mark), **_judged(rows(work)))
    return tally
