"""The page on weight sharing: lines of the gate and of theta's rates from made-up rows, and Table 3 as printed."""

from __future__ import annotations

import pandas as pd
import pytest

from nascore.companion.papers import paper_value
from nascore.studies.ganas import weight_sharing_report as report
from nascore.studies.ganas.weight_sharing import METHODS, TUNED

SETTING = {"optimizer": "adam", "rate": 0.01, "epochs": 100, "steps": 12, "data_kind": "digits201"}


def rows(*found: dict) -> pd.DataFrame:
    return pd.DataFrame([{**SETTING, "seed": 1000 + i, **each} for i, each in enumerate(found)])


def test_searches_come_in_the_order_of_the_page_and_nothing_else():
    made = rows(
        *({"method": method, "role": "search"} for method in reversed(METHODS)), {"method": "gate", "role": "gate"}
    )
    made = pd.concat([made, made.assign(role="longer")])
    assert report.searches(made)["method"].tolist() == list(METHODS)


@pytest.mark.parametrize(("lowest", "met"), [(0.5, "yes"), (0.49, "no")])
def test_the_gate_asks_every_seed(lowest, met):
    ranks = [{"spearman": rank, "spearman_loss": 0.5, "spearman_upper_half": 0.25} for rank in (0.9, lowest)]
    made = rows(*({"method": "gate", "role": "gate", **each} for each in ranks))
    (line,) = report.gate(pd.concat([made, rows({"method": "ENAS", "role": "search"})]))
    assert line["at least 0.5"] == met and line["used"] == "yes"
    assert line["Spearman, by seed"].startswith("1000: 0.90, 1001: 0.")
    other = made.assign(role="pilot", rate=0.4)
    assert [line["used"] for line in report.gate(pd.concat([made, other]))] == ["yes", ""]


def test_longer_training_stands_beside_the_same_searches():
    found = [{"method": method, "role": "search"} for method in METHODS]
    longer = rows(*({"method": method, "role": "longer"} for method in ("ENAS", TUNED, "gate"))).assign(epochs=200)
    shown = report.by_training(pd.concat([rows(*found), longer]))
    lines = list(zip(shown["method"], shown["training"]))
    assert lines == [(m, f"{n} epochs") for m in (TUNED, "ENAS") for n in (100, 200)]
    assert report.by_training(rows(*found)).empty


def test_rates_are_means_of_the_tuning_runs():
    found = [{"method": "ENAS", "role": "tuning", "theta_rate": rate, "val_accuracy": value}
             for rate, value in ((0.1, 70.0), (0.1, 71.0), (0.3, 60.0))]  # fmt: skip
    first, second = report.rates(rows(*found, {"method": "ENAS", "role": "search"}))
    assert (first["validation accuracy (%)"], first["runs"], first["used"]) == ("70.50", 2, "yes")
    assert (second["rate of theta"], second["used"]) == ("0.3", "")
    assert report.rates(rows({"method": "ENAS", "role": "search"})) == [{"strategy": "no rows are stored"}]


def test_printed_numbers_are_those_of_table_3():
    found = report.printed(paper_value)
    assert found["accuracy (%)"] == {TUNED: "92.80 ± 0.54", "ENAS": "91.83 ± 0.42", "DARTS": "92.21 ± 0.61"}
    assert found["best rank"] == {TUNED: "5,386", "ENAS": "96,939", "DARTS": "57,079"}


def test_what_the_rows_are():
    made = rows(*[{"method": "ENAS", "role": "search"}] * 3, {"method": "DARTS", "role": "search"})
    text = report.in_words(made)
    assert "1 to 3 runs" in text and "adam, rate 0.01, 100 epochs of 12 steps" in text
    assert "Not run yet: GA-NAS, GA-NAS, true accuracies" in text
    assert "Not run" not in report.in_words(rows(*({"method": method, "role": "search"} for method in METHODS)))
