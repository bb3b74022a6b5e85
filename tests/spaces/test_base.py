"""What holds for every space with a fixed number of choices, checked on random spaces and architectures."""

from __future__ import annotations

import random

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nascore.errors import ArchitectureError, SettingError
from nascore.spaces import CellSpace, ChoiceSpace, MacroSpace, NASBench201, NASBenchMacro
from nascore.spaces.base import Space

settings.register_profile("nascore", derandomize=True, deadline=None)
settings.load_profile("nascore")

OPS = ("zero", "skip", "conv_1x1", "conv_3x3", "pool", "conv_5x5")
cells = st.builds(lambda nodes, n: CellSpace(nodes, OPS[:n]), st.integers(2, 6), st.integers(2, 6))
chains = st.builds(lambda layers, n: MacroSpace(layers, OPS[:n]), st.integers(1, 12), st.integers(2, 6))
spaces = st.one_of(cells, chains, st.just(NASBench201()), st.just(NASBenchMacro()))
seeds = st.integers(0, 2**32 - 1)


class Line(ChoiceSpace):
    """A ChoiceSpace as a user makes one; what it draws is not asked here."""

    dag = parse = format = view = lambda self, value: None


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
    for form in (list(arch), np.array(arch), np.array(arch, np.uint8), tuple(np.array(arch)), torch.tensor(arch)):
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
            st.booleans(),
            st.floats(0, 1),
            st.just(10**30),
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
        b"0" * space.positions,
        set(range(space.positions)),
        dict.fromkeys(range(space.positions), 0),
        iter(good),
        np.array(good, float),
        np.array(good, bool),
        np.array([good]),
        np.array(good, object),
    ):
        assert bad not in space
        for ask in (space.neighbours, space.dag, space.format, space.view, lambda a: space.mutate(a, random.Random(0))):
            with pytest.raises(ArchitectureError, match="is not an architecture of"):
                ask(bad)
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
    for index in (-1, space.size, 1.0, True, "a", None, [1]):
        with pytest.raises(ArchitectureError, match=str(space.size - 1)):
            space.at(index)
    assert space.at(np.int64(1)) == archs[1]


def test_a_list_too_long_is_refused_before_it_is_made():
    with pytest.raises(ArchitectureError, match="expected at most 67,108,864 to list them all"):
        CellSpace(12, OPS[:5]).array()


def test_more_operations_than_a_byte_counts():
    space = Line("wide", 2, [f"op{i}" for i in range(300)])
    assert np.array_equal(space.array(), np.array(list(space.enumerate()))) and space.array().dtype == np.uint16
    assert np.array_equal(space.numbers(space.array()), np.arange(300**2))
    assert np.array_equal(space.numbers(space.array().astype(np.uint64)), np.arange(300**2))


@pytest.mark.parametrize(
    "kind, question, said",
    [
        (CellSpace, {"name": 5}, "name=5: expected text"),
        (CellSpace, {"name": [5]}, "name=.5.: expected text"),
        (CellSpace, {"name": False}, "name=False: expected text"),
        (MacroSpace, {"name": b"x"}, "name=b'x': expected text"),
        (Line, {"name": ""}, "name=''"),
        (Line, {"name": None}, "name=None: expected text"),
        (Line, {"ops": "abc"}, "ops='abc': expected 1 or more different"),
        (Line, {"ops": ("a", "a")}, "ops=.*different"),
        (Line, {"ops": ("a", 1)}, "ops=.*names"),
        (Line, {"ops": ()}, "ops=.*1 or more"),
        (Line, {"ops": {"a"}}, "ops=.*names"),
        (Line, {"positions": True}, "positions=True: expected a whole number from 1 to 1000"),
        (Line, {"positions": 10**9}, "positions=1000000000: expected"),
    ],
    ids=str,
)
def test_what_a_space_is_made_of_is_checked(kind, question, said):
    good = {CellSpace: {"nodes": 3}, MacroSpace: {"layers": 3}, Line: {"name": "x", "positions": 3}}[kind]
    with pytest.raises(SettingError, match=said):
        kind(**{**good, "ops": ("a", "b"), **question})
    named = kind(**{**good, "name": np.str_("mine")}, ops=[np.str_("a"), "b"])
    assert type(named.name) is str and named.name == "mine" and all(type(op) is str for op in named.ops)


def test_a_space_of_one_architecture_has_no_mutation():
    space = Line("one", 3, ("a",))
    assert space.validate((0, 0, 0)) == (0, 0, 0) and space.neighbours((0, 0, 0)) == []
    with pytest.raises(ArchitectureError, match="one has one architecture only"):
        space.mutate((0, 0, 0), random.Random(0))


@pytest.mark.parametrize(
    "text",
    ["|a~" + "9" * 5000 + "|", "|a~0|" * 10_000, "+" * 1000, "|a~٠|", "|a~00|", "1" * 10**5, "x" * 10**5, 5, None],
)
@pytest.mark.parametrize("space", [CellSpace(2, ("a", "b")), MacroSpace(2, ("a", "b"))], ids=lambda each: each.name)
def test_text_that_is_no_architecture_is_refused_in_a_short_line(space, text):
    with pytest.raises(ArchitectureError) as caught:
        space.parse(text)
    assert len(str(caught.value)) < 1000


def test_what_a_space_shows_is_escaped():
    space = CellSpace(3, ("<script>", "a&b"), name="<img src=x>")
    for shown in (space._repr_html_(), space.view((0, 1, 0))._repr_html_(), space.dag((0, 1, 0))._repr_svg_()):
        assert "<script>" not in shown and "<img" not in shown and "&lt;script&gt;" in shown and "a&b" not in shown


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


@pytest.mark.parametrize(
    "name", [3, ["x"], b"x", np.zeros((1, 2)), pd.DataFrame({"a": [1]}), True], ids=lambda x: type(x).__name__
)
@pytest.mark.parametrize("kind", [CellSpace, MacroSpace])
def test_a_name_is_text(kind, name):
    with pytest.raises(SettingError, match="name="):
        kind(3, ("a", "b"), name=name)
