"""How often the verdict rule passes what is false: the simulation of `nascore.bench.false_passes` as a table."""

from __future__ import annotations

import json

from nascore import paths
from nascore.companion.tables import NOTHING, HtmlTable, plain
from nascore.errors import ResultsError

KINDS = {
    "better": "two groups",
    "pairs": "pairs",
    "number": "a group against a number",
    "share": "a share of runs",
}


def stored() -> dict:
    """The stored simulation: bar, seed, rows; ResultsError where there is none."""
    file = paths.results() / "false_passes.json"
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ResultsError(f"{file}: not readable ({error}); python -m nascore.bench.false_passes --write") from None


def worst(rule: str = "ours", asked: bool | None = True) -> dict[tuple[str, str], dict[int, float]]:
    """(kind, statistic) -> runs -> the largest share of false passes over the distributions."""
    found: dict[tuple[str, str], dict[int, float]] = {}
    for row in stored()["rows"]:
        if row["rule"] == rule and asked in (None, row["asked"]):
            by_runs = found.setdefault((row["kind"], row["statistic"]), {})
            by_runs[row["runs"]] = max(by_runs.get(row["runs"], 0.0), row["false_passes"])
    return found


def table() -> HtmlTable:
    """Largest share of false passes (%) over the distributions, by kind of test and number of runs a side; below, the
    rules that were not taken."""
    rows = stored()["rows"]
    runs = sorted({row["runs"] for row in rows})
    rules = ["ours", *dict.fromkeys(row["rule"] for row in rows if row["rule"] != "ours")]
    lines = []
    for rule in rules:
        for (kind, statistic), by_runs in worst(rule, True if rule == "ours" else None).items():
            name = KINDS[kind] + ("" if kind == "share" else f": {statistic}")
            shares = {f"{n} runs": f"{100 * by_runs[n]:.1f}" if n in by_runs else NOTHING for n in runs}
            lines.append({"rule": rule, "test": name} | shares)
    shapes = list(dict.fromkeys(row["distribution"] for row in rows if row["rule"] == "ours" and row["asked"]))
    unlike = [row for row in rows if row["rule"] == "ours" and not row["asked"]]
    note = f"the worse side of the interval, the worst of: {', '.join(shapes)}; a dash: too few runs for a verdict."
    fewest = min(row["samples"] for row in rows if row["rule"] == "ours")
    error = 300 * (stored()["bar"] * (1 - stored()["bar"]) / fewest) ** 0.5
    note += f" {fewest:,} samples a cell: at the bar three standard errors are {error:.1f} points."
    if unlike:
        ends = {shape: [100 * row["false_passes"] for row in unlike if row["distribution"] == shape] for shape in
                dict.fromkeys(row["distribution"] for row in unlike)}  # fmt: skip
        words = "; ".join(f"{shape} {min(each):.1f} to {max(each):.1f}" for shape, each in ends.items())
        note += f" Not held against the bar, two groups that are unlike but for their mean: {words}."
    return plain(lines, "False passes (%), simulated", note, left=("test",))
