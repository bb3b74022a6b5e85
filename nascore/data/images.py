"""Labelled images in memory as the batches of a one-shot search."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
import torch

from nascore import checks
from nascore.errors import SettingError

AUGMENT = (None, "crop-flip")
PADDING = 4


class ImageData:
    """Training and validation batches (images, labels) for `nascore.search.oneshot`.

    `train`, `val`: (images float (n, c, h, w), labels integers (n,)), arrays or tensors. `train(epoch)` and
    `val(epoch)` give equally many batches: as many as the training images fill; validation images that run out come
    again in a new order. The order depends on seed and epoch only. `augment="crop-flip"` pads training images by 4,
    crops them at a random place and flips every other one; `cutout`: a square of so many pixels a side, at a random
    place and cut off at the edges, is 0 in each of them (DeVries and Taylor, 2017). `val_batch`: images of a validation
    batch, where they are not as many as those of a training `batch`.
    """

    def __init__(
        self,
        train,
        val,
        batch: int = 64,
        seed: int = 0,
        augment: str | None = None,
        val_batch: int | None = None,
        cutout: int = 0,
    ):
        batch, seed = checks.whole("batch", batch, 1), checks.seed(seed)
        sizes = {"train": batch, "val": batch if val_batch is None else checks.whole("val_batch", val_batch, 1)}
        checks.one_of("augment", augment, AUGMENT)
        self.pools = {"train": _pool("train", train), "val": _pool("val", val)}
        first, second = (images for images, _ in self.pools.values())
        if first.shape[1:] != second.shape[1:] or first.dtype != second.dtype:
            raise SettingError(
                f"train has images {tuple(first.shape[1:])} of {first.dtype}, val {tuple(second.shape[1:])} of "
                f"{second.dtype}: expected the same"
            )
        for name, (images, _) in self.pools.items():
            if len(images) < sizes[name]:
                what = "batch" if name == "train" or val_batch is None else "val_batch"
                raise SettingError(f"{what}={sizes[name]}: the {name} pool has {len(images)} images")
        self.batch, self.seed, self.augment, self.sizes = batch, seed, augment, sizes
        self.cutout = checks.whole("cutout", cutout, 0, max(first.shape[2:]))
        self.settings = {
            "batch": batch,
            "seed": seed,
            "augment": augment,
            "images": {name: list(images.shape) for name, (images, _) in self.pools.items()},
            "content": _digest(self.pools),
        }
        if val_batch is not None:
            self.settings["val_batch"] = sizes["val"]
        if self.cutout:
            self.settings["cutout"] = self.cutout

    def __repr__(self) -> str:
        (train, labels), (val, _) = self.pools["train"], self.pools["val"]
        shape = "x".join(map(str, train.shape[1:]))
        return (
            f"<ImageData: {len(train):,} training and {len(val):,} validation images {shape}, labels 0 to "
            f"{int(labels.max())}, batches of {self.batch}>"
        )

    def train(self, epoch: int) -> Batches:
        return Batches(self, "train", epoch)

    def val(self, epoch: int) -> Batches:
        return Batches(self, "val", epoch)


class Batches:
    """The batches of one pool in one epoch; has a length and can be read again, with the same result."""

    def __init__(self, data: ImageData, name: str, epoch: int):
        self.data, self.name, self.epoch = data, name, epoch

    def __len__(self) -> int:
        return len(self.data.pools["train"][0]) // self.data.batch

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        data, (images, labels), size = self.data, self.data.pools[self.name], self.data.sizes[self.name]
        stream = (data.seed * 2 + (self.name == "val")) * 100_003 + self.epoch
        generator = torch.Generator().manual_seed(stream)
        order = torch.empty(0, dtype=torch.long)
        for _ in range(len(self)):
            while len(order) < size:
                order = torch.cat([order, torch.randperm(len(images), generator=generator)])
            chosen, order = order[:size], order[size:]
            batch = images[chosen]
            if data.augment and self.name == "train":
                batch = _crop_flip(batch, generator)
            if data.cutout and self.name == "train":
                batch = _cut_out(batch, data.cutout, generator)
            yield batch, labels[chosen]


def digits(batch: int = 32, seed: int = 0) -> ImageData:
    """The training and validation pools of cluttered digits, 16,000 and 3,000 images (1, 10, 10)."""
    from nascore.data.cluttered import cluttered_digits

    train, val = (cluttered_digits(name) for name in ("train", "val"))
    return ImageData((train.images, train.labels), (val.images, val.labels), batch=batch, seed=seed)


def _pool(name: str, pool) -> tuple[torch.Tensor, torch.Tensor]:
    """Copies (arrays may be read-only): images float (n, c, h, w) and labels int64 (n,), both checked here once."""
    form = "images float (n, c, h, w) and n whole labels"
    if not isinstance(pool, (tuple, list)) or len(pool) != 2:
        raise SettingError(f"{name}={checks.shown(type(pool))}: expected (images, labels), {form}")
    try:
        with torch.inference_mode(False):  # they serve later searches, wherever they are made
            images, labels = (
                part.detach().clone() if isinstance(part, torch.Tensor) else torch.tensor(np.ascontiguousarray(part))
                for part in pool
            )
    except (TypeError, ValueError, RuntimeError) as error:
        raise SettingError(f"{name}: expected {form} ({' '.join(str(error).split())})") from None
    if images.layout is not torch.strided or labels.layout is not torch.strided:
        raise SettingError(f"{name}: sparse images or labels: expected {form}, dense")
    whole = not (labels.is_floating_point() or labels.is_complex() or labels.dtype is torch.bool)
    if images.dim() != 4 or not images.is_floating_point() or labels.shape != images.shape[:1] or not whole:
        raise SettingError(
            f"{name}: expected {form}, got {tuple(images.shape)} {images.dtype} and {tuple(labels.shape)} "
            f"{labels.dtype}"
        )
    if 0 in images.shape:
        raise SettingError(f"{name}: images of shape {tuple(images.shape)}: expected none of them 0")
    labels = labels.long()
    if int(labels.min()) < 0:
        raise SettingError(f"{name}: labels from {int(labels.min())} to {int(labels.max())}: expected 0 or more")
    if not bool(torch.isfinite(images).all()):
        raise SettingError(f"{name}: the images hold values that are not finite")
    return images, labels


def _digest(pools: dict[str, tuple[torch.Tensor, torch.Tensor]]) -> str:
    """One checksum over all images and labels: two data sets of one shape are not the same data."""
    total = hashlib.sha256()
    for name, parts in pools.items():
        for part in parts:
            array = part.cpu().contiguous().view(torch.uint8).numpy()
            total.update(f"{name}|{part.dtype}|{tuple(part.shape)}|".encode())
            total.update(array.data)
    return total.hexdigest()[:16]


def _crop_flip(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    count, channels, height, width = images.shape
    padded = torch.nn.functional.pad(images, (PADDING,) * 4)
    top, left = torch.randint(2 * PADDING + 1, (2, count), generator=generator)
    rows, columns = top[:, None] + torch.arange(height), left[:, None] + torch.arange(width)
    flip = torch.rand(count, generator=generator) < 0.5
    columns = torch.where(flip[:, None], columns.flip(1), columns)
    which, plane = torch.arange(count)[:, None, None, None], torch.arange(channels)[None, :, None, None]
    return padded[which, plane, rows[:, None, :, None], columns[:, None, None, :]]


def _cut_out(images: torch.Tensor, side: int, generator: torch.Generator) -> torch.Tensor:
    """A square around a random pixel of each image set to 0."""
    count, _, height, width = images.shape
    kept = []
    for length in (height, width):
        middle = torch.randint(length, (count, 1), generator=generator)
        places = torch.arange(length)[None]
        kept.append((places < middle - side // 2) | (places >= middle - side // 2 + side))
    rows, columns = kept
    return images * (rows[:, None, :, None] | columns[:, None, None, :])
