"""Where everything lies. One module, so that notebooks, tests and the command line never use relative paths.

papermill runs a notebook in the caller's folder, nbval and JupyterLab in the notebook's own: only absolute paths work
in all three. Environment variables override each place: NASCORE_ROOT, NASCORE_CACHE, NASCORE_RESULTS, NASCORE_FIGURES;
NASCORE_PAPERS adds folders of papers, NASCORE_MIRROR takes the place of the hosts that data come from.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from nascore.errors import DataError, ResultsError


def _place(variable: str, default: Path) -> Path:
    value = os.environ.get(variable)
    return Path(value).expanduser().resolve() if value else default


def root() -> Path:
    """The checkout: the folder that holds nascore/, data/ and notebooks/."""
    return _place("NASCORE_ROOT", Path(__file__).resolve().parent.parent)


def data() -> Path:
    """What the repository itself carries (claims, paper values, stored results, our own tables).

    In a checkout data/ at its top; in an installed package the copy that the build put beside the code (`_data`), so
    that everything else asks here and need not know which it is.
    """
    for folder in (root() / "data", Path(__file__).resolve().parent / "_data"):
        if folder.is_dir():
            return folder
    raise DataError(
        f"no data folder at {root() / 'data'}: nascore runs from a checkout (pip install -e .); "
        "set NASCORE_ROOT to the checkout"
    )


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
    """The notebooks: the checkout's, or the copy that the build put into an installed package (`_notebooks`)."""
    inside = Path(__file__).resolve().parent / "_notebooks"
    own = root() / "notebooks"
    return inside if inside.is_dir() and not own.is_dir() else own


# what a paper consists of -> where it lies in a folder that NASCORE_PAPERS names
SHELVES = {"studies": "studies", "notebooks": "notebooks", "claims": "data/claims", "papers": "data/papers"}


def paper_folders() -> list[Path]:
    """The folders that NASCORE_PAPERS names (separated as in PATH), of papers that are no part of this checkout.

    Each has studies/<paper>/, notebooks/<paper>/, data/claims/<paper>.toml and data/papers/<paper>.toml, as far as the
    paper needs them; ResultsError for one that is absent or has none of these.
    """
    folders = _named()
    for folder in folders:
        if not folder.is_dir():
            raise ResultsError(f"NASCORE_PAPERS names {folder}, which is no folder")
        if not any((folder / shelf).is_dir() for shelf in SHELVES.values()):
            raise ResultsError(f"NASCORE_PAPERS names {folder}, which has none of {', '.join(SHELVES.values())}")
    return folders


def _named() -> list[Path]:
    parts = os.environ.get("NASCORE_PAPERS", "").split(os.pathsep)
    return list(dict.fromkeys(Path(part).expanduser().resolve() for part in parts if part.strip()))


def shelves(kind: str) -> list[Path]:
    """Folders of one kind (a key of SHELVES) outside the package: below each of `paper_folders`, where it exists."""
    return [folder / SHELVES[kind] for folder in paper_folders() if (folder / SHELVES[kind]).is_dir()]


def study_folders() -> list[Path]:
    """The shelves of studies outside the package, whatever else is wrong with them: what is imported cannot wait for a
    clear error, which comes as soon as the papers are asked for."""
    return [folder / SHELVES["studies"] for folder in _named() if (folder / SHELVES["studies"]).is_dir()]


def notebook_folders() -> list[Path]:
    """Every folder of notebooks: the checkout's, then those outside."""
    return [notebooks(), *shelves("notebooks")]


def claim_files() -> list[Path]:
    """The claims of every paper, by paper."""
    return _files("claims")


def paper_value_files() -> list[Path]:
    """The printed numbers of every paper, by paper."""
    return _files("papers")


def _files(kind: str) -> list[Path]:
    found: dict[str, Path] = {}
    for folder in [data() / kind, *shelves(kind)]:
        for file in folder.glob("*.toml"):
            if file.stem in found:  # one would silently stand for the other
                raise ResultsError(f"two files of {kind} for the paper {file.stem}: {found[file.stem]} and {file}")
            found[file.stem] = file
    return [found[name] for name in sorted(found)]


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
