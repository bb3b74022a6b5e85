"""The page of the macro search as data: names of the tasks, facts of the table, and what each run reached."""

from __future__ import annotations

from nascore.studies.ganas import macro
from nascore.studies.ganas.table6 import until_better

TASKS = {"best": "unconstrained", "seeded": "seeded", "smaller": "no more weights"}
MODELS = {
    "best": "unconstrained",
    "seeded": "seeded (as ProxylessNAS)",
    "smaller": "no more weights (as EfficientNet-B0)",
}


def facts_of(name: str, stored: dict) -> dict:
    """The facts of the table that the rows searched: stored ones, or counted for a synthetic table."""
    return macro.facts(name) if name.endswith("synthetic") else stored


def fact_lines(facts: dict) -> list[dict[str, str]]:
    """What there is to find, one line per fact."""
    known = f"{facts['macro_known']:.2f} %, rank {facts['macro_known_rank']:,.0f}"
    lines = {
        "networks (strings of 8 digits)": f"{facts['macro_networks']:,.0f}",
        "of them different as networks": f"{facts['macro_distinct']:,.0f}",
        "best accuracy": f"{facts['macro_best']:.2f} %",
        "known network, MB3_K3 everywhere": known,
        "networks with no more weights than it": f"{facts['macro_within']:,.0f}",
        "of these more accurate": f"{facts['macro_within_better']:,.0f}",
        "best of these": f"{facts['macro_within_best']:.2f} %",
    }
    return [{"": name, "value": value} for name, value in lines.items()]


def with_columns(rows, facts: dict):
    """Rows with task_name, optimum (percent, the best that the task allows), to_optimum (query), and flags for runs.

    better: more accurate than the known network; reached: found the optimum; weights: those of the known network = 1.
    """
    optimum = {"smaller": facts["macro_within_best"]}
    best = rows["task"].map(lambda task: optimum.get(task, facts["macro_best"]))
    query = [until_better(curve, value - 1e-3) for curve, value in zip(rows["curve"], best)]
    rows = rows.assign(task_name=rows["task"].map(TASKS), optimum=best, to_optimum=query)
    return rows.assign(
        better=(rows["gain"] > 0).astype(int),
        reached=rows["to_optimum"].notna().astype(int),
        weights=rows["params"] / rows["known_params"],
        params_M=rows["params"] / 1e6,
    )


def beside_each_other(rows):
    """Rows for the curves: in the seeded task the same search without the seed stands beside it."""
    import pandas as pd

    seeded = rows["task"] == "seeded"
    plain = rows[(rows["task"] == "best") & (rows["method"] == "GA-NAS")]
    parts = [rows[~seeded], plain.assign(task="seeded"), rows[seeded].assign(method="GA-NAS, seeded")]
    return pd.concat(parts if seeded.any() else parts[:1], ignore_index=True)


def best_networks(rows, facts: dict) -> dict:
    """Title -> architecture: the known network, and the best of all GA-NAS runs per task."""
    from nascore.spaces import NASBenchMacro

    found = {f"known: {facts['macro_known']:.2f} %": macro.KNOWN}
    for task, name in MODELS.items():
        part = rows[(rows["task"] == task) & (rows["method"] == "GA-NAS")]
        if len(part):
            best = part.loc[part["best"].idxmax()]
            title = f"{name}: {best['best']:.2f} %, {best['weights']:.2f} of the known weights"
            found[title] = NASBenchMacro().parse(str(best["best_arch"]))
    return found
