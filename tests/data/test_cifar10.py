"""CIFAR-10: the archive's layout, the JPEG copy, the cached copy, and what is said where there is neither."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest

from nascore.data import cifar10 as module
from nascore.data.upstream import UpstreamFile
from nascore.errors import DataError, SettingError

MIRROR = Path(os.environ.get("NASCORE_MIRROR", "/nowhere"))
SMALL = {"train": 50, "test": 10}


@pytest.fixture(autouse=True)
def fresh():
    module.cifar10.cache_clear()
    yield
    module.cifar10.cache_clear()


@pytest.fixture
def small(monkeypatch):
    """A CIFAR-10 of 60 images: (images, labels) by part."""
    monkeypatch.setattr(module, "SIZES", SMALL)
    rng = np.random.default_rng(0)
    return {
        part: (rng.integers(0, 256, (size, 3, 32, 32), dtype=np.uint8), rng.permutation(np.arange(size) % 10))
        for part, size in SMALL.items()
    }


def sha(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def archive_of(small, cut=0, leave_out=""):
    """The bytes of a binary archive in the official layout."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for part, names in module.MEMBERS.items():
            images, labels = small[part]
            raw = np.hstack([labels.astype(np.uint8)[:, None], images.reshape(len(images), -1)])
            for name, block in zip(names, np.split(raw, len(names)), strict=True):
                body = block.tobytes()[: -cut or None]
                if name != leave_out:
                    entry = tarfile.TarInfo(f"{module.FOLDER}/{name}")
                    entry.size = len(body)
                    archive.addfile(entry, io.BytesIO(body))
    return buffer.getvalue()


def fetched(registered, body: bytes) -> UpstreamFile:
    entry = UpstreamFile(
        "cifar10",
        "cifar-10-binary",
        "site/cifar-10-binary.tar.gz",
        "http://site/x.tar.gz",
        len(body),
        hashlib.sha256(body).hexdigest(),
        "none",
    )
    registered([entry])
    entry.local.parent.mkdir(parents=True, exist_ok=True)
    entry.local.write_bytes(body)
    return entry


def jpeg_table(small, folder: Path, backwards=False) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as parquet
    from PIL import Image

    rows = []
    for part, (images, labels) in small.items():
        for index, (image, label) in enumerate(zip(images, labels, strict=True)):
            buffer = io.BytesIO()
            flat = np.broadcast_to(image.mean((1, 2), keepdims=True), image.shape).astype(np.uint8)
            Image.fromarray(flat.transpose(1, 2, 0)).save(buffer, "jpeg", quality=95)
            rows.append({"split": part, "orig_index": index, "label": int(label), "jpeg": buffer.getvalue()})
    (folder / "tables").mkdir(parents=True)
    parquet.write_table(pa.Table.from_pylist(rows[::-1] if backwards else rows), folder / "tables" / module.JPEG_TABLE)
    return folder


def test_archive_is_read_plane_by_plane_and_unpacked_once(small, cache, registered, monkeypatch):
    fetched(registered, archive_of(small))
    found = module.cifar10()
    assert found.source == "CIFAR-10" and found.train_images.dtype == np.uint8
    for part, (images, labels) in small.items():
        assert np.array_equal(getattr(found, f"{part}_images"), images)
        assert np.array_equal(getattr(found, f"{part}_labels"), labels)
    monkeypatch.setattr(module, "read_archive", lambda path: pytest.fail("unpacked a second time"))
    module.cifar10.cache_clear()
    assert module.cifar10().checksum == found.checksum
    with pytest.raises(ValueError):
        found.train_images[0] = 0


