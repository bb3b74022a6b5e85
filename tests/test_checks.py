"""The one way of checking what comes in: numpy's values are welcome as Python's, nothing gets past with its type."""

from __future__ import annotations

import numpy as np
import pytest

from nascore import checks
from nascore.errors import SettingError

HUGE = 10**5000  # longer than Python agrees to print


def test_what_is_returned_is_plain_python():
    assert type(checks.whole("n", np.int64(3))) is int
    assert type(checks.number("x", np.float32(0.5))) is float
    assert type(checks.flag("f", np.bool_(True))) is bool
    assert type(checks.text("t", np.str_("a"))) is str
    assert [type(each) for each in checks.distinct("names", np.array(["a", "b"]).tolist())] == [str, str]
    assert type(checks.one_of("n", np.int64(3), (1, 3))) is int
    assert type(checks.one_of("t", np.str_("a"), ("a", "b"))) is str


@pytest.mark.parametrize("value", [True, 1.0, "1", None, [1], np.array([1]), np.bool_(True)])
def test_one_of_takes_no_other_type(value):
    with pytest.raises(SettingError, match="n="):
        checks.one_of("n", value, (1, 3))


@pytest.mark.parametrize("check", [checks.whole, checks.number, checks.flag, checks.text])
@pytest.mark.parametrize("value", [None, [], {}, object(), np.array([1, 2]), float("nan")])
def test_what_is_refused_is_named(check, value):
    with pytest.raises(SettingError, match="door="):
        check("door", value)


def test_a_number_too_long_to_print_is_still_one_clear_error():
    with pytest.raises(SettingError, match=r"seed=a whole number of 16610 bits: expected a whole number from 0"):
        checks.seed(HUGE)
    with pytest.raises(SettingError, match="bits"):
        checks.number("x", HUGE)
    with pytest.raises(SettingError, match="repr fails"):
        checks.text("t", [HUGE])
