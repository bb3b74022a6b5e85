"""Saved searches: a file is whole and of this search, or it is refused; a forged state never gets far."""

from __future__ import annotations

import copy
import errno
import hashlib
import json
import math
import os

import numpy as np
import pytest

import nascore as nc
from nascore import paths
from nascore.errors import ResultsError, SettingError
from nascore.search import saved
from nascore.search.ganas.ppo import PPO
from nascore.search.ganas.truth import ParetoFronts, TopK
from nascore.search.state import plain, revive
from nascore.testing.landscapes import small

SPACE = small("cell-4-4").space
GANAS = {
    "initial": 4,
    "base": 3,
    "truth": 2,
    "width": 4,
    "layers": 1,
    "rounds": 1,
    "episodes": 8,
    "discriminator_passes": 1,
}
SEARCHES = {
    "GANAS": GANAS,
    "RLNAS": {"width": 4, "layers": 1, "episodes": 6},
    "LocalSearch": {},
    "RandomSearch": {},
    "RegularizedEvolution": {"population": 6, "sample": 2},
    "Reinforce": {},
    "TPE": {"startup": 3},
}
JUNK = ("abc", "1", -1, [["x"]], {"a": 1}, [3], (), {(9, 9): 1.0}, b"x", math.inf)
# fields that may be None or empty
NULLABLE = {"baseline", "batch", "centre", "scale"}
EMPTY_LIST = set("seen members values around queue pending trials truth trace ready proposed".split())
EMPTY_DICT = {"known", "pending"}


def kind(value: object) -> str:
    """The id of a case: two workers of pytest-xdist must name it alike, so no address of an object."""
    return value if isinstance(value, str) else type(value).__name__


def made(name: str, seed: int = 0):
    """A search in the middle of its work."""
    search = getattr(nc.search, name)(SPACE, seed=seed, **SEARCHES[name])
    nc.run(search, nc.Oracle(small("cell-4-4"), budget=14, stall=500))
    return search


def file_of(content: bytes) -> bytes:
    return saved.MARK + hashlib.sha256(content).hexdigest().encode() + b"\n" + content


@pytest.mark.parametrize("name", nc.search.available())
def test_no_forged_field_is_taken(name):
    search = made(name)
    sound = copy.deepcopy(search.state_dict())
    before = search.ask(3)
    search.load_state_dict(sound)
    assert search.ask(3) == before
    search.load_state_dict(sound)
    for field in sound:
        for junk in JUNK:
            if (field, junk) == ("baseline", -1):  # as good as any other
                continue
            with pytest.raises(ResultsError, match="no state of"):
                search.load_state_dict({**sound, field: junk})
        for empty, may in (([], EMPTY_LIST), ({}, EMPTY_DICT), (None, NULLABLE)):
            if field not in may:
                with pytest.raises(ResultsError, match="no state of"):
                    search.load_state_dict({**sound, field: empty})
    assert search.ask(3) == before


@pytest.mark.parametrize("name", nc.search.available())
def test_a_forged_file_with_a_right_checksum_is_one_clear_error(name, tmp_path):
    search, path = made(name), tmp_path / "state"
    sound = {
        **search.settings(),
        "seed": 0,
        "tally": search._tally.state(),
        "unanswered": [],
        "state": search.state_dict(),
    }
    forged = [{key: value for key, value in sound.items() if key != left_out} for left_out in sound]
    forged += [
        {**sound, key: junk} for key in sound for junk in (None, "abc", 10**30, [[1]], {"a": 1}) if sound[key] != junk
    ]
    for content in forged:
        try:
            path.write_bytes(file_of(search._pack(content)))
        except Exception:  # not even a file can be made of it
            continue
        with pytest.raises(ResultsError, match="state"):
            search.load(path)
    for content in (b"", b"[]", b"3", b"\xff", b"[" * 100_000, b'{"dict": 3}', b'{"dict": [[1]]}', b'{"array": "x"}'):
        path.write_bytes(file_of(content))
        with pytest.raises(ResultsError, match="not a saved nascore search"):
            search.load(path)


@pytest.mark.parametrize(
    "name, other, setting",
    [
        ("GANAS", {"truth_set": ParetoFronts(2)}, "truth_set"),
        ("GANAS", {"truth_set": TopK(2, lambda row: True)}, "truth_set"),
        ("GANAS", {"discriminator": "standard"}, "discriminator"),
        ("GANAS", {"ppo": PPO(clip=0.3)}, "training"),
        ("RegularizedEvolution", {"sample": 3}, "sample"),
        ("LocalSearch", {"eager": True}, "eager"),
        ("Reinforce", {"learning_rate": 0.01}, "learning_rate"),
        ("TPE", {"startup": 4}, "startup"),
    ],
    ids=kind,
)
def test_a_file_of_other_settings_is_refused_by_their_name(name, other, setting, tmp_path):
    search = getattr(nc.search, name)
    search(SPACE, **SEARCHES[name]).save(tmp_path / "s")
    with pytest.raises(ResultsError, match=f"holds {setting}=.*; this search is {setting}="):
        search(SPACE, **{**SEARCHES[name], **other}).load(tmp_path / "s")


def test_a_file_without_a_checksum_is_named_as_what_it_is(tmp_path):
    (tmp_path / "s").write_text('{"dict": [["nascore_search", 1]]}')
    with pytest.raises(ResultsError, match="not a saved nascore search; it may be of an earlier nascore"):
        nc.search.RandomSearch(SPACE).load(tmp_path / "s")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES])
def test_a_full_disk_is_one_clear_error_and_leaves_the_old_file(number, tmp_path, monkeypatch):
    search, path = nc.search.RandomSearch(SPACE), tmp_path / "s"
    search.save(path)
    before = path.read_bytes()

    def full(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(paths.os, "fsync", full)
    search.ask(4)
    with pytest.raises(ResultsError, match=f"could not be saved to .*{os.strerror(number)}"):
        search.save(path)
    assert path.read_bytes() == before and [each.name for each in tmp_path.iterdir()] == ["s"]


@pytest.mark.parametrize("value", [object(), b"x", np.array([object()]), {"a": {1j}}, lambda: 1], ids=kind)
def test_what_no_file_can_hold_is_named(value, tmp_path):
    class Odd(nc.search.RandomSearch):
        def state_dict(self):
            return {**super().state_dict(), "odd": value}

    with pytest.raises(SettingError, match="the state of the search holds"):
        Odd(SPACE).save(tmp_path / "s")
    assert not list(tmp_path.iterdir())


def test_what_a_state_may_hold_comes_back():
    value = {
        "a": [1, 2.5, None, True, "x", (1, (2,))],
        (0, 1): {3, 1, 2},
        3: {"x", 2, (1,)},
        "array": np.arange(6.0).reshape(2, 3),
        "nan": -math.inf,
        "query": nc.Query((0, 1), 4),
        "numpy": np.int64(3),
    }
    found = revive(json.loads(json.dumps(plain(value))))
    assert np.array_equal(found.pop("array"), value.pop("array")) and found == value
