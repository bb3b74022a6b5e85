"""Built tables: one npz per benchmark in the cache, made from verified raw files and checked on every load.

An npz holds plain arrays (never pickles) and `meta`, a JSON text with the format version, the builder's version, the
sha256 of every source file and one sha256 over all arrays. A table made by an older builder or from other files is
stale and built again; a damaged one is refused with an error that says how to mend it.
"""

from __future__ import annotations

import hashlib
import importlib
import io
import json
import tokenize
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nascore import paths
from nascore.data import damaged, download, upstream
from nascore.data.nds_raw import GROUPS as NDS_GROUPS
from nascore.errors import DataError, SettingError

FORMAT = 1


@dataclass(frozen=True)
class Builder:
    """How one table is made: `module`.build(files: {key: Path}, progress) -> {array name: ndarray}."""

    module: str
    keys: tuple[str, ...]
    version: int
    offline: str  # the benchmark that needs no download


# Table name = name of the data set whose files it is built from.
BUILDERS: dict[str, Builder] = {
    "nasbench201": Builder(
        "nasbench201_raw",
        (
            "test-200",
            "cifar10-val-200",
            "cifar100-val-200",
            "imagenet16-120-val-200",
            "cifar10-25k-200",
            "accuracies-12",
        ),
        1,
        "digits201",
    ),
    "nasbench-macro": Builder("nasbench_macro_raw", ("table",), 1, "nasbench-macro-synthetic"),
    "nasbench101": Builder("nasbench101_raw", ("only108",), 1, "nasbench101-surrogate"),
    "nasbench-nlp": Builder(
        "nasbench_nlp_raw", ("logs", "doc2vec_features_lowdim", "RNN_results", "RNN_parameters"), 1, "digits201"
    ),
    "nds": Builder("nds_raw", NDS_GROUPS, 1, "digits201"),
}


class _Stale(Exception):
    """A sound table of another format, builder or source."""


def builder(name: str) -> Builder:
    if name not in BUILDERS:
        raise SettingError(f"no table is built from {name!r}: choose one of {', '.join(BUILDERS)}")
    return BUILDERS[name]


def table_path(name: str) -> Path:
    """Where the built table lies (it need not exist)."""
    builder(name)
    return paths.cache() / "built" / f"{name}.npz"


def load(name: str) -> dict[str, np.ndarray]:
    """The arrays of table `name`; built from the fetched raw files on first use.

    Raises DataError where the raw files are missing or a file is corrupt. Never touches the network; a mirror that is
    a local folder is used without asking.
    """
    path = table_path(name)
    if path.is_file():
        try:
            return read(path, _expected(name))
        except _Stale:
            pass
    return _kept(path, _made(name, False), _expected(name))


def _kept(path: Path, arrays: dict[str, np.ndarray], meta: dict) -> dict[str, np.ndarray]:
    """`arrays`, stored for the next time where the cache can be written."""
    try:
        write(path, arrays, meta)
    except DataError as error:
        warnings.warn(f"{path.stem} is made again in every process: {error}", stacklevel=3)
    return arrays


def unpacked(path: Path, expected: dict, make: Callable[[], dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """The arrays stored under `path` with this meta; where there are none, or damaged or stale ones, those of `make`,
    stored for the next time where the cache can be written."""
    try:
        return read(path, expected)
    except (DataError, _Stale):
        return _kept(path, make(), expected)


def state(name: str) -> str:
    """ "built", "missing", "stale" or "corrupt"."""
    path = table_path(name)
    if not path.is_file():
        return "missing"
    try:
        read(path, _expected(name))
    except _Stale:
        return "stale"
    except DataError:
        return "corrupt"
    return "built"


def build(name: str, progress: bool = False) -> dict[str, np.ndarray]:
    """Make table `name` from its raw files, store it, and return its arrays."""
    arrays = _made(name, progress)
    write(table_path(name), arrays, _expected(name))
    return arrays


def _made(name: str, progress: bool) -> dict[str, np.ndarray]:
    recipe = builder(name)
    advice = (
        f"run `nascore data fetch {name}`, or without a network use the stand-in "
        f"nascore.benchmarks.load({recipe.offline!r})"
    )
    found = {key: download.obtain(upstream.file(name, key), name, advice) for key in recipe.keys}
    module = importlib.import_module(f".{recipe.module}", __package__)
    return module.build(found, progress)


def _expected(name: str) -> dict:
    recipe = builder(name)
    return {
        "format": FORMAT,
        "builder": recipe.version,
        "sources": {upstream.file(name, key).path: upstream.file(name, key).sha256 for key in recipe.keys},
    }


def digest(arrays: dict[str, np.ndarray]) -> str:
    """One sha256 over names, types, shapes and bytes of all arrays."""
    total = hashlib.sha256()
    for key in sorted(arrays):
        array = np.ascontiguousarray(arrays[key])
        total.update(f"{key}|{array.dtype.str}|{array.shape}|".encode())
        total.update(memoryview(array).cast("B"))
    return total.hexdigest()


def write(path: Path, arrays: dict[str, np.ndarray], meta: dict) -> Path:
    """Store arrays and `meta` (with their digest) atomically as one uncompressed npz."""
    text = json.dumps({**meta, "digest": digest(arrays)}, sort_keys=True)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, meta=np.frombuffer(text.encode(), dtype=np.uint8), **arrays)
    try:
        return paths.atomic_write(path, buffer.getvalue())
    except OSError as error:
        raise DataError(
            f"{path}: cannot be written ({error}); free space or set NASCORE_CACHE to a folder on another "
            "disk; nothing was changed"
        ) from error


def read(path: Path, expected: dict) -> dict[str, np.ndarray]:
    """The arrays of a stored npz, after checking digest, format and sources."""
    advice = f"delete it, or run `nascore data fetch {path.stem}` to build it again"
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {key: archive[key] for key in archive.files}
        meta = dict(json.loads(arrays.pop("meta").tobytes()))
        stored = meta.pop("digest")
    except (*damaged.ZIP, MemoryError, tokenize.TokenError) as error:  # numpy tokenizes an array's header
        raise DataError(f"{path}: not a readable table ({error}); {advice}") from error
    if meta != expected:
        raise _Stale(str(path))
    if stored != digest(arrays):
        raise DataError(f"{path}: its content differs from its stored checksum; {advice}")
    return arrays
