"""What every query-based search has to do, whatever its method."""

from __future__ import annotations

import math

import numpy as np
import pytest

from nascore.benchmarks import Oracle, Query
from nascore.benchmarks.table import TabularBenchmark
from nascore.errors import ArchitectureError, ResultsError, SettingError
from nascore.search.base import Search
from nascore.search.loop import run
from nascore.spaces.base import Space
from nascore.spaces.cell import CellSpace
from nascore.spaces.macro import MacroSpace
from nascore.testing.landscapes import SMALL, small

TINY = (CellSpace(2, ("a", "b")), CellSpace(3, ("a", "b")), MacroSpace(1, ("a", "b", "c")))
# what a loop of one's own may tell by mistake, where `arch` is an architecture that was asked for
BAD_ANSWERS = {
    "fewer values": lambda arch: ([arch, arch], [1.0]),
    "more values": lambda arch: ([arch], [1.0, 2.0]),
    "no list of values": lambda arch: ([arch], 1.0),
    "values by name": lambda arch: ([arch], {arch: 1.0}),
    "text as architectures": lambda arch: ("abc", [1.0, 2.0, 3.0]),
    "text as an architecture": lambda arch: (["abc"], [1.0]),
    "one architecture alone": lambda arch: (arch, [1.0] * len(arch)),
    "outside the space": lambda arch: ([arch, (10**30,) * len(arch)], [1.0, 1.0]),
    "no architecture": lambda arch: ([None], [1.0]),
    "text as a value": lambda arch: ([arch], ["5"]),
    "a boolean as a value": lambda arch: ([arch], [True]),
    "nothing as a value": lambda arch: ([arch], [None]),
    "an empty row": lambda arch: ([arch], [()]),
    "text in a row": lambda arch: ([arch], [(1.0, "5")]),
    "a table as a value": lambda arch: ([arch], [np.zeros((2, 2))]),
}
JUNK: tuple = (None, "abc", -1, 0.5, math.nan, [], (), {}, {"a": 1}, [["x"]], 10**30)


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
        name = self.benchmarks[which]
        return small(name) if isinstance(name, str) else name

    def pytest_generate_tests(self, metafunc):
        if "which" in metafunc.fixturenames:
            metafunc.parametrize("which", range(len(self.benchmarks)))

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

    @pytest.mark.parametrize("n", [0, -1, 1.5, True, "2", 10**9, 10**30])
    def test_a_bad_number_to_ask_for(self, n):
        with pytest.raises(SettingError, match="n="):
            self.make(small("cell-4-4").space).ask(n)

    @pytest.mark.parametrize("seed", [-1, 0.5, "1", True, None, 10**30])
    def test_a_bad_seed(self, seed):
        with pytest.raises(SettingError, match="seed="):
            self.make(small("cell-4-4").space, seed)

    # -- answers from a loop of one's own --------------------------------------------------------------------------
    def proposals(self, search: Search, form=lambda archs, values: (archs, values)) -> list:
        """Some proposals, each told its value in the given form."""
        found = []
        for _ in range(6):
            asked = list(search.ask(2))
            found += asked
            archs = [each.arch if isinstance(each, Query) else each for each in asked]
            search.tell(*form(asked, [float(sum(arch)) for arch in archs]))
        return found

    @pytest.mark.parametrize("bad", BAD_ANSWERS)
    def test_bad_answers_are_refused_and_change_nothing(self, bad):
        space = small("cell-4-4").space
        search, untouched = self.make(space), self.make(space)
        arch = space.sample(np.random.default_rng(0))
        with pytest.raises((SettingError, ArchitectureError)):
            search.tell(*BAD_ANSWERS[bad](arch))
        assert self.proposals(search) == self.proposals(untouched)

    def test_numpy_answers_are_as_good_as_plain_ones(self):
        def numpy(archs, values):
            plain = not any(isinstance(each, Query) for each in archs)
            return (np.array(archs) if plain else archs), np.array(values, np.float32)

        space = small("cell-4-4").space
        assert self.proposals(self.make(space), numpy) == self.proposals(self.make(space))

    def test_infinite_answers_are_failures(self):
        space = small("cell-4-4").space
        first, second = (
            self.proposals(self.make(space), lambda archs, values, bad=bad: (archs, [bad, *values[1:]]))
            for bad in (math.inf, math.nan)
        )
        assert first == second

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

    def test_a_damaged_file_is_refused_and_changes_nothing(self, tmp_path):
        space, path = small("cell-4-4").space, tmp_path / "state"
        search, untouched = self.make(space), self.make(space)
        assert self.proposals(search) == self.proposals(untouched)
        search.save(path)
        whole = path.read_bytes()
        for where in np.linspace(0, len(whole) - 1, 40).astype(int).tolist():
            flipped = whole[:where] + bytes([whole[where] ^ 1]) + whole[where + 1 :]
            for damaged in (whole[:where], flipped, whole[:where] + b"\0\xff" + whole[where:]):
                path.write_bytes(damaged)
                with pytest.raises(ResultsError, match="state"):
                    search.load(path)
        assert self.proposals(search) == self.proposals(untouched)

    def test_a_forged_state_is_refused_or_taken_but_never_breaks_the_search(self):
        space = small("cell-4-4").space
        search, untouched = self.make(space), self.make(space)
        assert self.proposals(search) == self.proposals(untouched)
        sound = search.state_dict()
        forged = [{**sound, name: junk} for name in sound for junk in JUNK]
        forged += [{name: value for name, value in sound.items() if name != left_out} for left_out in sound]
        for state in [*JUNK, *forged]:
            try:
                search.load_state_dict(state)
            except ResultsError:
                continue
            search.load_state_dict(untouched.state_dict())  # taken for what it is: put the sound one back
        assert self.proposals(search) == self.proposals(untouched)

    def test_where_it_cannot_be_saved(self, tmp_path):
        search = self.make(small("cell-4-4").space)
        (tmp_path / "file").write_text("")
        for path in (tmp_path, tmp_path / "file" / "below"):
            with pytest.raises(ResultsError, match="could not be saved"):
                search.save(path)
        for path in (3, None, ""):
            with pytest.raises(SettingError, match="path="):
                search.save(path)
            with pytest.raises(SettingError, match="path="):
                search.load(path)
        assert [file.name for file in tmp_path.iterdir()] == ["file"]

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
        before = repr(search)
        self.proposals(search)
        assert repr(search) != before and len(repr(search)) < 500 and "\n" not in repr(search)
