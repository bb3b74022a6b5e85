"""One array with named axes: the same answers whichever way it is asked."""

from __future__ import annotations

import json
import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nascore as nc
from nascore.benchmarks.index import KeyIndex, TupleIndex
from nascore.benchmarks.table import TabularBenchmark, from_table
from nascore.errors import ArchitectureError, MissingArchitecture, SettingError
from nascore.spaces import CellSpace, MacroSpace, NASBench201

settings.register_profile("nascore", derandomize=True, deadline=None)
settings.load_profile("nascore")

SPACE = CellSpace(3, ("a", "b", "c"))
ARCHS = list(SPACE.enumerate())


def number(arch):
    return 50.0 + 9 * arch[0] + 3 * arch[1] + arch[2] / 3


@pytest.fixture(scope="module")
def full():
    return from_table(SPACE, {arch: number(arch) for arch in ARCHS}, name="full")


@pytest.fixture(scope="module")
def partial():
    """Rows in an order of their own, a third of the space missing."""
    archs = [ARCHS[i] for i in np.random.default_rng(0).permutation(len(ARCHS))[:18]]
    return from_table(SPACE, {arch: number(arch) for arch in archs}, name="partial")


def big():
    """Two data sets, two splits, two epochs and the mean of two seeds; one combination was never measured."""
    rng = np.random.default_rng(3)
    runs = rng.uniform(10, 95, (27, 2, 2, 2, 2)).astype(np.float32)
    runs[:, 1, 0, 1] = np.nan
    values = np.concatenate([runs.mean(-1, keepdims=True), runs], -1)
    axes = {"dataset": ("c10", "c100"), "split": ("val", "test"), "epochs": (12, 200), "seed": ("mean", 0, 1)}
    about = {("c10", "val", 12): "validation", ("c100", "test", 200): "test, long"}
    return values, TabularBenchmark(
        space=SPACE,
        index=TupleIndex(ARCHS),
        values=values,
        axes=axes,
        name="big",
        costs={"params": np.arange(27) * 10},
        about=about,
        label="synthetic",
    )


# -- every way of asking ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("which", ["full", "partial"])
def test_scalar_and_vector_answers_are_the_same(which, request):
    bench = request.getfixturevalue(which)
    scalar = np.array([bench.value(arch) for arch in bench.archs])
    assert np.allclose(scalar, [number(arch) for arch in bench.archs])
    order = np.random.default_rng(1).integers(0, len(bench), 100)
    archs = [bench.archs[i] for i in order]
    for form in (
        archs,
        tuple(archs),
        [list(arch) for arch in archs],
        np.array(archs),
        np.array(archs, np.uint8),
        order,
        order.astype(np.int32),
        order.astype(np.uint16),
    ):
        got = bench.values(form)
        assert got.dtype == bench.array.dtype and got.shape == (100,)
        assert np.array_equal(got, scalar[order])
    assert np.array_equal(bench.rows(archs), order) and np.array_equal(bench.rows(np.array(archs)), order)
    assert np.array_equal(bench.array, scalar)


def test_value_is_a_python_float_and_takes_lists_and_arrays(full):
    for form in ((2, 1, 0), [2, 1, 0], np.array([2, 1, 0]), tuple(np.array([2, 1, 0], np.uint8))):
        value = full.value(form)
        assert type(value) is float and value == pytest.approx(number((2, 1, 0)))
        assert type(full.index(form)) is int and full.arch(full.index(form)) == (2, 1, 0)


def test_nothing_asked_nothing_answered(full):
    for empty in ([], np.zeros((0, 3), int), np.zeros(0, int)):
        assert full.values(empty).shape == (0,)


@pytest.mark.parametrize("bad", [(0, 0, 3), (0, 0), (0, 0, -1), "000", None, 5, (0, 0, 0.5)], ids=str)
def test_not_an_architecture(full, bad):
    for ask in (full.value, full.index, lambda arch: full.values([(0, 0, 0), arch])):
        with pytest.raises(ArchitectureError) as caught:
            ask(bad)
        assert repr(bad) in str(caught.value) and "3 integers" in str(caught.value)


@pytest.mark.parametrize("bad", [(1.0, 1, 1), (True, 1, 1), [1.0, 1, 1], np.ones(3), np.ones(3, bool)], ids=repr)
def test_rows_and_curves_are_of_whole_numbers(full, bad):
    for ask in (full.index, full.curve):
        with pytest.raises(ArchitectureError, match="is not an architecture"):
            ask(bad)


