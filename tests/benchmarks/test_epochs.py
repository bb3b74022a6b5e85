"""Budgets in epochs: what an answer after so many epochs costs, and what the log says of it."""

from __future__ import annotations

import math

import numpy as np
import pytest

import nascore as nc
from nascore.benchmarks.curves import Training
from nascore.benchmarks.index import TupleIndex
from nascore.benchmarks.table import TabularBenchmark
from nascore.errors import ResultsError, SettingError
from nascore.spaces import MacroSpace

SPACE = MacroSpace(2, ("a", "b", "c"))
ARCHS = list(SPACE.enumerate())
LEVELS = (4, 12, 36)


def bench(resumable, levels=LEVELS):
    """Nine chains whose order turns round between 12 and 36 epochs."""
    numbers = np.arange(9, dtype=np.float32)
    values = np.stack([numbers, numbers + 10, 50 - numbers], 1)[:, None, None, :, None]
    axes = {"dataset": ("d",), "split": ("s",), "epochs": levels, "seed": ("mean",)}
    return TabularBenchmark(
        space=SPACE,
        index=TupleIndex(ARCHS),
        values=values,
        axes=axes,
        name="curves",
        epochs=levels[-1],
        resumable=resumable,
    )


# -- what a training costs --------------------------------------------------------------------------------------------
def test_a_resumed_training_costs_the_difference():
    oracle = nc.Oracle(bench(True), budget=100, unit="epochs")
    assert oracle.evaluate(ARCHS[:2], epochs=4) == [0.0, 1.0]
    assert oracle.evaluate([ARCHS[1]], epochs=12) == [11.0]
    assert oracle.evaluate([ARCHS[1]]) == [49.0]  # 36 epochs, of which 12 are trained
    assert oracle.evaluate([ARCHS[1]], epochs=4) == [1.0]  # known
    history = oracle.history
    assert list(history["epochs"]) == [4, 4, 12, 36] and list(history["cost"]) == [4, 4, 8, 24]
    assert oracle.spent == 40 and oracle.remaining == 60 and oracle.queries == 4


def test_separate_schedules_cost_whole_trainings():
    oracle = nc.Oracle(bench(False), budget=100, unit="epochs")
    oracle.evaluate(ARCHS[:1], epochs=4)
    oracle.evaluate(ARCHS[:1], epochs=12)
    oracle.evaluate(ARCHS[:1])
    assert list(oracle.history["cost"]) == [4, 12, 36] and oracle.spent == 52


def test_a_checkpoint_before_the_end_of_a_longer_training_is_free():
    oracle = nc.Oracle(bench(True), budget=100, unit="epochs")
    oracle.evaluate(ARCHS[:1])
    oracle.evaluate(ARCHS[:1], epochs=12)
    assert list(oracle.history["cost"]) == [36, 0]


def test_the_budget_ends_before_the_query_that_it_does_not_pay_for():
    oracle = nc.Oracle(bench(False), budget=50, unit="epochs")
    assert oracle.evaluate([nc.Query(ARCHS[0], 36), nc.Query(ARCHS[1], 36), nc.Query(ARCHS[2], 4)]) == [50.0]
    assert oracle.exhausted == "budget" and oracle.remaining == 14
    assert oracle.evaluate([ARCHS[2]], epochs=12) == [12.0]  # a cheaper one still fits


def test_queries_and_epochs_may_be_mixed_and_the_usual_number_is_one_query():
    oracle = nc.Oracle(bench(True), budget=3)
    assert oracle.evaluate([ARCHS[0], nc.Query(ARCHS[0], 36), nc.Query(ARCHS[0], 12), ARCHS[1], ARCHS[2]]) == [
        50.0, 50.0, 10.0, 49.0,
    ]  # fmt: skip
    assert oracle.queries == 3 and list(oracle.history["cost"]) == [1, 1, 1]


def test_only_values_after_the_usual_epochs_are_compared():
    oracle = nc.Oracle(bench(True), unit="epochs", budget=1000)
    oracle.evaluate(ARCHS[6:8], epochs=12)
    assert oracle.best() == (ARCHS[7], 17.0)  # nothing longer is known
    oracle.evaluate([ARCHS[3]])
    oracle.evaluate([ARCHS[8]], epochs=12)
    assert oracle.best() == (ARCHS[3], 47.0)
    best = oracle.history["best"]
    assert best.isna().tolist() == [True, True, False, False] and best.dropna().tolist() == [47.0, 47.0]
    result = nc.run(nc.search.RandomSearch(SPACE, seed=0), oracle)
    assert result.best == ARCHS[0] and result.rank(bench(True)) == 1 and np.all(np.diff(result.curve()["best"]) > 0)


