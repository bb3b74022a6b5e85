"""The pages on NAS-Bench-101 (Tables 1, 2, 5, 8, 9) as data: rows under the names and at the budgets of the tables."""

from __future__ import annotations

from nascore.search.ganas.schedule import SETUP1, SETUP2
from nascore.studies.ganas.nasbench101 import RL_BUDGET, SETUP2_QUERIES

SEARCHES = ("GA-NAS", "RS", "REA", "LocalSearch")
SETUPS = {1: "setup 1", 2: "setup 2"}
SCHEDULES = {1: SETUP1, 2: SETUP2}
PUBLISHED = ("random_search", "re", "nao", "bananas", "seminas_2100", "seminas_300")  # Table 1
RANDOM = {"random_648": "RS, 648 queries", "random_1562": "RS, 1562 queries"}  # Table 2
LIMIT = f"{SETUP2_QUERIES:,}"
TABLE5_PAIRS = [
    (f"GA-NAS, setup 2 after {LIMIT}", "RL-NAS-1"),
    (f"GA-NAS, setup 2 after {LIMIT}", "RL-NAS-2"),
    (f"GA-NAS, setup 1 after {LIMIT}", "RL-NAS-2"),
    ("GA-NAS, setup 1", "RL-NAS-1"),
    ("GA-NAS, setup 2", "RL-NAS-1"),
    ("RL-NAS-1", "RL-NAS-2"),
    ("RL-NAS-2", f"RS after {LIMIT}"),
]


def _arranged(rows, column: str, order):
    order = list(order)
    rows = rows[rows[column].isin(order)]
    return rows.sort_values(column, key=lambda names: names.map(order.index), kind="stable")


def of_methods(rows, methods):
    """Rows of these searches, in their order within each setup."""
    return _arranged(rows, "method", methods).sort_values("setup", kind="stable")


def best_runs(rows, value) -> list[dict]:
    """Table 1: the run with the best rank of every search and setup, then the published rows; the lines of a table."""
    lines = []
    for (setup, method), part in rows.groupby(["setup", "method"], sort=False):
        best = part.sort_values(["rank", "found_at", "seed"]).iloc[0]
        own = method == "GA-NAS"
        line = {"search": f"{method}, {'' if own else 'queries of '}setup {setup}", "runs": len(part)}
        line |= {"queries spent": f"{best['queries']:.0f}", "accuracy (%)": f"{best['best']:.2f}"}
        line |= {"rank": int(best["rank"]), "found at query": int(best["found_at"])}
        lines.append(line | (_printed(f"setup{setup}", value) if own else {}))
    names = {key: value("ganas", f"table1.{key}.acc").where.split("row ")[-1] for key in PUBLISHED}
    return lines + [{"search": f"{name}, as printed"} | _printed(key, value) for key, name in names.items()]


def _printed(key: str, value) -> dict[str, str]:
    accuracy, queries = (value("ganas", f"table1.{key}.{column}").value for column in ("acc", "queries"))
    return {"accuracy, paper": f"{accuracy:.2f}", "queries, paper": f"{queries:.0f}"}


def table2(rows, after) -> tuple:
    """Table 2: rows under the names of its lines (column search), and {line: row of the printed table}.

    Random search is read off its longest runs after as many queries as the paper gave it: `after(rows, query, value)`
    (`nascore.companion.stored.after`).
    """
    import pandas as pd

    parts, printed = [], {}
    for setup, part in rows[rows["method"] == "GA-NAS"].groupby("setup"):
        parts.append(part.assign(search=f"GA-NAS, setup {setup}"))
        printed[f"GA-NAS, setup {setup}"] = f"table2.setup{setup}"
    longest = rows[(rows["method"] == "RS") & (rows["setup"] == rows["setup"].max())]
    for key, name in RANDOM.items():
        queries = int(key.removeprefix("random_"))
        if len(longest) and queries <= longest["queries"].max():
            read = {"best": after(longest, queries), "rank": after(longest, queries, "rank"), "found_at": queries}
            parts.append(longest.assign(search=name, **read))
            printed[name] = f"table2.{key}"
    for (_, method), part in rows[rows["method"] != "GA-NAS"].groupby(["setup", "method"], sort=False):
        parts.append(part.assign(search=f"{method}, {part['queries'].max():.0f} queries"))
    return pd.concat(parts, ignore_index=True), printed


def stability_printed(value) -> str:
    """What the paper says of stability over seeds, in words."""
    keys = ("setup1_second_best", "setup1_third_best", "nasbench101_runs", "setup2_second_best")
    second, third, runs, other = (int(value("ganas", f"prose.{key}").value) for key in keys)
    spreads = [100 * value("ganas", f"table2.setup{setup}.acc_std").value for setup in (1, 2)]
    return (
        f"Paper: setup 1 ends at the 2nd best cell in {second} and at the 3rd best in {third} of {runs} runs, setup 2 "
        f"at the 2nd best in {other}. Its std, printed as a fraction, is {spreads[0]:.4f} and {spreads[1]:.4f} "
        "points. Share with Wilson interval."
    )


