"""A running search in one file: a line with the format and the checksum of what follows, then the state.

Written to a temporary file and renamed, so that it is whole or not there; read only if the checksum is right, so that
one changed bit never becomes another search. Nothing in a file is executed.
"""

from __future__ import annotations

import io
import tempfile
import warnings
from pathlib import Path
from typing import Any

import torch

from nascore import checks
from nascore.errors import ResultsError, why
from nascore.paths import atomic_write
from nascore.search.sealed import Damaged, NotSealed, seal, unseal

MARK = b"nascore one-shot search 2 "
_EARLIER = b"PK\x03\x04"  # how files began before they had a checksum
UNCOMPARED = ("threads", "earlier_threads")  # a search may go on with others: sums then differ in their last digits


def place(value: Any) -> Path | None:
    """`value` as the path of a file that can be written, before any step is taken; None for None."""
    if value is None:
        return None
    path = checks.file("checkpoint", value)
    try:
        if path.is_dir():
            raise IsADirectoryError(21, "it is a folder")
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except (OSError, ValueError) as error:
        raise ResultsError(f"checkpoint={str(path)!r}: it cannot be written: {why(error)}") from None
    return path


def save(path: Path, state: dict) -> None:
    """Write `state` (tensors and plain values); ResultsError where that fails."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    try:
        atomic_write(path, seal(MARK, buffer.getvalue()))
    except (OSError, ValueError) as error:
        raise ResultsError(f"checkpoint={str(path)!r}: it could not be written: {why(error)}") from None


def load(path: Path, settings: dict) -> dict | None:
    """The state saved under `path`, None where there is no file.

    ResultsError for a file that is no checkpoint, that is damaged, and for one of other settings. The number of threads
    may be another: a warning says so, and `settings["earlier_threads"]` lists the others.
    """
    try:
        whole = path.read_bytes()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ResultsError(f"checkpoint={str(path)!r}: it cannot be read: {why(error)}") from None
    state = _state(path, whole)
    saved = state["settings"]
    for name in [*settings, *(name for name in saved if name not in settings)]:
        if name not in UNCOMPARED and not _same(settings.get(name), saved.get(name)):
            here, there, where = _difference(settings.get(name), saved.get(name), name)
            raise ResultsError(
                f"checkpoint={str(path)!r}: it was written with {where}={checks.shown(there)}, not with "
                f"{checks.shown(here)}; delete it or give another path"
            )
    _compare_threads(path, settings, saved)
    return state


def _state(path: Path, whole: bytes) -> dict:
    try:
        content = unseal(MARK, whole)
    except NotSealed:
        old = "; it may be of an earlier nascore, which wrote no checksum" if whole.startswith(_EARLIER) else ""
        raise ResultsError(
            f"checkpoint={str(path)!r}: not a checkpoint of a search{old}; delete it or give another path"
        ) from None
    except Damaged:
        raise ResultsError(f"checkpoint={str(path)!r}: it is damaged: its checksum is another; delete it") from None
    try:
        state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a forged file leads torch to
        raise ResultsError(f"checkpoint={str(path)!r}: not a checkpoint of a search ({_first_line(error)})") from None
    if not isinstance(state, dict) or not isinstance(state.get("settings"), dict):
        raise ResultsError(f"checkpoint={str(path)!r}: not a checkpoint of a search (it has no settings)")
    return state


def _compare_threads(path: Path, settings: dict, saved: dict) -> None:
    earlier = saved.get("earlier_threads", [])
    counts = [saved.get("threads"), *(earlier if isinstance(earlier, list) else [None])]
    if not all(type(count) is int and count > 0 for count in counts):
        raise ResultsError(f"checkpoint={str(path)!r}: threads={checks.shown(counts)} is no number of threads")
    others = sorted({*counts} - {settings["threads"]})
    if others:
        settings["earlier_threads"] = others
        warnings.warn(
            f"checkpoint={str(path)!r}: written with threads={', '.join(map(str, others))}, it goes on with threads="
            f"{settings['threads']}: the numbers may differ in their last digits from those of a search with one count",
            stacklevel=4,
        )


def _difference(here: Any, there: Any, where: str) -> tuple[Any, Any, str]:
    """The innermost entry in which two dicts differ."""
    if isinstance(here, dict) and isinstance(there, dict):
        for name in [*here, *(name for name in there if name not in here)]:
            if not _same(here.get(name), there.get(name)):
                return _difference(here.get(name), there.get(name), f"{where}: {name}")
    return here, there, where


def _same(here: Any, there: Any) -> bool:
    try:
        return bool(here == there) or repr(here) == repr(there)  # NaN is no equal of its own
    except Exception:  # tensors in a forged file
        return False


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
