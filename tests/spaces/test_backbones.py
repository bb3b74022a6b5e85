"""The two ImageNet backbones as spaces, and chains whose positions have different options."""

from __future__ import annotations

import numpy as np
import pytest

from nascore.errors import ArchitectureError, SettingError
from nascore.spaces import EfficientNetMacro, MacroSpace, ProxylessNASMacro
from nascore.testing import SpaceConformance


class TestEfficientNet(SpaceConformance):
    def make(self):
        return EfficientNetMacro()


class TestProxylessNAS(SpaceConformance):
    def make(self):
        return ProxylessNASMacro()


class TestProxylessNASWithIdentity(SpaceConformance):
    def make(self):
        return ProxylessNASMacro("gpu", identity=True)


class TestUnequal(SpaceConformance):
    def make(self):
        return MacroSpace(4, ("a", "b", "c"), allowed=(("a", "b", "c"), ("a", "c"), (1, 2), ("b",)))


def test_sizes_are_those_of_the_text():
    assert EfficientNetMacro().size == 6**7 == 279_936 == len(EfficientNetMacro().array())
    assert ProxylessNASMacro().size == 6**21
    # identity at the 15 positions that keep their shape
    assert ProxylessNASMacro(identity=True).size == 6**6 * 7**15


def test_operations():
    assert EfficientNetMacro().ops == ("mb1_k3_se", "mb1_k5_se", "mb3_k3_se", "mb3_k5_se", "mb6_k3_se", "mb6_k5_se")
    assert ProxylessNASMacro().ops == ("mb3_k3", "mb3_k5", "mb3_k7", "mb6_k3", "mb6_k5", "mb6_k7")


def test_table_12_layers_of_efficientnet_b0():
    """Resolution and channels as printed, 16 blocks with the blank cells filled from the published network."""
    space = EfficientNetMacro()
    blocks = list(space.blocks(space.B0))
    assert [(block.outputs, block.stride) for block in blocks] == [
        *[(16, 1), (24, 2), (24, 1), (40, 2), (40, 1), (80, 2), (80, 1), (80, 1), (112, 1), (112, 1), (112, 1)],
        *[(192, 2), (192, 1), (192, 1), (192, 1), (320, 1)],
    ]
    assert [block.inputs for block in blocks] == [32, *[block.outputs for block in blocks[:-1]]]
    side, printed = 112, []
    for position in range(7):
        printed.append(side)
        for block in space.stage(position, 0):
            side //= block.stride
    assert printed == [112, 112, 56, 28, 14, 14, 7]
    assert [block.op for block in blocks[:3]] == ["mb1_k3_se", "mb6_k3_se", "mb6_k3_se"]


def test_table_13_layers_resolutions_and_shortcuts():
    space = ProxylessNASMacro()
    first, *searched = space.blocks((0,) * 21)
    assert tuple(first) == ("mb1_k3", 32, 16, 1)
    side, sides = 112, []
    for block in searched:
        sides.append(side)
        side //= block.stride
    assert sides == [112, *[56] * 4, *[28] * 4, *[14] * 8, *[7] * 4]
    assert [block.outputs for block in searched] == [*[24] * 4, *[40] * 4, *[80] * 4, *[96] * 4, *[192] * 4, 320]
    shortcuts = "".join("Y" if block.inputs == block.outputs and block.stride == 1 else "N" for block in searched)
    printed = "NYYY" * 5 + "Y"
    assert shortcuts == printed[:-1] + "N"  # 192 to 320 channels: what is printed there cannot be


def test_blocks_are_left_out_only_where_the_shape_stays():
    space = ProxylessNASMacro("gpu", identity=True)
    left_out = space.ops.index("identity")
    assert [left_out in options for options in space.allowed] == [False, True, True, True] * 5 + [False]
    assert space.GPU in space and space.GPU not in ProxylessNASMacro("gpu")
    with pytest.raises(ArchitectureError, match="by position"):
        space.parse("6" * 21)


@pytest.mark.parametrize(
    "make",
    [lambda: ProxylessNASMacro("large"), lambda: ProxylessNASMacro(7), lambda: ProxylessNASMacro(identity="yes")],
)
def test_bad_settings(make):
    with pytest.raises(SettingError, match="widths|identity"):
        make()


def test_spaces_of_other_widths_are_other_spaces():
    made = [
        ProxylessNASMacro(widths, identity) for widths in ("printed", "gpu", "mobile") for identity in (False, True)
    ]
    assert len(set(made)) == len({str(space.identity()) for space in made}) == 6
    assert ProxylessNASMacro() == ProxylessNASMacro()


@pytest.mark.parametrize("allowed", [(("a",),), (("a", "z"),) * 3, ((0, 9),) * 3, ((),) * 3, (("a", "a"),) * 3, "abc"])
def test_bad_options_of_positions(allowed):
    with pytest.raises(SettingError, match="allowed"):
        MacroSpace(3, ("a", "b"), allowed=allowed)


def test_a_disallowed_digit_is_refused():
    space = TestUnequal().make()
    assert space.size == 3 * 2 * 2
    assert space.parse("1021") == (1, 0, 2, 1)
    for text in ("1121", "0001", "0020", "3021"):
        with pytest.raises(ArchitectureError):
            space.parse(text)
    draws = np.array([space.sample(np.random.default_rng(seed)) for seed in range(200)])
    assert [sorted(set(column)) for column in draws.T.tolist()] == [[0, 1, 2], [0, 2], [1, 2], [1]]