@pytest.mark.parametrize("bad", [[[0, 0, 3]], [[0, 0, 0], [0, -1, 0]], [[0, 0]]], ids=str)
def test_an_array_with_a_wrong_row(full, bad):
    with pytest.raises(ArchitectureError, match="3 integers") as caught:
        full.values(np.array(bad))
    assert str(tuple(bad[-1])) in str(caught.value)


@pytest.mark.parametrize(
    "bad",
    [np.zeros((2, 3, 1), int), np.zeros(4), np.array(3), np.zeros((2, 3)), np.zeros((2, 3), bool), np.array([True])],
    ids=lambda bad: f"{bad.dtype}{bad.shape}",
)
def test_an_array_of_another_form(full, bad):
    with pytest.raises(SettingError, match="expected integer row numbers"):
        full.values(bad)


@pytest.mark.parametrize("rows", [[27], [-1], [0, 400]], ids=str)
def test_row_numbers_outside(full, rows):
    with pytest.raises(SettingError, match="rows 0 to 26"):
        full.values(np.array(rows))


def test_unsigned_arrays_are_welcome(full):
    array = np.array([[0, 0, 2], [1, 2, 0]], np.uint64)
    assert np.array_equal(full.values(array), full.values(array.astype(int)))
    assert np.array_equal(full.values(np.array([3, 1], np.uint64)), full.array[[3, 1]])
    with pytest.raises(SettingError, match="rows 0 to 26"):
        full.values(np.array([2**64 - 1], np.uint64))


@pytest.mark.parametrize("bad", [None, 5, "000", {(0, 0, 0)}, {(0, 0, 0): 1.0}], ids=str)
def test_many_are_given_in_order(full, bad):
    for ask in (full.values, full.rows):
        with pytest.raises(SettingError, match="archs=.*expected a list of architectures"):
            ask(bad)


def test_many_may_come_one_by_one(full):
    assert np.array_equal(full.values(iter(ARCHS[:3])), full.array[:3])
    assert full.values(np.array(ARCHS[:3]).tolist()).tolist() == full.array[:3].tolist()


@pytest.mark.parametrize("value", [math.nan, math.inf, True, "a", None, [1.0], np.zeros(2)], ids=str)
def test_rank_takes_a_number(full, value):
    with pytest.raises(SettingError, match="value="):
        full.rank(value)
    assert full.rank(np.float32(1)) == full.rank(1) == 28 and full.rank(1e39) == 1


@pytest.mark.parametrize("name", [["params"], None, 3, "params "], ids=str)
def test_cost_takes_a_name(name):
    with pytest.raises(SettingError, match="big has params"):
        big()[1].cost(ARCHS[0], name)


def test_arch_outside(full):
    for index in (-1, 27, 1.5, True, "a", None, 10**30):
        with pytest.raises(SettingError, match="rows 0 to 26"):
            full.arch(index)


def test_a_missing_architecture_is_not_an_invalid_one(partial):
    missing = next(arch for arch in ARCHS if arch not in set(partial.archs))
    for ask in (
        partial.value,
        partial.index,
        lambda arch: partial.values([partial.archs[0], arch]),
        lambda arch: partial.values(np.array([partial.archs[0], arch])),
    ):
        with pytest.raises(MissingArchitecture) as caught:
            ask(missing)
        assert str(caught.value) == f"{missing!r} has no value in partial (18 of 27 architectures have)"
        with pytest.raises(KeyError):
            ask(missing)


# -- from_table -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "table, error, why",
    [
        ({}, SettingError, "empty"),
        ([((0, 0, 0), 1.0)], SettingError, "type list: expected a mapping"),
        ({(0, 0, 9): 1.0}, ArchitectureError, "(0, 0, 9)"),
        ({(0, 0, 0): "high"}, SettingError, "value of (0, 0, 0)='high': expected a finite number"),
        ({(0, 0, 0): None}, SettingError, "value of (0, 0, 0)=None: expected"),
        ({(0, 0, 0): math.inf}, SettingError, "finite"),
        ({(0, 0, 0): 10**400}, SettingError, "finite"),
        ({(0, 0, 0): True}, SettingError, "value of (0, 0, 0)=True: expected"),
        ({(0, 0, 0): np.float32("inf")}, SettingError, "finite"),
        ({(0.0, 0, 0): 1.0}, ArchitectureError, "(0.0, 0, 0) is not an architecture"),
        ({(True, 0, 0): 1.0}, ArchitectureError, "(True, 0, 0) is not an architecture"),
        ({frozenset({0, 1, 2}): 1.0}, ArchitectureError, "is not an architecture"),
        ({None: 1.0}, ArchitectureError, "None is not an architecture"),
        ({(0, 0, 0): math.nan}, SettingError, "every value of the table is NaN"),
    ],
    ids=lambda case: str(case)[:30],
)
def test_from_table_says_what_is_wrong(table, error, why):
    with pytest.raises(error) as caught:
        from_table(SPACE, table)
    assert why in str(caught.value)


