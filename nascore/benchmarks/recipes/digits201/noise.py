"""Seed noise of digits201 for free: functions that were trained more than once because they can be written in two ways.

The table's networks are classes of `nascore.spaces.isomorphism`. Where sums commute through skip-connections and
poolings, two of these compute the same function (`nascore.spaces.functions`). They were trained from other first
weights on the same batches: how far their accuracies lie apart is noise, in any part of the space.
"""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache

import numpy as np

from nascore.benchmarks.recipes.digits201 import training
from nascore.spaces.functions import function_key
from nascore.spaces.nasbench201 import NASBench201


@lru_cache(maxsize=1)
def functions() -> list[list[int]]:
    """The numbers of the trained networks by the function that they compute, in order; most stand alone."""
    space, groups = NASBench201(), defaultdict(list)
    for number, arch in enumerate(training.classes()[0]):
        groups[function_key(space, arch)].append(number)
    return list(groups.values())


def seed_noise(accuracy: np.ndarray) -> dict:
    """What equal functions trained as several networks say about one training. accuracy: percent (network,), NaN where
    there is none.

    functions and networks: how many there are of these; differ: functions with more than one accuracy; widest: the
    largest distance within a function; sd: of one training, pooled over the functions (points).
    """
    found = [accuracy[group] for group in functions() if len(group) > 1]
    found = [values[~np.isnan(values)].astype(float) for values in found]
    found = [values for values in found if len(values) > 1]
    squares = sum(float(((values - values.mean()) ** 2).sum()) for values in found)
    networks = sum(map(len, found))
    return {
        "functions": len(found),
        "networks": networks,
        "differ": sum(len(np.unique(values)) > 1 for values in found),
        "widest": max((float(np.ptp(values)) for values in found), default=0.0),
        "sd": (squares / (networks - len(found))) ** 0.5 if found else float("nan"),
    }