# -- who says what ----------------------------------------------------------------------------------------------------
def test_benchmarks_declare_their_trainings():
    digits = nc.benchmarks.load("digits201")
    assert (
        digits.resumable
        and digits.training.levels == digits.axes["epochs"]
        and digits.epochs == digits.training.levels[-1]
    )
    arch = digits.archs[777]
    assert list(digits.curve(arch)) == list(digits.training.levels)
    assert digits.curve(arch)[digits.epochs] == digits.value(arch)
    surrogate = nc.benchmarks.load("nasbench101-surrogate")
    assert not surrogate.resumable and surrogate.training == Training((108,), False)
    assert not nc.benchmarks.load("nasbench-macro-synthetic").training.levels


def test_real_tables_declare_theirs(real_data):
    nasbench201 = nc.benchmarks.load("nasbench201")
    assert not nasbench201.resumable and nasbench201.training.levels == (12, 200)
    oracle = nc.Oracle(nasbench201, budget=424, unit="epochs")
    archs = nasbench201.archs[:3]
    assert oracle.evaluate(archs, epochs=12) == [nasbench201.select(epochs=12).value(arch) for arch in archs]
    assert len(oracle.evaluate(archs)) == 1 and oracle.spent == 236  # 3 * 12 + 200: the second 200 do not fit
    assert nc.benchmarks.load("nasbench201", split="test-25k").training.levels == (200,)


