"""Downloads: what arrives is the pinned bytes or one clear error, and never half a file."""

from __future__ import annotations

import errno
import os

import pytest

from nascore.data import arriving, download
from nascore.errors import DataError


def leftovers(cache):
    return [path for path in cache.rglob("*") if path.is_file()] if cache.exists() else []


def refused(entry, cache, *words):
    """fetch_file fails with an error that names file, URL and `words`, and leaves nothing behind."""
    before = leftovers(cache)
    with pytest.raises(DataError) as caught:
        download.fetch_file(entry)
    text = str(caught.value)
    for word in (str(entry.local), entry.url, *words):
        assert word in text, text
    assert "\n" not in text
    assert leftovers(cache) == before
    return text


def test_fetches_the_pinned_bytes(site, entry, cache):
    path = download.fetch_file(entry)
    assert path == entry.local and path.read_bytes() == site.pages["/up/stream.bin"]
    assert leftovers(cache) == [path] and path.stat().st_mode & 0o777 == 0o644
    download.fetch_file(entry)
    assert len(site.asked) == 1  # a sound file is not fetched again


def test_progress_bar(site, entry, cache, capsys):
    download.fetch_file(entry, progress=True)
    assert "20.0k" in capsys.readouterr().err


@pytest.mark.parametrize("faults", [["cut"], ["wrong"], ["503", "cut"], ["429"]])
def test_passing_faults_are_retried(site, entry, cache, faults):
    site.faults["/up/stream.bin"] = list(faults)
    assert download.fetch_file(entry).read_bytes() == site.pages["/up/stream.bin"]
    assert len(site.asked) == len(faults) + 1


def test_wrong_bytes_are_refused(site, entry, cache):
    site.faults["/up/stream.bin"] = ["wrong"] * 9
    refused(entry, cache, "other bytes", entry.sha256, "fetch again")
    assert len(site.asked) == 2  # a second time, in case the transfer was bad


def test_cut_connection(site, entry, cache):
    site.faults["/up/stream.bin"] = ["cut"] * 9
    refused(entry, cache, "failed after 4 attempts", "NASCORE_MIRROR")


def test_a_page_that_is_gone_is_not_asked_twice(site, entry, cache):
    site.pages.clear()
    refused(entry, cache, "404", "NASCORE_MIRROR")
    assert len(site.asked) == 1


def test_forbidden(site, entry, cache):
    site.faults["/up/stream.bin"] = ["403"]
    refused(entry, cache, "403")
    assert len(site.asked) == 1


def test_offline(site, entry, cache):
    site.close()
    text = refused(entry, cache, "(Connection refused)", "check the network", "NASCORE_MIRROR")
    assert len(text) < 500


@pytest.mark.parametrize("mirror", [False, True])
def test_full_disk(site, entry, cache, tmp_path, monkeypatch, mirror):
    if mirror:
        place = tmp_path / "mirror" / "raw" / entry.path
        place.parent.mkdir(parents=True)
        place.write_bytes(site.pages["/up/stream.bin"])
        monkeypatch.setenv("NASCORE_MIRROR", str(tmp_path / "mirror"))

    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(arriving.os, "fsync", full)
    refused(entry, cache, "No space left", "NASCORE_CACHE")
    assert len(site.asked) == (not mirror)  # trying again would not help


@pytest.mark.parametrize("where", ["/proc/nothing", "/dev/null/cache", "a" * 300])
def test_an_unwritable_cache_is_named_as_such(site, entry, cache, monkeypatch, where):
    monkeypatch.setenv("NASCORE_CACHE", where)
    text = refused(entry, cache, "cannot be written", "NASCORE_CACHE")
    assert "network" not in text and site.asked == []


def test_cache_that_is_a_file(site, entry, cache):
    cache.write_text("in the way")
    refused(entry, cache, "cannot be written", "NASCORE_CACHE")
    assert cache.read_text() == "in the way"


def test_failed_fetch_keeps_the_old_file(site, entry, cache):
    entry.local.parent.mkdir(parents=True)
    entry.local.write_bytes(b"an older version")
    assert download.state(entry) == "corrupt"
    site.faults["/up/stream.bin"] = ["wrong"] * 9
    refused(entry, cache)
    assert entry.local.read_bytes() == b"an older version"


