"""Tables, notes, plots and drawings that notebooks show."""

from __future__ import annotations

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from nascore import spaces
from nascore.companion import claims, compute, drawing, notebook, plots, tables
from nascore.errors import ResultsError, SettingError


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture()
def rows(toy):
    return compute.compute(toy()[0], "laptop", progress=False)


@pytest.mark.parametrize(
    "settings, message",
    [
        (("fresh", "laptop", 1), "fresh.*cached, recompute"),
        (("cached", "big", 1), "big.*smoke"),
        (("cached", "laptop", "2"), "workers"),
        (("cached", "laptop", 0), "workers"),
    ],
)
def test_wrong_parameters_are_one_clear_error(settings, message):
    with pytest.raises(SettingError, match=message):
        notebook.start(*settings)


def test_modes(toy):
    _, calls = toy()
    with pytest.raises(ResultsError, match="recompute"):
        notebook.results("toy/line")
    assert len(notebook.start("recompute", "smoke").results("toy/line")) == 2
    assert len(notebook.results("toy/line", profile="smoke")) == len(calls) == 2


def test_smoke_figures_go_elsewhere(monkeypatch, store_folder):
    from nascore import paths

    monkeypatch.delenv("NASCORE_FIGURES")
    published = paths.figures()
    notebook.start("cached", "smoke")
    assert paths.figures() != published
    monkeypatch.delenv("NASCORE_FIGURES")


def test_compare_puts_measured_beside_printed(rows):
    table = tables.compare(
        rows, {"best": "acc", "rank": "rank", "queries": None}, printed={"A": "table2.setup1", "B": None}, paper="ganas"
    )
    frame = table.frame
    assert list(frame.columns) == ["method", "runs", "best", "best, paper", "rank", "rank, paper", "queries"]
    assert list(frame["best, paper"]) == ["94.22", "not in our copy"]
    assert frame["best"][0].startswith("91.50 [") and frame["rank, paper"][0] == "2.90"
    html = table._repr_html_()
    assert (
        "Table 2" in html
        and html
        == tables.compare(
            rows,
            {"best": "acc", "rank": "rank", "queries": None},
            printed={"A": "table2.setup1", "B": None},
            paper="ganas",
        )._repr_html_()
    )
    with pytest.raises(SettingError, match="no column 'accuracy'"):
        tables.compare(rows, {"accuracy": None})


def test_compare_names_stand_ins(toy):
    experiment, _ = toy(data="toy-surrogate:1")
    table = tables.compare(compute.compute(experiment, "laptop", progress=False), {"best": None})
    assert "surrogate" in table.note


def test_values_never_measured_are_counted():
    assert tables.measured([1.0, None, 3.0]).endswith("(2 of 3 runs)")
    assert tables.measured([None, None]) == "–"
    assert tables.measured([500, 500]) == "500" and tables.measured([0.5, 0.5]) == "0.50"


def test_html_is_escaped():
    table = tables.HtmlTable(pd.DataFrame({"a<b": ["<script>"]}))
    assert "<script>" not in table._repr_html_() and "a&lt;b" in table._repr_html_()


def test_verdict_table():
    table = notebook.verdicts("ganas/nb301-*")
    asked = [claim.id for claim in claims.load("ganas") if claim.id.startswith("ganas/nb301-")]
    assert len(table.frame) == len(asked) >= 4 and set(table.frame["verdict"]) == {"not tested"}
    assert "NAS-Bench-301" in table._repr_html_()
    with pytest.raises(SettingError, match="ganas/nb301-randm.*did you mean"):
        notebook.verdicts(["ganas/nb301-randm"])


def test_provenance_note_reads_only_the_rows(rows):
    note = notebook.provenance_note(rows)
    assert note.lines["runs"] == "8, seeds 0-3"
    assert note.lines["command"] == "nascore reproduce toy/line --profile laptop"
    assert note.lines["data"] == "toy (1)"
    assert "provenance" not in str(note) and "<table" in note._repr_html_()


