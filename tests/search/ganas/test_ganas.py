"""GA-NAS as a whole: Algorithm 1's sizes, the truth set, constraints, seeding, state, failures."""

import math

import numpy as np
import pytest

import nascore as nc
from nascore.errors import ResultsError, SettingError
from nascore.search.ganas.ganas import GANAS
from nascore.search.ganas.rlnas import RLNAS
from nascore.search.ganas.schedule import Schedule
from nascore.search.ganas.truth import ParetoFronts, TopK

QUICK = {"rounds": 2, "episodes": 32, "width": 8, "layers": 2}
SPACE = nc.spaces.NASBench201()


@pytest.fixture(scope="module")
def bench():
    return nc.benchmarks.load("digits201")


def test_iterations_have_the_sizes_of_the_schedule(bench):
    search = GANAS(SPACE, seed=0, initial=20, base=12, increment=3, iterations=3, truth=8, **QUICK)
    sizes = []
    while not search.done:
        archs = search.ask()
        assert search.ask() == []  # nothing more before the answers
        sizes.append(len(archs))
        search.tell(archs, [bench.value(a) for a in archs])
    assert sizes == [20, 12, 15, 18]
    assert len(set(search.archs)) == 65
    best = sorted((bench.value(a) for a in search.archs[:47]), reverse=True)[:8]
    assert sorted((bench.value(a) for a in search.truth), reverse=True) == pytest.approx(best)


def test_learns_more_than_random_search(bench):
    """With a reward from the discriminator only, the later proposals are much better than the first, random ones."""
    search = GANAS(SPACE, seed=3, schedule=Schedule(initial=60, base=60, increment=0, iterations=3, truth=30))
    result = nc.run(search, nc.Oracle(bench))
    values = result.history["value"].to_numpy()
    assert np.mean(values[-60:]) > np.mean(values[:60]) + 0.7 * np.std(values[:60])


def test_asking_piecewise_is_the_same_as_at_once(bench):
    settings = {"initial": 15, "base": 10, "increment": 0, "iterations": 2, "truth": 6, **QUICK}
    whole, parts = GANAS(SPACE, seed=1, **settings), GANAS(SPACE, seed=1, **settings)
    nc.run(whole, nc.Oracle(bench))
    while not parts.done:
        archs = parts.ask(4)
        parts.tell(archs, [bench.value(a) for a in archs])
    assert whole.archs == parts.archs


def test_answers_out_of_order_and_failed(bench):
    search = GANAS(SPACE, seed=0, initial=20, base=10, increment=0, iterations=2, truth=6, **QUICK)
    while not search.done:
        archs = search.ask()[::-1]
        search.tell(archs, [math.nan if i % 3 == 0 else bench.value(a) for i, a in enumerate(archs)])
    assert all(not math.isnan(search.rows[search.archs.index(a)][0]) for a in search.truth)


def test_all_evaluations_failing_ends_without_a_truth_set():
    search = GANAS(SPACE, seed=0, initial=5, base=5, increment=0, iterations=2, truth=3, **QUICK)
    result = nc.run(search, nc.Oracle(lambda arch: math.nan, 100, space=SPACE))
    assert result.best is None and result.queries == 15 and search.truth == []


def test_start_architectures_open_the_search_and_join_the_truth_set(bench):
    best = bench.best()[0]
    search = GANAS(SPACE, seed=0, start=[best], initial=10, base=5, increment=0, iterations=1, truth=4, **QUICK)
    first = search.ask()
    assert first[0] == best and len(first) == 10
    search.tell(first, [bench.value(a) for a in first])
    search.ask()
    assert search.truth[0] == best


def test_hard_constraint_on_the_truth_set(bench):
    limit = float(np.median(bench.costs["params"]))
    oracle = nc.Oracle(bench, 60, costs=["params"], feasible=lambda row: row[1] < limit)
    search = GANAS(
        SPACE, seed=0, truth_set=TopK(8, lambda row: row[1] < limit), initial=40, base=20, iterations=1, **QUICK
    )
    result = nc.run(search, oracle)
    assert search.truth and all(bench.cost(a, "params") < limit for a in search.truth)
    assert bench.cost(result.best, "params") < limit
    assert not result.history["feasible"].all()


def test_pareto_truth_set_and_known_architectures_cost_no_query(bench):
    known = {a: (bench.value(a), bench.cost(a, "params")) for a in bench.archs[:200]}
    search = GANAS(
        SPACE, seed=0, truth_set=ParetoFronts(2), evaluated=known, base=30, increment=0, iterations=1, **QUICK
    )
    result = nc.run(search, nc.Oracle(bench, costs=["params"]))
    assert result.queries == 30 and not set(result.history["arch"]) & set(known)
    assert set(search.truth) <= set(known)


def test_standard_discriminator_and_bad_settings(bench):
    search = GANAS(SPACE, seed=0, discriminator="standard", initial=10, base=5, iterations=1, truth=4, **QUICK)
    assert nc.run(search, nc.Oracle(bench)).queries == 15
    for wrong, name in [
        ({"discriminator": "both"}, "discriminator"),
        ({"rounds": 0}, "rounds"),
        ({"width": 2.5}, "width"),
        ({"generator_rate": 3}, "generator_rate"),
        ({"colour": 1}, "colour"),
        ({"device": "tpu"}, "device"),
        ({"seed": -1}, "seed"),
        ({"start": [(9,) * 6]}, "9, 9"),
        ({"heat": 0.5}, "heat"),
    ]:
        with pytest.raises(ValueError, match=name):
            GANAS(SPACE, **wrong)


