"""Compare in one call: several searches on one benchmark, or several one-shot strategies on one supernet.

found = nc.compare({"GA-NAS": lambda seed: nc.search.GANAS(bench.space, seed=seed),
                    "random": lambda seed: nc.search.RandomSearch(bench.space, seed=seed)}, bench, budget=500, seeds=10)
found            # in a notebook: query curves with bands, and a table with intervals
found.frame      # one row per method and seed
"""

from nascore.comparison.compare import compare
from nascore.comparison.found import Comparison

__all__ = ["Comparison", "compare"]