def test_query_curves_give_the_plotted_data(rows):
    data = plots.query_curves(rows, optimum=94)
    assert (
        set(data["method"]) == {"A", "B"}
        and (data["low"] <= data["value"]).all()
        and (data["value"] <= data["high"]).all()
    )
    last = data[data["method"] == "A"].iloc[-1]
    assert (last["query"], last["value"], last["runs"]) == (20, 91.5, 4)
    assert len(plt.gca().lines) == 3
    plt.figure()
    ranks = plots.query_curves(rows, "rank")
    assert ranks["value"].min() == pytest.approx(8.5)
    plt.figure()
    assert (plots.query_curves(rows, optimum=94, regret=True)["value"] > 0).all()
    with pytest.raises(SettingError, match="optimum"):
        plots.query_curves(rows, regret=True)
    with pytest.raises(ResultsError):
        plots.query_curves(rows.drop(columns="curve"))


def test_strip_summary(rows):
    data = plots.strip(rows, "best")
    assert list(data["mean"]) == [91.5, 81.5] and list(data["runs"]) == [4, 4]


def test_saved_figures_are_the_same_bytes(rows, store_folder):
    names = []
    for _ in range(2):
        plots.use_style()
        fig, ax = plt.subplots()
        data = plots.query_curves(rows, ax=ax)
        names.append([(p, p.read_bytes()) for p in plots.save_figure(fig, "toy/curves", data)])
    assert names[0] == names[1]
    assert [p.name for p, _ in names[0]] == ["curves.pdf", "curves.png", "curves.csv"]
    assert b"CreationDate" not in names[0][0][1]
    back = pd.read_csv(names[0][2][0])
    np.testing.assert_allclose(back["value"], data["value"], rtol=1e-5)
    with pytest.raises(SettingError, match=r"\.\./x"):
        plots.save_figure(fig, "../x", data)


def test_drawn_cells():
    space = spaces.NASBench201()
    arch = (3, 3, 1, 0, 2, 4)
    fig = drawing.draw_cells({"a cell": space.view(arch), "its graph": space.dag(arch)}, columns=2)
    texts = [t.get_text() for t in fig.axes[0].texts]
    assert texts == ["input", "conv 3×3", "conv 3×3", "skip", "none", "conv 1×1", "avg pool 3×3", "output"]
    assert [ax.get_title("left") for ax in fig.axes] == ["a cell", "its graph"]
    for bad in ({}, {"x": 3}):
        with pytest.raises(SettingError):
            drawing.draw_cells(bad)


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda rows: tables.compare(3, {"best": None}), "rows=3"),
        (lambda rows: tables.compare(rows, False, paper="ganas"), "columns=False"),
        (lambda rows: tables.compare(rows, {"best": 3}, paper="ganas"), "columns="),
        (lambda rows: tables.compare(rows, {"zz": None}, paper="ganas"), "columns='zz'"),
        (lambda rows: tables.compare(rows, {"best": None}, by=["seed"]), "by="),
        (lambda rows: tables.compare(rows, {"best": None}, digits="/"), "digits='/'"),
        (lambda rows: tables.compare(rows, {"best": None}, digits={"best": True}), "digits=True"),
        (lambda rows: tables.compare(rows, {"best": None}, digits=10**5000), "digits="),
        (lambda rows: plots.query_curves(1j), "rows=1j"),
        (lambda rows: plots.query_curves(rows, by="zz"), "by='zz'"),
        (lambda rows: plots.query_curves(rows, value=[1]), "value"),
        (lambda rows: plots.query_curves(rows, optimum="1"), "optimum='1'"),
    ],
)
def test_what_no_table_or_picture_can_show_is_refused_by_name(rows, call, named):
    with pytest.raises(SettingError, match=named):
        call(rows)
