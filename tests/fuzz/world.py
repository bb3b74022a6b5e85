"""What the cases name: `from tests.fuzz.world import *` makes every reproduction a line that can be run."""

# ruff: noqa: F401  # everything here is for the cases
from __future__ import annotations

import contextlib
import datetime
import io
import itertools
import json
import os
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
import torch

import nascore as nc
from nascore.companion import claims, notebook, papers, plots, stats, store, stored, tables, targets, verdict_tests
from nascore.data import cifar10, cluttered
from nascore.data import text as texts
from nascore.errors import NascoreError
from nascore.networks import ops
from nascore.networks.supernets.recurrent import RecurrentSupernet
from nascore.networks.supernets.toy import ToyData, ToySupernet
from nascore.search import oneshot
from nascore.search.ganas.schedule import Schedule
from nascore.search.ganas.training import Training
from nascore.spaces.isomorphism import isomorphism_key
from nascore.studies import registry
from nascore.studies.experiment import Experiment, Unit, check_profile

torch.set_num_threads(1)
ops.operation("none")  # the standard operations, so that `registered` leaves them alone


class UsersOwn(Exception):
    """Raised by functions that a user gives: it may go through."""


class Broken(Exception):
    """Raised by values that cannot even be looked at: nascore's error has to come instead."""


def _broken(*arguments, **options):
    raise Broken("this value cannot be looked at")


class BadRepr:
    __repr__ = __str__ = _broken


class BadEq:
    __eq__ = __ne__ = _broken
    __hash__ = None


class BadHash:
    __hash__ = _broken


class BadBool:
    __bool__ = _broken


class BadLen:
    __len__ = __getitem__ = _broken


class BadIter:
    __iter__ = _broken


class BadFloat:
    __float__ = __int__ = __index__ = _broken


class BadPath(os.PathLike):
    __fspath__ = _broken


class Whole(int):
    """A subclass of int."""


class Words(str):
    """A subclass of str."""


def fails(*arguments, **options):
    raise UsersOwn("a user's function fails")


def nested(depth: int) -> list:
    """A list in a list in a list ..."""
    found: list = []
    for _ in range(depth):
        found = [found]
    return found


def returns(value):
    """A function of anything that gives `value`."""
    return lambda *arguments, **options: value


@lru_cache(maxsize=1)
def bench():
    return nc.benchmarks.load("digits201")


@lru_cache(maxsize=1)
def nb101():
    return nc.spaces.NASBench101()


CELL = nc.spaces.CellSpace(3, ("none", "skip_connect", "nor_conv_1x1"))
ARCH = (1, 0, 2)


class Chain(nc.spaces.ChoiceSpace):
    """A space of one's own."""

    def dag(self, arch):
        labels = ("input", *(self.ops[op] for op in self.validate(arch)), "output")
        return nc.spaces.DAG(labels, tuple((i, i + 1) for i in range(len(labels) - 1)))

    def format(self, arch):
        return " ".join(map(str, self.validate(arch)))

    def parse(self, text):
        return self.validate(tuple(map(int, text.split())))


CHAIN = nc.spaces.MacroSpace(3, ("a", "b", "c"))
LIMITED = nc.spaces.CellSpace(3, ("none", "skip_connect", "nor_conv_1x1"), "limited", [(0, 1), (1, 2), (0, 1, 2)])
TABLE = nc.benchmarks.from_table(CELL, {arch: 50.0 + sum(arch) + arch[0] / 7 for arch in CELL.enumerate()})
FULL = (1, 2, 3, 0, 4, 2)  # an architecture of NAS-Bench-201's space


def rng():
    return np.random.default_rng(0)


def oracle(**options):
    return nc.Oracle(TABLE, **{"budget": 9, **options})


def finished():
    """The result of a small search."""
    return nc.run(nc.search.RandomSearch(CELL), oracle())


def net(**options):
    return ToySupernet(2, 3, **{"trainable": True, **options})


CHOICES = nc.networks.Choices(2, ("filter0", "filter1", "filter2"))


def batches(**options):
    return ToyData(ToySupernet(2, 3), **{"batch": 4, "steps": 2, **options})


def oneshot_log(**options):
    """The log of a small one-shot search."""
    return oneshot.search(net(), oneshot.DARTS(CHOICES), batches(), 1, **{"progress": False, **options})


class Hooked(oneshot.Hook):
    """A hook whose answers are given."""

    def __init__(self, after=None, state=None):
        self.after, self.state = after, {} if state is None else state

    def after_epoch(self, run):
        return self.after

    def state_dict(self):
        return self.state