def test_a_damaged_cached_copy_is_made_again(small, cache, registered):
    fetched(registered, archive_of(small))
    checksum = module.cifar10().checksum
    stored = cache / "built" / "cifar10.npz"
    content = bytearray(stored.read_bytes())
    content[len(content) // 2] ^= 1
    stored.write_bytes(content)
    module.cifar10.cache_clear()
    assert module.cifar10().checksum == checksum


@pytest.mark.parametrize("fault, words", [({"leave_out": "data_batch_3.bin"}, "data_batch_3"), ({"cut": 7}, "records")])
def test_a_broken_archive_is_refused(small, cache, registered, fault, words):
    fetched(registered, archive_of(small, **fault))
    with pytest.raises(DataError, match=words):
        module.cifar10()


def test_wrong_number_of_a_class_is_refused(small, cache, registered):
    small["train"][1][:5] = 0
    fetched(registered, archive_of(small))
    with pytest.raises(DataError, match="expected 50, 5 of each"):
        module.cifar10()


def test_jpeg_copy_only_where_the_truth_is_missing(small, cache, registered, tmp_path, monkeypatch):
    monkeypatch.setenv("NASCORE_MIRROR", str(jpeg_table(small, tmp_path / "mirror", backwards=True)))
    registered([UpstreamFile("cifar10", "cifar-10-binary", "site/a.tar.gz", "http://site/a", 5, "0" * 64, "none")])
    found = module.cifar10()
    assert found.source == "CIFAR-10 (JPEG copy)"
    images, labels = small["train"]
    assert np.array_equal(found.train_labels, labels)  # in the official order, not in the table's
    means = images.mean((2, 3)).astype(int)
    assert np.abs(found.train_images.mean((2, 3)) - means).max() <= 3
    fetched(registered, archive_of(small))
    module.cifar10.cache_clear()
    assert module.cifar10().source == "CIFAR-10"


@pytest.mark.parametrize("jpeg", [False, True])
def test_read_without_a_writable_cache_where_the_mirror_has_it(small, registered, tmp_path, monkeypatch, jpeg):
    monkeypatch.setenv("NASCORE_CACHE", "/proc/nothing")
    body = archive_of(small)
    registered([UpstreamFile("cifar10", "cifar-10-binary", "a.tar.gz", "http://site/a", len(body), sha(body), "none")])
    mirror = tmp_path / "mirror"
    if jpeg:
        jpeg_table(small, mirror)
    else:
        (mirror / "raw").mkdir(parents=True)
        (mirror / "raw" / "a.tar.gz").write_bytes(body)
    monkeypatch.setenv("NASCORE_MIRROR", mirror.as_uri())
    with pytest.warns(UserWarning, match="NASCORE_CACHE"):
        found = module.cifar10()
    assert found.source == ("CIFAR-10 (JPEG copy)" if jpeg else "CIFAR-10")
    assert np.array_equal(found.train_labels, small["train"][1])


def table_of(folder, name, **columns):
    import pyarrow as pa
    import pyarrow.parquet as parquet

    (folder / "tables").mkdir(parents=True, exist_ok=True)
    if columns:
        parquet.write_table(pa.table(columns), folder / "tables" / name)
    else:
        (folder / "tables" / name).write_bytes(b"PAR1 no table")


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"split": ["train"]},
        {"split": ["train"], "orig_index": [0], "label": ["cat"], "jpeg": [b"x"]},
        {"split": ["train"], "orig_index": [0.5], "label": [1], "jpeg": [b"x"]},
        {"split": ["train"], "orig_index": [0], "label": [None], "jpeg": [b"x"]},
        {"split": ["train"], "orig_index": [0], "label": [1], "jpeg": [b"x"]},
        {"split": ["train"], "orig_index": [0], "label": [1], "jpeg": [None]},
        {"split": [[1]], "orig_index": [0], "label": [1], "jpeg": [b"x"]},
        {"split": ["other"], "orig_index": [0], "label": [1], "jpeg": [b"x"]},
    ],
)
def test_foreign_tables_in_the_mirror_are_refused(small, cache, registered, tmp_path, monkeypatch, columns):
    monkeypatch.setenv("NASCORE_MIRROR", str(tmp_path))
    registered([UpstreamFile("cifar10", "cifar-10-binary", "a.tar.gz", "http://site/a", 5, "0" * 64, "none")])
    table_of(tmp_path, module.JPEG_TABLE, **columns)
    with pytest.raises(DataError, match=module.JPEG_TABLE):
        module.cifar10()


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"orig_index": list(range(50))},
        {"orig_index": [None], "nb201_split": ["train"]},
        {"orig_index": list(range(50)), "nb201_split": ["train"] * 26 + ["valid"] * 24},
        {"orig_index": [0, *range(49)], "nb201_split": ["train"] * 25 + ["valid"] * 25},
    ],
)
def test_a_foreign_split_is_refused(small, cache, tmp_path, monkeypatch, columns):
    monkeypatch.setenv("NASCORE_MIRROR", str(tmp_path))
    table_of(tmp_path, module.SPLIT_TABLE, **columns)
    with pytest.raises(DataError, match=module.SPLIT_TABLE):
        module.split("nasbench201")


