"""What holds for every space with a fixed number of choices, checked on random spaces and architectures."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nascore.errors import ArchitectureError
from nascore.spaces import CellSpace, MacroSpace, NASBench201, NASBenchMacro
from nascore.spaces.base import Space

settings.register_profile("nascore", derandomize=True, deadline=None)
settings.load_profile("nascore")

OPS = ("zero", "skip", "conv_1x1", "conv_3x3", "pool", "conv_5x5")
cells = st.builds(lambda nodes, n: CellSpace(nodes, OPS[:n]), st.integers(2, 6), st.integers(2, 6))
chains = st.builds(lambda layers, n: MacroSpace(layers, OPS[:n]), st.integers(1, 12), st.integers(2, 6))
spaces = st.one_of(cells, chains, st.just(NASBench201()), st.just(NASBenchMacro()))
seeds = st.integers(0, 2**32 - 1)


@given(spaces, seeds)
def test_parse_is_the_inverse_of_format(space, seed):
    arch = space.sample(np.random.default_rng(seed))
    text = space.format(arch)
    assert isinstance(text, str) and space.parse(text) == arch
    assert space.format(space.parse(f" {text}\n")) == text


@given(spaces, seeds)
def test_samples_and_mutations_are_valid_and_a_mutation_is_one_change(space, seed):
    rng = np.random.default_rng(seed)
    arch = space.sample(rng)
    assert space.validate(arch) == arch and arch in space
    for _ in range(5):
        child = space.mutate(arch, rng)
        assert child != arch and space.validate(child) == child
        assert sum(a != b for a, b in zip(arch, child, strict=True)) == 1
        arch = child


@given(spaces, seeds)
def test_neighbours_are_all_single_changes(space, seed):
    arch = space.sample(np.random.default_rng(seed))
    around = space.neighbours(arch)
    assert len(around) == len(set(around)) == space.positions * (len(space.ops) - 1)
    for other in around:
        assert other in space and sum(a != b for a, b in zip(arch, other, strict=True)) == 1
    assert space.mutate(arch, np.random.default_rng(seed)) in around


@given(spaces, seeds)
def test_a_numpy_and_a_python_generator_both_work_and_repeat(space, seed):
    for kind in (np.random.default_rng, random.Random):
        first, second = kind(seed), kind(seed)
        arch = space.sample(first)
        assert arch == space.sample(second)
        assert space.mutate(arch, first) == space.mutate(arch, second)
        assert all(type(x) is int for x in arch)


@given(spaces, st.data())
def test_validate_takes_lists_and_arrays_and_returns_a_plain_tuple(space, data):
    arch = tuple(
        data.draw(st.lists(st.integers(0, len(space.ops) - 1), min_size=space.positions, max_size=space.positions))
    )
    for form in (list(arch), np.array(arch), np.array(arch, np.uint8), tuple(map(float, arch))):
        valid = space.validate(form)
        assert valid == arch and type(valid) is tuple and all(type(x) is int for x in valid)
        assert form in space


@given(spaces, st.data())
def test_validate_names_the_value_and_what_is_allowed(space, data):
    good = data.draw(st.lists(st.integers(0, len(space.ops) - 1), min_size=space.positions, max_size=space.positions))
    where = data.draw(st.integers(0, space.positions - 1))
    wrong = data.draw(
        st.one_of(
            st.integers(len(space.ops), 300),
            st.integers(-300, -1),
            st.just(0.5),
            st.just(float("nan")),
            st.just(float("inf")),
            st.just("a"),
            st.none(),
        )
    )
    for bad in (
        tuple(good[:where] + [wrong] + good[where + 1 :]),
        tuple(good[1:]),
        tuple(good + [0]),
        (),
        None,
        3,
        "0" * space.positions,
    ):
        assert bad not in space
        with pytest.raises(ArchitectureError) as caught:
            space.validate(bad)
        message = str(caught.value)
        assert repr(bad) in message and space.name in message
        assert f"{space.positions} integers" in message and f"0 to {len(space.ops) - 1}" in message
        assert all(op in message for op in space.ops)


@given(spaces, st.text(max_size=30))
def test_parse_survives_any_text(space, text):
    try:
        arch = space.parse(text)
    except ArchitectureError as error:
        assert str(error)
    else:
        assert arch in space


@pytest.mark.parametrize(
    "space",
    [CellSpace(2, OPS), CellSpace(3, OPS[:3]), MacroSpace(4, OPS[:3]), NASBench201()],
    ids=lambda space: space.name,
)
def test_enumerate_lists_each_once_in_order(space):
    archs = list(space.enumerate())
    assert len(archs) == len(set(archs)) == space.size == len(space.ops) ** space.positions
    assert archs == sorted(archs)
    assert np.array_equal(space.array(), np.array(archs))
    assert space.array().dtype == np.uint8
    assert space.at(0) == (0,) * space.positions and space.at(space.size - 1) == archs[-1]
    for index in (-1, space.size):
        with pytest.raises(ArchitectureError, match=str(space.size - 1)):
            space.at(index)


def test_samples_and_mutations_are_uniform():
    space, rng, n = CellSpace(3, ("a", "b")), np.random.default_rng(0), 8_000
    counts = np.bincount([int("".join(map(str, space.sample(rng))), 2) for _ in range(n)], minlength=8)
    assert np.abs(counts - n / 8).max() < 5 * (n / 8 * 7 / 8) ** 0.5
    space, start = CellSpace(3, ("a", "b", "c")), (0, 1, 2)
    children = [space.mutate(start, rng) for _ in range(n)]
    for neighbour in space.neighbours(start):
        assert abs(children.count(neighbour) - n / 6) < 5 * (n / 6 * 5 / 6) ** 0.5


@settings(max_examples=20)
@given(spaces)
def test_equal_spaces_are_equal_and_say_what_they_are(space):
    assert space == space and hash(space) == hash(space)
    assert space != CellSpace(2, ("p", "q")) and space != "cell"
    assert space.name in repr(space) and f"{space.size:,}" in repr(space) and space.ops[0] in repr(space)


def test_a_space_of_ones_own_needs_only_the_abstract_methods():
    class Numbers(Space):
        name, ops, size = "numbers", ("n",), 10

        def sample(self, rng):
            return (int(10 * rng.random()),)

        def mutate(self, arch, rng):
            return ((arch[0] + 1) % 10,)

        def neighbours(self, arch):
            return [((arch[0] + 1) % 10,), ((arch[0] - 1) % 10,)]

        def validate(self, arch):
            return tuple(arch)

        def dag(self, arch):
            raise NotImplementedError

        def parse(self, text):
            return (int(text),)

        def format(self, arch):
            return str(arch[0])

    space = Numbers()
    assert space.key((3,)) == (3,) == space.canonical((3,)) and (3,) in space
    with pytest.raises(ArchitectureError, match="numbers cannot be enumerated"):
        space.enumerate()
