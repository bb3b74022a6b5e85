"""What the benchmarks' page shows beside Table 11: NAS-Bench-101 enumerated, ties, and which accuracy is which."""

from __future__ import annotations

from nascore import benchmarks
from nascore.errors import DataError

# text, key of the facts (`nascore.studies.ganas.facts`), key of the printed number or None, digits
TABLE11 = [
    ("NAS-Bench-101: different cells", "nasbench101_cells", "prose.nasbench101_cells", 0),
    ("NAS-Bench-101: labelled graphs behind them", "nasbench101_labelled", None, 0),
    ("NAS-Bench-101: operations", "nasbench101_ops", "prose.nasbench101_ops", 0),
    ("NAS-Bench-201: cells", "nasbench201_cells", "prose.nasbench201_cells", 0),
    ("NAS-Bench-201: searchable edges = nodes after conversion", "nasbench201_nodes", "prose.nasbench201_edges", 0),
    ("NAS-Bench-201: operations", "nasbench201_ops", "prose.nasbench201_ops", 0),
    ("NAS-Bench-201: topologies after conversion", "nasbench201_topologies", None, 0),
    ("NAS-Bench-201: share that 500 queries see, %", "nasbench201_queried_share", "prose.nasbench201_share", 1),
    ("queries of a whole run, NAS-Bench-101 setup 1 (Table 10)", "setup1_total", None, 0),
    ("queries of a whole run, NAS-Bench-101 setup 2 (Table 10)", "setup2_total", None, 0),
    ("queries of a whole run, NAS-Bench-201 (Table 10, 5 iterations)", "nasbench201_total", None, 0),
]
DATASETS = {"cifar10": "CIFAR-10", "cifar100": "CIFAR-100", "imagenet16-120": "ImageNet16-120"}


def by_name(rows) -> dict:
    """The facts of all rows of the experiment "ganas/facts" as one dict."""
    return {
        key: value for _, row in rows.iterrows() for key, value in row.items() if value is not None and value == value
    }


def load_or(name: str, stand_in: str, **question):
    """A measured table where it has been fetched, else its labelled stand-in (which has one question only)."""
    try:
        return benchmarks.load(name, **question)
    except DataError:
        return benchmarks.load(stand_in)


def cell_tables() -> dict:
    """Title -> NAS-Bench-201 after 200 epochs on each data set; digits201 where it has not been fetched."""
    question = {"split": "test", "epochs": 200}
    try:
        return {text: benchmarks.load("nasbench201", dataset=name, **question) for name, text in DATASETS.items()}
    except DataError:
        return {"digits201": benchmarks.load("digits201")}


def enumeration(space) -> list[dict[str, str]]:
    """NAS-Bench-101's graphs by number of vertices, one line each and their sums."""
    import numpy as np

    graphs = space.graphs
    per_class = np.bincount(graphs.class_of)
    counts = [
        (len(graphs.base[v]), int(per_class[graphs.vertices == v].sum()), int((graphs.vertices == v).sum()))
        for v in range(2, 8)
    ]
    names = ("topologies", "labelled graphs", "different cells")
    lines = [(str(v), *numbers) for v, numbers in zip(range(2, 8), counts)]
    lines.append(("all", *(sum(column) for column in zip(*counts))))
    return [{"vertices": v, **{name: f"{n:,}" for name, n in zip(names, numbers)}} for v, *numbers in lines]


def ties(table) -> dict:
    """How far the paper's random order of equals can be from our rank (strictly better cells + 1) on a table."""
    import numpy as np

    values, counts = np.unique(table.array, return_counts=True)
    top = counts[::-1]
    ahead = np.concatenate([[0], np.cumsum(top)[:-1]])
    return {
        "benchmark": f"{table.name}, {table.dataset}" + (f" ({table.label})" if table.label else ""),
        "architectures": f"{len(table):,}",
        "different values": f"{len(values):,}",
        "share the best value": int(top[0]),
        "paper's mean rank of the best": f"{1 + (top[0] - 1) / 2:.1f}",
        "largest mean difference": f"{(counts.max() - 1) / 2:,.1f}",
        "the same in the best 100": f"{(top[ahead < 100].max() - 1) / 2:,.1f}",
    }


def questions() -> list[dict]:
    """What every benchmark can be asked for, and what its number is."""
    from nascore.benchmarks import nasbench101, nasbench101_surrogate, nasbench201, nasbench_macro

    tables = {
        "nasbench101": nasbench101.ABOUT,
        "nasbench101-surrogate": {("cifar10", "test", 108): nasbench101_surrogate.ABOUT},
        "nasbench201": nasbench201.ABOUT,
        "nasbench-macro": nasbench_macro.ABOUT,
    }
    return [
        {"benchmark": name, "data set": key[0], "split": key[1], "epochs": key[2], "what the number is": text}
        for name, table in tables.items()
        for key, text in table.items()
        if key[1] != "train"
    ]


def chosen_by_validation(facts: dict) -> list[dict]:
    """Per data set of NAS-Bench-201: the best test accuracy, and the test rank of the best cell by validation."""
    keys = {name.replace("-", "_"): text for name, text in DATASETS.items()}
    return [
        {
            "data set": text,
            "best test accuracy (%)": f"{facts[f'{key}_best_test']:.2f}",
            "test rank of the best validation cell": f"{facts[f'{key}_best_val_rank_in_test']:,.0f}",
        }
        for key, text in keys.items()
        if f"{key}_best_test" in facts
    ]


def weights_table(tables: dict):
    """Number of cells by data set, weights (million) and accuracy (percent): the plotted density as data."""
    import pandas as pd

    parts = [
        pd.DataFrame(
            {"dataset": t.dataset, "params_M": (t.costs["params"] / 1e6).round(2), "accuracy": t.array.round(0)}
        )
        .value_counts()
        .reset_index(name="cells")
        for t in tables.values()
    ]
    return pd.concat(parts)
