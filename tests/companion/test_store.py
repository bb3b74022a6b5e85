from __future__ import annotations

import json

import numpy as np
import pytest

from nascore.benchmarks import kinds
from nascore.companion import store
from nascore.errors import ResultsError, SettingError


def row(seed=0, **changes):
    base = {
        "experiment": "t/x",
        "version": 1,
        "profile": "laptop",
        "config": {"a": 1},
        "seed": seed,
        "metrics": {"best": 1.5},
        "provenance": {"data": "d:1"},
    }
    base["fingerprint"] = store.fingerprint("t/x", 1, {"a": 1}, seed, "d:1")
    return {**base, **changes}


def test_rows_come_back_as_written(tmp_path):
    file = tmp_path / "x.jsonl"
    written = [store.append(file, row(seed)) for seed in range(3)]
    assert store.read(file) == written
    assert [r["seed"] for r in written] == [0, 1, 2]


def test_absent_file_has_no_rows(tmp_path):
    assert store.read(tmp_path / "none.jsonl") == []


def test_half_written_last_line_is_ignored_and_cut_by_the_next_append(tmp_path):
    file = tmp_path / "x.jsonl"
    store.append(file, row(0))
    with open(file, "ab") as stream:
        stream.write(b'{"experiment":"t/x","ver')
    assert len(store.read(file)) == 1
    store.append(file, row(1))
    assert [r["seed"] for r in store.read(file)] == [0, 1]


def test_a_file_that_is_only_a_half_line(tmp_path):
    file = tmp_path / "x.jsonl"
    file.write_bytes(b'{"exp')
    assert store.read(file) == []
    store.append(file, row(4))
    assert [r["seed"] for r in store.read(file)] == [4]


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text.replace("1.5", "9.5"),  # an edited metric
        lambda text: text.replace('"seed":1', '"seed":7'),  # an edited identity
        lambda text: "not json\n" + text.split("\n", 1)[1],
        lambda text: text.replace('"metrics"', '"metrix"', 1),
        lambda text: "[1, 2]\n" + text,
        lambda text: text.replace("\n", "\n\n", 1),  # an empty line inside
    ],
)
def test_damaged_rows_are_refused_with_file_and_line(tmp_path, damage):
    file = tmp_path / "x.jsonl"
    for seed in (1, 2):
        store.append(file, row(seed))
    file.write_text(damage(file.read_text()))
    with pytest.raises(ResultsError, match=r"x\.jsonl, line \d") as caught:
        store.read(file)
    assert "\n" not in str(caught.value)


def test_fingerprint_depends_on_each_part_and_not_on_key_order():
    base = ("t/x", 1, {"a": 1, "b": [1.0, "c"]}, 0, "d:1")
    same = store.fingerprint("t/x", 1, {"b": [1.0, "c"], "a": 1}, 0, "d:1")
    assert store.fingerprint(*base) == same
    for i, other in enumerate(("t/y", 2, {"a": 2, "b": [1.0, "c"]}, 1, "d:2")):
        assert store.fingerprint(*base[:i], other, *base[i + 1 :]) != same


def test_plain_turns_numpy_into_json_and_nan_into_null():
    value = {"a": np.float32(1.5), "b": np.arange(3), "c": float("nan"), "d": (np.int64(2), np.bool_(True), None)}
    assert json.loads(store.canonical(value)) == {"a": 1.5, "b": [0, 1, 2], "c": None, "d": [2, True, None]}
    with pytest.raises(ResultsError, match="object"):
        store.plain({"a": object()})


def test_profiles(store_folder):
    assert store.path("t/x", "laptop") == store.path("t/x", "paper")
    assert "smoke" in str(store.path("t/x", "smoke"))
    with pytest.raises(SettingError, match="huge.*smoke, laptop, paper"):
        store.path("t/x", "huge")


def test_unwritable_store_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ResultsError, match="cannot write"):
        store.append(tmp_path / "file" / "x.jsonl", row())


@pytest.mark.parametrize(
    "label, kind",
    [
        ("nasbench201:ab", "true"),
        ("nasbench101-surrogate:1", "surrogate"),
        ("markov-synthetic:3", "synthetic"),
        ("digits201:ab", "digits201"),
    ],
)
def test_data_kind(label, kind):
    assert kinds.kind_of(label) == kind