@pytest.mark.parametrize("label", [-1, 10, 255])
def test_labels_outside_the_classes_are_refused(small, label):
    labels = small["train"][1].astype(np.int64)
    labels[3] = label
    arrays = {"train_images": 0, "train_labels": labels, "test_images": 0, "test_labels": small["test"][1]}
    with pytest.raises(DataError, match="expected 50"):
        module._checked(arrays, Path("x"))


def test_without_any_source_it_says_what_to_do(cache):
    with pytest.raises(DataError, match="nascore data fetch cifar10"):
        module.cifar10()
    with pytest.raises(DataError, match="halves"):
        module.split("nasbench201")


def test_splits_are_disjoint_halves():
    train, val = module.split()
    assert (len(train), len(val), train[-1], val[0]) == (25_000, 25_000, 24_999, 25_000)
    with pytest.raises(SettingError, match="halves, nasbench201"):
        module.split("thirds")


def test_shrink_takes_means_and_standardised_centres():
    image = np.arange(3 * 32 * 32, dtype=np.uint32).reshape(1, 3, 32, 32) % 251
    small = module.shrink(image.astype(np.uint8), 16)
    assert small.shape == (1, 3, 16, 16) and small.dtype == np.uint8
    assert small[0, 1, 2, 3] == np.floor(image[0, 1, 4:6, 6:8].mean() + 0.5)
    mean, std = small.mean((0, 2, 3)), small.std((0, 2, 3))
    scaled = module.standardised(small, mean, std)
    assert scaled.dtype == np.float32 and np.allclose(scaled.mean((0, 2, 3)), 0, atol=1e-5)
    assert np.allclose(scaled.std((0, 2, 3)), 1, atol=1e-5)
    with pytest.raises(SettingError, match="divisor of 32"):
        module.shrink(small, 5)


@pytest.mark.skipif(
    not (MIRROR / "tables" / "cifar10_train_first4000_lossless.parquet").is_file(),
    reason="the lossless first 4,000 images are in the mirror only",
)
def test_real_jpeg_copy_is_close_to_the_true_images():
    """Order, labels, colour planes and orientation: the copy's first images differ from the true ones by JPEG noise."""
    import pyarrow.parquet as parquet

    true = parquet.read_table(MIRROR / "tables" / "cifar10_train_first4000_lossless.parquet")[:200]
    copy = parquet.read_table(MIRROR / "tables" / module.JPEG_TABLE, columns=["jpeg", "label", "orig_index"])[:200]
    assert copy["orig_index"].to_pylist() == true["orig_index"].to_pylist()
    images = np.stack([np.frombuffer(row, np.uint8).reshape(32, 32, 3) for row in true["rgb_hwc_uint8"].to_pylist()])
    read = np.stack(list(module._decoded(copy["jpeg"], np.arange(200), MIRROR)))
    error = (read.astype(float) - images.transpose(0, 3, 1, 2)) ** 2
    assert 10 * np.log10(255**2 / error.mean()) > 29  # dB; another order or orientation gives about 11
    assert copy["label"].to_pylist() == true["label"].to_pylist()
