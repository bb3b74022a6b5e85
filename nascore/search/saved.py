"""A saved search as a file: a line with the format and the checksum of what follows, then the state.

Written to a temporary file and renamed, so that a file is whole or not there; read only if the checksum is right, so
that one changed bit never becomes another search.
"""

from __future__ import annotations

from pathlib import Path

from nascore import checks, paths
from nascore.errors import ResultsError, why
from nascore.search.sealed import Damaged, NotSealed, seal, unseal

MARK = b"nascore search 2 "
_FIRST = (b'{"dict": [["nascore_search", 1]', b"PK\x03\x04")  # how files began before they had a checksum


def write(path: str | Path, content: bytes) -> None:
    """`content` under `path`; ResultsError where it cannot be written (a folder, no permission, a full disk)."""
    place = checks.file("path", path)
    try:
        paths.atomic_write(place, seal(MARK, content))
    except (OSError, ValueError) as error:
        raise ResultsError(f"the search could not be saved to {place}: {why(error)}") from None


def read(path: str | Path) -> bytes:
    """What `write` wrote there; ResultsError for every other file."""
    place = checks.file("path", path)
    try:
        whole = place.read_bytes()
    except FileNotFoundError:
        raise ResultsError(f"no saved search at {place}") from None
    except (OSError, ValueError) as error:
        raise ResultsError(f"{place} cannot be read as a saved search: {why(error)}") from None
    try:
        return unseal(MARK, whole)
    except NotSealed:
        old = "; it may be of an earlier nascore, which wrote no checksum" if whole.startswith(_FIRST) else ""
        raise ResultsError(f"{place} is not a saved nascore search{old}") from None
    except Damaged:
        raise ResultsError(
            f"{place} is damaged and not a saved nascore search any more: its checksum is another"
        ) from None
