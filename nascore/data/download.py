"""Fetch one upstream file: from its URL by pooch, or from NASCORE_MIRROR; checked by sha256 before it gets its name.

The download goes to a temporary file in the target's folder and is renamed only after its sha256 was right, so that a
cut connection, a full disk or wrong bytes leave whatever was there before, and never half a file.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import re
import shutil
import time
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from nascore import paths
from nascore.data.upstream import UpstreamFile
from nascore.errors import DataError

RETRIES = 3  # further attempts after a failure that may pass (cut connection, 5xx, wrong bytes)
WAIT = 1.0  # seconds before the first retry; doubled each time
TIMEOUT = 30.0  # seconds without an answer
CHUNK = 1 << 16


def sha256(path: Path) -> str:
    """Hex digest of a file's bytes."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def state(file: UpstreamFile) -> str:
    """ "fetched", "missing" or "corrupt" (there, but with another sha256)."""
    if not file.local.is_file():
        return "missing"
    if file.bytes is not None and file.local.stat().st_size != file.bytes:
        return "corrupt"
    return "fetched" if sha256(file.local) == file.sha256 else "corrupt"


def problem(file: UpstreamFile, what: str, advice: str) -> DataError:
    """The one form of every data error: file, URL, what went wrong, what to do."""
    return DataError(f"{file.local} ({file.url}): {what}; {advice}")


def mirror_folder() -> Path | None:
    """The folder NASCORE_MIRROR names, or None where it is unset or a URL."""
    where = paths.mirror()
    if where is None or where.startswith(("http://", "https://")):
        return None
    return Path(where.removeprefix("file://")).expanduser()


def fetch_file(file: UpstreamFile, progress: bool = False) -> Path:
    """The verified local copy of `file`, downloaded if it is missing or corrupt; raises DataError.

    NASCORE_MIRROR overrides the host: `raw/<path>` below it is tried first, then `<path>`. The checksum is the same.
    """
    if state(file) == "fetched":
        return file.local
    sources = _sources(file)
    folder = mirror_folder()
    if folder is not None:
        sources = [source for source in sources if Path(source).is_file()]
        if not sources:
            raise problem(
                file,
                f"not in the mirror {folder}",
                "put it there as raw/" + file.path + ", or unset NASCORE_MIRROR to download it",
            )
    for last, source in zip([False] * (len(sources) - 1) + [True], sources, strict=True):
        try:
            return _attempts(file, source, _copy if folder is not None else _http(progress))
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


def _sources(file: UpstreamFile) -> list[str]:
    where = paths.mirror()
    if where is None:
        return [file.url]
    folder = mirror_folder()
    if folder is not None:
        return [str(folder / "raw" / file.path), str(folder / file.path)]
    parts = urlsplit(where)
    base = parts.path.rstrip("/")
    return [
        urlunsplit((parts.scheme, parts.netloc, f"{base}/{quote(place + file.path, safe='/+')}", parts.query, ""))
        for place in ("raw/", "")
    ]


def _attempts(file: UpstreamFile, source: str, downloader) -> Path:
    """Download `source` with retries; every failure becomes one DataError (or _NotThere)."""
    wait, wrong = WAIT, 0
    place = "" if source == file.url else f" from {source}"
    for left in range(RETRIES, -1, -1):
        try:
            return _once(file, source, downloader)
        except OSError as error:  # requests' exceptions are OSErrors too
            status = getattr(getattr(error, "response", None), "status_code", None)
            if status is not None and 400 <= status < 500 and status not in (408, 429):
                if status in (404, 410):
                    raise _NotThere(f"{source} answered {status} (not found)") from error
                raise problem(
                    file,
                    f"{source} answered {status}",
                    "check the address or your access, or set NASCORE_MIRROR to a folder or URL that has the file",
                ) from error
            if _local(error):
                raise problem(
                    file,
                    f"cannot be written ({error})",
                    "free space or set NASCORE_CACHE to a folder on "
                    "another disk, then fetch again; nothing was changed",
                ) from error
            if left == 0:
                raise problem(
                    file,
                    f"download{place} failed after {RETRIES + 1} attempts ({_reason(error)})",
                    "check the network and fetch again, or set NASCORE_MIRROR to a folder or URL that has the file",
                ) from error
        except ValueError as error:  # pooch: the hash differs
            wrong += 1
            if wrong > 1 or left == 0 or downloader is _copy:  # once may be a bad transfer; twice is another file
                raise problem(
                    file,
                    f"{source} holds other bytes than expected (sha256 should be {file.sha256})",
                    "the download was refused and nothing was changed; fetch again, or set NASCORE_MIRROR "
                    "to a folder or URL that has the right file",
                ) from error
        time.sleep(wait)
        wait *= 2
    raise AssertionError("unreachable")


def _once(file: UpstreamFile, source: str, downloader) -> Path:
    import pooch  # lazy: `import nascore.data` stays light

    pooch.get_logger().setLevel(logging.ERROR)
    keeper = pooch.create(
        path=file.local.parent,
        base_url="",
        registry={file.local.name: "sha256:" + file.sha256},
        urls={file.local.name: source},
    )
    got = Path(keeper.fetch(file.local.name, downloader=downloader))
    got.chmod(0o644)
    return got


def _http(progress: bool):
    import pooch

    return pooch.HTTPDownloader(progressbar=progress, chunk_size=CHUNK, timeout=TIMEOUT)


def _copy(source: str, target: str, _keeper) -> None:
    shutil.copyfile(source, target)


def _reason(error: OSError) -> str:
    """The innermost cause in few words: requests wraps it in several layers that repeat the address."""
    text = str(error)
    found = re.findall(r"\[Errno -?\d+\] ([^'\")]+)", text)
    return found[-1] if found else text if len(text) < 160 else text[-160:]


def _local(error: OSError) -> bool:
    """Whether the disk refused (full, quota, read-only, no permission) rather than the network."""
    return isinstance(error, (PermissionError, FileExistsError, NotADirectoryError)) or error.errno in (
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EROFS,
        errno.EFBIG,
    )
