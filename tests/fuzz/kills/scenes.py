"""An Oracle's run and a one-shot search: killed, gone on with, compared with the undisturbed one."""

from __future__ import annotations

import functools
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz import world
from tests.fuzz.kills import deaths
from tests.fuzz.kills.deaths import note, noted

nc = world.nc
BUDGET, EPOCHS = 40, 5


@dataclass
class Tally:
    """What kills have cost: rows that had been finished and are gone, rows that are there twice, ends that differ from
    the undisturbed run's, work done again beyond what was under way, and processes that live on."""

    kills: int = 0
    lost: int = 0
    doubled: int = 0
    other: int = 0
    again: int = 0
    orphans: int = 0
    notes: list[str] = field(default_factory=list)

    def add(self, **found: int) -> None:
        for name, number in found.items():
            setattr(self, name, getattr(self, name) + number)

    @property
    def clean(self) -> bool:
        return not (self.lost or self.doubled or self.other or self.again or self.orphans or self.notes)


# -- an Oracle with a log --------------------------------------------------------------------------------------------
def oracle_run(folder: Path) -> None:
    """A search whose evaluations are noted when they are done, and its answers when they have been told."""

    def train(arch):
        value = 50.0 + arch[0] * 7 + arch[1] + arch[2] / 3
        note(folder / "trained", "".join(map(str, arch)))
        return value

    def told(search, oracle):
        note(folder / "told", str(oracle.queries))

    space = nc.spaces.CellSpace(3, ("a", "b", "c", "d"))
    oracle = nc.Oracle(train, BUDGET, space=space, log=folder / "oracle.log")
    search = nc.search.RegularizedEvolution(space, seed=3, population=8, sample=3)
    found = nc.run(search, oracle, callback=told)
    frame = found.history[["query", "value", "best"]].assign(arch=[list(a) for a in _tuples(found)])
    _ended(folder, frame.to_json())


def _ended(folder: Path, text: str) -> None:
    """The end as a whole or not at all: a kill may come while it is written, too."""
    (folder / "end.part").write_text(text)
    (folder / "end.part").replace(folder / "end")


def _tuples(found) -> list:
    return [row.arch for row in found.oracle.log] if hasattr(found.oracle, "log") else list(found.history["arch"])


def logged(folder: Path) -> list[str]:
    """The architectures of the log's whole lines."""
    file = folder / "oracle.log"
    lines = file.read_bytes().split(b"\n")[1:-1] if file.exists() else []
    return ["".join(map(str, json.loads(line)["arch"])) for line in lines]


def oracle_after(folder: Path, tally: Tally) -> None:
    """What must be true after every kill."""
    rows, told = logged(folder), noted(folder / "told")
    lost = int(told[-1]) - len(set(rows)) if told else 0
    tally.add(lost=max(0, lost), doubled=len(rows) - len(set(rows)))


def oracle_end(folder: Path, kills: int, tally: Tally) -> None:
    """What must be true at the end: one evaluation may have been under way at each kill."""
    trained = noted(folder / "trained")
    tally.add(again=max(0, len(trained) - len(set(trained)) - kills))


# -- a one-shot search with a checkpoint -------------------------------------------------------------------------------
class Begun(world.oneshot.Hook):
    """Notes each epoch that begins: the checkpoint of the one before has then been written."""

    def __init__(self, file: Path):
        self.file = file

    def before_epoch(self, run):
        note(self.file, str(run.epoch))


def oneshot_run(folder: Path) -> None:
    strategy = world.oneshot.GDAS(world.CHOICES, seed=2)
    log = world.oneshot.search(
        world.net(seed=1),
        strategy,
        world.batches(seed=4),
        EPOCHS,
        progress=False,
        checkpoint=folder / "checkpoint.pt",
        hooks=[Begun(folder / "begun")],
    )
    frame = log.frame.drop(columns="seconds").assign(arch=[list(a) for a in log.frame["arch"]])
    _ended(folder, frame.to_json() + json.dumps(log.probabilities.tolist()))


def oneshot_after(folder: Path, tally: Tally) -> None:
    pass


def oneshot_end(folder: Path, kills: int, tally: Tally) -> None:
    """Epochs begin in order; after a kill the search begins again with the epoch that was under way, none earlier."""
    begun = list(map(int, noted(folder / "begun")))
    steps = list(zip(begun, begun[1:]))
    tally.add(
        lost=sum(max(0, before - after) for before, after in steps),
        again=max(0, sum(before == after for before, after in steps) - kills),
    )


SCENES: dict[str, tuple[Callable, Callable, Callable, str]] = {
    "oracle": (oracle_run, oracle_after, oracle_end, "oracle.log"),
    "one-shot": (oneshot_run, oneshot_after, oneshot_end, "checkpoint.pt"),
}


def kill(
    name: str, kills: int, rng: random.Random, folder: Path, ways: tuple[str, ...] = ("call", "write", "time")
) -> Tally:
    """Kills the scene `name` so many times, going on after each kill and beginning anew when it has ended."""
    run, after, end, file = SCENES[name]
    tally, number = Tally(), 0
    whole = folder / "undisturbed"
    whole.mkdir(parents=True)
    calls, size = deaths.calls(lambda: run(whole), whole), (whole / file).stat().st_size
    wanted = (whole / "end").read_text()
    while tally.kills < kills:
        number += 1
        here, here_kills = folder / str(number), 0
        here.mkdir()
        while not (here / "end").exists():
            way = rng.choice(ways) if tally.kills < kills and here_kills < 4 else "none"
            code = _die(way, functools.partial(run, here), rng, calls, size)
            if code == 0:
                break
            if code not in (-9, -25):
                tally.notes.append(f"{name}: the run ended with {code} after {here_kills} kills ({way})")
                break
            tally.kills, here_kills = tally.kills + 1, here_kills + 1
            after(here, tally)
        end(here, here_kills, tally)
        tally.other += not (here / "end").exists() or (here / "end").read_text() != wanted
    return tally


def _die(way: str, run: Callable[[], None], rng: random.Random, calls: int, size: int) -> int:
    if way == "call":
        return deaths.ran(deaths.at_call(run, rng.randrange(1, calls)))
    if way == "write":
        return deaths.ran(deaths.in_write(run, rng.randrange(1, size)))
    if way == "time":
        return deaths.ran(run, after=rng.uniform(0.0, 0.4))
    return deaths.ran(run)


def two_oracles(folder: Path) -> Tally:
    """Two processes with one log: nothing is trained twice, both end alike."""
    folder.mkdir(parents=True)
    ends = []

    def program(number: int) -> Callable[[], None]:
        def run() -> None:
            own = folder / f"own{number}"
            own.mkdir()
            for shared in ("oracle.log", "trained"):
                (own / shared).symlink_to(folder / shared)
            oracle_run(own)

        return run

    children = [deaths.CONTEXT.Process(target=program(number)) for number in range(2)]
    for child in children:
        child.start()
    for child in children:
        child.join()
    rows, trained, tally = logged(folder), noted(folder / "trained"), Tally()
    ends = [(folder / f"own{number}" / "end") for number in range(2)]
    tally.add(
        doubled=len(rows) - len(set(rows)),
        again=len(trained) - len(set(trained)),
        other=sum(not end.exists() for end in ends),
    )
    if not tally.other:
        tally.add(other=int(ends[0].read_text() != ends[1].read_text()))
    return tally
