"""What every query-based search has to do, whatever its method: one suite over every search and several spaces.

Run as a script it prints the logs of one run of each search on each space: the same seed has to give the same log in
another process.
"""

from __future__ import annotations

import functools
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import nascore as nc
from nascore.errors import SettingError
from nascore.search.ganas.truth import TopK

ROOT = Path(__file__).resolve().parents[2]
BUDGET = 24

# small settings, so that the suite takes seconds; the methods themselves are tested elsewhere
_SMALL_GANAS = {
    "initial": 8,
    "base": 4,
    "increment": 1,
    "iterations": None,
    "truth": 4,
    "width": 8,
    "layers": 2,
    "rounds": 1,
    "episodes": 16,
    "discriminator_passes": 1,
    "exploration": 3,
    "device": "cpu",
}
SETTINGS = {
    "GANAS": _SMALL_GANAS,
    "RLNAS": {"width": 8, "layers": 2, "episodes": 5, "exploration": 3, "device": "cpu"},
    "RegularizedEvolution": {"population": 8, "sample": 3},
    "Reinforce": {"patience": 200},
    "TPE": {"startup": 6},
}
BAD = {
    "GANAS": [
        *(
            {name: bad}
            for name in ("initial", "base", "rounds", "width", "episodes")
            for bad in (0, 1.5, "3", True, 10**12)
        ),
        *({"schedule": bad} for bad in ("a", 1.5, 0, {})),
        *({"training": bad} for bad in ("a", 0)),
        *({"ppo": bad} for bad in (None, 3, "a")),
        *({"truth_set": bad} for bad in (math.nan, True, 0, "a", TopK)),
        *({"start": bad} for bad in (3, None, "abc", {})),
        *({"evaluated": bad} for bad in (3, 0, [(0,) * 6], "a")),
        *({"device": bad} for bad in (0, None, "abacus", "cuda:a", "cuda:99", "meta")),
        *({"discriminator": bad} for bad in ("x", None, 1)),
        {"colour": 1},
    ],
    "RLNAS": [
        *({name: 3} for name in ("colour", "initial", "schedule", "start", "evaluated", "truth_set", "discriminator")),
        *({"training": bad} for bad in ("a", 0)),
        {"device": 0},
        {"ppo": None},
    ],
    "LocalSearch": [{"eager": 1}, {"eager": None}],
    "RegularizedEvolution": [
        *({"population": bad} for bad in (0, 10**12, 2.5, "3", True, None)),
        *({"sample": bad} for bad in (0, 2.5, 10**12)),
        {"sample": 6, "population": 5},
    ],
    "Reinforce": [{"learning_rate": 0}, {"learning_rate": math.nan}, {"baseline_decay": 1.0}, {"patience": 0}],
    "TPE": [{"startup": 0}],
}
SEARCHES = nc.search.available()


# -- spaces with a value for each architecture ------------------------------------------------------------------------
def _table(space, name):
    """Each position adds its own amount per operation, and neighbouring positions interact: structured, no ties."""
    rng = np.random.default_rng(7)
    archs = space.array().astype(int)
    own = rng.normal(size=(space.positions, len(space.ops)))
    pair = rng.normal(size=(space.positions, len(space.ops), len(space.ops))) * 0.5
    score = own[np.arange(space.positions), archs].sum(1)
    for i in range(1, space.positions):
        score += pair[i, archs[:, i - 1], archs[:, i]]
    score = 60 + 5 * score
    return nc.benchmarks.from_table(
        space, dict(zip(map(tuple, archs.tolist()), score.tolist(), strict=True)), name=name, label="synthetic"
    )


@functools.cache
def benchmark(name):
    if name == "nasbench201-shaped":
        return _table(nc.spaces.NASBench201(), name)
    if name == "cell-4-4":
        return _table(nc.spaces.CellSpace(4, ("a", "b", "c", "d")), name)
    if name == "macro-5-3":
        return _table(nc.spaces.MacroSpace(5, ("x", "y", "z")), name)
    return NASBench101Callable()


class NASBench101Callable:
    """A cheap stand-in for training: more 3x3 convolutions and edges are better."""

    def __init__(self):
        self.space = nc.spaces.NASBench101()

    def __call__(self, arch):
        return 50.0 + 3.0 * arch[1:].count(0) - arch[1:].count(2) + arch[0].bit_count() + (arch[0] % 97) / 97


SPACES = ("nasbench201-shaped", "cell-4-4", "macro-5-3", "nasbench101")


def build(search, space, seed=0, **changes):
    """The search with small settings; skips only while its module has not been written."""
    try:
        kind = getattr(nc.search, search)
    except ModuleNotFoundError as error:
        if not (error.name or "").startswith("nascore"):
            raise
        pytest.skip(f"{search} is not there yet: {error}")
    settings = dict(SETTINGS.get(search, {}))
    return kind(space, seed=seed, **{**settings, **changes})