def test_a_search_asks_for_epochs():
    class Halving(nc.search.Search):
        """Nine at 4 epochs, the better three at 12, the best at 36."""

        batch = None

        def __init__(self, space, *, seed=0):
            super().__init__(space, seed=seed)
            self.known, self.level, self.left = {}, 0, ARCHS

        def ask(self, n=None):
            return [] if self.done else [nc.Query(arch, LEVELS[self.level]) for arch in self.left]

        def tell(self, queries, values):
            ranked = sorted(zip(values, (q.arch for q in queries), strict=True), reverse=True)
            self.left, self.level = [arch for _, arch in ranked[: max(1, len(ranked) // 3)]], self.level + 1

        @property
        def done(self):
            return self.level == len(LEVELS)

    oracle = nc.Oracle(bench(True), budget=200, unit="epochs")
    result = nc.run(Halving(SPACE), oracle)
    assert result.stopped == "finished" and result.best == ARCHS[8] and oracle.spent == 9 * 4 + 3 * 8 + 24
    assert result.history.groupby("epochs").size().to_dict() == {4: 9, 12: 3, 36: 1}
    short = nc.run(Halving(SPACE), nc.Oracle(bench(True), budget=40, unit="epochs"))
    assert short.stopped == "budget" and short.oracle.spent == 36


def test_a_callable_is_told_the_epochs():
    asked = []

    def train(arch, epochs=None):
        asked.append(epochs)
        return float(epochs or 0)

    plain = nc.Oracle(train, space=SPACE)
    plain.evaluate([ARCHS[0], nc.Query(ARCHS[0], 7)])
    assert asked == [None, 7] and plain.history["epochs"].tolist()[1] == 7 and plain.best()[1] == 0.0
    asked.clear()
    paid = nc.Oracle(train, 20, unit="epochs", epochs=10, resumable=True, space=SPACE)
    assert paid.evaluate([nc.Query(ARCHS[0], 3), ARCHS[0], nc.Query(ARCHS[1], 10), ARCHS[2]]) == [3.0, 10.0, 10.0]
    assert asked == [3, 10, 10] and paid.history["cost"].tolist() == [3, 7, 10] and paid.exhausted == "budget"


def test_a_killed_run_goes_on_with_its_epochs(tmp_path):
    path = tmp_path / "log.jsonl"
    first = nc.Oracle(bench(True), 100, unit="epochs", log=path)
    first.evaluate(ARCHS[:2], epochs=4)
    first.evaluate(ARCHS[:1])
    second = nc.Oracle(bench(True), 100, unit="epochs", log=path)
    assert second.evaluate([ARCHS[0]]) == [50.0] and second.evaluate(ARCHS[:2], epochs=4) == [0.0, 1.0]
    assert len(path.read_text().splitlines()) == 4
    with pytest.raises(ResultsError, match="another search"):
        nc.Oracle(bench(True).select(epochs=12), log=path)


def test_a_query_survives_a_saved_search(tmp_path):
    class Asking(nc.search.RandomSearch):
        def ask(self, n=None):
            return [nc.Query(arch, 4) for arch in super().ask(3)]

        def tell(self, queries, values):
            super().tell([query.arch for query in queries], values)

    search = Asking(SPACE, seed=0)
    nc.run(search, nc.Oracle(bench(True), budget=2))
    assert len(search.unanswered) == 1 and search.unanswered[0].epochs == 4
    search.save(tmp_path / "s.json")
    again = Asking(SPACE, seed=3)
    again.load(tmp_path / "s.json")
    assert again.unanswered == search.unanswered and isinstance(again.unanswered[0], nc.Query)


# -- what is refused --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "make, word",
    [
        (lambda: nc.Oracle(bench(True), 5, unit="hours"), "unit="),
        (lambda: nc.Oracle(bench(True), 5, epochs=12), "select"),
        (lambda: nc.Oracle(bench(True), 5, resumable=True), "select"),
        (lambda: nc.Oracle(lambda arch: 1.0, 5, unit="epochs", space=SPACE), "epochs=..."),
        (lambda: nc.Oracle(nc.benchmarks.load("nasbench-macro-synthetic"), 5, unit="epochs"), "has none"),
        (lambda: nc.Oracle(bench(True)).evaluate(ARCHS, epochs=5), "epochs=5: curves has answers after 4, 12, 36"),
        (lambda: nc.Oracle(bench(True)).evaluate([nc.Query(ARCHS[0], 5)]), "epochs=5"),
        (lambda: nc.Query(ARCHS[0], 0), "epochs=0"),
        (lambda: nc.Query(ARCHS[0], True), "epochs=True"),
        (
            lambda: nc.Oracle(nc.benchmarks.from_table(SPACE, {ARCHS[0]: 1.0})).evaluate(ARCHS[:1], epochs=3),
            "no number of",
        ),
    ],
    ids=range(10),
)
def test_what_cannot_be_asked_is_named(make, word):
    with pytest.raises(SettingError, match=word):
        make()


@pytest.mark.parametrize("name", ["value", "epochs", "cost", "seconds", "status", "best", "query"])
def test_a_cost_may_not_take_the_name_of_a_column(name):
    with pytest.raises(SettingError, match=f"'{name}' is taken"):
        nc.Oracle(lambda arch: (1.0, 2.0), space=SPACE, costs=(name,))


def test_numpy_numbers_are_welcome_and_recorded_as_plain_ones(tmp_path):
    path = tmp_path / "log.jsonl"
    oracle = nc.Oracle(lambda arch: np.float32(sum(arch)), np.int64(5), space=SPACE, log=path)
    oracle.evaluate([tuple(np.array([1, 2])), np.array([0, 1]), [2, 2]])
    assert [row.arch for row in oracle.log] == [(1, 2), (0, 1), (2, 2)]
    assert all(type(op) is int for row in oracle.log for op in row.arch)
    again = nc.Oracle(lambda arch: math.nan, 5, space=SPACE, log=path)
    assert again.evaluate([(1, 2), (0, 1), (2, 2)]) == [3.0, 1.0, 4.0]
    table = nc.Oracle(bench(True), budget=3)
    table.evaluate([tuple(np.array([1, 2]))])
    assert all(type(op) is int for op in table.log[0].arch)


def test_a_log_of_operations_in_another_order_is_refused(tmp_path):
    path = tmp_path / "log.jsonl"
    nc.Oracle(lambda arch: float(arch[0]), space=MacroSpace(1, ("a", "b"), "chain"), log=path).evaluate([(1,)])
    with pytest.raises(ResultsError, match="another search"):
        nc.Oracle(lambda arch: float(arch[0]), space=MacroSpace(1, ("b", "a"), "chain"), log=path)


def test_a_users_own_numbers_stay_as_they_are():
    table = nc.benchmarks.from_table(SPACE, {(0, 0): 16_777_216.0, (0, 1): 16_777_217.0})
    assert table.best() == ((0, 1), 16_777_217.0) and table.rank(16_777_216.0) == 2
    assert table.value((0, 1)) == 16_777_217.0
    for bad in (1e400, math.inf, "3", None, True):
        with pytest.raises(SettingError, match="value of"):
            nc.benchmarks.from_table(SPACE, {(0, 0): bad})
