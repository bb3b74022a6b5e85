"""The log as a table: what counts as best, how it ranks, and architectures as people write them."""

from __future__ import annotations

import pytest

from nascore import Oracle
from nascore.benchmarks.history import COLUMNS, Row, compared, frame
from nascore.benchmarks.table import from_table
from nascore.errors import SettingError
from nascore.spaces import CellSpace

SPACE = CellSpace(3, ("a", "b", "c"))
ARCHS = list(SPACE.enumerate())
BENCH = from_table(SPACE, {arch: float(9 * arch[0] + 3 * arch[1] + arch[2]) for arch in ARCHS}, name="steps")


def test_the_best_so_far_has_its_rank_and_every_architecture_its_text():
    oracle = Oracle(BENCH)
    assert len(oracle.history) == 0 and "rank" in oracle.history
    oracle.evaluate([ARCHS[3], ARCHS[1], ARCHS[20]])
    history = oracle.history
    assert history["rank"].tolist() == [24, 24, 7]
    assert [SPACE.parse(text) for text in history["text"]] == history["arch"].tolist() == [ARCHS[i] for i in (3, 1, 20)]
    assert "rank" not in Oracle(BENCH.value, space=SPACE).history


def test_nothing_is_ranked_before_the_first_success():
    oracle = Oracle(BENCH, feasible=lambda row: row[0] > 2)
    oracle.evaluate([ARCHS[1], ARCHS[5]])
    assert oracle.history["rank"].isna().tolist() == [True, False] and oracle.history["rank"][1] == 22


@pytest.mark.parametrize(
    "asked, level", [([], 36), ([4], 4), ([4, 12], 12), ([4, 36, 108], 36), ([None], None), (["full", 4], "full")]
)
def test_what_is_compared(asked, level):
    rows = [Row(ARCHS[0], 1.0, (), "ok", 0.0, epochs, 1) for epochs in asked]
    assert compared(rows, 36) == level


def test_its_columns_are_those_that_no_cost_may_have():
    rows = [Row(ARCHS[0], 1.0, (2.0,), "ok", 0.0, None, 1)]
    columns = list(frame(rows, None, SPACE, ("watts",), lambda row: True, lambda value: 1))
    assert [name for name in columns if name != "watts"] == list(COLUMNS)
    for name in COLUMNS:
        with pytest.raises(SettingError, match="is taken"):
            Oracle(BENCH.value, space=SPACE, costs=(name,))
