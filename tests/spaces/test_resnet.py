"""NDS's residual and plain spaces: conformance, sizes as published, stages, entries with faults."""

from __future__ import annotations

import pytest

import nascore as nc
from nascore.errors import ArchitectureError, SettingError
from nascore.spaces.resnet import Stage
from nascore.testing import SpaceConformance


class TestResNet(SpaceConformance):
    def make(self):
        return nc.spaces.ResNetSpace()


class TestResNetOnImageNet(SpaceConformance):
    def make(self):
        return nc.spaces.ResNetSpace("resnet-in")


class TestResNeXtB(SpaceConformance):
    def make(self):
        return nc.spaces.ResNetSpace("resnext-b")


# sizes of the paper's table of design spaces (arXiv 1905.13214)
@pytest.mark.parametrize(
    "family, size",
    [("vanilla", 1_259_712), ("resnet", 1_259_712), ("resnext-a", 11_390_625), ("resnext-b", 52_734_375)],
)
def test_sizes_are_the_papers(family, size):
    assert nc.spaces.ResNetSpace(family).size == size


def test_stages_of_an_architecture():
    space = nc.spaces.ResNetSpace("resnext-a")
    arch = (1, 2, 4, 16, 32, 64, 1, 2, 4, 4, 2, 1)
    assert space.stages(arch) == [Stage(1, 16, 1, 1, 4), Stage(2, 32, 2, 2, 2), Stage(4, 64, 2, 4, 1)]
    assert space.stem(arch) == 64
    assert space.format(arch) == "depth 1 2 4, width 16 32 64, ratio 1 2 4, groups 4 2 1"
    free = nc.spaces.ResNetSpace("vanilla-in")
    arch = (32, 1, 2, 3, 4, 16, 32, 48, 64)
    assert free.stem(arch) == 32 and free.stages(arch)[-1] == Stage(4, 64, 2)
    assert len(free.dag(arch).labels) == 2 + 10


ENTRY = {"block_type": "res_basic_block", "bot_muls": [], "ds": [1, 2, 3, 3], "num_gs": [], "ss": [1, 1, 2, 2]}


@pytest.mark.parametrize(
    "change, word",
    [
        ({}, "ws"),
        ({"ws": [16, 16, 16]}, "ws"),
        ({"ws": [16, 16, 16, 17]}, "not an architecture"),
        ({"ws": [17, 16, 16, 16]}, "stem"),
        ({"ws": [16, 16, 16, 16], "block_type": "x"}, "block_type"),
        ({"ws": [16, 16, 16, 16], "ss": [4, 1, 2, 2]}, "ss"),
        ({"ws": [16, 16, 16, 16], "ds": None}, "ds"),
        ({"ws": [16, 16, 16, 16], "ds": [1, [2], 3, 3]}, "not an architecture"),
    ],
    ids=range(8),
)
def test_what_is_no_entry_is_named(change, word):
    with pytest.raises(ArchitectureError, match=word):
        nc.spaces.ResNetSpace().from_net({**ENTRY, **change})


def test_no_such_family():
    with pytest.raises(SettingError, match="family="):
        nc.spaces.ResNetSpace("resnext")
