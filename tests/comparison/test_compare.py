"""nc.compare: several methods in one call, resumable, in processes too, and shown with intervals."""

from __future__ import annotations

import json
import threading

import numpy as np
import pytest
import torch

import nascore as nc
from nascore.benchmarks.index import TupleIndex
from nascore.benchmarks.table import TabularBenchmark
from nascore.errors import Diverged, NascoreError, ResultsError, SettingError
from nascore.search.oneshot import Reinforce
from nascore.testing.landscapes import small
from nascore.testing.strategies import CHOICES, TinyData, TinySupernet

BENCH = small("cell-4-4")
METHODS = {
    "evolution": lambda seed: nc.search.RegularizedEvolution(BENCH.space, seed=seed, population=8, sample=3),
    "random": lambda seed: nc.search.RandomSearch(BENCH.space, seed=seed),
}


def compare(methods=METHODS, benchmark=BENCH, **options):
    return nc.compare(methods, benchmark, **{"budget": 30, "seeds": 3, "progress": False, **options})


def plain(found):
    return [{k: v for k, v in row.items() if k not in ("wall_s", "cpu_s", "digest", "question")} for row in found.rows]


def test_one_row_per_method_and_seed_and_each_is_what_run_gives():
    found = compare()
    frame = found.frame
    assert list(frame["method"]) == ["evolution"] * 3 + ["random"] * 3 and list(frame["seed"]) == [0, 1, 2] * 2
    assert (frame["queries"] == 30).all() and (frame["spent"] == 30).all()
    alone = nc.run(METHODS["random"](2), nc.Oracle(BENCH, budget=30))
    row = frame[(frame["method"] == "random") & (frame["seed"] == 2)].iloc[0]
    assert row["value"] == pytest.approx(alone.best_value) and row["rank"] == alone.rank(BENCH)
    assert BENCH.space.parse(row["arch"]) == alone.best
    curves = found.curves
    assert set(curves["method"]) == set(METHODS) and curves["query"].max() <= 30


def test_processes_give_the_same_rows():
    assert plain(compare(workers=2)) == plain(compare())


def test_a_stopped_comparison_goes_on_and_grows(tmp_path):
    file, made = tmp_path / "deep" / "rows.jsonl", []

    def counted(seed):
        made.append(seed)
        if len(made) == 3:
            raise KeyboardInterrupt
        return METHODS["random"](seed)

    methods = {"random": counted}
    with pytest.raises(KeyboardInterrupt):
        compare(methods, seeds=4, store=file)
    assert file.read_text().count("\n") == 2
    file.write_text(file.read_text() + '{"half')  # killed while it wrote
    whole = compare(methods, seeds=4, store=file)
    assert made == [0, 1, 2, 2, 3]
    assert plain(whole) == plain(compare({"random": METHODS["random"]}, seeds=4))
    compare({**methods, "evolution": METHODS["evolution"]}, seeds=5, store=file)
    assert made[5:] == [4] and file.read_text().count("\n") == 10


class Interrupting:
    """A method whose third run meets Ctrl-C in its middle, as the loop sees it."""

    runs = 0

    def __call__(self, seed):
        class Search(nc.search.RandomSearch):
            def tell(search, archs, values):
                super(Search, search).tell(archs, values)
                if type(self).runs == 3 and search.asked > 9:
                    raise KeyboardInterrupt
                search.asked += 1

        type(self).runs += 1
        made = Search(BENCH.space, seed=seed)
        made.asked = 0
        return made


def test_a_run_that_ctrl_c_cut_short_is_not_kept(tmp_path):
    file = tmp_path / "rows.jsonl"
    with pytest.raises(KeyboardInterrupt):
        compare({"random": Interrupting()}, seeds=4, store=file)
    assert file.read_text().count("\n") == 2
    whole = compare({"random": METHODS["random"]}, seeds=4, store=file)
    assert plain(whole) == plain(compare({"random": METHODS["random"]}, seeds=4))
    assert set(whole.frame["queries"]) == {30} and "interrupted" not in set(whole.frame["stopped"])


@pytest.mark.parametrize("place", [".", "file/below"])
def test_a_store_that_cannot_be_is_named_before_anything_runs(tmp_path, place):
    (tmp_path / "file").write_text("x")
    with pytest.raises(ResultsError, match="store="):
        compare({"x": lambda seed: 1 / 0}, store=tmp_path / place)


def test_a_worker_that_dies_is_named():
    import os

    with pytest.raises(NascoreError, match="a worker process died"):
        compare({"x": lambda seed: os._exit(3)}, workers=2)


def test_what_goes_wrong_in_a_worker_names_the_run():
    lock = threading.Lock()  # no process can be sent one
    with pytest.raises(SettingError, match="'x' with seed 0: ZeroDivisionError"):
        compare({"x": lambda seed: 1 / 0}, workers=2, seeds=1)
    with pytest.raises(SettingError, match="workers=2.*pickle"):
        compare({"x": lambda seed: lock}, workers=2, seeds=1)


