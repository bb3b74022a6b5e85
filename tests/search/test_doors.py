"""The doors of a search: what comes in is checked once and arrives as plain values, whoever wrote the search."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

import nascore as nc
from nascore.errors import ResultsError, SettingError
from nascore.search import doors

SPACE = nc.spaces.MacroSpace(3, ("a", "b"))


class Noting(nc.search.Search):
    """Keeps what it is told, and checks nothing."""

    most_at_once = 20

    def __init__(self, space=SPACE, *, seed=0):
        super().__init__(space, seed=seed)
        self.notes, self.asked = [], []

    def ask(self, n=None):
        self.asked.append(n)
        return [self.space.sample(self.rng) for _ in range(n or 1)]

    def tell(self, archs, values):
        self.notes += zip(archs, values, strict=True)

    def state_dict(self):
        return {**super().state_dict(), "notes": list(self.notes)}

    def load_state_dict(self, state):
        super().load_state_dict(state)
        self.notes = [(arch, value) for arch, value in state["notes"]]


@pytest.mark.parametrize(
    "value, taken",
    [
        (1, 1.0),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3.0),
        (np.array(2.0), 2.0),
        (torch.tensor(2.0), 2.0),
        ((1, np.float64(2.0)), (1.0, 2.0)),
        ([1, 2, 3], (1.0, 2.0, 3.0)),
        (np.array([4, 5]), (4.0, 5.0)),
    ],
    ids=str,
)
def test_numbers_of_every_kind_arrive_as_plain_ones(value, taken):
    search = Noting()
    for archs in ([[0, 1, 0]], np.array([[0, 1, 0]]), [np.array([0, 1, 0])], ((0, 1, 0),)):
        search.tell(archs, [value])
    assert search.notes == [((0, 1, 0), taken)] * 4
    (arch, found) = search.notes[0]
    assert all(type(op) is int for op in arch)
    assert all(type(part) is float for part in (found if isinstance(found, tuple) else (found,)))


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan, 10**400, (1.0, math.inf), (math.nan, 1.0)], ids=str)
def test_what_is_not_finite_is_a_failure_in_all_its_parts(value):
    search = Noting()
    search.tell([(0, 0, 0)], [value])
    ((_, found),) = search.notes
    assert all(math.isnan(part) for part in (found if isinstance(found, tuple) else (found,)))
    assert "1 answers, 1 of them failed" in repr(search)


def test_a_query_arrives_as_one():
    search = Noting()
    search.tell([nc.Query([0, 1, 1], np.int64(4))], [1])
    assert search.notes == [(nc.Query((0, 1, 1), 4), 1.0)]


def test_a_tell_that_calls_its_base_class_is_checked_once(monkeypatch):
    class Scaled(Noting):
        def tell(self, archs, values):
            super().tell(archs, [value / 10 for value in values])

    calls, answers = [], doors.answers
    monkeypatch.setattr(doors, "answers", lambda *given: calls.append(given) or answers(*given))
    search = Scaled()
    search.tell([(0, 1, 0)], [50])
    assert search.notes == [((0, 1, 0), 5.0)] and len(calls) == 1 and "best 50.0000" in repr(search)
    nc.run(search, nc.Oracle(lambda arch: 1.0, 5, space=SPACE))  # the Oracle has checked what it answers
    assert len(calls) == 1


def test_a_tell_from_a_mixin_stands_behind_the_door_too():
    class Mixin:
        def tell(self, archs, values):
            self.notes.append((archs, values))

    class Mixed(Mixin, Noting):
        pass

    with pytest.raises(SettingError, match="2 architectures with 1 values"):
        Mixed().tell([(0, 0, 0)] * 2, [1])


def test_asking_is_bounded_by_the_search():
    search = Noting()
    assert len(search.ask(np.int64(20))) == 20 and len(search.ask()) == 1 and search.asked == [20, None]
    with pytest.raises(SettingError, match="n=21: expected a whole number from 1 to 20"):
        search.ask(21)


def test_a_method_that_is_abstract_stays_so():
    class Half(nc.search.Search):
        def ask(self, n=None):
            return []

    with pytest.raises(TypeError, match="tell"):
        Half(SPACE)


# -- states -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("state", [{}, None, 3, "abc", {"rng": 3}, {"rng": {}}, {"notes": []}], ids=str)
def test_a_state_that_is_none_leaves_the_search_as_it_was(state):
    search, untouched = Noting(), Noting()
    search.tell([(0, 1, 0)], [1])
    with pytest.raises(ResultsError, match="no state of Noting"):
        search.load_state_dict(state)
    assert search.notes == [((0, 1, 0), 1.0)] and search.ask(5) == untouched.ask(5)


def test_half_a_load_is_undone():
    other = Noting(seed=9)
    other.ask(3)
    search, untouched = Noting(), Noting()
    with pytest.raises(ResultsError, match="no field 'notes'"):
        search.load_state_dict({"rng": other.rng.bit_generator.state})  # the generator was loaded when notes failed
    assert search.ask(5) == untouched.ask(5)


def test_what_it_has_been_told_is_saved_and_shown(tmp_path):
    search = Noting(seed=3)
    assert repr(search) == "<Noting on macro-3-2, seed 3: nothing told yet>"
    search.tell([(0, 0, 1), (1, 0, 1), (1, 1, 1)], [2, 7.25, math.nan])
    search.save(tmp_path / "s")
    again = Noting()
    again.load(tmp_path / "s")
    assert repr(again) == repr(search) == "<Noting on macro-3-2, seed 3: 3 answers, 1 of them failed, best 7.2500>"


def test_the_settings_are_shown():
    text = repr(nc.search.RegularizedEvolution(SPACE, seed=1, population=9, sample=2))
    assert text == "<RegularizedEvolution on macro-3-2, seed 1, population 9, sample 2: nothing told yet>"
