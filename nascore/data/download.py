"""Fetch one upstream file: from its URL, or from NASCORE_MIRROR; checked by sha256 before it gets its name.

What arrives goes to a file beside the target (see `arriving`) and is renamed only after its sha256 was right, so that a
cut connection, a full disk or wrong bytes leave whatever was there before, and never half a file.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from nascore import paths
from nascore.data import arriving
from nascore.data.upstream import UpstreamFile
from nascore.errors import DataError

RETRIES = 3  # further attempts after a failure that may pass (cut connection, 5xx)
WRONG = 2  # attempts that may bring wrong bytes or hardly any: once may be a bad transfer, twice is another file
WAIT = 1.0  # seconds before the first retry; doubled each time
UNSTATED = 1 << 30  # bytes at which a file ends whose size upstream does not state
CHUNK = 1 << 20
clock = time.monotonic


def sha256(path: Path) -> str:
    """Hex digest of a file's bytes."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def state(file: UpstreamFile) -> str:
    """ "fetched", "missing" or "corrupt" (there, but with another sha256, or not to be read)."""
    try:
        size = file.local.stat().st_size
    except OSError:
        return "missing"
    try:
        right = size == (file.bytes or size) and sha256(file.local) == file.sha256
    except OSError:
        right = False
    return "fetched" if right else "corrupt"


def problem(file: UpstreamFile, what: str, advice: str) -> DataError:
    """The one form of every data error: file, URL, what went wrong, what to do."""
    return DataError(f"{file.local} ({file.url}): {what}; {advice}")


def mirror_folder() -> Path | None:
    """The folder NASCORE_MIRROR names, as a path or a file:// address, or None where it is unset or a URL."""
    where = paths.mirror()
    if where is None or where.lower().startswith(("http://", "https://")):
        return None
    if not where.lower().startswith("file:"):
        if "://" in where:
            raise DataError(
                f"NASCORE_MIRROR={where!r}: expected a folder, or an address with file://, http:// or https://"
            )
        return Path(where).expanduser()
    written = re.sub("^file:(//(localhost(?=/))?)?", "", where, flags=re.IGNORECASE)
    literal, meant = Path(written).expanduser(), Path(unquote(written)).expanduser()
    return literal if literal.exists() and not meant.exists() else meant  # file:// before a path as it is


def mirrored(path: str, *below: str) -> Path | None:
    """The file `path` in the first of these folders of the mirror, or None where there is none or no mirror folder."""
    folder = mirror_folder()
    places = [] if folder is None else [folder / part / path for part in below or ("raw", "")]
    return next((place for place in places if place.is_file()), None)


def obtain(file: UpstreamFile, reader: str, advice: str) -> Path:
    """Where the verified bytes of `file` can be read, without the network: the cached copy, one copied from a mirror
    that is a local folder, or the mirror's own where the cache cannot be written. DataError where there is none, which
    says what is read from it and what to do."""
    condition = state(file)
    if condition == "fetched":
        return file.local
    if mirror_folder() is None:
        raise problem(file, f"{condition}, and {reader} is read from it", advice)
    try:
        return fetch_file(file)
    except CacheError:
        place = mirrored(file.path)
        if place is None or sha256(place) != file.sha256:
            raise
        return place


class CacheError(DataError):
    """The cache cannot be written."""


def fetch_file(file: UpstreamFile, progress: bool = False) -> Path:
    """The verified local copy of `file`, downloaded if it is missing or corrupt; raises DataError.

    NASCORE_MIRROR overrides the host: `raw/<path>` below it is tried first, then `<path>`. The checksum is the same.
    What killed fetches left in the cache is removed.
    """
    for kind in ("raw", "built"):
        arriving.sweep(paths.cache() / kind)
    if state(file) == "fetched":
        return file.local
    folder = mirror_folder()
    if folder is not None:
        place = mirrored(file.path)
        if place is None:
            raise problem(
                file,
                f"not in the mirror {folder}" + ("" if folder.is_dir() else ", which is no folder"),
                "put it there as raw/" + file.path + ", or unset NASCORE_MIRROR to download it",
            )
        return _attempts(file, str(place), _file, 1)
    sources = _sources(file)
    for last, source in zip([False] * (len(sources) - 1) + [True], sources, strict=True):
        try:
            return _attempts(file, source, _web(file, progress), WRONG)
        except _NotThere as error:
            if last:
                hint = (
                    "or unset NASCORE_MIRROR to download it from upstream"
                    if paths.mirror()
                    else "or set NASCORE_MIRROR to a folder or URL that has the file"
                )
                raise problem(file, str(error), "check the address, " + hint) from error
    raise AssertionError("unreachable")


class _NotThere(Exception):
    """The server answered, and it has no such file."""


class _WrongBytes(Exception):
    """What arrived is not the file."""


