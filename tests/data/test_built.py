"""Built tables: checked on load, rebuilt when stale, refused when damaged."""

from __future__ import annotations

import json
import sys
import types

import numpy as np
import pytest

from nascore.data import built, catalogue, download
from nascore.errors import DataError, SettingError


@pytest.fixture
def table(entry, registered, monkeypatch):
    """A table "nasbench-macro" built from the entry's bytes; `calls` counts builds."""
    calls = []

    def build(files, progress=False):
        calls.append(files)
        return {"numbers": np.frombuffer(files["table"].read_bytes(), dtype=np.uint8)[:1000].astype(np.float32)}

    module = types.ModuleType("nascore.data.fake_raw")
    module.build = build
    monkeypatch.setitem(sys.modules, "nascore.data.fake_raw", module)
    monkeypatch.setattr(built, "BUILDERS", {"nasbench-macro": built.Builder("fake_raw", ("table",), 1, "stand-in")})
    registered([entry])
    return calls


def test_built_once_and_read_back(table, entry, cache):
    path = catalogue.fetch("nasbench-macro", progress=False)
    assert path == built.table_path("nasbench-macro") and len(table) == 1
    first, again = built.load("nasbench-macro"), built.load("nasbench-macro")
    assert len(table) == 1 and np.array_equal(first["numbers"], again["numbers"]) and first["numbers"].shape == (1000,)
    with np.load(path, allow_pickle=False) as archive:  # no pickles inside
        assert set(archive.files) == {"meta", "numbers"}


def test_missing_raw_file_says_what_to_do(table, entry, cache, site):
    with pytest.raises(DataError) as caught:
        built.load("nasbench-macro")
    for word in (str(entry.local), entry.url, "missing", "nascore data fetch nasbench-macro", "stand-in"):
        assert word in str(caught.value)
    assert site.asked == []  # loading never goes to the network by itself


def test_mirror_folder_is_used_without_asking(table, entry, cache, site, tmp_path, monkeypatch):
    place = tmp_path / "mirror" / "raw" / entry.path
    place.parent.mkdir(parents=True)
    place.write_bytes(site.pages["/up/stream.bin"])
    monkeypatch.setenv("NASCORE_MIRROR", str(tmp_path / "mirror"))
    assert built.load("nasbench-macro")["numbers"].shape == (1000,)


def test_corrupt_raw_file_is_not_built_from(table, entry, cache):
    download.fetch_file(entry)
    entry.local.write_bytes(b"x" * entry.bytes)
    with pytest.raises(DataError, match="corrupt.*nascore data fetch"):
        built.load("nasbench-macro")


def test_flipped_bytes_are_refused_and_fetch_mends(table, cache):
    path = catalogue.fetch("nasbench-macro", progress=False)
    sound, expected = path.read_bytes(), built.load("nasbench-macro")["numbers"]
    for place in range(40, len(sound), len(sound) // 60):
        bad = bytearray(sound)
        bad[place] ^= 0x10
        path.write_bytes(bad)
        try:
            got = built.load("nasbench-macro")["numbers"]
        except DataError as error:
            assert str(path) in str(error) and "nascore data fetch nasbench-macro" in str(error)
            assert built.state("nasbench-macro") == "corrupt"
        else:  # the flip hit zip bookkeeping that nobody reads, or made the table stale
            assert np.array_equal(got, expected)
    path.write_bytes(sound[: len(sound) // 2])
    with pytest.raises(DataError, match="not a readable table"):
        built.load("nasbench-macro")
    catalogue.fetch("nasbench-macro", progress=False)
    assert built.state("nasbench-macro") == "built"


def test_content_that_does_not_fit_its_checksum(table, cache):
    path = catalogue.fetch("nasbench-macro", progress=False)
    with np.load(path) as archive:
        arrays = dict(archive)
    arrays["numbers"] = arrays["numbers"] + 1
    np.savez(path, **arrays)  # a sound zip with other numbers
    with pytest.raises(DataError, match="differs from its stored checksum"):
        built.load("nasbench-macro")


def test_pickles_are_refused(table, cache):
    path = built.table_path("nasbench-macro")
    path.parent.mkdir(parents=True)
    np.savez(path, meta=np.array([{"format": 1}], dtype=object))
    with pytest.raises(DataError, match="not a readable table"):
        built.load("nasbench-macro")


def test_older_builder_is_stale_and_built_again(table, cache, monkeypatch):
    catalogue.fetch("nasbench-macro", progress=False)
    monkeypatch.setattr(built, "BUILDERS", {"nasbench-macro": built.Builder("fake_raw", ("table",), 2, "stand-in")})
    assert built.state("nasbench-macro") == "stale"
    built.load("nasbench-macro")
    assert len(table) == 2 and built.state("nasbench-macro") == "built"
    meta = json.loads(np.load(built.table_path("nasbench-macro"))["meta"].tobytes())
    assert meta["builder"] == 2 and meta["sources"]


def test_full_disk_while_storing(table, entry, cache, monkeypatch):
    download.fetch_file(entry)

    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("nascore.paths.os.fsync", full)
    with pytest.raises(DataError, match="No space left.*NASCORE_CACHE"):
        built.build("nasbench-macro")
    with pytest.warns(UserWarning, match="made again in every process.*No space left.*NASCORE_CACHE"):
        assert built.load("nasbench-macro")["numbers"].shape == (1000,)  # reading needs no room
    assert list(built.table_path("nasbench-macro").parent.iterdir()) == []


def test_catalogue_rows(table, entry, cache, capsys):
    (row,) = [row for row in catalogue.list_datasets() if row["name"] == "nasbench-macro"]
    assert row["state"] == "missing" and row["table"] == "missing" and row["bytes"] == 20_000 and row["files"] == 1
    catalogue.fetch("nasbench-macro", progress=False)
    states = {row["file"]: row["state"] for row in catalogue.verify("nasbench-macro")}
    assert states == {entry.path: "fetched", "nasbench-macro.npz": "built"}
    entry.local.write_bytes(b"damaged")
    (row,) = [row for row in catalogue.list_datasets() if row["name"] == "nasbench-macro"]
    assert row["state"] == "corrupt"
    catalogue.fetch("nasbench-macro", progress=True)
    assert str(entry.local) in capsys.readouterr().out
    assert {row["state"] for row in catalogue.verify("nasbench-macro")} == {"fetched", "built"}


@pytest.mark.parametrize("call", [catalogue.fetch, catalogue.path, catalogue.verify])
@pytest.mark.parametrize("name", ["nasbench20", 3, ["nasbench201"]])
def test_unknown_names(call, name):
    with pytest.raises(SettingError, match="unknown data set .*nasbench201"):
        call(name)


@pytest.mark.parametrize("meta", [b"[]", b"3", b"[" * 100_000, b'"a"', b'{"a": 1}', b"\xff\xfe", b'[["digest", 1]]'])
def test_forged_descriptions_are_refused(cache, meta):
    path = cache / "a.npz"
    path.parent.mkdir()
    np.savez(path, meta=np.frombuffer(meta, np.uint8))
    with pytest.raises((DataError, built._Stale)):
        built.read(path, {"format": 1})


def test_paths_without_a_table(cache):
    assert catalogue.path("cifar10").name == "cifar-10-binary.tar.gz"
    assert catalogue.path("nasbench101-ecnas").name == "tabular_benchmarks"
