"""Table 6 and Figures 5, 6 as data: which cells are meant, how much room is above them, and what each run reached."""

from __future__ import annotations

import math

from nascore.studies.ganas import constrained

NAMES = {"resnet": "ResNet", "inception": "Inception"}
PRINTED = {
    "by hand": "hand",
    "RS": "random",
    "GA-NAS": "ganas",
}  # the line of Table 6 -> its key among the paper's values


def branches(dag) -> str:
    """Sequences of operations along every path of a cell from input to output, shortest first: `1x1 | 3x3 → 3x3`."""
    paths, last = [[0]], len(dag.labels) - 1
    while any(path[-1] != last for path in paths):
        longer = [[*path, b] for path in paths for a, b in dag.edges if a == path[-1] and path[-1] != last]
        paths = longer + [path for path in paths if path[-1] == last]
    short = {"conv3x3-bn-relu": "3x3", "conv1x1-bn-relu": "1x1", "maxpool3x3": "pool"}
    words = [" → ".join(short[dag.labels[i]] for i in path[1:-1]) or "shortcut" for path in paths]
    return " | ".join(sorted(words, key=lambda word: (len(word), word)))


def candidates(table, millions: float, taken: str) -> list[dict]:
    """All cells with the printed weights (million, two decimals), one line each; an arrow at the `taken` one."""
    from nascore.benchmarks import handmade

    space, known = table.space, table.space.key(constrained.reference(taken))
    lines = [
        {
            "weights": f"{table.cost(arch, 'params'):,.0f}",
            "operators": len(arch) - 1,
            "branches": branches(space.dag(arch)),
            "taken": "←" if space.key(arch) == known else "",
        }
        for arch in handmade.cells_with_weights(millions)
    ]
    return sorted(lines, key=lambda line: line["branches"])


def identified(table, printed: dict[str, float]) -> str:
    """Why these two cells are taken to be the paper's (Markdown); `printed`: their weights in millions."""
    resnet = candidates(table, printed["resnet"], "resnet")
    least = min(line["operators"] for line in resnet)
    few = [line for line in resnet if line["operators"] == least]
    (residual,) = [line for line in few if line["branches"].startswith("shortcut |")]
    assert residual["taken"], "the ResNet cell of Table 6 is not the residual one"
    words = ", ".join(f"`{line['branches']}`" for line in few)
    inception = candidates(table, printed["inception"], "inception")
    return (
        f"* **ResNet**, {printed['resnet']:.2f} M weights: {len(resnet):,} cells have as many, {len(few)} of them "
        f"with only {least} operators ({words}; branches are separated by `|`). Taken is the one with a residual "
        f"connection, `{residual['branches']}`.\n"
        f"* **Inception**, {printed['inception']:.2f} M weights: {len(inception)} cells, listed below. The one taken "
        "is the only one whose branches are those of an Inception module (1x1, 3x3, two 3x3 for the 5x5, pooling)."
    )


class Room:
    """What a benchmark allows within the limits of one hand-made cell: `known` and `best` accuracy in percent."""

    def __init__(self, table, cell: str):
        self.name, self.arch = NAMES[cell], constrained.reference(cell)
        self.time_name = constrained.cost_names(table)[1]
        self.weights, self.seconds = (table.cost(self.arch, name) for name in ("params", self.time_name))
        self.in_time = table.costs[self.time_name] <= self.seconds
        self.within = self.in_time & (table.costs["params"] <= self.weights)
        self.known, self.best = table.value(self.arch), float(table.array[self.within].max())
        self.rank, self.better = table.rank(self.known), int((table.array[self.within] > self.known).sum())

    def line(self) -> dict[str, str]:
        """One line of the table of rooms."""
        total = int(self.within.sum())
        return {
            "cell": self.name,
            "accuracy (%)": f"{self.known:.2f}",
            "rank among all": f"{self.rank:,}",
            "cells within limits": f"{total:,}",
            "of these better": f"{self.better:,}",
            "share better (%)": f"{100 * self.better / total:.2f}",
            "best within limits (%)": f"{self.best:.2f}",
        }


def printed(cell: str, value) -> list[dict[str, str]]:
    """Accuracy (percent), time (hand-made = 1) and weights (million) that Table 6 prints: {line: text} each.

    `value(paper, key)` looks a printed number up (`nascore.companion.papers.paper_value`).
    """

    def read(key: str, column: str) -> float:
        return value("ganas", f"table6.{cell}_{key}.{column}").value

    hand = read("hand", "train_seconds")
    return [
        {name: f"{read(key, column) / unit:.2f}" for name, key in PRINTED.items()}
        for column, unit in (("acc", 1), ("train_seconds", hand), ("params_m", 1))
    ]


def until_better(curve, value: float) -> float:
    """First query of a run's curve that is strictly above `value`; NaN if none is."""
    points = zip(curve["query"], curve["best"]) if isinstance(curve, dict) else ()
    return next((float(query) for query, best in points if best > value), math.nan)


def with_columns(rows, table):
    """Rows with params_M (million weights of the best cell), share (its time, hand-made = 1), until_better (query)."""
    import pandas as pd

    time = constrained.cost_names(table)[1]
    empty = pd.Series(math.nan, rows.index)
    found = rows["best"].notna()
    archs = [table.space.parse(text) if ok else None for text, ok in zip(rows.get("best_arch", empty), found)]
    return rows.assign(
        arch=archs,
        params_M=rows.get("params", empty) / 1e6,
        share=rows.get(time, empty) / rows.get(f"{time}_limit", empty),
        until_better=[until_better(curve, value) for curve, value in zip(rows["curve"], rows["reference"])],
    )


def best_cells(rows, rooms: dict[str, Room]) -> dict[tuple[str, str], tuple]:
    """(cell, "hand-made" or "GA-NAS") -> architecture: the given cells, each followed by the best one of all runs."""
    found = {}
    for cell, room in rooms.items():
        found[cell, "hand-made"] = room.arch
        part = rows[(rows["cell"] == cell) & (rows["method"] == "GA-NAS") & rows["best"].notna()]
        if len(part):
            found[cell, "GA-NAS"] = part.loc[part["best"].idxmax(), "arch"]
    return found


def cell_table(found: dict, table, rooms: dict[str, Room]):
    """The cells of `best_cells` with accuracy (percent), weights, and time (hand-made = 1), one row each."""
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "cell": cell,
                "who": who,
                "arch": table.space.format(arch),
                "value": table.value(arch),
                "params": table.cost(arch, "params"),
                "time": table.cost(arch, rooms[cell].time_name) / rooms[cell].seconds,
            }
            for (cell, who), arch in found.items()
        ]
    )