def _sources(file: UpstreamFile) -> list[str]:
    where = paths.mirror()
    if where is None:
        return [file.url]
    parts = urlsplit(where)
    base = parts.path.rstrip("/")
    return [
        urlunsplit((parts.scheme, parts.netloc, f"{base}/{quote(place + file.path, safe='/+')}", parts.query, ""))
        for place in ("raw/", "")
    ]


def _attempts(file: UpstreamFile, source: str, read: Callable[[str], Iterator[bytes]], wrong: int) -> Path:
    """`source` with retries, of them at most `wrong` that bring the wrong bytes or hardly any; every failure becomes
    one DataError (or _NotThere)."""
    from nascore.data import transfer  # lazy: requests is slow to import

    elsewhere = "or set NASCORE_MIRROR to a folder or URL that has the file"
    wait, bad, place = WAIT, 0, "" if source == file.url else f" from {source}"
    for attempt in range(1, RETRIES + 2):
        try:
            return _once(file, source, read)
        except arriving.Unwritable as error:
            raise CacheError(
                *problem(
                    file,
                    f"cannot be written ({error})",
                    "free space or set NASCORE_CACHE to a folder that can be written, then fetch again; "
                    "nothing was changed",
                ).args
            ) from error
        except transfer.Refused as error:
            status = error.status
            if status in (404, 410):
                raise _NotThere(f"{source} answered {status} (not found)") from error
            if (status < 500 and status not in (408, 429)) or attempt > RETRIES:
                again = "" if attempt == 1 else f" ({attempt} times)"
                raise problem(
                    file, f"{source} answered {status}{again}", f"check the address or your access, {elsewhere}"
                ) from error
        except (_WrongBytes, transfer.TooMuch) as error:
            bad += 1
            if bad == wrong or attempt > RETRIES:
                raise problem(
                    file,
                    f"{source} holds other bytes than expected ({error}; sha256 should be {file.sha256})",
                    "the download was refused and nothing was changed; fetch again, or set NASCORE_MIRROR "
                    "to a folder or URL that has the right file",
                ) from error
        except transfer.TooSlow as error:
            bad += 1
            if bad == wrong or attempt > RETRIES:
                raise problem(
                    file,
                    f"download{place} was given up: too slow ({error})",
                    f"check the network and fetch again, {elsewhere}",
                ) from error
        except transfer.FAULTS as error:
            if read is _file:
                raise problem(
                    file, f"{source} cannot be read ({_reason(error)})", "mend the mirror, or unset NASCORE_MIRROR"
                ) from error
            if attempt > RETRIES:
                raise problem(
                    file,
                    f"download{place} failed after {attempt} attempts ({_reason(error)})",
                    f"check the network and fetch again, {elsewhere}",
                ) from error
        time.sleep(wait)
        wait *= 2
    raise AssertionError("unreachable")


def _once(file: UpstreamFile, source: str, read: Callable[[str], Iterator[bytes]]) -> Path:
    with arriving.arriving(file.local) as new:
        found, count, start = hashlib.sha256(), 0, b""
        for piece in read(source):
            start = start or piece[:64]
            count += len(piece)
            if count > _most(file):
                raise _WrongBytes(f"more than {_most(file)} bytes")
            found.update(piece)
            new.write(piece)
        if found.hexdigest() != file.sha256:
            size = "" if file.bytes is None or count == file.bytes else f"{count} bytes where {file.bytes} are expected"
            page = "a web page" if start.lstrip().lower().startswith((b"<!doctype html", b"<html")) else ""
            raise _WrongBytes(", ".join(filter(None, (page, size))) or f"sha256 is {found.hexdigest()}")
        return new.keep()


def _most(file: UpstreamFile) -> int:
    return UNSTATED if file.bytes is None else file.bytes


def _file(source: str) -> Iterator[bytes]:
    with open(source, "rb") as stream:
        while piece := stream.read(CHUNK):
            yield piece


def _web(file: UpstreamFile, progress: bool) -> Callable[[str], Iterator[bytes]]:
    def read(source: str) -> Iterator[bytes]:
        from nascore.data import transfer

        with _bar(file, progress) as bar:
            for piece in transfer.pieces(source, _most(file), clock):
                bar.update(len(piece))
                yield piece

    return read


def _bar(file: UpstreamFile, progress: bool):
    from tqdm.auto import tqdm

    return tqdm(
        total=file.bytes, unit="B", unit_scale=True, desc=file.local.name, disable=not progress, dynamic_ncols=True
    )


def _reason(error: Exception) -> str:
    """The innermost cause in few words: requests wraps it in several layers that repeat the address."""
    text = " ".join(str(error).split()) or type(error).__name__
    found = re.findall(r"\[Errno -?\d+\] ([^'\")]+)", text)
    return found[-1] if found else text if len(text) < 160 else text[-160:]