def log_of(oracle):
    return [[list(row[0]), None if math.isnan(row[1]) else row[1]] for row in oracle.log]


def one_run(search, space_name, seed=0, budget=BUDGET):
    bench = benchmark(space_name)
    oracle = nc.Oracle(bench, budget=budget, stall=2_000)
    nc.run(build(search, bench.space, seed), oracle)
    return log_of(oracle)


reference = functools.cache(one_run)


@pytest.fixture(params=SEARCHES)
def search_name(request):
    return request.param


@pytest.fixture(params=SPACES)
def space_name(request):
    return request.param


def value_of(space_name):
    """The benchmark as a plain callable."""
    bench = benchmark(space_name)
    return bench if space_name == "nasbench101" else bench.value


# -- proposals --------------------------------------------------------------------------------------------------------
def test_rows_are_taken_by_their_first_number(search_name):
    space, evaluate = benchmark("cell-4-4").space, value_of("cell-4-4")
    plain, rows = build(search_name, space), build(search_name, space)
    for _ in range(16):
        archs = plain.ask(1)
        assert rows.ask(1) == archs
        plain.tell(archs, [evaluate(arch) for arch in archs])
        rows.tell(archs, [(evaluate(arch), 1.0) for arch in archs])


# -- the same everywhere ----------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def other_process():
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "4711"}
    done = subprocess.run([sys.executable, __file__], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_same_seed_same_log_in_another_process(search_name, space_name, other_process):
    here = reference(search_name, space_name, 0)
    there = other_process[f"{search_name} {space_name}"]
    assert not isinstance(there, str), there
    assert json.loads(json.dumps(here)) == there


# -- what goes wrong in practice --------------------------------------------------------------------------------------
def test_a_larger_budget_continues(search_name):
    """What the budget cut off is asked first when the search goes on with a new Oracle."""
    bench = benchmark("cell-4-4")
    search = build(search_name, bench.space)
    small = nc.Oracle(bench, budget=10, stall=2_000)
    assert nc.run(search, small).queries == 10
    large = nc.Oracle(bench, budget=10, stall=2_000)
    result = nc.run(search, large)
    assert result.queries == 10
    if search_name in ("RandomSearch", "LocalSearch", "TPE", "GANAS"):  # these never propose twice
        assert log_of(small) + log_of(large) == reference(search_name, "cell-4-4", 0)[:20]


@pytest.mark.parametrize(
    "space",
    [
        nc.spaces.CellSpace(3, ("a", "b"), "one", allowed=[["a"], ["b"], ["a"]]),
        nc.spaces.CellSpace(2, ("a", "b")),
        nc.spaces.CellSpace(3, ("a", "b")),
        nc.spaces.MacroSpace(1, ("a", "b", "c")),
    ],
    ids=lambda space: space.name,
)
def test_a_tiny_space_ends(search_name, space):
    oracle = nc.Oracle(lambda arch: float(sum(arch)), space=space, stall=300)
    result = nc.run(build(search_name, space), oracle)
    assert result.stopped in ("finished", "stalled", "nothing to ask")
    assert 1 <= result.queries <= space.size
    if search_name in ("RandomSearch", "LocalSearch", "TPE"):
        assert result.queries == space.size and result.stopped == "finished"
        assert result.best_value == max(float(sum(arch)) for arch in space.enumerate())


# -- settings ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "bad", [{"seed": -1}, {"seed": 0.5}, {"seed": "1"}, {"seed": True}, {"space": "nasbench201"}], ids=str
)
def test_bad_common_settings(search_name, bad):
    arguments = {"space": benchmark("cell-4-4").space, "seed": 0} | bad
    with pytest.raises(SettingError, match=next(iter(bad))):
        build(search_name, **arguments)


@pytest.mark.parametrize("search, bad", [(name, bad) for name, cases in BAD.items() for bad in cases], ids=str)
def test_bad_settings(search, bad):
    with pytest.raises(SettingError, match=next(iter(bad))):
        build(search, benchmark("cell-4-4").space, **bad)


def test_every_search_is_listed_and_says_what_it_is(search_name):
    search = build(search_name, benchmark("cell-4-4").space, seed=3)
    assert search_name in repr(search) and "cell-4-4" in repr(search)
    assert search_name in dir(nc.search) or search_name in nc.search.__all__


def _all_logs():
    logs = {}
    for search in SEARCHES:
        for space in SPACES:
            try:
                logs[f"{search} {space}"] = one_run(search, space)
            except BaseException as error:  # a missing search skips (a BaseException) in the other process too
                logs[f"{search} {space}"] = f"{type(error).__name__}: {error}"
    return logs


if __name__ == "__main__":
    print(json.dumps(_all_logs()))