def test_rows_of_another_comparison_and_changed_rows_are_refused(tmp_path):
    file = tmp_path / "rows.jsonl"
    compare(seeds=1, store=file)
    with pytest.raises(ResultsError, match="another comparison"):
        compare(seeds=1, store=file, budget=31)
    with pytest.raises(ResultsError, match="another comparison"):
        compare(
            {"random": lambda seed: nc.search.RandomSearch(small("macro-5-3").space)}, small("macro-5-3"), store=file
        )
    lines = file.read_text().splitlines()
    row = json.loads(lines[0])
    file.write_text("\n".join([json.dumps({**row, "value": 99.0}), *lines[1:]]) + "\n")
    with pytest.raises(ResultsError, match="line 1: the row was changed"):
        compare(seeds=1, store=file)


def test_it_shows_itself_with_intervals():
    found = compare()
    text = repr(found)
    assert "Comparison on cell-4-4, 30 queries a run" in text and "P(better than evolution)" in text
    line = found.table().set_index("method").loc["random"]
    values = found.frame[found.frame["method"] == "random"]["value"]
    assert line["mean"] == pytest.approx(values.mean()) and line["mean_low"] <= line["mean"] <= line["mean_high"]
    assert 0 <= line["improvement"] <= 1
    html = found._repr_html_()
    assert html.count("<tr>") == 3 and "data:image/png" in html
    assert "<b>x" not in compare({"<b>x": METHODS["random"]}, seeds=1)._repr_html_()


def test_one_run_claims_no_interval_and_no_probability():
    text = repr(compare(seeds=1))
    assert "[" not in text.replace("[95 %]", "") and "improvement" not in compare(seeds=1).table()
    assert "0.00" not in text and "1.00" not in text