def printed_points(setup: int, value) -> list[tuple[float, float, str, str]]:
    """Table 2's queries and ranks of one setup as points: (queries, rank, marker, label)."""
    keys = {f"setup{setup}": ("*", "GA-NAS"), ("random_648", "random_1562")[setup - 1]: ("X", "RS")}
    return [
        (*(value("ganas", f"table2.{key}.{column}").value for column in ("queries", "rank")), marker, f"paper, {who}")
        for key, (marker, who) in keys.items()
    ]


def best_cells(rows) -> list[dict]:
    """The best cell of GA-NAS in each setup and of the other searches (not RS) in the last one."""
    last, lines = rows["setup"].max(), []
    for (method, setup), part in rows.groupby(["method", "setup"], sort=False):
        if method == "GA-NAS" or (setup == last and method != "RS"):
            best = part.sort_values(["rank", "found_at", "seed"]).iloc[0]
            line = {"method": method, "setup": setup, "accuracy": best["best"], "rank": int(best["rank"])}
            lines.append(line | {"arch": best["best_arch"]})
    return lines


def cell_titles(cells: list[dict]) -> dict[str, str]:
    """Title -> cell for what `best_cells` gives; searches that ended at the same cell share a title."""
    found: dict[str, list[str]] = {}
    reached = {}
    for line in cells:
        found.setdefault(line["arch"], []).append(f"{line['method']} (setup {line['setup']})")
        reached[line["arch"]] = f"{line['accuracy']:.2f} %, rank {line['rank']}"
    return {f"{', '.join(names)}: {reached[arch]}": arch for arch, names in found.items()}


def table5(rows):
    """Table 5's searches: GA-NAS in both setups, RL-NAS with its two budgets, and RS with the largest one."""
    last = rows["setup"].max()
    names = {("GA-NAS", 1): "GA-NAS, setup 1", ("GA-NAS", 2): "GA-NAS, setup 2", ("RS", last): "RS"}
    names |= {(method, setup): method for method in RL_BUDGET for setup in SETUPS}
    rows = rows.assign(search=[names.get(pair) for pair in zip(rows["method"], rows["setup"])])
    return _arranged(rows, "search", ["GA-NAS, setup 1", "GA-NAS, setup 2", *RL_BUDGET, "RS"])


def read_early(rows):
    """Table 5's rows as they were after setup 2's average number of queries; RL-NAS-2 has no more than those."""
    early = rows[rows["search"] != "RL-NAS-1"]
    return early.assign(best=early["best_at_1562"], rank=early["rank_at_1562"])


def early_and_late(rows):
    """Rows at their end, and GA-NAS and RS once more after setup 2's average number of queries (names say so)."""
    import pandas as pd

    early = read_early(rows[rows["search"] != "RL-NAS-2"])
    return pd.concat([rows, early.assign(search=early["search"] + f" after {LIMIT}")], ignore_index=True)


def cell_counts(value) -> list[dict]:
    """Table 9: cells per iteration of the linear and the uniform schedule, ours and the printed constant."""
    lines = []
    for setup, schedule in SCHEDULES.items():
        sizes = [schedule.size(t) for t in range(1, schedule.iterations + 1)]
        uniform, printed = schedule.uniform(), value("ganas", f"prose.uniform_setup{setup}").value
        lines.append(
            {
                "setup": setup,
                "linear |X_1| ... |X_T|": f"{sizes[0]}, {sizes[1]}, ..., {sizes[-1]}",
                "their sum": sum(sizes),
                "uniform |X_t| here": uniform.base,
                "sum": uniform.base * uniform.iterations,
                "uniform |X_t|, paper": f"{printed:g}",
                "sum of that": f"{printed * schedule.iterations:.0f}",
            }
        )
    return lines


def seconds(rows, by=("method", "setup")) -> str:
    """Mean CPU seconds a run in words: `GA-NAS in setup 1 15.3, ...`."""
    cost = rows.groupby(list(by), sort=False)["provenance.cpu_s"].mean()
    names = [key if isinstance(key, str) else " in setup ".join(map(str, key)) for key in cost.index]
    return ", ".join(f"{name} {value:.1f}" for name, value in zip(names, cost))


def who_made(rows) -> list[dict]:
    """Who drew the new cells of each search: G itself (temperature 1), or a heated copy of it; |X_t| in full or short.

    `own`: share of a run's new cells that G drew itself; `spent`: queries of those that the schedule has; `t = 1`, ...:
    mean share of X_t (percent) that G did not draw itself.
    """
    lines = []
    for (setup, method), part in rows[rows["own_share"].notna()].groupby(["setup", "method"], sort=False):
        own, full = 100 * part["own_share"], part["queries"] / SCHEDULES[setup].total
        line = {"setup": setup, "method": method, "runs": len(part), "own, median run": f"{own.median():.1f} %"}
        line |= {"own, lowest": f"{own.min():.1f} %", "spent, least": f"{100 * full.min():.1f} %"}
        heated: dict[int, list[float]] = {}
        for run in part["sampling"]:
            for t, share in zip(run["iteration"], run["heated"], strict=True):
                heated.setdefault(t, []).append(share)
        mean = {t: sum(shares) / len(shares) for t, shares in sorted(heated.items())}
        lines.append(line | {f"t = {t}": f"{100 * share:.1f}" for t, share in mean.items()})
    return lines
