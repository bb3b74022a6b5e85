"""State of a running search in one file, written whole or not at all."""

from __future__ import annotations

import io
from pathlib import Path

import torch

from nascore.errors import ResultsError
from nascore.paths import atomic_write

UNCOMPARED = ("threads",)  # recorded, but a search may go on with others


def save(path: Path, state: dict) -> None:
    """Write `state` (tensors, numbers, strings, lists, dicts) to a temporary file, then rename."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    atomic_write(path, buffer.getvalue())


def load(path: Path, settings: dict) -> dict | None:
    """The state saved under `path`, None where there is no file.

    ResultsError for a file that is no checkpoint and for one of other settings. Nothing in the file is executed.
    """
    if not path.exists():
        return None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        saved = state["settings"]
    except Exception as error:
        raise ResultsError(f"checkpoint={str(path)!r}: not a checkpoint of a search ({error})") from error
    for name in settings.keys() | saved.keys():
        if name not in UNCOMPARED and settings.get(name) != saved.get(name):
            raise ResultsError(
                f"checkpoint={str(path)!r}: it was written with {name}={saved.get(name)!r}, not with "
                f"{settings.get(name)!r}; delete it or give another path"
            )
    return state
