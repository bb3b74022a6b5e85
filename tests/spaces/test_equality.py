"""Spaces are equal by what their architectures mean, whoever wrote them."""

from __future__ import annotations

import pytest

from nascore.spaces.base import Space


class Plain(Space):
    """A space that says no more than it has to."""

    def __init__(self, name="plain", ops=("a", "b")):
        self.name, self.ops, self.size = name, ops, 4

    def sample(self, rng):
        return (int(rng.random() * 2), int(rng.random() * 2))

    def mutate(self, arch, rng):
        return (1 - arch[0], arch[1])

    neighbours = dag = parse = format = lambda self, arch: arch

    def validate(self, arch):
        return tuple(arch)


class Other(Plain):
    pass


@pytest.mark.parametrize("other, same", [(Plain(), True), (Plain(ops=("b", "a")), False), (Other(), False), (3, False)])
def test_spaces_are_equal_by_what_their_architectures_mean(other, same):
    assert (Plain() == other) is same and (hash(Plain()) == hash(other) or not same)
