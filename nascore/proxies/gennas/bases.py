"""The signals that a network has to reproduce (appendix, A.2.2), each (samples, channels, height, width).

Every function takes the generator of its random numbers first. `local`: each sample has maps of its own; otherwise one
set of maps serves the whole batch. The published code's definitions where the appendix is silent: the phases, the
pixels counted from 1, the flip of sin2d, the filter of dot_gaussian, the order of resize.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F

from nascore.proxies.gennas.task import Noise, Signal

PHASES = 32  # for every frequency or pair of frequencies
COPIES = 1000  # `resize` takes its channels from as many of the image's, repeated
SIGMA, RADIUS = 1.0, 4  # of dot_gaussian's filter

Maps = Callable[[], torch.Tensor]  # one sample's, (channels, height, width)


def signal(
    given: Signal, generator: torch.Generator, samples: int, channels: int, size: tuple[int, int], images: torch.Tensor
) -> torch.Tensor:
    """`given.level` times its basis; `images` (samples, colours, h, w) is what "resize" shows."""
    made: torch.Tensor
    if given.basis == "resize":
        made = resize(generator, images, channels, size)
    elif given.basis in ("sin1d", "sin2d"):
        wave = sin1d if given.basis == "sin1d" else sin2d
        made = _spread(lambda: wave(generator, channels, size, given.frequencies), samples, given.local)
    elif given.basis == "noise":
        made = _spread(lambda: torch.randn(channels, *size, generator=generator), samples, given.local)
    else:
        fraction, smooth = given.fraction or 0.0, given.basis == "dot_gaussian"
        made = _spread(lambda: dot(generator, channels, size, fraction, smooth), samples, given.local)
    return made * given.level


def noise(given: Noise, generator: torch.Generator, like: torch.Tensor) -> torch.Tensor:
    """What is added to the input: `level` times U(-1, 1) or N(0, 1)."""
    drawn = torch.empty(like.shape)
    drawn = (
        drawn.uniform_(-1, 1, generator=generator) if given.kind == "uniform" else drawn.normal_(generator=generator)
    )
    return (drawn * given.level).to(like)


def sin1d(
    generator: torch.Generator, channels: int, size: tuple[int, int], frequencies: Sequence[float]
) -> torch.Tensor:
    """sin(2 pi f p + phase) along rows or along columns, pixel p = 1, 2, ...: `channels` different ones of
    2 directions x 32 phases x all frequencies."""
    phases = torch.rand(len(frequencies), PHASES, generator=generator) * 2 * math.pi
    chosen = _choose(generator, channels, 2 * phases.numel())
    which, down = torch.div(chosen, 2, rounding_mode="floor"), chosen % 2 == 0
    angle = 2 * math.pi * torch.tensor(frequencies, dtype=torch.float32)[which // PHASES]
    rows, columns = _pixels(size)
    place = torch.where(down[:, None, None], rows, columns)
    return torch.sin(angle[:, None, None] * place + phases.flatten()[which][:, None, None])


def sin2d(
    generator: torch.Generator, channels: int, size: tuple[int, int], frequencies: Sequence[float]
) -> torch.Tensor:
    """sin(2 pi (f_y p_y + f_x p_x) + phase), as it is or with its rows in reverse: `channels` different ones of
    2 x 32 phases x all pairs of frequencies."""
    count = len(frequencies)
    phases = torch.rand(count * count, PHASES, generator=generator) * 2 * math.pi
    chosen = _choose(generator, channels, 2 * phases.numel())
    which, flipped = torch.div(chosen, 2, rounding_mode="floor"), chosen % 2 == 1
    angles = 2 * math.pi * torch.tensor(frequencies, dtype=torch.float32)
    pair = which // PHASES
    rows, columns = _pixels(size)
    rows = torch.where(flipped[:, None, None], max(size) + 1 - rows, rows)  # a sequence is cut out of a square map
    places = angles[pair // count][:, None, None] * rows + angles[pair % count][:, None, None] * columns
    return torch.sin(places + phases.flatten()[which][:, None, None])


def dot(
    generator: torch.Generator, channels: int, size: tuple[int, int], fraction: float, smooth: bool
) -> torch.Tensor:
    """`fraction` of the pixels are +1 or -1, the others 0. `smooth`: with a Gaussian filter of one pixel, each map
    then divided by its largest absolute value."""
    pixels = size[0] * size[1]
    count = int(fraction * pixels)
    order = torch.rand(channels, pixels, generator=generator).argsort(1)[:, :count]
    signs = torch.randint(2, (channels, count), generator=generator).float() * 2 - 1
    maps = torch.zeros(channels, pixels).scatter_(1, order, signs).view(channels, *size)
    if smooth:
        maps = _gaussian(size[0]) @ maps @ _gaussian(size[1]).T
        largest = maps.abs().amax((1, 2), keepdim=True)
        maps = maps / torch.where(largest > 0, largest, torch.ones_like(largest))
    return maps


def resize(generator: torch.Generator, images: torch.Tensor, channels: int, size: tuple[int, int]) -> torch.Tensor:
    """The images at the nearest pixels, the whole batch scaled to [-1, 1]; the channels are the colours in random
    order, the same for all samples."""
    small = F.interpolate(images.float().cpu(), size)
    low, high = small.min(), small.max()
    small = (small - low) / (high - low).clamp_min(torch.finfo(small.dtype).tiny) * 2 - 1
    return small[:, _choose(generator, channels, COPIES) % images.shape[1]]


def _spread(maps: Maps, samples: int, local: bool) -> torch.Tensor:
    if local:
        return torch.stack([maps() for _ in range(samples)])
    return maps().expand(samples, -1, -1, -1)


def _choose(generator: torch.Generator, count: int, pool: int) -> torch.Tensor:
    """`count` different numbers below `pool`; all of them again and again where that is not enough."""
    rounds = -(-count // pool)
    return torch.cat([torch.randperm(pool, generator=generator) for _ in range(rounds)])[:count]


def _pixels(size: tuple[int, int]) -> tuple[torch.Tensor, torch.Tensor]:
    """Row and column of each pixel, from 1."""
    rows, columns = (torch.arange(1, side + 1, dtype=torch.float32) for side in size)
    return rows[:, None].expand(size), columns[None, :].expand(size)


def _gaussian(side: int) -> torch.Tensor:
    """The filter along one side as a matrix; beyond the edge lies the mirrored map, its last pixel twice."""
    weights = [math.exp(-0.5 * (step / SIGMA) ** 2) for step in range(-RADIUS, RADIUS + 1)]
    matrix = torch.zeros(side, side, dtype=torch.float64)
    for row in range(side):
        for step, weight in zip(range(-RADIUS, RADIUS + 1), weights, strict=True):
            place = (row + step) % (2 * side)
            matrix[row, place if place < side else 2 * side - 1 - place] += weight / sum(weights)
    return matrix.float()
