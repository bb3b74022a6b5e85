"""What every query-based search has to do, whatever its method."""

from __future__ import annotations

import math

import pytest

from nascore.benchmarks import Oracle, Query
from nascore.benchmarks.table import TabularBenchmark
from nascore.errors import ResultsError, SettingError
from nascore.search.base import Search
from nascore.search.loop import run
from nascore.spaces.base import Space
from nascore.spaces.cell import CellSpace
from nascore.spaces.macro import MacroSpace
from nascore.testing.landscapes import SMALL, small

TINY = (CellSpace(2, ("a", "b")), CellSpace(3, ("a", "b")), MacroSpace(1, ("a", "b", "c")))


class Interrupting:
    """Evaluates like `inner`; Ctrl-C arrives during the call number `at`."""

    def __init__(self, inner, at: int | None):
        self.inner, self.at, self.calls = inner, at, 0

    def __call__(self, arch, *epochs):
        self.calls += 1
        if self.calls == self.at:
            raise KeyboardInterrupt
        return self.inner(arch)


class SearchConformance:
    """Override `make`; `benchmarks` (names of SMALL, or tables), `budget` and the two switches where yours differs.

    `stochastic`: another seed gives another log. `resumes`: `save` and `load` carry everything.
    """

    benchmarks: tuple[str | TabularBenchmark, ...] = tuple(SMALL)
    budget = 24
    stochastic = True
    resumes = True

    def make(self, space: Space, seed: int = 0) -> Search:
        """One of your searches, with settings small enough for `budget` queries."""
        raise NotImplementedError("override make(space, seed) so that it returns your search")

    # -- what the tests share --------------------------------------------------------------------------------------
    @pytest.fixture
    def bench(self, which) -> TabularBenchmark:
        name = self.benchmarks[which % len(self.benchmarks)]
        return small(name) if isinstance(name, str) else name

    @pytest.fixture(params=range(3))
    def which(self, request) -> int:
        if request.param >= len(self.benchmarks):
            pytest.skip(f"this suite has {len(self.benchmarks)} benchmarks")
        return request.param

    def oracle(self, evaluate, space: Space | None = None, **options) -> Oracle:
        return Oracle(evaluate, **{"budget": self.budget, "space": space, "stall": 2_000, **options})

    def log_of(self, oracle: Oracle) -> list:
        return [[row.arch, row.epochs, None if math.isnan(row.value) else row.value] for row in oracle.log]

    def reference(self, bench: TabularBenchmark, seed: int = 0) -> list:
        oracle = self.oracle(bench)
        run(self.make(bench.space, seed), oracle)
        return self.log_of(oracle)

    # -- proposals -------------------------------------------------------------------------------------------------
    def test_proposals_are_valid_and_the_budget_is_kept_exactly(self, bench):
        space, calls = bench.space, []

        def train(arch, *epochs):
            calls.append((space.key(arch), *epochs))
            return bench.value(arch)

        oracle = self.oracle(train, space)
        result = run(self.make(space), oracle)
        assert result.stopped == "budget"
        assert len(calls) == self.budget == oracle.queries == result.queries
        assert len(set(calls)) == self.budget, "an architecture was evaluated twice"
        assert all(space.validate(arch) == arch for arch in result.history["arch"])
        assert list(result.history["query"]) == list(range(1, self.budget + 1))

    def test_the_same_seed_gives_the_same_log_and_another_seed_another(self, bench):
        first = self.reference(bench)
        assert self.reference(bench) == first
        if self.stochastic:
            assert self.reference(bench, 1) != first

    def test_several_may_be_pending(self, bench):
        space, search = bench.space, self.make(bench.space)

        def values(asked):
            return [bench.value(each.arch if isinstance(each, Query) else each) for each in asked]

        first, second = search.ask(2), search.ask(2)
        assert 1 <= len(first) <= 2 and len(second) <= 2
        for each in [*first, *second]:
            arch = each.arch if isinstance(each, Query) else each
            assert space.validate(arch) == arch
        if second:
            search.tell(second, values(second))
        search.tell(first[::-1], values(first[::-1]))
        for _ in range(20):
            asked = search.ask(3)
            assert 1 <= len(asked) <= 3
            search.tell(asked, values(asked))

    @pytest.mark.parametrize("n", [0, -1, 1.5, True, "2"])
    def test_a_bad_number_to_ask_for(self, n):
        with pytest.raises(SettingError, match="n="):
            self.make(small("cell-4-4").space).ask(n)

    # -- state -----------------------------------------------------------------------------------------------------
    def test_save_and_load_in_the_middle(self, bench, tmp_path):
        if not self.resumes:
            pytest.skip("this search says that it cannot be saved")
        oracle = self.oracle(bench)
        first = self.make(bench.space)
        stopped = run(first, oracle, callback=lambda search, oracle: oracle.queries >= 9).stopped
        assert stopped == "callback"
        first.save(tmp_path / "search.state")
        second = self.make(bench.space, seed=5)
        second.load(tmp_path / "search.state")
        run(second, oracle)
        assert self.log_of(oracle) == self.reference(bench)

    def test_a_state_of_something_else_is_refused(self, tmp_path):
        space = small("cell-4-4").space
        search = self.make(space)
        with pytest.raises(ResultsError, match="no saved search"):
            search.load(tmp_path / "absent")
        (tmp_path / "other").write_text("hello")
        with pytest.raises(ResultsError, match="other"):
            search.load(tmp_path / "other")
        search.save(tmp_path / "state")
        with pytest.raises(ResultsError, match="macro"):
            self.make(small("macro-5-3").space).load(tmp_path / "state")
        swapped = CellSpace(4, ("b", "a", "c", "d"), space.name)  # the same name, the operations in another order
        with pytest.raises(ResultsError, match="this search is"):
            self.make(swapped).load(tmp_path / "state")

    # -- what goes wrong in practice -------------------------------------------------------------------------------
    def test_failed_evaluations_are_survived(self, bench):
        def train(arch, *epochs):
            if sum(arch) % 3 == 0:
                return math.nan
            if sum(arch) % 7 == 0:
                raise RuntimeError("out of memory")
            return bench.value(arch)

        result = run(self.make(bench.space), self.oracle(train, bench.space))
        assert result.queries == self.budget
        status = result.history["status"]
        assert (status == "ok").any() and (status != "ok").any()
        assert math.isfinite(result.best_value)

    def test_nothing_but_failures(self):
        space = small("cell-4-4").space
        result = run(self.make(space), self.oracle(lambda arch, *epochs: math.nan, space))
        assert result.queries == self.budget and result.best is None

    def test_an_interrupted_run_goes_on_with_the_same_objects(self, bench):
        search = self.make(bench.space)
        oracle = self.oracle(Interrupting(bench.value, 11), bench.space)
        assert run(search, oracle).stopped == "interrupted"
        assert oracle.queries == 10
        assert run(search, oracle).stopped == "budget"
        assert [row[0] for row in self.log_of(oracle)] == [row[0] for row in self.reference(bench)]

    def test_a_killed_run_goes_on_from_its_log(self, bench, tmp_path):
        path, expected = tmp_path / "queries.jsonl", [row[0] for row in self.reference(bench)]
        run(self.make(bench.space), self.oracle(Interrupting(bench.value, 11), bench.space, log=path))
        path.write_text(path.read_text()[:-9])  # killed while it wrote the tenth row
        for calls in (self.budget - 9, 0):
            rest = Interrupting(bench.value, None)
            oracle = self.oracle(rest, bench.space, log=path)
            run(self.make(bench.space), oracle)
            assert rest.calls == calls and [row[0] for row in self.log_of(oracle)] == expected

    @pytest.mark.parametrize("space", TINY, ids=lambda space: space.name)
    def test_a_tiny_space_ends(self, space):
        oracle = Oracle(lambda arch, *epochs: float(sum(arch)), space=space, stall=300)
        result = run(self.make(space), oracle)
        assert result.stopped in ("finished", "stalled", "nothing to ask")
        assert 1 <= len({row.arch for row in oracle.log}) <= space.size

    def test_run_refuses_another_space(self):
        search = self.make(small("cell-4-4").space)
        with pytest.raises(SettingError, match="same space"):
            run(search, Oracle(small("macro-5-3"), budget=5))

    def test_it_says_what_it_is(self):
        search = self.make(small("cell-4-4").space, seed=3)
        assert type(search).__name__ in repr(search) and "cell-4-4" in repr(search)
