"""GenNAS: one cell of NAS-Bench-201 at the paper's setting, and whether networks side by side would be faster."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from functools import partial

import numpy as np
import torch

from nascore.bench import naive_gennas
from nascore.bench.clock import faster, row, seconds
from nascore.errors import ResultsError
from nascore.networks.building import build
from nascore.networks.fleet import Fleet
from nascore.proxies.gennas import GenNAS, Settings
from nascore.spaces import NASBench201

TOLERANCE = 1e-9
ITERATIONS = 100  # of the paper
SEED = 7


def rows(quick: bool = False) -> Iterator[dict]:
    """ResultsError if straightforward and fast losses differ by more than 1e-9 in float64."""
    yield from one_cell(quick)
    yield from side_by_side(quick)


def pictures(count: int, dtype: torch.dtype = torch.float32, side: int = 32, colours: int = 3) -> torch.Tensor:
    return torch.randn(count, colours, side, side, generator=torch.Generator().manual_seed(0), dtype=dtype)


def loss(arch, images: torch.Tensor, iterations: int, naive: bool, **options) -> float:
    """GenNAS-combo of one cell."""
    network = build(NASBench201(), arch, **options).to(images)
    if naive:
        return naive_gennas.score(network, images, "combo", SEED, Settings(iterations=iterations))
    return GenNAS("combo", iterations, len(images)).loss(network, images, SEED)


def one_cell(quick: bool) -> Iterator[dict]:
    options = {"channels": 4, "cells": 1} if quick else {"channels": 16, "cells": 5}
    count, steps, images = (1, 1, pictures(4)) if quick else (8, 8, pictures(16))
    rng = np.random.default_rng(0)
    archs = [NASBench201().sample(rng) for _ in range(count)]
    for arch in archs[:2]:
        small = [loss(arch, pictures(2, torch.float64), 3, naive, channels=4, cells=1) for naive in (True, False)]
        gap = abs(small[0] - small[1])
        if not gap <= TOLERANCE:
            raise ResultsError(f"GenNAS's naive and fast losses differ by {gap:.2g}, more than {TOLERANCE:g}")
    slow: list[float] = []
    fast: list[float] = []
    for arch in archs:  # in turn, so that both meet the same load; what is done once per cell is counted once
        for naive, into in ((True, slow), (False, fast)):
            start, whole = (
                min(seconds(partial(loss, arch, images, number, naive, **options), 2, warm_up=False))
                for number in (0, steps)
            )
            into.append(start + (whole - start) * ITERATIONS / steps)
    what = (
        f"GenNAS-combo, {ITERATIONS} iterations ({steps} measured), batch {len(images)} of 32x32, "
        f"{options['channels']} channels, {3 * options['cells']} cells; {count} random cells of NAS-Bench-201"
    )
    yield row(
        "GenNAS, one cell",
        [a / b for a, b in zip(slow, fast, strict=True)],
        "x faster",
        what,
        least=2,
        value=sum(slow) / sum(fast),
        reference=f"PyTorch's own layers, NCHW: {statistics.mean(slow):.3g} s; ours {statistics.mean(fast):.3g} s",
    )
    yield row("GenNAS, seconds of a cell", fast, "s", what, most=8, value=statistics.mean(fast))


def side_by_side(quick: bool) -> Iterator[dict]:
    """Training steps of different cells as one fleet, beside one after the other: the widths of NAS-Bench-201."""
    networks, widths, repeats = (2, (2, 4), 1) if quick else (4, (16, 32, 64), 5)
    rng = np.random.default_rng(1)
    archs = [NASBench201().sample(rng) for _ in range(networks)]
    images = pictures(4 if quick else 16)
    together, alone = Fleet(archs, widths, inputs=3), [Fleet([arch], widths, inputs=3) for arch in archs]

    def step(fleet: Fleet) -> None:
        fleet.zero_grad(set_to_none=True)
        fleet(images).square().sum().backward()

    def one_by_one() -> None:
        for each in alone:
            step(each)

    one_by_one()
    step(together)
    pairs = [(seconds(one_by_one, 1, False)[0], seconds(lambda: step(together), 1, False)[0]) for _ in range(repeats)]
    yield faster(
        "cells side by side, wide",
        [a for a, _ in pairs],
        [b for _, b in pairs],
        f"forward and backward of {networks} different cells, widths {list(widths)}, batch {len(images)}",
        "each cell alone, in the same code; a convolution of 16 channels or more is bound by its products",
    )