def test_a_users_numbers_stay_as_precise_as_they_are():
    values = {
        ARCHS[0]: 16777217.0,
        ARCHS[1]: 16777216.0,
        ARCHS[2]: 1e300,
        ARCHS[3]: 16777217,
        ARCHS[4]: np.float32("nan"),
    }
    bench = from_table(SPACE, values)
    assert bench.array.dtype == np.float64 and bench.best() == (ARCHS[2], 1e300)
    assert [bench.value(arch) for arch in ARCHS[:4]] == [16777217.0, 16777216.0, 1e300, 16777217.0]
    assert math.isnan(bench.value(ARCHS[4])) and bench.rank(16777216.0) == 4


@pytest.mark.parametrize("field", ["name", "label"])
@pytest.mark.parametrize("bad", [3, None, ["x"], b"x"], ids=str)
def test_from_table_names_are_text(field, bad):
    with pytest.raises(SettingError, match=f"{field}=.*expected text"):
        from_table(SPACE, {ARCHS[0]: 1.0}, **{field: bad})


def table_of(values, **changed):
    axes = {"dataset": ("a",), "split": ("b",), "epochs": (1,), "seed": ("mean",)}
    given = {"space": SPACE, "index": TupleIndex(ARCHS), "values": values, "axes": axes, "name": "x"}
    return TabularBenchmark(**{**given, **changed})


@pytest.mark.parametrize("kind", [np.int64, np.uint8, np.float64, np.float16], ids=lambda kind: kind.__name__)
def test_only_float32_stays_float32(kind):
    values = np.arange(27).reshape(-1, 1, 1, 1, 1)
    assert table_of(values.astype(kind)).array.dtype == np.float64
    assert table_of(values.astype(np.float32)).array.dtype == np.float32
    wide = table_of(values + 16777217)
    assert wide.value(ARCHS[0]) == 16777217.0 and wide.rank(16777217) == 27


@pytest.mark.parametrize(
    "changed, said",
    [
        ({"values": np.zeros((26, 1, 1, 1, 1))}, "do not fit the axes"),
        ({"values": np.full((27, 1, 1, 1, 1), np.inf)}, "values: expected finite"),
        ({"values": np.zeros((27, 1, 1, 1, 1), bool)}, "values: expected an array of numbers"),
        ({"values": "abc"}, "values: expected an array of numbers"),
        ({"costs": {"params": np.zeros(26)}}, "cost 'params' of shape"),
        ({"costs": {"params": np.full(27, np.inf)}}, "cost 'params': expected finite"),
        ({"axes": {"dataset": ("a",)}}, "axes=.*dataset, split, epochs, seed"),
        ({"axes": None}, "axes=None"),
        ({"space": "cell"}, "space='cell'"),
        ({"name": ""}, "name=''"),
        ({"resumable": 1}, "resumable=1"),
    ],
    ids=str,
)
def test_what_a_table_is_made_of_is_checked(changed, said):
    values = changed.pop("values", np.zeros((27, 1, 1, 1, 1)))
    with pytest.raises(SettingError, match=said):
        table_of(values, **changed)


def test_from_table_needs_a_space():
    with pytest.raises(SettingError, match="space='cell'"):
        from_table("cell", {(0,): 1})


def test_from_table_takes_numpy_numbers_and_answers_as_itself():
    bench = from_table(SPACE, {arch: np.float32(number(arch)) for arch in ARCHS}, name="mine", label="synthetic")
    assert (bench.name, bench.dataset, bench.split, bench.label) == ("mine", "table", "given", "synthetic")
    assert "mine" in repr(bench) and "[synthetic]" in bench.describe() and len(bench) == 27


