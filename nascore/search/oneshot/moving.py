"""Batches on the device where the supernet is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch


def on(batch: Any, device: torch.device) -> Any:
    """The batch with every tensor in its tuples, lists and dicts on `device`; anything else as it is."""
    if isinstance(batch, torch.Tensor):
        return batch.to(device, non_blocking=True)
    if isinstance(batch, tuple) and hasattr(batch, "_fields"):  # a namedtuple takes its parts one by one
        return type(batch)(*(on(part, device) for part in batch))
    if isinstance(batch, (tuple, list)):
        return type(batch)(on(part, device) for part in batch)
    if isinstance(batch, Mapping):
        return {name: on(part, device) for name, part in batch.items()}
    return batch