def test_corrupt_cache_is_noticed_and_fetched_again(site, entry, cache):
    path = download.fetch_file(entry)
    body = bytearray(path.read_bytes())
    body[100] ^= 1  # same size, one bit off
    path.write_bytes(body)
    assert download.state(entry) == "corrupt"
    assert download.fetch_file(entry).read_bytes() == site.pages["/up/stream.bin"]
    assert download.state(entry) == "fetched"


@pytest.mark.parametrize("below", ["raw/", ""])
@pytest.mark.parametrize(
    "form", ["{path}", "file://{path}", "{uri}", "file:{path}", "file://localhost{path}", "FILE://{path}"]
)
@pytest.mark.parametrize("name", ["mirror", "a b %20#é"])
def test_mirror_folder(site, entry, cache, tmp_path, monkeypatch, below, form, name):
    place = tmp_path / name / below / entry.path
    place.parent.mkdir(parents=True)
    place.write_bytes(site.pages["/up/stream.bin"])
    monkeypatch.setenv("NASCORE_MIRROR", form.format(path=tmp_path / name, uri=(tmp_path / name).as_uri()))
    assert download.fetch_file(entry).read_bytes() == site.pages["/up/stream.bin"]
    assert site.asked == []


def test_a_mirror_of_another_kind(site, entry, cache, monkeypatch):
    monkeypatch.setenv("NASCORE_MIRROR", "s3://bucket/data")
    with pytest.raises(DataError, match="s3://bucket/data.*expected a folder"):
        download.fetch_file(entry)


def test_a_mirror_is_read_where_the_cache_cannot_be_written(site, entry, cache, tmp_path, monkeypatch):
    place = tmp_path / "raw" / entry.path
    place.parent.mkdir(parents=True)
    place.write_bytes(site.pages["/up/stream.bin"])
    monkeypatch.setenv("NASCORE_MIRROR", str(tmp_path))
    assert download.obtain(entry, "a table", "fetch it") == entry.local
    monkeypatch.setenv("NASCORE_CACHE", "/proc/nothing")
    assert download.obtain(entry, "a table", "fetch it") == place
    place.write_bytes(b"other bytes")
    with pytest.raises(DataError):
        download.obtain(entry, "a table", "fetch it")


def test_mirror_folder_without_the_file(site, entry, cache, tmp_path, monkeypatch):
    monkeypatch.setenv("NASCORE_MIRROR", str(tmp_path))
    refused(entry, cache, str(tmp_path), "raw/" + entry.path, "unset NASCORE_MIRROR")
    assert site.asked == []


def test_mirror_folder_with_wrong_bytes(site, entry, cache, tmp_path, monkeypatch):
    (tmp_path / "raw" / entry.path).parent.mkdir(parents=True)
    (tmp_path / "raw" / entry.path).write_bytes(b"not it")
    monkeypatch.setenv("NASCORE_MIRROR", str(tmp_path))
    refused(entry, cache, "other bytes")


@pytest.mark.parametrize("below", ["raw/", ""])
def test_mirror_url(site, entry, cache, monkeypatch, below):
    site.pages[f"/mirror/{below}{entry.path}"] = site.pages.pop("/up/stream.bin")
    monkeypatch.setenv("NASCORE_MIRROR", site.url + "/mirror/")
    assert len(download.fetch_file(entry).read_bytes()) == entry.bytes
    assert site.asked[0] == f"/mirror/raw/{entry.path}"


def test_mirror_url_without_the_file(site, entry, cache, monkeypatch):
    monkeypatch.setenv("NASCORE_MIRROR", site.url + "/mirror")
    refused(entry, cache, "404", "unset NASCORE_MIRROR")
    assert "/up/stream.bin" not in site.asked  # the mirror overrides the host


def test_real_bytes_over_http(site, cache, real_data, monkeypatch):
    from nascore.data import upstream

    for file in upstream.files("nasbench201")[:2]:
        site.pages["/" + file.path] = (real_data / "raw" / file.path).read_bytes()
        site.faults["/" + file.path] = ["cut"]
        monkeypatch.setenv("NASCORE_MIRROR", site.url)
        assert download.fetch_file(file).stat().st_size == file.bytes
        assert download.state(file) == "fetched"
