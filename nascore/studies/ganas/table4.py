"""Table 4 as data: the rows in the page's order, the quoted rows, and the cells that the runs agree on."""

from __future__ import annotations

from nascore.studies.ganas.nasbench201 import BUDGET

NAMES = {"cifar10": "CIFAR-10", "cifar100": "CIFAR-100", "imagenet16-120": "ImageNet16-120", "digits": "digits201"}
ORDER = ("GA-NAS", "GA-NAS-fast", "RS", "REA", "LocalSearch", "REINFORCE", "TPE")
QUOTED = {"rs": "RS", "rea": "REA", "reinforce": "REINFORCE", "bohb": "TPE"}  # published row -> the search run here


def arranged(rows):
    """Rows in ORDER and by data set, with to_best (a run that never sees the best cell counts as the whole budget)."""
    rows = rows[rows["method"].isin(ORDER)]
    rows = rows.sort_values("method", key=lambda names: names.map(ORDER.index), kind="stable")
    place = list(NAMES)
    rows = rows.sort_values("dataset", key=lambda names: names.map(place.index), kind="stable")
    found = rows["queries_to_best"].astype(float)
    return rows.assign(
        to_best=found.fillna(BUDGET), found=found.notna().astype(int), **{"data set": rows["dataset"].map(NAMES)}
    )


def limits(rows, facts: dict) -> list[dict]:
    """Per data set the best test accuracy (percent) and the test rank of the best cell by validation accuracy.

    `facts`: those of "ganas/facts"; what they lack (smoke profile) is asked of the table that the rows searched.
    """
    from nascore.studies.ganas.rows import load

    lines = []
    for dataset in dict.fromkeys(rows["dataset"]):
        short = dataset.replace("-", "_")
        best, rank = facts.get(f"{short}_best_test"), facts.get(f"{short}_best_val_rank_in_test")
        if best is None or rank is None:
            test, val = (load(rows["benchmark"].iloc[0], dataset, split) for split in ("test", "val"))
            best, rank = test.best()[1], test.rank(test.value(val.best()[0]))
        lines.append({"dataset": dataset, "best": float(best), "rank": int(rank)})
    return lines


def limit_lines(found: list[dict]) -> list[dict]:
    """`limits` as the lines of a table."""
    return [
        {
            "data set": NAMES[line["dataset"]],
            "best test accuracy (%)": f"{line['best']:.2f}",
            "test rank of the best validation cell": line["rank"],
        }
        for line in found
    ]


def quoted(rows, value) -> list[tuple[str, str, str, float, float]]:
    """The published rows of the rows' data sets: (data set, label, search run here, mean, standard deviation), percent.

    `value(paper, key)` looks a printed number up; nothing is published of digits201.
    """
    lines = []
    for dataset in dict.fromkeys(rows.loc[rows["dataset"] != "digits", "dataset"]):
        for row, method in QUOTED.items():
            key = f"table3.{row}.{dataset}_test"
            mean, std = value("gibbsnas", key), value("gibbsnas", f"{key}_std")
            lines.append((NAMES[dataset], mean.where.split("row ")[-1], method, mean.value, std.value))
    return lines


def found_cells(test, val) -> list[dict]:
    """Per data set GA-NAS's best cell by test accuracy, and the cell that most runs choose by validation accuracy."""
    lines = []
    for dataset in dict.fromkeys(test["dataset"]):
        for rows, chosen, value, rank in (
            (test, "by test", "best", "rank"),
            (val, "by validation", "test_of_best", "test_rank_of_best"),
        ):
            part = rows[(rows["dataset"] == dataset) & (rows["method"] == "GA-NAS")]
            if part.empty:
                continue
            best = part.sort_values(["rank", "to_best", "seed"]).iloc[0]
            if chosen != "by test":
                best = part[part["best_arch"] == part["best_arch"].mode().iloc[0]].iloc[0]
            count = int((part["best_arch"] == best["best_arch"]).sum())
            line = {"dataset": dataset, "chosen": chosen, "arch": best["best_arch"], "test accuracy": best[value]}
            lines.append(line | {"rank in test": int(best[rank]), "runs": count, "of": len(part)})
    return lines


def cell_titles(found: list[dict], suffix: str = "") -> list[str]:
    """One title per line of `found_cells`."""
    return [
        f"{NAMES[line['dataset']]}, {line['chosen']}: {line['test accuracy']:.2f} % test,\n"
        f"rank {line['rank in test']}, {line['runs']} of {line['of']} runs{suffix}"
        for line in found
    ]


def ended_early(rows) -> str:
    """Which searches ended before the budget, and after how many queries (median), in words."""
    part = rows[rows["stopped"] != "budget"].groupby("method", sort=False)["queries"]
    return "; ".join(f"{name} {len(q)} (after {q.median():.0f} queries, median)" for name, q in part) or "none"
