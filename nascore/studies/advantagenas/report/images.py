"""Section 5.2 from its rows, on CIFAR-10 and on digits201: which rows are searches, and what their cells show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nascore.spaces.nasbench201 import NASBench201
from nascore.studies.advantagenas import digits201
from nascore.studies.advantagenas.cell_search import SPARSE
from nascore.studies.advantagenas.gates import GATE
from nascore.studies.advantagenas.style import ORDER

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

LEAST = 5  # searches of each sparse method
BLIND = ("random cell", "random search")
SIGNALS = {
    "REINFORCE, no baseline": "r(a): Eq. 4 as printed",
    "REINFORCE": "r(a) minus moving average",
    "AdvantageNAS": "advantage, Eq. 7",
    "AdvantageNAS, Eq. 6": "advantage, Eq. 6 (exact)",
}
UNDECIDED = float(np.log(4))  # entropy in nats of four equal probabilities


def in_order(rows: pd.DataFrame, role: str = "search") -> pd.DataFrame:
    """All rows of a role (CIFAR-10's have none), in the order of the tables, with zero_edges (how many of the six edges
    of the argmax cell hold "none") and space ("with none" or "without none"). Role "tuned": what is not tuned, or not
    yet with LEAST searches of every sparse method, comes from role "search"."""
    space, rows = NASBench201(), _of_role(rows, role) if "role" in rows else rows
    rows = rows.sort_values("method", key=lambda names: names.map(ORDER.index), kind="stable")
    return rows.assign(
        zero_edges=[space.parse(arch).count(0) for arch in rows["argmax_arch"]],
        space=["with none" if zero else "without none" for zero in rows["zero"]],
    )


def _of_role(rows: pd.DataFrame, role: str) -> pd.DataFrame:
    import pandas as pd

    own, common = rows[rows["role"] == role], rows[rows["role"] == "search"]
    counts = own.groupby("method")["seed"].nunique()
    if role == "search" or not all(counts.get(method, 0) >= min(LEAST, rows["seed"].nunique()) for method in SPARSE):
        return common
    return pd.concat([own, common[~common["method"].isin(own["method"]) | common["zero"]]])


def decided(rows: pd.DataFrame) -> pd.DataFrame:
    """Of CIFAR-10's rows those of the setting that decides, once every sparse method has LEAST searches of it; the
    others until then."""
    deciding = rows[rows["size"] == "deciding"]
    counts = deciding.groupby("method")["seed"].nunique()
    enough = all(counts.get(method, 0) >= LEAST for method in SPARSE)
    return rows[(rows["size"] == "deciding") == enough] if len(deciding) else rows


def gate(gates: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """How well shared weights rank random cells, by epoch of the whole search: seed, epoch, value; from the gate's own
    row and from RandomSharing's searches among CIFAR-10's rows."""
    import pandas as pd

    own = gates[(gates["gate"] == "cifar10") & (gates["size"] != "laptop")] if len(gates) else gates
    own = own[own["weight_rate"].eq(own["weight_rate"].iloc[0])].head(1) if len(own) else own
    curves = [(row["seed"], row["curve"]["epoch"], row["curve"]["spearman"]) for _, row in own.iterrows()]
    compared = rows[(rows["method"] == "RandomSharing") & (rows["size"] != "laptop")]
    curves += [(row["seed"], row["curve"]["ranked_epoch"], row["curve"]["spearman"]) for _, row in compared.iterrows()]
    parts = [pd.DataFrame({"seed": seed, "epoch": epochs, "value": values}) for seed, epochs, values in curves]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["seed", "epoch", "value"])


def draw_gate(ax: Axes, ranked: pd.DataFrame) -> None:
    """The table of `gate` as lines, one per seed, with what was asked for."""
    for seed, part in ranked.groupby("seed", sort=False):
        ax.plot(part["epoch"], part["value"], marker=".", linewidth=1.2, label=f"seed {seed}")
    ax.axhline(GATE, color="0.4", linestyle=":", linewidth=1)
    ax.annotate("asked for", (1, GATE), xycoords=("axes fraction", "data"), ha="right", va="bottom", fontsize=8)
    ax.set(
        xlabel="epoch of the search (theta moves in the second half)", ylabel="Spearman's rho with\ntrained accuracy"
    )
    if len(ranked):
        ax.legend(fontsize=8, frameon=False, loc="lower right")


def searches(rows: pd.DataFrame) -> pd.DataFrame:
    """The one-shot searches without "none" among rows that `in_order` gives."""
    return rows[rows["curve"].notna() & ~rows["zero"]]


def both_spaces(rows: pd.DataFrame) -> pd.DataFrame:
    """Of the methods that were also run with "none": their rows in both spaces, the smaller one first."""
    rows = rows[rows["method"].isin(rows.loc[rows["zero"], "method"])] if rows["zero"].any() else rows.iloc[:0]
    return rows.sort_values(
        ["method", "zero"], key=lambda c: c.map(ORDER.index) if c.name == "method" else c, kind="stable"
    )


def apart(searches: pd.DataFrame) -> pd.DataFrame:
    """Searches of the strategies in SIGNALS, in that order, with the column signal: what multiplies a_i - mu_i."""
    found = searches.assign(signal=searches["method"].map(SIGNALS)).dropna(subset=["signal"])
    return found.sort_values("method", key=lambda names: names.map(list(SIGNALS).index), kind="stable")


def searched_on(rows: pd.DataFrame) -> str:
    """The images, in words."""
    images = rows["data"].iloc[0].split(" + ")[0]
    return images if images.startswith("CIFAR") else "cluttered digits"


def introduction(rows: pd.DataFrame, missing: int) -> str:
    """What was run, in Markdown; `missing`: how many runs of the profile are not stored."""
    found = searches(rows)
    first = found.iloc[0]
    judge = "NAS-Bench-201" if "nasbench201" in rows["data"].iloc[0] else "**digits201**"
    return (
        f"{len(found)} searches of {first['weight_steps']:.0f} weight steps and {first['theta_steps']:.0f} theta steps "
        f"each, theta fixed in the first half. Searched on: **{searched_on(rows)}**; judged by: {judge}. "
        f"Rows missing so far: {missing}."
    )


def tuning(rows: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Validation accuracy of the tuning searches' argmax cells, a line per method, a column per learning rate of theta,
    the one in use marked; and a note: how many searches, seeds and CPU minutes. An empty table where nothing
    was tuned."""
    import pandas as pd

    tuned = rows[rows["role"] == "tuning"]
    if tuned.empty:
        return pd.DataFrame({"method": []}), "No tuning rows in this profile."
    found = tuned.pivot_table(index="method", columns="learning_rate", values="argmax_val", sort=False)
    found = found[sorted(found.columns)]
    best = digits201.tuned(rows)
    shown = pd.DataFrame(
        {
            f"{rate:g}": [
                "–" if pd.isna(value) else f"{value:.2f}{'*' if best[method] == rate else ''}"
                for method, value in found[rate].items()
            ]
            for rate in found.columns
        }
    )
    shown.insert(0, "method", list(found.index))
    minutes = tuned["provenance.cpu_s"].sum() / 60
    return shown, f"{len(tuned)} searches, {tuned['seed'].nunique()} seeds, {minutes:.0f} CPU minutes."
