"""The Oracle counts: what is a query, what is free, what failed, what is in the log."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nascore import Oracle
from nascore.benchmarks.index import TupleIndex
from nascore.benchmarks.table import TabularBenchmark, from_table
from nascore.errors import ArchitectureError, ResultsError, SettingError
from nascore.spaces import CellSpace, MacroSpace

settings.register_profile("nascore", derandomize=True, deadline=None)
settings.load_profile("nascore")

SPACE = CellSpace(3, ("a", "b", "c"))
ARCHS = list(SPACE.enumerate())
BENCH = from_table(SPACE, {arch: float(9 * arch[0] + 3 * arch[1] + arch[2]) for arch in ARCHS}, name="steps")
AXES = {"dataset": ("d",), "split": ("test",), "epochs": (1,), "seed": ("mean",)}


def costly():
    return TabularBenchmark(
        space=SPACE,
        index=TupleIndex(ARCHS),
        values=BENCH.array.reshape(-1, 1, 1, 1, 1),
        axes=AXES,
        name="costly",
        costs={"params": np.arange(27)[::-1] * 100.0, "flops": np.arange(27) * 2.0},
    )


# -- budget and repeats -----------------------------------------------------------------------------------------------
def test_the_budget_is_unique_architectures_and_repeats_are_free():
    oracle = Oracle(BENCH, budget=3)
    assert oracle.remaining == 3 and oracle.exhausted == ""
    assert oracle.evaluate([ARCHS[1], ARCHS[1], ARCHS[2], ARCHS[1]]) == [1.0, 1.0, 2.0, 1.0]
    assert (oracle.queries, oracle.remaining) == (2, 1)
    # the list ends where the budget does, also when known architectures follow
    assert oracle.evaluate([ARCHS[5], ARCHS[6], ARCHS[1]]) == [5.0]
    assert (oracle.queries, oracle.remaining, oracle.exhausted) == (3, 0, "budget")
    assert oracle.evaluate([ARCHS[2], ARCHS[5]]) == [2.0, 5.0], "what is known is answered for ever"
    assert oracle.evaluate([ARCHS[9]]) == []
    with pytest.raises(SettingError, match="budget of 3 queries is spent"):
        oracle(ARCHS[9])
    assert oracle(ARCHS[5]) == 5.0


@given(st.lists(st.integers(0, 26), max_size=60), st.integers(1, 30))
def test_it_counts_like_a_set(order, budget):
    calls = []

    def train(arch):
        calls.append(arch)
        return BENCH.value(arch)

    oracle = Oracle(train, budget=budget, space=SPACE)
    for i in order:
        oracle.evaluate([ARCHS[i]])
    unique = list(dict.fromkeys(ARCHS[i] for i in order))[:budget]
    assert calls == unique == [row[0] for row in oracle.log]
    history = oracle.history
    assert history["query"].tolist() == list(range(1, len(unique) + 1))
    assert history["value"].tolist() == [BENCH.value(arch) for arch in unique]
    assert (
        history["best"].tolist()
        == list(np.maximum.accumulate([BENCH.value(arch) for arch in unique] or [0]))[: len(unique)]
    )


def test_equal_keys_are_one_query():
    class Sorted(MacroSpace):
        def key(self, arch):
            return tuple(sorted(arch))

    space = Sorted(3, ("a", "b"))
    calls = []
    oracle = Oracle(lambda arch: calls.append(arch) or float(sum(arch)), space=space)
    assert oracle.evaluate([(0, 1, 1), (1, 0, 1), (1, 1, 0), (0, 0, 1)]) == [2.0, 2.0, 2.0, 1.0]
    assert calls == [(0, 1, 1), (0, 0, 1)] and oracle.queries == 2


def test_without_a_budget_the_whole_space_may_be_asked():
    oracle = Oracle(BENCH)
    assert oracle.remaining == math.inf
    assert len(oracle.evaluate(ARCHS)) == 27 and oracle.exhausted == ""
    assert oracle.best() == (ARCHS[26], 26.0)


def test_stall_counts_repeats_in_a_row():
    oracle = Oracle(BENCH, budget=10, stall=4)
    oracle.evaluate([ARCHS[0]] * 4)
    assert oracle.exhausted == ""
    oracle.evaluate([ARCHS[1]])  # something new starts the count again
    oracle.evaluate([ARCHS[1]] * 3)
    assert oracle.exhausted == ""
    assert len(oracle.evaluate([ARCHS[0]] * 50)) == 1, "no more is answered once it stalls"
    assert oracle.exhausted == "stalled"


def test_lists_and_numpy_architectures_are_the_same_architecture():
    oracle = Oracle(BENCH)
    assert oracle.evaluate([[0, 1, 2], np.array([0, 1, 2]), (0, 1, 2)]) == [5.0, 5.0, 5.0]
    assert oracle.queries == 1 and oracle.log[0][0] == (0, 1, 2)


@pytest.mark.parametrize("evaluate", [BENCH, lambda arch: 1.0], ids=["table", "callable"])
@pytest.mark.parametrize("bad", [(0, 0, 7), (0, 0), "abc", None], ids=str)
def test_an_invalid_architecture_is_an_error_and_no_query(evaluate, bad):
    oracle = Oracle(evaluate, budget=5, space=SPACE)
    with pytest.raises(ArchitectureError) as caught:
        oracle.evaluate([bad])
    assert repr(bad) in str(caught.value) and oracle.queries == 0


# -- failures ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "fail, status",
    [
        (lambda arch: math.nan, "failed: nan"),
        (lambda arch: math.inf, "failed: inf"),
        (lambda arch: "high", "failed: ValueError"),
        (lambda arch: None, "failed: TypeError"),
        (lambda arch: True, "failed: TypeError"),
        (lambda arch: "0.5", "failed: ValueError"),
        (lambda arch: 1 / 0, "failed: ZeroDivisionError"),
        (lambda arch: {}["gpu"], "failed: KeyError('gpu')"),
    ],
    ids=["nan", "inf", "text", "none", "flag", "number as text", "exception", "KeyError"],
)
def test_a_failed_evaluation_is_recorded_once_and_counts(fail, status):
    calls = []

    def train(arch):
        calls.append(arch)
        return fail(arch) if arch == ARCHS[3] else 1.0

    oracle = Oracle(train, budget=5, space=SPACE)
    for _ in range(2):
        values = oracle.evaluate([ARCHS[3], ARCHS[4]])
        assert math.isnan(values[0]) and values[1] == 1.0
    assert calls == [ARCHS[3], ARCHS[4]] and oracle.queries == 2
    history = oracle.history
    assert history["status"][0].startswith(status) and history["status"][1] == "ok"
    assert math.isnan(history["best"][0]) and history["best"][1] == 1.0
    assert oracle.best() == (ARCHS[4], 1.0)


def test_a_hole_in_the_table_is_a_failed_query():
    oracle = Oracle(from_table(SPACE, {ARCHS[0]: 1.0, ARCHS[1]: math.nan}), budget=5)
    values = oracle.evaluate(ARCHS[:3])
    assert values[0] == 1.0 and math.isnan(values[1]) and math.isnan(values[2])
    assert oracle.history["status"].tolist() == ["ok", "failed: nan", "no value in the table"]


def test_ctrl_c_is_no_failure():
    def train(arch):
        raise KeyboardInterrupt

    oracle = Oracle(train, space=SPACE)
    with pytest.raises(KeyboardInterrupt):
        oracle.evaluate([ARCHS[0]])
    assert oracle.queries == 0


def test_nothing_evaluated_yet():
    oracle = Oracle(BENCH, budget=5)
    assert oracle.best()[0] is None and math.isnan(oracle.best()[1])
    assert len(oracle.history) == 0 and list(oracle.history.columns)[:4] == ["query", "arch", "value", "best"]


# -- costs and constraints --------------------------------------------------------------------------------------------
def test_rows_with_costs():
    oracle = Oracle(costly(), budget=5, costs=("flops", "params"))
    assert oracle.evaluate([ARCHS[2], ARCHS[3], ARCHS[2]]) == [
        (2.0, 4.0, 2400.0),
        (3.0, 6.0, 2300.0),
        (2.0, 4.0, 2400.0),
    ]
    history = oracle.history
    assert history["flops"].tolist() == [4.0, 6.0] and history["params"].tolist() == [2400.0, 2300.0]
    assert history["value"].tolist() == [2.0, 3.0]


def test_a_constraint_decides_what_may_be_best_and_nothing_else():
    oracle = Oracle(costly(), costs=("flops",), feasible=lambda row: row[1] <= 20)
    oracle.evaluate([ARCHS[26], ARCHS[4], ARCHS[10], ARCHS[11]])
    history = oracle.history
    assert history["feasible"].tolist() == [False, True, True, False]
    assert math.isnan(history["best"][0]) and history["best"].tolist()[1:] == [4.0, 10.0, 10.0]
    assert oracle.best() == (ARCHS[10], 10.0) and oracle.queries == 4


def test_a_callable_answers_rows_too_and_a_wrong_width_is_an_error():
    oracle = Oracle(lambda arch: (1.0, 2.0), costs=("training",), space=SPACE)
    assert oracle.evaluate([ARCHS[0]]) == [(1.0, 2.0)]
    with pytest.raises(SettingError, match="returned 3 numbers, expected 2"):
        Oracle(lambda arch: (1.0, 2.0, 3.0), costs=("training",), space=SPACE).evaluate([ARCHS[0]])


def test_a_row_with_a_failed_cost_fails_as_a_whole():
    oracle = Oracle(lambda arch: (1.0, math.nan), costs=("training",), space=SPACE)
    assert all(math.isnan(x) for x in oracle.evaluate([ARCHS[0]])[0])
    assert oracle.history["status"][0].startswith("failed")


@pytest.mark.parametrize(
    "changes, why",
    [
        ({"budget": 0}, "budget=0"),
        ({"budget": 2.5}, "budget=2.5"),
        ({"budget": True}, "budget=True"),
        ({"budget": "9"}, "budget='9'"),
        ({"stall": 0}, "stall=0"),
        ({"stall": None}, "stall=None"),
        ({"costs": ("watts",)}, "cost 'watts': steps has none"),
        ({"evaluate": 3}, "evaluate=3"),
        ({"evaluate": lambda arch: 1.0}, "space="),
        ({"evaluate": lambda arch: 1.0, "space": "cell"}, "space="),
        ({"space": MacroSpace(3, ("a", "b", "c"))}, "space="),
        ({"feasible": 1}, "feasible=1"),
        ({"evaluate": lambda: 1.0, "space": SPACE}, "called with (arch)"),
        ({"evaluate": lambda a, b, c: 1.0, "space": SPACE}, "called with (arch)"),
        ({"evaluate": lambda arch: 1.0, "space": SPACE, "epochs": 3}, "called with (arch, epochs)"),
    ],
    ids=lambda case: str(case).split(" at 0x")[0],
)
def test_bad_settings(changes, why):
    with pytest.raises(SettingError) as caught:
        Oracle(**({"evaluate": BENCH, "budget": 5} | changes))
    assert why in str(caught.value)


def test_a_benchmark_of_ones_own_says_its_space():
    class Own:
        space = SPACE

        def value(self, arch):
            return float(sum(arch))

    assert Oracle(Own()).evaluate(ARCHS[1:2]) == Oracle(Own(), space=SPACE).evaluate(ARCHS[1:2]) == [1.0]
    with pytest.raises(SettingError, match="the evaluation is on"):
        Oracle(Own(), space=MacroSpace(3, ("a", "b", "c")))


@pytest.mark.parametrize("bad", [None, 3, "abc", {ARCHS[0]: 1}, set(ARCHS[:2])], ids=lambda bad: type(bad).__name__)
def test_what_is_no_list_of_architectures(bad):
    with pytest.raises((SettingError, ArchitectureError), match="archs=|not an architecture"):
        Oracle(BENCH).evaluate(bad)


@pytest.mark.parametrize("answer", [3.0, np.float32(3), np.array(3.0), torch.tensor(3.0), 3], ids=repr)
def test_numbers_of_every_kind_are_answers(answer):
    oracle = Oracle(lambda arch: answer, space=SPACE)
    assert oracle.evaluate(ARCHS[:1]) == [3.0] and type(oracle.log[0].value) is float
    with pytest.raises(SettingError, match="expected 2"):
        Oracle(lambda arch: answer, space=SPACE, costs=("params",)).evaluate(ARCHS[:1])


def test_a_function_of_epochs_needs_to_know_them():
    oracle = Oracle(lambda arch, epochs: float(epochs), space=SPACE)
    assert oracle.evaluate(ARCHS[:1], epochs=4) == [4.0]
    with pytest.raises(SettingError, match=r"needs epochs="):
        oracle.evaluate(ARCHS[:1])
    with pytest.raises(SettingError, match="no number of epochs"):
        Oracle(lambda arch: 1.0, space=SPACE).evaluate(ARCHS[:1], epochs=4)


def test_it_shows_itself():
    oracle = Oracle(lambda arch: 100 / 3 if arch == (0, 0, 0) else 1 / 0, budget=5, space=CellSpace(3, ("<b>", "b")))
    assert "nothing evaluated yet" in repr(oracle) and "nothing" in oracle._repr_html_()
    oracle.evaluate([(0, 0, 0)])
    assert repr(oracle) == "<Oracle on a callable: 1 of 5 queries, best 33.3333>"
    assert "&lt;b&gt;" in oracle._repr_html_() and "<b>" not in oracle._repr_html_()
    oracle.evaluate([(0, 0, 1)])
    assert "2 of 5 queries, best 33.3333, 1 failed" in repr(oracle)
    never = Oracle(BENCH, feasible=lambda row: False)
    never.evaluate(ARCHS[:1])
    assert "no best" in repr(never) and "no best" in never._repr_html_()


def test_a_feasible_that_fails_is_named():
    oracle = Oracle(BENCH, feasible=lambda row: np.array([True, False]))
    oracle.evaluate(ARCHS[:1])
    for look in (oracle.best, lambda: oracle.history):
        with pytest.raises(SettingError, match="feasible=.*ValueError"):
            look()


# -- the log file -----------------------------------------------------------------------------------------------------
class Counting:
    space = SPACE

    def __init__(self):
        self.calls = []

    def __call__(self, arch):
        self.calls.append(arch)
        if arch == ARCHS[2]:
            raise RuntimeError("out of memory")
        return BENCH.value(arch)


def test_a_log_answers_instead_of_a_new_evaluation(tmp_path):
    path = tmp_path / "deep" / "log.jsonl"
    first = Oracle(Counting(), budget=10, log=path)
    first.evaluate(ARCHS[:4])
    evaluate = Counting()
    second = Oracle(evaluate, budget=10, log=path)
    assert second.queries == 0, "the search has to ask again: the order of the log is the order of the asking"
    values = second.evaluate(ARCHS[:6])
    assert evaluate.calls == ARCHS[4:6]
    assert values[:2] == [0.0, 1.0] and math.isnan(values[2]) and values[3:] == [3.0, 4.0, 5.0]
    assert second.history["status"][2] == "failed: RuntimeError: out of memory"
    assert len(path.read_text().splitlines()) == 1 + 6, "no row twice"


def test_an_identity_of_tuples_is_found_again(tmp_path):
    class Widths(Counting):
        def identity(self):
            return {"widths": (4, 8), "sides": {1: "x"}}

    Oracle(Widths(), log=tmp_path / "log.jsonl").evaluate(ARCHS[3:5])
    again = Widths()
    Oracle(again, log=tmp_path / "log.jsonl").evaluate(ARCHS[3:5])
    assert again.calls == []


@pytest.mark.parametrize("cut", [1, 5, 20, 60])
def test_a_log_cut_in_the_middle_of_a_line_loses_that_line_only(tmp_path, cut):
    path = tmp_path / "log.jsonl"
    Oracle(Counting(), log=path).evaluate(ARCHS[3:7])
    text = path.read_text()
    last = len(text.splitlines()[-1]) + 1
    path.write_text(text[: -min(cut, last - 1)])
    evaluate = Counting()
    Oracle(evaluate, log=path).evaluate(ARCHS[3:7])
    assert evaluate.calls == [ARCHS[6]]
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert [tuple(row["arch"]) for row in rows[1:]] == ARCHS[3:7]


def test_a_log_cut_in_its_header_starts_afresh(tmp_path):
    path = tmp_path / "log.jsonl"
    Oracle(Counting(), log=path)
    for text in ("", path.read_text()[:7]):
        path.write_text(text)
        evaluate = Counting()
        Oracle(evaluate, log=path).evaluate(ARCHS[:1])
        assert evaluate.calls == ARCHS[:1] and len(path.read_text().splitlines()) == 2


def test_rows_with_costs_are_logged(tmp_path):
    path = tmp_path / "log.jsonl"
    first = Oracle(costly(), costs=("flops",), log=path)
    values = first.evaluate(ARCHS[:3])
    second = Oracle(costly(), costs=("flops",), log=path)
    assert second.evaluate(ARCHS[:3]) == values
    assert second.history["flops"].tolist() == first.history["flops"].tolist()


@pytest.mark.parametrize(
    "make",
    [
        lambda path: Oracle(BENCH, log=path),
        lambda path: Oracle(lambda arch: (1.0, 2.0), space=SPACE, costs=("training",), log=path),
        lambda path: Oracle(lambda arch: 1.0, space=MacroSpace(3, ("a", "b", "c")), log=path),
    ],
    ids=["benchmark", "costs", "space"],
)
def test_the_log_of_another_search_is_refused_and_kept(tmp_path, make):
    path = tmp_path / "log.jsonl"
    Oracle(Counting(), log=path).evaluate(ARCHS[:2])
    before = path.read_text()
    with pytest.raises(ResultsError, match="belongs to another search") as caught:
        make(path)
    assert str(path) in str(caught.value) and path.read_text() == before


@pytest.mark.parametrize(
    "content",
    [b"my notes", b"my notes\nmore\n", b'{"a": 1}\n', b"\xff\xfe\x00binary", b"[]\n"],
    ids=["line", "text", "json", "binary", "list"],
)
def test_a_file_that_is_no_log_is_refused_and_kept(tmp_path, content):
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(ResultsError, match="notes.txt"):
        Oracle(Counting(), log=path)
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "line",
    [
        "{broken",
        '{"arch": [0, 0, 9], "row": [1.0], "status": "ok", "seconds": 0}',
        '{"arch": [0, 0, 0], "row": [1.0, 2.0], "status": "ok", "seconds": 0}',
        "{}",
        "3",
    ],
)
def test_a_broken_line_in_the_middle_is_named(tmp_path, line):
    path = tmp_path / "log.jsonl"
    Oracle(Counting(), log=path).evaluate(ARCHS[3:5])
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], line, *lines[1:]]) + "\n")
    with pytest.raises(ResultsError, match="line 2"):
        Oracle(Counting(), log=path)
