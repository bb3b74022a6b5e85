"""CIFAR-10 (Krizhevsky, 2009): 50,000 training and 10,000 test images of 10 classes, 32x32 pixels, three colours.

The official binary archive (no pickles) is what a user downloads: `nascore data fetch cifar10`. Where it is not to
be had, a mirror (NASCORE_MIRROR) may hold a copy of the same images as JPEG files; that copy is lossy, so `source`
says "CIFAR-10 (JPEG copy)" and every result on it has to say so too. Either is unpacked once into the cache.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from nascore import checks, paths
from nascore.data import built, download, upstream
from nascore.errors import DataError, SettingError

TRUE, JPEG = "CIFAR-10", "CIFAR-10 (JPEG copy)"
CLASSES, SIDE = 10, 32
SIZES = {"train": 50_000, "test": 10_000}
RECORD = 1 + 3 * SIDE * SIDE  # label, then the red, green and blue planes, row by row
FOLDER = "cifar-10-batches-bin"
MEMBERS = {"train": tuple(f"data_batch_{i}.bin" for i in range(1, 6)), "test": ("test_batch.bin",)}
FORMAT = 1  # of the unpacked copy in the cache
STORED = {TRUE: "cifar10.npz", JPEG: "cifar10-jpeg.npz"}
JPEG_TABLE, SPLIT_TABLE = "cifar10_jpeg_q75.parquet", "cifar10_nb201_split.parquet"
SPLITS = ("halves", "nasbench201")


@dataclass(frozen=True, repr=False)
class CIFAR10:
    """Images uint8 (n, 3, 32, 32) and labels int64 (n,), 0 to 9, in the official order; all arrays are read-only.

    `source`: "CIFAR-10" or "CIFAR-10 (JPEG copy)"; `checksum`: one sha256 (hex) over all four arrays.
    """

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    source: str
    checksum: str

    def __repr__(self) -> str:
        counts = f"{len(self.train_labels):,} training and {len(self.test_labels):,} test images"
        return f"<{self.source}: {counts}, checksum {self.checksum[:16]}>"


@lru_cache(maxsize=1)
def cifar10() -> CIFAR10:
    """The true images where they have been fetched (or lie in the mirror), else the mirror's JPEG copy.

    Raises DataError where there is neither; never touches the network.
    """
    archive = upstream.file("cifar10", "cifar-10-binary")
    table = download.mirrored(JPEG_TABLE, "tables")
    if table is None or download.state(archive) == "fetched" or download.mirrored(archive.path) is not None:
        path = download.obtain(
            archive,
            "CIFAR-10",
            "run `nascore data fetch cifar10` (170 MB); searches on nascore.data.cluttered need no download",
        )
        return _unpacked(TRUE, {archive.path: archive.sha256}, lambda: read_archive(path))
    return _unpacked(JPEG, {JPEG_TABLE: download.sha256(table)}, lambda: read_jpeg_table(table))


def read_archive(path: Path) -> dict[str, np.ndarray]:
    """The arrays of the official binary archive; DataError where a member is missing or has another length."""
    arrays = {}
    try:
        with tarfile.open(path, "r:gz") as archive:
            for part, names in MEMBERS.items():
                raw = b"".join(archive.extractfile(f"{FOLDER}/{name}").read() for name in names)
                arrays |= _arrays(part, *_records(raw, path))
    except (tarfile.TarError, KeyError, AttributeError, OSError, EOFError) as error:
        raise DataError(f"{path}: not the binary archive of CIFAR-10 ({error}); {_AGAIN}") from error
    return _checked(arrays, path)


# what reading a foreign or damaged Parquet table or image may raise; pyarrow's own errors are of these kinds
_UNREADABLE = (OSError, LookupError, TypeError, ValueError, AttributeError, RuntimeError, NotImplementedError)


def _whole(column: np.ndarray, name: str) -> np.ndarray:
    if not np.issubdtype(column.dtype, np.integer):
        raise TypeError(f"{name} holds {column.dtype}, no whole numbers")
    return column.astype(np.int64)


_AGAIN = "delete it and run `nascore data fetch cifar10`"


def _records(raw: bytes, path: Path) -> tuple[np.ndarray, np.ndarray]:
    if len(raw) % RECORD:
        raise DataError(f"{path}: {len(raw)} bytes are no whole number of records of {RECORD}; {_AGAIN}")
    table = np.frombuffer(raw, np.uint8).reshape(-1, RECORD)
    return table[:, 1:].reshape(-1, 3, SIDE, SIDE), table[:, 0]


def _arrays(part: str, images: np.ndarray, labels: np.ndarray) -> dict[str, np.ndarray]:
    return {f"{part}_images": np.ascontiguousarray(images), f"{part}_labels": labels.astype(np.int64)}


def _checked(arrays: dict[str, np.ndarray], path: Path) -> dict[str, np.ndarray]:
    """`arrays`, if they hold as many images as CIFAR-10 and as many of each class."""
    for part, size in SIZES.items():
        labels = arrays[f"{part}_labels"]
        counts = np.bincount(np.clip(labels, -1, CLASSES) + 1, minlength=CLASSES + 2)  # below 0, each class, above
        counts = counts[1:-1]
        if len(labels) != size or counts.tolist() != [size // CLASSES] * CLASSES:
            raise DataError(
                f"{path}: {len(labels)} {part} images, of the classes {counts.tolist()}; expected {size}, "
                f"{size // CLASSES} of each of {CLASSES}"
            )
    return arrays


def read_jpeg_table(path: Path) -> dict[str, np.ndarray]:
    """The arrays of the JPEG copy: a Parquet table with the columns split, orig_index, label, jpeg (bytes)."""
    import pyarrow.parquet as parquet

    try:
        table = parquet.read_table(path, columns=["split", "orig_index", "label", "jpeg"])
        split = np.asarray(table["split"].to_pylist())
        index, labels = (_whole(table[name].to_numpy(), name) for name in ("orig_index", "label"))
    except _UNREADABLE as error:
        raise DataError(f"{path}: not the JPEG copy of CIFAR-10 ({error})") from error
    files = table["jpeg"]
    arrays = {}
    for part in SIZES:
        rows = np.flatnonzero(split == part)
        rows = rows[np.argsort(index[rows], kind="stable")]
        images = np.empty((len(rows), 3, SIDE, SIDE), np.uint8)
        for place, image in enumerate(_decoded(files, rows, path)):
            images[place] = image
        arrays |= _arrays(part, images, labels[rows])
    return _checked(arrays, path)


def _decoded(files, rows: np.ndarray, path: Path) -> Iterator[np.ndarray]:
    """The images of these rows, uint8 (3, 32, 32)."""
    from PIL import Image

    for row in rows:
        try:
            image = np.asarray(Image.open(io.BytesIO(files[int(row)].as_py())).convert("RGB"))
        except (*_UNREADABLE, SyntaxError, Image.DecompressionBombError) as error:
            raise DataError(f"{path}, row {row}: not a readable image ({error})") from error
        if image.shape != (SIDE, SIDE, 3):
            raise DataError(f"{path}, row {row}: an image of shape {image.shape}, expected {(SIDE, SIDE, 3)}")
        yield image.transpose(2, 0, 1)


def _unpacked(source: str, files: dict[str, str], read) -> CIFAR10:
    """The cached copy made from exactly these files (name -> sha256), made now by `read` where there is none."""
    path = paths.cache() / "built" / STORED[source]
    arrays = built.unpacked(path, {"format": FORMAT, "sources": files}, read)
    for array in arrays.values():
        array.setflags(write=False)
    return CIFAR10(**arrays, source=source, checksum=built.digest(arrays))


def split(how: str = "halves") -> tuple[np.ndarray, np.ndarray]:
    """Positions of the 25,000 images for the weights and of the other 25,000 for the architecture.

    "halves": the first and the last 25,000 training images; "nasbench201": that benchmark's own split, which we found
    in the mirror only (DataError where it is not there).
    """
    if how not in SPLITS:
        raise SettingError(f"split={how!r}: choose one of {', '.join(SPLITS)}")
    half = SIZES["train"] // 2
    if how == "halves":
        return np.arange(half), np.arange(half, 2 * half)
    table = download.mirrored(SPLIT_TABLE, "tables")
    if table is None:
        raise DataError(
            f"NAS-Bench-201's split of CIFAR-10 needs tables/{SPLIT_TABLE} in NASCORE_MIRROR; "
            'split="halves" needs no file'
        )
    import pyarrow.parquet as parquet

    try:
        columns = parquet.read_table(table, columns=["orig_index", "nb201_split"])
        index = _whole(columns["orig_index"].to_numpy(), "orig_index")
    except _UNREADABLE as error:
        raise DataError(f"{table}: not NAS-Bench-201's split of CIFAR-10 ({error})") from error
    names = np.asarray(columns["nb201_split"].to_pylist())
    train, val = (np.sort(index[names == name]) for name in ("train", "valid"))
    if len(train) != half or len(val) != half or not np.array_equal(np.sort([*train, *val]), np.arange(2 * half)):
        raise DataError(f"{table}: {len(train)} and {len(val)} images are no two halves of the {2 * half}")
    return train, val


def shrink(images: np.ndarray, side: int) -> np.ndarray:
    """uint8 images (n, 3, 32, 32) as (n, 3, side, side), each pixel the rounded mean of the square it covers."""
    side = checks.whole("side", side, 1, SIDE)
    if SIDE % side:
        raise SettingError(f"side={side!r}: expected a divisor of {SIDE}")
    if not isinstance(images, np.ndarray) or images.dtype != np.uint8 or images.shape[1:] != (3, SIDE, SIDE):
        raise SettingError(f"images={checks.shown(images)}: expected uint8 (n, 3, {SIDE}, {SIDE})")
    k = SIDE // side
    if k == 1:
        return images
    sums = sum(images[:, :, i::k, j::k].astype(np.uint32) for i in range(k) for j in range(k))
    return ((sums + k * k // 2) // (k * k)).astype(np.uint8)


def standardised(images: np.ndarray, mean: np.ndarray, std: np.ndarray) -> np.ndarray:
    """float32 (n, 3, side, side): (pixel - mean) / std of each colour, both shape (3,)."""
    shape = (1, 3, 1, 1)
    return (images.astype(np.float32) - np.float32(mean).reshape(shape)) / np.float32(std).reshape(shape)