def test_a_budget_in_epochs():
    bench = nc.benchmarks.load("digits201", split="test")
    early = bench.training.levels[0]

    class Early(nc.search.RandomSearch):
        def ask(self, n=None):
            return [nc.Query(arch, early) for arch in super().ask(n)]

        def tell(self, archs, values):
            super().tell([each.arch for each in archs], values)

    found = nc.compare(
        {"early": lambda seed: Early(bench.space, seed=seed), "full": lambda seed: nc.search.RandomSearch(bench.space,
        seed=seed)}, bench,
        budget=800,
        unit="epochs",
        seeds=2,
        progress=False,
    )  # fmt: skip
    frame = found.frame.set_index("method")
    assert (frame.loc["early", "queries"] == 800 // early).all() and (frame.loc["full", "queries"] == 5).all()
    assert (frame["spent"] == 800).all() and "800 epochs a run" in repr(found)
    # what was seen after few epochs is not compared with what was seen after all: the benchmark says how good each is
    for _, row in found.frame.iterrows():
        assert row["value"] == pytest.approx(bench.value(bench.space.parse(row["arch"])))
    curves = found.curves
    assert curves["query"].max() <= 800 and (curves["query"] > 100).any(), "in epochs, as the budget is"
    assert (found.table()["to_best"] == 800).all() and "epochs to it" in repr(found)
    assert found.plot().axes[0].get_xlabel() == "epochs"


def test_one_shot_strategies_are_judged():
    def method(name):
        def make(seed):
            strategy = getattr(nc.search.oneshot, name)(CHOICES, seed=seed, learning_rate=0.1)
            return nc.search.oneshot.search(TinySupernet(), strategy, TinyData(), 3, progress=False)

        return make

    methods = {name: method(name) for name in ("DARTS", "Reinforce")}
    found = nc.compare(methods, judge=lambda arch: float(sum(arch)), seeds=2, progress=False)
    frame = found.frame
    assert set(frame["method"]) == {"DARTS", "Reinforce"} and {"entropy", "val_loss", "value"} <= set(frame)
    assert found.curves["query"].max() == 3 and "DARTS" in repr(found) and "data:image/png" in found._repr_html_()
    with pytest.raises(SettingError, match="judge"):
        nc.compare(methods, seeds=1, progress=False)
    both = nc.compare(
        {**METHODS, **methods}, BENCH, judge=lambda arch: float(sum(arch)), budget=9, seeds=2, progress=False
    )
    lines = both.table().set_index("method")
    assert lines.loc["DARTS"].isna()[["found", "to_best"]].all() and lines.loc["random", "to_best"] <= 9
    assert "nan" not in repr(both)


def test_a_run_that_diverges_is_recorded_and_the_others_go_on(tmp_path):
    def make(seed):
        if seed == 1:
            raise Diverged("loss, epoch 1, step 1: nan")
        return nc.search.oneshot.search(TinySupernet(), Reinforce(CHOICES, seed=seed), TinyData(), 2, progress=False)

    bad = {"bad": lambda seed: make(1)}
    for methods, failed in (({"x": make}, 1), ({"x": make, **bad}, 4), (bad, 3)):
        found = nc.compare(methods, judge=lambda arch: float(sum(arch)), seeds=3, progress=False)
        assert found.frame["value"].isna().sum() == failed == found.table()["failed"].sum()
        assert found.frame["stopped"][1] == "diverged: loss, epoch 1, step 1: nan"
        assert f"3 ({min(failed, 3) if methods is bad else 1} failed)" in repr(found) and "3 runs" not in repr(found)
        assert "failed)" in found._repr_html_() and "nan" not in repr(found)


def test_an_architecture_without_a_value_after_the_usual_epochs_has_none():
    space = nc.spaces.CellSpace(2, ("a", "b"))
    values = np.array([[50.0, 60.0], [55.0, np.nan]]).reshape(2, 1, 1, 2, 1)
    table = TabularBenchmark(
        space=space,
        index=TupleIndex([(0,), (1,)]),
        values=values,
        axes={"dataset": ("d",), "split": ("test",), "epochs": (4, 12), "seed": ("mean",)},
        name="hole",
        epochs=12,
    )

    class Early(nc.search.RandomSearch):
        def ask(self, n=None):
            return [nc.Query(arch, 4) for arch in super().ask(n)]

    table.select(epochs=4)
    found = nc.compare({"early": lambda seed: Early(space, seed=seed)}, table, budget=2, seeds=1, progress=False)
    assert found.frame["value"].isna().all() and found.curves["best"].dropna().isin([60.0]).all()


def test_a_judge_is_asked_once_for_each_architecture():
    asked = []

    def make(seed):
        return nc.search.oneshot.search(TinySupernet(), Reinforce(CHOICES, seed=seed), TinyData(), 9, progress=False)

    nc.compare({"x": make}, judge=lambda arch: asked.append(arch) or 1.0, seeds=1, progress=False)
    assert len(asked) == len(set(asked))


def test_a_one_shot_cell_is_not_looked_up_in_the_table_of_another_space():
    supernet = nc.networks.digits201_supernet(space=nc.networks.without_none(), seed=0)

    def make(seed):
        log = nc.search.oneshot.search(TinySupernet(), Reinforce(CHOICES, seed=seed), TinyData(), 1, progress=False)
        log.run.supernet = supernet
        return log

    with pytest.raises(SettingError, match="judge=digits201.*give a function"):
        nc.compare({"x": make}, judge=nc.benchmarks.load("digits201"), seeds=1, progress=False)


def test_only_what_was_recorded_can_be_drawn():
    found = compare(seeds=2)
    assert found.plot("rank").axes
    with pytest.raises(SettingError, match="value='zz': expected one of best, rank"):
        found.plot("zz")


@pytest.mark.parametrize(
    "change, word",
    [
        ({"methods": {}}, "methods="),
        ({"methods": {"x": 3}}, "methods="),
        ({"methods": {"x": lambda seed: 3}}, "method 'x' with seed 0: it made 3"),
        ({"methods": {"x": lambda seed: 1 / 0}}, "method 'x' with seed 0: ZeroDivisionError"),
        ({"methods": {"x": lambda: METHODS["random"](0)}}, "function of a seed"),
        ({"methods": {"x": lambda seed, more: METHODS["random"](0)}}, "function of a seed"),
        ({"methods": {"x": nc.search.RandomSearch}}, "lambda seed: RandomSearch"),
        ({"methods": {"": METHODS["random"]}}, "expected a name"),
        ({"methods": {3: METHODS["random"]}}, "expected a name"),
        ({"methods": {"\ud800": METHODS["random"]}}, "expected a name"),
        ({"methods": [METHODS["random"]]}, "methods="),
        ({"benchmark": None, "budget": 0}, "budget=0"),
        ({"benchmark": None, "unit": "hours"}, "unit="),
        ({"judge": lambda: 1.0}, "judge="),
        ({"judge": lambda arch: "high"}, "what judge says of"),
        ({"judge": lambda arch: float("nan")}, "what judge says of"),
        ({"judge": small("macro-5-3")}, "judge=macro-5-3"),
        ({"methods": {"x": lambda seed: nc.search.RandomSearch(small("macro-5-3").space)}}, "benchmark=cell-4-4 is on"),
        ({"store": 3}, "store=3"),
        ({"store": ""}, "store=''"),
        ({"progress": "no"}, "progress="),
        ({"benchmark": "digits201"}, "benchmark="),
        ({"benchmark": None}, "needs the benchmark"),
        ({"budget": 0}, "budget=0"),
        ({"budget": True}, "budget=True"),
        ({"unit": "hours"}, "unit="),
        ({"seeds": 0}, "seeds=0"),
        ({"seeds": [1, 1]}, "different seeds"),
        ({"workers": 0}, "workers=0"),
        ({"judge": 3}, "judge=3"),
        ({"unit": "epochs"}, "number of epochs"),
    ],
    ids=lambda part: part if isinstance(part, str) else "-".join(part),
)
def test_bad_settings_are_named(change, word):
    with pytest.raises(SettingError, match=word):
        compare(**{"seeds": 1, **change})


def test_the_store_may_not_be_a_folder(tmp_path):
    with pytest.raises(ResultsError, match="a folder"):
        compare(store=tmp_path)


def test_threads_are_set_back():
    before = torch.get_num_threads()
    compare(seeds=1)
    assert torch.get_num_threads() == before
