"""What proxies look at: `Batch`, a few images and their labels, drawn from `Images`, all that a user gives."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import nn

from nascore import checks
from nascore.errors import SettingError

FORM = "(images, labels), images alone, or a set such as nc.data.digits(): images float (n, c, h, w), n whole labels"


@dataclass(frozen=True, eq=False)
class Batch:
    """`images` (n, c, h, w), or tokens (steps, n) of a text; `labels` int64 (n,), or (steps, n), or None.

    `source`: the images that they were drawn from, for proxies that train or measure on more than these.
    """

    images: torch.Tensor
    labels: torch.Tensor | None = None
    source: Images | None = None
    _known: dict | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return self.images.shape[_axis(self.images)]

    @property
    def device(self) -> torch.device:
        return self.images.device

    def pixels(self, name: str) -> torch.Tensor:
        """`images`; SettingError where they are tokens, which the proxy `name` has no use for."""
        if self.images.is_floating_point():
            return self.images
        raise SettingError(f"{name} needs images: it is not defined for tokens")

    def remembering(self) -> Batch:
        """The same batch, for one network that several proxies score one after the other: see `once`."""
        return Batch(self.images, self.labels, self.source, {})

    def once(self, network: nn.Module, what: Any) -> Any:
        """`what(network, batch)`; where `score` gives one network to several proxies, computed for the first of
        them only."""
        if self._known is None:
            return what(network, self)
        key = id(network), what
        if key in self._known:
            found, seconds = self._known[key]
            self._known["saved"] = self._known.get("saved", 0.0) + seconds
            return found
        start = self.clock()
        found = what(network, self)
        self._known[key] = found, self.clock() - start
        return found

    def clock(self) -> float:
        """Seconds of processor time, which other programs on the machine do not change; of wall time on another
        device."""
        return time.process_time() if self.device.type == "cpu" else time.perf_counter()

    def saved(self) -> float:
        """Seconds that `once` has saved since it was asked last: what was computed before for another proxy."""
        return self._known.pop("saved", 0.0) if self._known else 0.0


class Images:
    """All images that a user gives, checked once; `draw` gives batches of them. Text: tokens (steps, n), labels of the
    same shape."""

    def __init__(self, images: torch.Tensor, labels: torch.Tensor | None):
        self.images, self.labels = images, labels
        self.axis = _axis(images)

    def __len__(self) -> int:
        return self.images.shape[self.axis]

    def digest(self) -> str:
        """One checksum over images and labels."""
        total = hashlib.sha256()
        for part in (self.images, self.labels):
            if part is not None:
                array = part.cpu().contiguous()
                total.update(f"{array.dtype}|{tuple(array.shape)}|".encode())
                total.update(array.view(torch.uint8).numpy().data)
        return total.hexdigest()[:16]

    def draw(self, size: int | None, seed: int, device: str | torch.device = "cpu") -> Batch:
        """`size` different images, which `seed` chooses; all, in their order, where there are no more than that."""
        if size is None or size >= len(self):
            return self._batch(None, device)
        generator = torch.Generator().manual_seed(seed)
        return self._batch(torch.randperm(len(self), generator=generator)[:size], device)

    def _batch(self, chosen: torch.Tensor | None, device: str | torch.device) -> Batch:
        images, labels = (
            part if part is None or chosen is None else part.index_select(self.axis, chosen)
            for part in (self.images, self.labels)
        )
        assert images is not None
        return Batch(images.to(device), None if labels is None else labels.to(device), self)


def images_of(value: Any) -> Images:
    """A user's images, in whatever of the usual forms they come; SettingError for anything else."""
    if isinstance(value, Images):
        return value
    if isinstance(getattr(value, "pools", None), dict) and "train" in value.pools:  # ImageData
        value = value.pools["train"]
    elif hasattr(value, "images") and hasattr(value, "labels"):  # a pool of cluttered digits, or a Batch
        value = (value.images, value.labels)
    pair = isinstance(value, (tuple, list)) and len(value) == 2
    images, labels = _tensor(value[0] if pair else value), _tensor(value[1]) if pair else None
    if images is None or (pair and labels is None):
        raise SettingError(f"images={checks.shown(type(value))}: expected {FORM}")
    if images.dim() == 2 and not images.is_floating_point():
        images = images.long()
    elif images.dim() != 4 or not images.is_floating_point():
        raise SettingError(f"images of shape {tuple(images.shape)} and {images.dtype}: expected {FORM}")
    if 0 in images.shape:
        raise SettingError(f"images of shape {tuple(images.shape)}: expected none of them 0")
    if images.is_floating_point() and not bool(torch.isfinite(images).all()):
        raise SettingError("images: they hold values that are not finite")
    if labels is not None:
        shape = images.shape[:1] if images.dim() == 4 else images.shape
        if labels.dtype not in (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64):
            raise SettingError(f"labels of {labels.dtype}: expected whole numbers")
        if labels.shape != shape:
            raise SettingError(f"labels of shape {tuple(labels.shape)}: expected {tuple(shape)}, as the images")
        labels = labels.long()
        if int(labels.min()) < 0:
            raise SettingError(f"labels from {int(labels.min())}: expected 0 or more")
    return Images(images, labels)


def as_batch(images: Any, labels: Any = None) -> Batch:
    """A `Batch` of these images (and labels), for a proxy that is called directly:
    `nc.proxies.get("naswot")(network, nc.proxies.as_batch(images))`."""
    return images_of(images if labels is None else (images, labels)).draw(None, 0)


def _axis(images: torch.Tensor) -> int:
    return 0 if images.dim() == 4 else 1


def _tensor(value: Any) -> torch.Tensor | None:
    """A copy as a dense tensor that autograd knows; None for what is none."""
    if not isinstance(value, (torch.Tensor, np.ndarray, list, tuple)):
        return None
    try:
        with torch.inference_mode(False):
            if isinstance(value, torch.Tensor):
                return value.detach().clone() if value.layout is torch.strided else None
            return torch.tensor(np.ascontiguousarray(value))
    except (TypeError, ValueError, RuntimeError):
        return None
