"""The registry is well formed, and says what the shared sources say."""

from __future__ import annotations

import csv
import re

import pytest

from nascore.data import built, upstream
from nascore.errors import SettingError


def test_rows_are_well_formed():
    rows = upstream.registry()
    assert {row.dataset for row in rows} == set(upstream.DATASETS)
    assert len({row.path for row in rows}) == len(rows) == len({(row.dataset, row.key) for row in rows})
    for row in rows:
        assert row.url.startswith("https://") and re.fullmatch("[0-9a-f]{64}", row.sha256), row
        assert row.licence and not row.path.startswith("/") and ".." not in row.path
        assert row.bytes is None or row.bytes > 0
        if "githubusercontent" in row.url:
            assert re.search("/[0-9a-f]{40}/", row.url), "not pinned to a commit: " + row.url


def test_facts_equal_the_sources(real_data):
    with open(real_data / "raw" / "SOURCES.csv", newline="", encoding="utf-8") as stream:
        facts = {row["raw_url"]: row for row in csv.DictReader(stream)}
    for row in upstream.registry():
        fact = facts[row.url]
        assert row.sha256 == fact["sha256"]
        assert row.bytes == (int(float(fact["bytes"])) if fact["bytes"] else None)
        if fact["file_in_raw"]:
            assert row.path == fact["file_in_raw"]
            assert (real_data / "raw" / row.path).stat().st_size == row.bytes


def test_unknown_names_list_the_allowed_ones():
    with pytest.raises(SettingError, match="'nasbench200'.*nasbench201"):
        upstream.files("nasbench200")
    with pytest.raises(SettingError, match="'x'.*only108"):
        upstream.file("nasbench101", "x")
    with pytest.raises(SettingError, match="'ptb'.*nasbench201"):
        built.table_path("ptb")


def test_every_builder_finds_its_files():
    for name, builder in built.BUILDERS.items():
        assert {file.key for file in upstream.files(name)} == set(builder.keys)