def test_a_space_that_joins_architectures_finds_rows_by_key():
    class Sorted(MacroSpace):
        def key(self, arch):
            return tuple(sorted(arch))

        def canonical(self, arch):
            return self.key(arch)

    space = Sorted(3, ("a", "b", "c"))
    table = {space.key(arch): float(sum(arch)) for arch in space.enumerate()}
    table = {(c, b, a): value for (a, b, c), value in table.items()}
    bench = from_table(space, table)
    assert isinstance(bench._index, KeyIndex) and len(bench) == 10
    for arch in space.enumerate():
        assert bench.value(arch) == sum(arch)
    with pytest.raises(ArchitectureError, match=r"\(0, 1, 2\) and \(1, 0, 2\) are the same"):
        from_table(space, {(0, 1, 2): 1.0, (1, 0, 2): 2.0})
    assert np.array_equal(bench.values(list(space.enumerate())), [sum(arch) for arch in space.enumerate()])
    assert np.array_equal(bench.values(space.array()), [sum(arch) for arch in space.enumerate()])


def test_an_index_with_an_architecture_twice():
    with pytest.raises(ArchitectureError, match="twice"):
        TupleIndex([(0, 0, 0), (0, 0, 0)])


# -- ranks ------------------------------------------------------------------------------------------------------------
@given(st.lists(st.sampled_from([1.0, 2.0, 2.5, 2.5, 3.0, math.nan]), min_size=1, max_size=27), st.data())
def test_rank_counts_the_strictly_better(numbers, data):
    if all(math.isnan(x) for x in numbers):
        numbers[0] = 1.0
    bench = from_table(SPACE, dict(zip(ARCHS, numbers, strict=False)))
    value = data.draw(st.one_of(st.sampled_from([x for x in numbers if x == x]), st.floats(0, 4)))
    assert bench.rank(value) == 1 + sum(x > np.float32(value) for x in numbers)
    arch, best = bench.best()
    assert best == max(x for x in numbers if x == x) and bench.rank(best) == 1
    assert arch == ARCHS[numbers.index(best)], "the first of equals"


def test_rank_of_float32_values_as_python_floats(full):
    ranks = [full.rank(full.value(arch)) for arch in ARCHS]
    assert sorted(ranks) == list(range(1, 28))
    with pytest.raises(SettingError, match="nan"):
        full.rank(math.nan)


def test_nan_is_a_value_that_failed():
    bench = from_table(SPACE, {ARCHS[0]: math.nan, ARCHS[1]: 3.0})
    assert math.isnan(bench.value(ARCHS[0])) and np.isnan(bench.values([ARCHS[0]])).all()
    assert bench.best() == (ARCHS[1], 3.0) and bench.rank(2.0) == 2


# -- axes -------------------------------------------------------------------------------------------------------------
def test_select_answers_from_the_named_axes():
    values, bench = big()
    for d, dataset in enumerate(("c10", "c100")):
        for s, split in enumerate(("val", "test")):
            for e, epochs in enumerate((12, 200)):
                for k, seed in enumerate(("mean", 0, 1)):
                    if (d, s, e) == (1, 0, 1):
                        continue
                    view = bench.select(dataset=dataset, split=split, epochs=epochs, seed=seed)
                    assert np.array_equal(view.array, values[:, d, s, e, k])
                    assert view.value(ARCHS[5]) == float(values[5, d, s, e, k])
                    assert view.rank(view.best()[1]) == 1
    assert (bench.dataset, bench.split, bench.epochs, bench.seed) == ("c10", "val", 12, "mean")


def test_select_keeps_what_is_not_named_and_leaves_the_original_alone():
    values, bench = big()
    before = bench.value(ARCHS[3]), bench.rank(50.0)
    view = bench.select(split="test").select(epochs=200)
    assert (view.dataset, view.split, view.epochs) == ("c10", "test", 200)
    assert np.array_equal(view.array, values[:, 0, 1, 1, 0])
    assert (bench.value(ARCHS[3]), bench.rank(50.0)) == before
    assert view.rank(50.0) == 1 + (values[:, 0, 1, 1, 0] > 50).sum()


@pytest.mark.parametrize(
    "question, allowed",
    [
        ({"dataset": "mnist"}, "'c10', 'c100'"),
        ({"split": "x"}, "'val', 'test'"),
        ({"epochs": 90}, "12, 200"),
        ({"seed": 7}, "'mean', 0, 1"),
        ({"seed": True}, "'mean', 0, 1"),
        ({"epochs": 12.0}, "12, 200"),
        ({"seed": 0.0}, "'mean', 0, 1"),
        ({"seed": [0]}, "'mean', 0, 1"),
    ],
    ids=str,
)
def test_an_unknown_question_lists_the_known(question, allowed):
    _, bench = big()
    with pytest.raises(SettingError) as caught:
        bench.select(**question)
    ((name, value),) = question.items()
    assert f"{name}={value!r}" in str(caught.value) and allowed in str(caught.value)