class Given:
    """Data of a one-shot search whose batches are given."""

    def __init__(self, batch, number=2):
        self.batch, self.number = batch, number

    def train(self, epoch):
        return [self.batch] * self.number

    val = train


def pictures(count=8, side=8, channels=1, classes=10):
    """Random images and labels."""
    generator = torch.Generator().manual_seed(0)
    return (
        torch.rand(count, channels, side, side, generator=generator),
        torch.randint(classes, (count,), generator=generator),
    )


def rows(count=4):
    """Rows of an experiment as its table has them."""
    curve = {"query": [1, 3, 7], "best": [50.0, 60.0, 70.0], "rank": [9, 4, 1]}
    return pd.DataFrame(
        [
            {
                "experiment": "fuzz/one",
                "version": 1,
                "profile": "laptop",
                "seed": seed,
                "method": method,
                "best": 70.0 + seed,
                "rank": seed + 1,
                "queries": 9,
                "curve": curve,
                "data": "toy:1",
                "data_kind": "true",
                "provenance.cpu_s": 1.0,
                "provenance.wall_s": 1.0,
                "provenance.machine": "m",
                "provenance.threads": 1,
                "provenance.device": "cpu",
                "provenance.commit": "c",
                "provenance.python": "3",
                "provenance.numpy": "2",
                "provenance.torch": "2",
                "provenance.torch_geometric": "2",
            }
            for method in ("Mine", "RS")
            for seed in range(count)
        ]
    )


def verdict_of(test):
    """The verdict of a claim's test on rows; "no rows" is an answer too, and counts as refused."""
    found = verdict_tests.run_test(test, rows(), "ganas")
    if not found.verdict:
        raise NascoreError(f"the test gives no verdict: {found.reason}")
    return found.verdict


EVIL = "<script>alert(1)</script>"


def escaped(thing):
    """Shows `thing` in a notebook; a name of a user's own must not become HTML."""
    if EVIL in thing._repr_html_():
        raise AssertionError(f"{type(thing).__name__} shows a name as HTML")


def command(*arguments):
    """The command line: its exit status; a fault of nascore's own counts as an exception."""
    from nascore import cli

    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        try:
            status = cli.main([str(each) for each in arguments])
        except SystemExit as exit:  # argparse
            status = exit.code
    if "a fault in nascore" in said.getvalue():
        raise AssertionError(said.getvalue().strip())
    if status not in (0, None):
        raise NascoreError(said.getvalue().strip())
    return 0


GOOD_PAPER = """
from nascore.studies.experiment import Experiment, Unit
units, run = lambda profile: [Unit({}, 0)], lambda config, seed: {"metrics": {}}
EXPERIMENTS = [Experiment("fuzzpaper/one", 1, "One", units, run)]
"""


def paper_of(experiments, init="", style="METHODS = {}"):
    """A paper of one's own by the sources of its modules, met by the command line in a process of its own."""
    folder = Path("paper").resolve()
    study = folder / "studies" / "fuzzpaper"
    study.mkdir(parents=True, exist_ok=True)
    for name, source in (("__init__", init), ("experiments", experiments), ("style", style)):
        (study / f"{name}.py").write_text(source, encoding="utf-8", errors="surrogateescape")
    receive, send = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.environ["NASCORE_PAPERS"] = str(folder)
            nc.studies.__path__.append(str(study.parent))
            registry._registered.clear()
            registry._walked = False
            command("reproduce", "fuzzpaper/one", "--dry-run")
            registry.styles()
            answer = ["", ""]
        except BaseException as error:
            answer = ["nascore" if isinstance(error, NascoreError) else type(error).__name__, str(error)]
        os.write(send, json.dumps(answer)[:4000].encode())
        os._exit(0)
    os.close(send)
    with open(receive) as stream:
        kind, said = json.loads(stream.read())
    os.waitpid(child, 0)
    if kind:
        raise NascoreError(said) if kind == "nascore" else AssertionError(f"{kind}: {said}")


def clean(function, undo):
    """What `function` gives; whatever it did, `undo` afterwards."""
    try:
        return function()
    finally:
        undo()


def registered(pattern, form="x", maker=None, name="fuzz_op"):
    """Register an operation, use it, and forget it again."""
    before = list(ops.registry._makers)

    def use():
        ops.register(pattern, form)(
            maker if maker is not None else (lambda name, match: ops.Operation(name, returns(torch.nn.Identity())))
        )
        ops.operation(name)

    def undo():
        ops.registry._makers[:] = before
        ops.registry.operation.cache_clear()

    return clean(use, undo)


__all__ = [name for name in dir() if not name.startswith("__")]
