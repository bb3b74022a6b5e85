"""Chains of blocks, written as digits."""

from __future__ import annotations

import pytest

from nascore.errors import ArchitectureError, SettingError
from nascore.spaces import MacroSpace, NASBenchMacro


def test_nasbench_macro():
    space = NASBenchMacro()
    assert (space.name, space.size, space.positions) == ("nasbench-macro", 6_561, 8)
    assert space.ops == ("identity", "mb3_k3", "mb6_k5")
    assert space.parse("01221120") == (0, 1, 2, 2, 1, 1, 2, 0) and space.format((0, 1, 2, 2, 1, 1, 2, 0)) == "01221120"
    assert space.dag(space.parse("01200000")).labels[1:4] == space.ops


@pytest.mark.parametrize(
    "text", ["0122112", "012211200", "01221123", "abc", "", "0122-120", "²1221120", 12, None, "٠1221120"]
)
def test_bad_text(text):
    with pytest.raises(ArchitectureError, match="0 to 2"):
        NASBenchMacro().parse(text)


@pytest.mark.parametrize("layers", [0, -1, 1.5, "3", True])
def test_bad_layers(layers):
    with pytest.raises(SettingError, match="whole number from 1 to 1000") as caught:
        MacroSpace(layers, ("a", "b"))
    assert repr(layers) in str(caught.value)


@pytest.mark.parametrize("ops", ["ab", ("a",), ("a", "a"), tuple("abcdefghijk")], ids=str)
def test_bad_operations(ops):
    with pytest.raises(SettingError, match="2 to 10 different non-empty names"):
        MacroSpace(3, ops)
