"""After how many epochs there are answers: what may be said, and what a training costs."""

from __future__ import annotations

import numpy as np
import pytest

from nascore import Query
from nascore.benchmarks import Training
from nascore.errors import SettingError


def test_levels_are_kept_as_plain_numbers():
    training = Training(np.array([4, 12]), np.bool_(True))
    assert training == Training((4, 12), True) and [type(each) for each in training.levels] == [int, int]
    assert (training.cost(12, 4), training.cost(4, 12), Training((4, 12)).cost(12, 4)) == (8, 0, 12)
    assert training.check(np.int64(12), "x") == 12 and Training(None).check(7, "x") == 7


@pytest.mark.parametrize("levels", [3, "12", (12, 4), (4, 4), (0, 4), (True,), (4.5,), ("4",), {4, 12}], ids=repr)
def test_what_are_no_levels(levels):
    with pytest.raises(SettingError, match="levels="):
        Training(levels)


@pytest.mark.parametrize("bad", [1, "yes", None, -7])
def test_what_says_nothing_of_resuming(bad):
    with pytest.raises(SettingError, match="resumable="):
        Training(None, bad)


@pytest.mark.parametrize("epochs", [0, 2.5, True, "4", None])
def test_what_is_no_number_of_epochs(epochs):
    for ask in (lambda: Training((4, 12)).check(epochs, "x"), lambda: Query((0, 1), epochs)):
        with pytest.raises(SettingError, match="epochs="):
            ask()


def test_a_number_of_epochs_without_an_answer_is_named():
    with pytest.raises(SettingError, match="epochs=5: the table has answers after 4, 12"):
        Training((4, 12)).check(5, "the table")
    with pytest.raises(SettingError, match="no number of epochs"):
        Training(()).check(5, "the table")
    with pytest.raises(SettingError, match="whole number of 16610 bits"):
        Training((4, 12)).check(10**5000, "the table")