@pytest.mark.parametrize(
    "question", [{"epochs": np.int64(200)}, {"dataset": np.str_("c100")}, {"seed": np.uint8(1)}], ids=str
)
def test_what_was_chosen_is_the_axes_own(question):
    view = big()[1].select(**question)
    ((name, value),) = question.items()
    assert getattr(view, name) == value and type(getattr(view, name)) in (int, str)
    json.dumps(view.identity())


def test_an_array_is_no_question():
    with pytest.raises(SettingError, match="epochs=array"):
        big()[1].select(epochs=np.array([12, 200]))


def test_a_combination_without_values_lists_those_with():
    _, bench = big()
    with pytest.raises(SettingError, match="no values for dataset='c100', split='val', epochs=200") as caught:
        bench.select(dataset="c100", epochs=200)
    assert "c100/test/200" in str(caught.value)


def test_values_that_do_not_fit_the_axes():
    axes = {"dataset": ("a",), "split": ("b",), "epochs": (1,), "seed": ("mean",)}
    with pytest.raises(SettingError, match="do not fit the axes"):
        TabularBenchmark(space=SPACE, index=TupleIndex(ARCHS), values=np.zeros((27, 2, 1, 1, 1)), axes=axes, name="x")


def test_costs_and_about():
    _, bench = big()
    assert bench.cost(ARCHS[4], "params") == 40.0 and type(bench.cost(ARCHS[4], "params")) is float
    with pytest.raises(SettingError, match="cost 'flops': big has params"):
        bench.cost(ARCHS[4], "flops")
    assert bench.about == "validation" and bench.select(split="test").about == ""
    assert bench.select(dataset="c100", split="test", epochs=200).about == "test, long"
    frame = bench.to_frame()
    assert list(frame.columns) == ["arch", "value", "params"] and len(frame) == 27


def test_what_it_shows_is_escaped():
    space = CellSpace(3, ("<script>", "b"), name="<b>")
    bench = from_table(space, {(0, 0, 0): 1.0}, name="<img src=x>", label="<i>")
    shown = bench._repr_html_()
    assert "<script>" not in shown and "<img" not in shown and "<i>" not in shown and "&lt;img src=x&gt;" in shown


def test_it_shows_itself_and_pickles():
    _, bench = big()
    html = bench._repr_html_()
    assert "27 architectures" in html and "<svg" in html and "synthetic" in html
    again = pickle.loads(pickle.dumps(bench))
    assert again.value(ARCHS[3]) == bench.value(ARCHS[3]) and np.array_equal(again.values(ARCHS), bench.values(ARCHS))


# -- a table of the size of NAS-Bench-201 -----------------------------------------------------------------------------
def test_all_forms_agree_on_nasbench201s_size():
    space = NASBench201()
    array = space.array()
    numbers = np.random.default_rng(0).permutation(15_625) / 200
    bench = from_table(space, dict(zip(map(tuple, array.tolist()), numbers.tolist(), strict=True)))
    order = np.random.default_rng(1).integers(0, 15_625, 5_000)
    expected = numbers[order]
    archs = [bench.archs[i] for i in order]
    assert np.array_equal(bench.values(order), expected)
    assert np.array_equal(bench.values(archs), expected)
    assert np.array_equal(bench.values(array[order]), expected)
    assert [bench.value(arch) for arch in archs[:200]] == expected[:200].tolist()
    assert [bench.rank(v) for v in expected[:50]] == [15_625 - round(n * 200) for n in numbers[order][:50]]


def test_load_says_what_is_wrong():
    with pytest.raises(SettingError, match="'nasbench202': expected one of digits201, .*nasbench201"):
        nc.benchmarks.load("nasbench202")
    for name in (["digits201"], None, 3, "x" * 10**6):
        with pytest.raises(SettingError, match="expected one of digits201") as caught:
            nc.benchmarks.load(name)
        assert len(str(caught.value)) < 500
    with pytest.raises(SettingError, match="colour: a benchmark is asked by"):
        nc.benchmarks.load("nasbench201", colour="blue")
    assert nc.benchmarks.available() == sorted(nc.benchmarks.available())
