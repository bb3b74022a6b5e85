"""End-to-end search with a proxy as the only judge (appendix, A.2.3): ask and tell, an Oracle that counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from nascore import checks, proxies
from nascore.benchmarks.oracle import Oracle
from nascore.proxies.batch import images_of
from nascore.proxies.registry import Proxy
from nascore.search import Result, Search, run
from nascore.search.baselines.evolution import RegularizedEvolution
from nascore.spaces.base import Arch, Space


class ProxyFitness:
    """A proxy's score of one architecture, turned so that higher is better, averaged over seeds; images and network
    options as for `nc.proxies.score`. For an Oracle; NaN where the score failed."""

    def __init__(self, space: Space, proxy: str | Proxy, images: Any, *, seeds: Any = 1, **network: Any):
        self.space, self.proxy, self.images = space, proxies.get(proxy), images_of(images)
        self.seeds, self.network = seeds, network

    def __call__(self, arch: Arch) -> float:
        rows = proxies.score(
            self.space, [arch], self.proxy, self.images, seeds=self.seeds, progress=False, **self.network
        )
        return float(np.mean(rows.good.to_numpy(float)))

    def identity(self) -> dict[str, Any]:
        """All that a value depends on beside the space, for the log."""
        network = {name: str(value) for name, value in sorted(self.network.items())}
        return {**self.proxy.identity(), "images": self.images.digest(), "seeds": self.seeds, "network": network}


def search_by_proxy(
    fitness: ProxyFitness,
    *,
    budget: int,
    seed: int = 0,
    search: Search | None = None,
    log: str | Path | None = None,
) -> Result:
    """The architectures that a search finds when it sees the proxy only; by default the paper's regularised evolution
    (P = 50, S = 10), `budget` different architectures. `log`: see Oracle, which goes on with a killed run."""
    budget = checks.whole("budget", budget, 1)
    oracle = Oracle(fitness, budget=budget, log=log)
    return run(RegularizedEvolution(fitness.space, seed=seed) if search is None else search, oracle)
