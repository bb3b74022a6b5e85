"""The one loop, and the result it returns."""

from __future__ import annotations

import math

import numpy as np
import pytest

import nascore as nc
from nascore.errors import SettingError
from nascore.search import Search
from nascore.spaces import CellSpace

SPACE = CellSpace(3, ("a", "b", "c"))
BENCH = nc.benchmarks.from_table(
    SPACE, {arch: float(9 * arch[0] + 3 * arch[1] + arch[2]) for arch in SPACE.enumerate()}, name="steps"
)


class Listed(Search):
    """Proposes the given architectures, `batch` at a time."""

    def __init__(self, archs, batch=1, forever=False):
        super().__init__(SPACE)
        self.archs, self.batch, self.forever, self.told = list(archs), batch, forever, []

    def ask(self, n=None):
        out, self.archs = self.archs[: self.batch], self.archs[self.batch :]
        if self.forever:
            self.archs += out
        return out

    def tell(self, archs, values):
        self.told += zip(archs, values, strict=True)


ORDER = [SPACE.at(i) for i in (3, 9, 1, 20, 4)]


def test_everything_asked_is_told_in_order():
    search = Listed(ORDER, batch=2)
    result = nc.run(search, nc.Oracle(BENCH))
    assert search.told == [(arch, BENCH.value(arch)) for arch in ORDER]
    assert result.stopped == "nothing to ask" and result.queries == 5


def test_it_stops_at_the_budget_in_the_middle_of_a_batch_and_goes_on_there():
    search = Listed(ORDER, batch=2)
    result = nc.run(search, nc.Oracle(BENCH, budget=3))
    assert (result.stopped, result.queries) == ("budget", 3)
    assert [arch for arch, _ in search.told] == ORDER[:3] and search.unanswered == ORDER[3:4]
    nc.run(search, nc.Oracle(BENCH))
    assert [arch for arch, _ in search.told] == ORDER and search.unanswered == []


def test_it_stops_when_it_stalls():
    result = nc.run(Listed(ORDER[:2], forever=True), nc.Oracle(BENCH, budget=9, stall=50))
    assert (result.stopped, result.queries) == ("stalled", 2)


def test_it_stops_when_the_search_is_done_or_the_callback_says_so():
    search = nc.search.RandomSearch(SPACE)
    seen = []
    result = nc.run(search, nc.Oracle(BENCH), callback=lambda s, o: seen.append((s, o.queries)) or o.queries == 4)
    assert result.stopped == "callback" and seen == [(search, i) for i in (1, 2, 3, 4)]
    assert nc.run(search, nc.Oracle(BENCH)).stopped == "finished"


def test_ctrl_c_keeps_the_result_and_what_was_asked_last():
    def train(arch):
        if arch == ORDER[2] and not repeat:
            repeat.append(arch)
            raise KeyboardInterrupt
        return BENCH.value(arch)

    repeat, search = [], Listed(ORDER)
    oracle = nc.Oracle(train, space=SPACE)
    result = nc.run(search, oracle)
    assert (result.stopped, result.queries, result.best) == ("interrupted", 2, ORDER[1])
    assert nc.run(search, oracle).queries == 5
    assert [arch for arch, _ in search.told] == ORDER


def test_the_last_architecture_is_evaluated_though_the_search_is_done():
    calls = []

    def train(arch):
        calls.append(arch)
        if len(calls) == 27:
            raise KeyboardInterrupt
        return 1.0

    search, oracle = nc.search.RandomSearch(SPACE), nc.Oracle(train, space=SPACE)
    assert nc.run(search, oracle).stopped == "interrupted" and search.done
    assert nc.run(search, oracle).queries == 27


def test_progress_goes_to_the_error_stream_only_as_lines_where_that_is_a_file(capsys, monkeypatch):
    monkeypatch.setattr("nascore.bars.DELAY_S", 0.0)
    nc.run(Listed(ORDER), nc.Oracle(BENCH, budget=5), progress=True)
    shown = capsys.readouterr()
    assert shown.out == "" and "5/5" in shown.err and "\r" not in shown.err