@pytest.mark.parametrize("space, load", [(SPACE, "digits201"), (None, "nasbench101-surrogate")])
def test_saved_state_goes_on_identically(space, load, tmp_path):
    table = nc.benchmarks.load(load)
    settings = {"initial": 12, "base": 8, "increment": 0, "iterations": 3, "truth": 5, **QUICK}
    straight = GANAS(table.space, seed=7, **settings)
    nc.run(straight, nc.Oracle(table))
    first = GANAS(table.space, seed=7, **settings)
    nc.run(first, nc.Oracle(table, 16))  # cut in the middle of an iteration
    first.save(tmp_path / "state.pt")
    second = GANAS(table.space, seed=99, **settings)
    second.load(tmp_path / "state.pt")
    nc.run(second, nc.Oracle(table))
    assert second.archs == straight.archs


def test_foreign_state_is_refused(tmp_path, bench):
    path = tmp_path / "state.pt"
    GANAS(SPACE, truth=10, **QUICK).save(path)
    with pytest.raises(ResultsError, match="this search is"):
        GANAS(SPACE, truth=11, **QUICK).load(path)
    path.write_bytes(b"no torch file")
    with pytest.raises(ResultsError, match="not a saved"):
        GANAS(SPACE, **QUICK).load(path)
    with pytest.raises(ResultsError, match="no saved"):
        GANAS(SPACE, **QUICK).load(tmp_path / "absent")


def test_heat_fills_an_iteration_where_the_generator_repeats_itself():
    space = nc.spaces.CellSpace(3, ("a", "b", "c"))  # 27 architectures
    search = GANAS(space, seed=0, initial=6, base=10, increment=0, iterations=None, truth=3, **QUICK)
    result = nc.run(search, nc.Oracle(lambda arch: float(sum(arch)), 27, space=space))
    assert result.queries == 27 and result.best == (2, 2, 2)


def test_rl_nas_queries_what_it_generates_and_improves(bench):
    from nascore.search.ganas.rlnas import RLNAS

    result = nc.run(RLNAS(SPACE, seed=0, episodes=64, width=16, layers=2, generator_rate=3e-3), nc.Oracle(bench, 400))
    values = result.history["value"].to_numpy()
    assert result.queries == 400
    assert values[-100:].mean() > values[:64].mean() + 0.5


class Chain(nc.spaces.base.Space):
    """A chain that is no ChoiceSpace: it says by `fixed_topology` alone how it is to be seen."""

    fixed_topology, size = True, 81

    def __init__(self, forbidden=()):
        self.inner = nc.spaces.MacroSpace(4, ("a", "b", "c"))
        self.name, self.ops, self.forbidden = self.inner.name, self.inner.ops, set(forbidden)

    def __getattribute__(self, name):
        same = ("mutate", "neighbours", "dag", "parse", "format")
        return getattr(self.inner, name) if name in same else super().__getattribute__(name)

    mutate = neighbours = dag = parse = format = None

    def sample(self, rng):
        while (arch := self.inner.sample(rng)) in self.forbidden:
            pass
        return arch

    def validate(self, arch):
        arch = self.inner.validate(arch)
        if arch in self.forbidden:
            raise nc.errors.ArchitectureError(f"{arch} is forbidden")
        return arch


@pytest.mark.parametrize("kind", [GANAS, RLNAS])
def test_a_space_need_not_be_one_of_choices(kind):
    def found(space):
        settings = QUICK if kind is GANAS else {name: QUICK[name] for name in ("width", "layers", "episodes")}
        oracle = nc.Oracle(lambda arch: float(sum(arch)), 60, space=space)
        return nc.run(kind(space, seed=0, **settings), oracle).history["arch"].tolist()

    assert found(Chain()) == found(Chain().inner)
    forbidden = [(op,) * 4 for op in range(3)] + [(2, 2, 2, 1), (1, 2, 2, 2)]
    assert len(found(Chain(forbidden))) == 60 and not set(found(Chain(forbidden))) & set(forbidden)


def test_a_space_that_is_not_what_it_says():
    class Turned(Chain):
        def __getattribute__(self, name):
            found = super().__getattribute__(name)
            return (lambda arch: found(arch[::-1])) if name == "dag" else found

    with pytest.raises(SettingError, match="it says fixed_topology"):
        GANAS(Turned())


def test_rows_of_two_kinds_are_refused():
    search = GANAS(SPACE, **QUICK)
    first, second, third = search.ask(3)
    search.tell([first], [(90.0, 1.0)])
    search.tell([second], [float("nan")])  # failed: no row to say so
    with pytest.raises(SettingError, match="answers of 1 and 2 numbers"):
        search.tell([third], [80.0])
    search.tell([third], [(80.0, 2.0)])
    assert len(search.rows) == 3


def test_it_shows_what_it_has_seen(bench):
    search = GANAS(SPACE, seed=4, truth_set=ParetoFronts(2), initial=4, iterations=2, **QUICK)
    nc.run(search, nc.Oracle(bench, 3, costs=["params"]))
    assert "seed 4" in repr(search) and "ParetoFronts(2)" in repr(search) and "3 answers, best" in repr(search)
    assert "iteration 0 of 2" in repr(search)


def test_it_searches_the_darts_space():
    bench = nc.benchmarks.load("nasbench301-surrogate")
    search = GANAS(bench.space, seed=0, initial=20, base=8, increment=0, iterations=2, truth=8, **QUICK)
    result = nc.run(search, nc.Oracle(bench, budget=36))
    assert result.queries == 36 and result.stopped in ("budget", "finished")
    assert all(arch in bench.space for arch in result.history.arch)
