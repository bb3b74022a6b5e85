"""Where everything lies. One module, so that notebooks, tests and the command line never use relative paths.

papermill runs a notebook in the caller's folder, nbval and JupyterLab in the notebook's own: only absolute paths work
in all three. Environment variables override each place: NASCORE_ROOT, NASCORE_CACHE, NASCORE_RESULTS, NASCORE_FIGURES.
"""
from __future__ import annotations

import os
import tempfile
from pathlib import Path

from .errors import DataError


def _place(variable: str, default: Path) -> Path:
    value = os.environ.get(variable)
    return Path(value).expanduser().resolve() if value else default


def root() -> Path:
    """The checkout: the folder that holds nascore/, data/ and notebooks/."""
    return _place("NASCORE_ROOT", Path(__file__).resolve().parent.parent)


def data() -> Path:
    """What the repository itself carries (claims, paper values, stored results, our own tables)."""
    folder = root() / "data"
    if not folder.is_dir():
        raise DataError(f"no data folder at {folder}: nascore runs from a checkout (pip install -e .); "
                        "set NASCORE_ROOT to the checkout")
    return folder


def cache() -> Path:
    """Downloads, built tables and executed notebooks; git-ignored, safe to delete."""
    return _place("NASCORE_CACHE", root() / "data" / "cache")


def results() -> Path:
    """Stored result rows."""
    return _place("NASCORE_RESULTS", root() / "data" / "results")


def figures() -> Path:
    """What the notebooks save: pdf, png and the plotted data."""
    return _place("NASCORE_FIGURES", root() / "figures")


def notebooks() -> Path:
    return root() / "notebooks"


def claims() -> Path:
    return root() / "data" / "claims"


def paper_values() -> Path:
    return root() / "data" / "papers"


def mirror() -> str | None:
    """A folder or URL that overrides the upstream hosts (environment variable NASCORE_MIRROR)."""
    return os.environ.get("NASCORE_MIRROR") or None


def atomic_write(path: Path | str, content: bytes | str) -> Path:
    """Write to a temporary file beside `path`, then rename: a reader sees the old file or the whole new one."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content.encode() if isinstance(content, str) else content)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path
