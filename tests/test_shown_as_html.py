"""Whatever a name holds, what shows itself in a notebook shows it as text: no markup of a user's comes through."""

from __future__ import annotations

import pandas as pd
import pytest

import nascore as nc
from nascore.companion import notebook, tables

EVIL = "<script>alert('1')</script>&\""
OPS = (f"a{EVIL}", "b<i>")


def space():
    return nc.spaces.CellSpace(3, OPS, name=f"space {EVIL}")


def table():
    cells = space()
    values = {arch: float(sum(arch)) for arch in cells.enumerate()}
    return nc.benchmarks.from_table(cells, values, name=f"table {EVIL}", label=f"label {EVIL}")


def oracle():
    found = nc.Oracle(table(), budget=4)
    found.evaluate(list(found.space.enumerate())[:2])
    return found


def result():
    bench = table()
    return nc.run(nc.search.RandomSearch(bench.space, seed=0), nc.Oracle(bench, budget=4))


def comparison():
    bench = table()
    return nc.compare(
        {f"RS {EVIL}": lambda seed: nc.search.RandomSearch(bench.space, seed=seed)}, bench, budget=4, seeds=2
    )


def frame():
    return pd.DataFrame({f"column {EVIL}": [EVIL, "x"]})


@pytest.mark.parametrize(
    "make",
    [
        space,
        table,
        oracle,
        result,
        comparison,
        lambda: space().view((0, 1, 0)),
        lambda: notebook.Settings(EVIL, EVIL, 1),
        lambda: notebook.Note({EVIL: EVIL}),
        lambda: tables.HtmlTable(frame(), EVIL, EVIL, colour={EVIL: "#123456"}),
        lambda: tables.plain([{EVIL: EVIL}], EVIL, EVIL),
    ],
    ids=["space", "table", "oracle", "result", "comparison", "view", "settings", "note", "html table", "plain table"],
)
def test_markup_in_a_name_is_shown_as_text(make):
    html = make()._repr_html_()
    assert "<script>" not in html and "b<i>" not in html
    assert "&lt;script&gt;" in html or "alert" not in html
