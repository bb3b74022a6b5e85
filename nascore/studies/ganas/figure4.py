"""Figure 4 as data: the true front, where the search starts, and the front of every run."""

from __future__ import annotations

from nascore.studies.ganas import constrained, pareto


class Space:
    """A benchmark seen as accuracy (percent) against training time (share of the slowest cell's)."""

    def __init__(self, table):
        import numpy as np

        self.time_name = constrained.cost_names(table)[1]
        self.slowest = float(table.costs[self.time_name].max())
        self.share, self.accuracy = table.costs[self.time_name] / self.slowest, table.array
        front = pareto.true_front(table, self.time_name)
        self.front = front[np.argsort(self.share[front])]
        self.start = pareto.worst_half(table, self.time_name)
        self.middle = (float(np.median(self.share)), float(np.median(self.accuracy)))
        self.lowest = float(np.quantile(self.accuracy, 0.002))
        self.time_words = ("" if self.time_name == "training_time" else "modelled ") + "training time"

    def front_table(self):
        """The true front: time, accuracy."""
        import pandas as pd

        return pd.DataFrame({"time": self.share[self.front], "accuracy": self.accuracy[self.front]})

    def fronts(self, rows):
        """The fronts of all runs: method, seed, time, accuracy."""
        import numpy as np
        import pandas as pd

        return pd.concat(
            pd.DataFrame(
                {
                    "method": run["method"],
                    "seed": run["seed"],
                    "time": np.array(run["front"]["seconds"]) / self.slowest,
                    "accuracy": run["front"]["accuracy"],
                }
            )
            for _, run in rows.iterrows()
        )


def median_runs(rows) -> dict[str, int]:
    """method -> seed of the run with the median hypervolume."""
    parts = rows.sort_values("hypervolume").groupby("method", sort=False)
    middle = {method: int(part.iloc[len(part) // 2]["seed"]) for method, part in parts}
    return {method: middle[method] for method in dict.fromkeys(rows["method"])}


def printed(value) -> dict[str, dict[str, str]]:
    """What the appendix prints: title of the measured column -> {search: text}."""

    def read(key: str) -> str:
        return f"{value('ganas', f'prose.pareto_{key}').value:,.0f}"

    truth = read("truth")
    return {
        "front cells found": {"GA-NAS": f"{read('found')} of {truth}", "RS": f"{read('random_found')} of {truth}"},
        "queries": {"GA-NAS": read("queries"), "RS": read("random_queries")},
    }
