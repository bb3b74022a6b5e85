"""DARTS's search network: a step of all operations, fused beside one module per operation."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from nascore.bench.clock import faster
from nascore.bench.naive_two_cells import NaiveTwoCells
from nascore.bench.oneshot import TOLERANCE, difference, images, mixture, step, turns
from nascore.errors import ResultsError
from nascore.networks.supernets.two_cells import darts_supernet

# the size at which the official code's step was measured here, and its seconds on S2 and S5
CHANNELS, CELLS, BATCH, SIDE = 4, 5, 32, 16
OFFICIAL = {"s2": "0.43 to 0.46", "s5": "2.0"}


def rows(quick: bool = False) -> Iterator[dict]:
    """ResultsError if straightforward and fused numbers differ by more than 1e-5 in float64."""
    for space in ("s2", "s5"):
        options = {"channels": 4, "cells": 3} if quick else {"channels": CHANNELS, "cells": CELLS}
        count, side = (4, 8) if quick else (BATCH, SIDE)
        net = darts_supernet(space, **options)
        naive, draw, batch = NaiveTwoCells(net), mixture(net.choices), images(count, size=side)
        gap = difference(net, batch, draw, NaiveTwoCells)
        if not gap <= TOLERANCE:
            raise ResultsError(f"straightforward and fused {space} differ by {gap:.2g}, more than {TOLERANCE:g}")
        works = {"naive": partial(step, naive, batch, draw), "fused": partial(step, net, batch, draw)}
        times = turns(works, 1 if quick else 7)
        what = f"forward and backward, all operations, {options}, batch {count} of {side}x{side}"
        note = f"the official code's step of this size was measured at {OFFICIAL[space]} s on such a machine"
        how = "one PyTorch module per operation, NCHW"
        yield faster(
            f"DARTS supernet, {space.upper()}", times["naive"], times["fused"], what, how, least=1.5, note=note
        )
