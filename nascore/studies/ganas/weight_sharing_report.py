"""The page on weight sharing (Table 3 on digits201) as data: its lines, the gate, and what theta's rates gave."""

from __future__ import annotations

from nascore.studies.ganas import weight_sharing
from nascore.studies.ganas.weight_sharing import GATE, METHODS, NO_NONE, PLAIN, TRUE, TUNED, WITH_NONE

# line of the page -> row of the printed table
PRINTED = {TUNED: "ganas", "ENAS": "enas", "DARTS": "darts"}
PAIRS = [(TUNED, other) for other in (TRUE, PLAIN, "RS", "REA", "ENAS", "DARTS", WITH_NONE)] + [(NO_NONE, "ENAS")]


def searches(rows):
    """The runs that are compared, in the order of METHODS."""
    rows = rows[rows["role"] == "search"]
    return rows.sort_values("method", key=lambda names: names.map(METHODS.index), kind="stable")


def printed(value) -> dict[str, dict[str, str]]:
    """Column of the page -> {line: what Table 3 prints}; `value`: `nascore.companion.papers.paper_value`."""

    def number(row: str, name: str) -> float:
        return value("ganas", f"table3.{row}.{name}").value

    return {
        "accuracy (%)": {
            line: f"{number(row, 'acc'):.2f} ± {number(row, 'acc_std'):.2f}" for line, row in PRINTED.items()
        },
        "best (%)": {line: f"{number(row, 'best_acc'):.2f}" for line, row in PRINTED.items()},
        "best rank": {line: f"{number(row, 'best_rank'):,.0f}" for line, row in PRINTED.items()},
    }


def by_training(rows):
    """The searches that were run with longer training too, with their epochs as text in the column training."""
    checked = rows.loc[rows["role"] == "longer", "method"].unique()
    rows = rows[rows["role"].isin(("search", "longer")) & rows["method"].isin(checked) & (rows["method"] != "gate")]
    rows = rows.assign(training=rows["epochs"].map("{:g} epochs".format))
    return rows.sort_values("method", key=lambda names: names.map(METHODS.index), kind="stable")


def setting(row) -> str:
    """How the shared weights of a row learned, in words."""
    return f"{row['optimizer']}, rate {row['rate']:g}, {row['epochs']:g} epochs"


def gate(rows) -> list[dict]:
    """Lines of the gate: the settings that were tried, the one in use first."""
    rows = rows[rows["method"] == "gate"]
    lines = []
    for (role, name), part in rows.assign(setting=rows.apply(setting, axis=1)).groupby(["role", "setting"], sort=False):
        found = [f"{seed}: {rank:.2f}" for seed, rank in zip(part["seed"], part["spearman"])]
        line = {"shared weights": name, "Spearman, by seed": ", ".join(found)}
        line |= {"of minus the loss": f"{part['spearman_loss'].mean():.2f}"}
        line |= {"among the better half": f"{part['spearman_upper_half'].mean():.2f}"}
        met = bool((part["spearman"] >= GATE).all())
        line |= {
            f"at least {GATE:g}": "yes" if met else "no",
            "used": {"gate": "yes", "longer": "as a check"}.get(role, ""),
        }
        lines.append(line)
    return lines


def rates(rows) -> list[dict]:
    """Mean validation accuracy of ENAS's and DARTS's cells by the rate of theta, on the tuning seeds."""
    rows = rows[rows["role"] == "tuning"]
    if rows.empty:
        return [{"strategy": "no rows are stored"}]
    lines = []
    for (method, rate), part in rows.groupby(["method", "theta_rate"], sort=False):
        used = "yes" if rate == weight_sharing.THETA_RATE else ""
        line = {"strategy": method, "rate of theta": f"{rate:g}", "runs": len(part)}
        lines.append(line | {"validation accuracy (%)": f"{part['val_accuracy'].mean():.2f}", "used": used})
    return lines


def in_words(rows) -> str:
    """What the rows are: how many runs of each search, and how the weights that they share have learned."""
    counts = rows.groupby("method", sort=False).size()
    least, most = counts.min(), counts.max()
    each = f"{least}" if least == most else f"{least} to {most}"
    kinds = ", ".join(sorted(set(rows["data_kind"])))
    first = rows.iloc[0]
    how = f"{setting(first)} of {first['steps']:g} steps"
    missing = ", ".join(method for method in METHODS if method not in set(counts.index))
    still = f" **Not run yet: {missing}.**" if missing else ""
    return f"Rows: **{kinds}**, {each} runs of each search. Shared weights: {how}.{still}"
