"""Bring your own proxy: the code of notebooks/gennas/09_your_own_proxy itself, in at most 15 lines."""

from __future__ import annotations

import json
import math

import torch
from torch import nn

import nascore as nc
from nascore import paths

NOTEBOOK = paths.notebooks() / "gennas" / "09_your_own_proxy.ipynb"


class Linear(nn.Module):
    """Features (n, 4, 1, 1) that are the first pixels of the images, some of them silenced."""

    def __init__(self, directions: int):
        super().__init__()
        self.kept = nn.Parameter((torch.arange(4) < directions).float())

    def features(self, images: torch.Tensor) -> list[torch.Tensor]:
        return [(images.flatten(1)[:, :4] * self.kept)[:, :, None, None]]


def test_more_directions_are_a_higher_rank_and_none_is_no_number():
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    (source,) = ("".join(c["source"]) for c in cells if "proxy-in-15-lines" in c["metadata"].get("tags", []))
    assert sum(bool(line.strip()) for line in source.splitlines()) <= 15
    exec(source, {"nc": nc, "torch": torch})  # the notebook's own words are what is tested
    proxy = nc.proxies.get("effective-rank")
    images = nc.proxies.as_batch(torch.randn(64, 1, 4, 4, generator=torch.Generator().manual_seed(0)))
    found = [proxy(Linear(directions), images) for directions in (1, 2, 4)]
    assert abs(found[0] - 1) < 1e-6 and found[0] < found[1] < found[2] <= 4
    assert math.isnan(proxy(Linear(0), images))
