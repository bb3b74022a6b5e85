"""The fewest queries as data: what was tuned, and GA-NAS against its rivals on the final seeds."""

from __future__ import annotations

from nascore.studies.ganas import queries
from nascore.studies.ganas.table4 import NAMES
from nascore.studies.ganas.tuning_report import in_short

OURS = "GA-NAS, fewest queries"
SHORTER = {"evidence": "D learns", "discriminator_rate": "D rate", "population": "members", "startup": "random first"}
# what FEWEST and START have in common beside what is named
QUIET = ("exploration", "heat", "hottest")


def setting(changes: dict) -> str:
    """Changes by short names: `order, pool 1000, D passes 20, rounds 1`."""
    words = [f"{SHORTER[key]} {value}".strip() for key, value in changes.items() if key in SHORTER]
    words += [key for key, value in changes.items() if value is True]
    rest = {key: value for key, value in changes.items() if value is not True and key not in {*SHORTER, *QUIET}}
    return ", ".join(each for each in (*words, in_short(rest)) if each) or "as published"


def label(method: str, changes: dict) -> str:
    """A search by the name that the page gives it."""
    if changes == queries.DEAF:
        return f"{OURS}, G learns nothing"
    if method == "GA-NAS" and not changes:
        return "GA-NAS-fast"
    if method == "GA-NAS":
        return OURS if changes in (queries.FEWEST, queries.SMALL) else f"GA-NAS: {setting(changes)}"
    return f"{method}, {setting(changes)}" if changes else method


def arranged(rows):
    """Rows with search (its name on the page), data set, and to_best (never found: the whole budget)."""
    names = [label(*pair) for pair in zip(rows["method"], rows["settings"])]
    found = rows["queries_to_best"].astype(float)
    return rows.assign(
        search=names,
        to_best=found.fillna(queries.BUDGET),
        found=found.notna().astype(int),
        **{"data set": rows["dataset"].map(NAMES)},
    )


def tuned(rows) -> list[dict]:
    """Lines of the tuning, the fewest queries first: mean queries to the best cell on each data set, and over all."""
    rows = rows[rows["stage"] == "tuning"]
    lines = []
    for name, part in rows.groupby("search", sort=False):
        means = part.groupby("data set", sort=False)["to_best"].mean()
        line = {"search": name, "runs": len(part), "found": int(part["found"].sum())}
        lines.append(line | {key: f"{value:.0f}" for key, value in means.items()} | {"all": f"{means.mean():.1f}"})
    return sorted(lines, key=lambda line: float(line["all"]))


def best_rivals(rows) -> dict[str, str]:
    """Data set -> the rival with the fewest queries on average there, on the final seeds."""
    rows = rows[(rows["stage"] == "final") & (rows["method"] != "GA-NAS")]
    means = rows.groupby(["data set", "search"], sort=False)["to_best"].mean()
    return {name: part.droplevel(0).idxmin() for name, part in means.groupby(level=0, sort=False)}


def means_in_words(rows) -> str:
    """`CIFAR-10: GA-NAS 50 (20 of 20), ...`: mean queries and how many runs found the best cell, the fewest first."""
    texts = []
    for name, part in rows.groupby("data set", sort=False):
        found = part.groupby("search", sort=False).agg(
            mean=("to_best", "mean"), hits=("found", "sum"), n=("found", "size")
        )
        each = (
            f"{search} {r['mean']:.0f} ({r['hits']:.0f} of {r['n']:.0f})"
            for search, r in found.sort_values("mean").iterrows()
        )
        texts.append(f"{name}: {', '.join(each)}")
    return "mean queries (runs that found the best cell): " + "; ".join(texts)