def test_wrong_arguments():
    oracle = nc.Oracle(BENCH)
    with pytest.raises(SettingError, match="search='GANAS'"):
        nc.run("GANAS", oracle)
    with pytest.raises(SettingError, match="expected nc.Oracle"):
        nc.run(Listed(ORDER), BENCH)
    other = nc.Oracle(lambda arch: 1.0, space=CellSpace(3, ("a", "b", "d")))
    with pytest.raises(SettingError, match="same space"):
        nc.run(Listed(ORDER), other)
    for name, bad in (("callback", 3), ("callback", "x"), ("progress", "no"), ("progress", 1), ("progress", None)):
        paid = nc.Oracle(BENCH)
        with pytest.raises(SettingError, match=f"{name}="):
            nc.run(Listed(ORDER), paid, **{name: bad})
        assert paid.queries == 0


@pytest.mark.parametrize("asked", [3, None, "abc", {}, {(0, 0, 0)}, np.array(3)], ids=str)
def test_what_is_no_list_of_proposals(asked):
    search = nc.search.RandomSearch(SPACE)
    search.ask = lambda: asked
    with pytest.raises(SettingError, match=r"ask\(\) of RandomSearch"):
        nc.run(search, nc.Oracle(BENCH))


@pytest.mark.parametrize("form", [np.array, tuple, iter, list], ids=str)
def test_proposals_in_any_order_that_can_be_gone_through(form):
    search = Listed(ORDER, batch=2)
    plain = search.ask
    search.ask = lambda: form(plain())
    result = nc.run(search, nc.Oracle(BENCH))
    assert result.history["arch"].tolist() == ORDER and len(search.told) == 5


# -- the result -------------------------------------------------------------------------------------------------------
@pytest.fixture
def result():
    return nc.run(Listed(ORDER), nc.Oracle(BENCH))


def test_result(result):
    assert (result.best, result.best_value, result.rank(BENCH)) == (ORDER[3], 20.0, 7)
    assert result.search == "Listed" and result.seconds >= 0
    assert result.history["best"].tolist() == [3, 9, 9, 20, 20]
    curve = {"query": [1, 2, 4], "best": [3.0, 9.0, 20.0], "rank": [24, 18, 7]}
    assert result.curve() == result.curve(BENCH) == curve and result.rank() == 7
    assert result.curve(nc.benchmarks.from_table(SPACE, {arch: 2 * BENCH.value(arch) for arch in SPACE.enumerate()}))[
        "rank"
    ] == [26, 23, 17]
    assert [result.queries_to(v) for v in (0, 3, 3.5, 20, 21)] == [1, 1, 2, 4, None]
    assert "best 20.0000" in repr(result) and "5 queries" in repr(result)


def test_a_result_starts_its_curve_at_the_first_success():
    def train(arch):
        return math.nan if arch in ORDER[:2] else BENCH.value(arch)

    result = nc.run(Listed(ORDER), nc.Oracle(train, space=SPACE))
    assert result.curve() == {"query": [3, 4], "best": [1.0, 20.0]}


def test_a_result_without_a_success():
    result = nc.run(Listed(ORDER), nc.Oracle(lambda arch: math.nan, space=SPACE))
    assert result.best is None and result.curve() == {"query": [], "best": []} and result.queries_to(0) is None
    assert "nothing evaluated" in repr(result) and "nothing evaluated" in result._repr_html_()
    with pytest.raises(SettingError, match="no best"):
        result.rank(BENCH)
    with pytest.raises(SettingError, match="benchmark=None"):
        result.rank()


def test_a_result_stays_what_it_is_when_the_oracle_goes_on():
    oracle = nc.Oracle(BENCH, budget=3)
    first = nc.run(Listed(ORDER), oracle)
    oracle.budget = None
    oracle.evaluate(list(SPACE.enumerate()))
    assert len(first.history) == first.queries == 3 and first.best_value == first.history["best"].iloc[-1] == 9.0


@pytest.mark.parametrize("bad", [3, "digits201", nc.benchmarks.load, float])
def test_what_is_no_table_to_rank_in(result, bad):
    for ask in (result.rank, result.curve):
        with pytest.raises(SettingError, match="benchmark="):
            ask(bad)
    with pytest.raises(SettingError, match="value="):
        result.queries_to("high")


def test_a_result_shows_its_curve_and_its_cell(result):
    html = result._repr_html_()
    assert "data:image/png;base64," in html and "<svg" in html and SPACE.format(ORDER[3]) in html.replace("&gt;", ">")
    assert "<th>rank</th>" in html and "<td>20.0000</td>" in html
    ax = result.plot()
    assert ax.get_xlabel() and len(ax.lines) == 2
    assert np.array_equal(ax.lines[1].get_ydata(), [3, 9, 9, 20, 20])
