"""Section 4 from its rows: errors of the estimators, printed formulas beside exact ones, and two pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NAMES = {"linear": "linear", "centred": "linear, mean 0", "table": "table", "network": "network"}
COLOURS = {"linear": "C0", "centred": "C5", "table": "C3", "network": "C1"}
FORMULAS = {
    "gradient": "squared norm of the gradient",
    "adv_variance": "Var[adv], as a variance",
    "adv_second": "Var[adv], as a second moment",
    "base_variance": "Var[base], as a variance",
    "base_second": "Var[base], as a second moment",
    "reduction": "Var[base] - Var[adv]",
}
RIVALS = {"REINFORCE": "", "REINFORCE, r - J": "_baseline", "REINFORCE, r made positive": "_positive"}
ERRORS = {"base": "REINFORCE", "baseline": "REINFORCE, r - J", "adv": "Equation 6", "taylor": "Equation 7"}


def named(rows: pd.DataFrame) -> pd.DataFrame:
    """`rows` with the reward in words, and for each estimator (see ERRORS) a column of that name: its mean squared
    error, bias^2 + variance, relative to ||grad J||^2."""
    reward = rows["kind"].map(NAMES) + np.where(rows["zero"], ", zero operation", "")
    errors = {
        name: rows.get(f"bias_{key}", 0.0) ** 2 + rows[f"variance_{key}"] / rows["gradient"]
        for key, name in ERRORS.items()
    }
    return rows.assign(reward=reward, **errors)


def against(rows: pd.DataFrame) -> pd.DataFrame:
    """One line per reward and rival of RIVALS: by which factor Equation 6 has less variance, a larger guaranteed and a
    larger true improvement than REINFORCE on the same reward (columns variance, bound, true; reward, rival)."""
    import pandas as pd

    parts = [
        pd.DataFrame(
            {
                "reward": rows["reward"],
                "rival": words,
                "variance": rows[f"variance_ratio{rest}"],
                "bound": rows.get(f"bound_ratio{rest}"),
                "true": rows.get(f"true_ratio{rest}"),
                "offset": rows["offset"].round(2),
            }
        )
        for words, rest in RIVALS.items()
    ]
    order = {name: place for place, name in enumerate(dict.fromkeys(rows["reward"]))}
    return pd.concat(parts, ignore_index=True).sort_values("reward", key=lambda names: names.map(order), kind="stable")


def ascents(rows: pd.DataFrame) -> pd.DataFrame:
    """One line per reward and direction, where small steps were followed to their end: columns reward, along, monotone,
    best, rank, lost (1 where the end is below the start)."""
    import pandas as pd

    followed = rows[rows["end_rank_exact"].notna()]
    parts = [
        pd.DataFrame(
            {
                "reward": followed["reward"],
                "along": words,
                "upwards": followed["ascends_used"] if name == "used" else 1,
                "monotone": followed[f"monotone_{name}"],
                "best": followed[f"best_{name}"],
                "rank": followed[f"end_rank_{name}"],
                "lost": (followed[f"gain_{name}"] < 0).astype(int),
            }
        )
        for name, words in (("exact", "exact gradient"), ("used", "estimate as used"))
    ]
    order = {name: place for place, name in enumerate(dict.fromkeys(rows["reward"]))}
    return pd.concat(parts, ignore_index=True).sort_values("reward", key=lambda names: names.map(order), kind="stable")


def printed_forms(rows: pd.DataFrame) -> pd.DataFrame:
    """Linear rewards, one line per reward and printed formula of Section 4.4: columns reward, formula, ratio (printed
    over exact, summed over edges), exact (1 where they agree on every edge)."""
    import pandas as pd

    linear = rows[rows["kind"].isin(["linear", "centred"]) & ~rows["zero"]]
    parts = [
        pd.DataFrame(
            {
                "reward": part["reward"],
                "formula": words,
                "ratio": part[f"printed_{name}_ratio"],
                "exact": part[f"printed_{name}_exact"],
            }
        )
        for _, part in linear.groupby("kind", sort=False)
        for name, words in FORMULAS.items()
    ]
    return pd.concat(parts, ignore_index=True)


def variance(rows: pd.DataFrame) -> tuple[Figure, pd.DataFrame]:
    """What the advantage removes per edge, and the ratio of the variances, against the number of edges; medians."""
    import matplotlib.pyplot as plt

    columns = [
        "reduction_per_edge",
        "variance_adv_per_edge",
        "gradient_per_edge",
        "variance_ratio",
        "variance_ratio_baseline",
    ]
    growth = rows.groupby(["kind", "edges"], sort=False)[columns].median()
    fig, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.1), layout="constrained")
    for (kind, name), marker in zip(NAMES.items(), "os^D"):
        if kind not in growth.index.get_level_values(0):
            continue
        part, colour = growth.loc[kind], COLOURS[kind]
        if kind in ("linear", "centred"):
            left.plot(part["reduction_per_edge"], f"{marker}-", ms=4, color=colour, label=f"reduction, {name}")
            left.plot(part["variance_adv_per_edge"], f"{marker}--", ms=4, color=colour, label=f"variance left, {name}")
        right.plot(part["variance_ratio"], marker=marker, ms=4, color=colour, label=name)
        right.plot(part["variance_ratio_baseline"], marker=marker, ms=3, ls=":", color=colour)
    left.set(xlabel="edges |I|", ylabel="variance per gradient component", title="What the advantage removes")
    right.axhline(1, color="0.4", lw=0.9)
    right.plot([], [], ls=":", color="0.4", label="against r - J")
    right.set(xlabel="edges |I|", title="Var[REINFORCE] / Var[Eq. 6]")
    left.legend(fontsize=8)
    right.legend(fontsize=8, loc="upper left", ncols=2)
    return fig, growth.reset_index()


def bound(rows: pd.DataFrame, edges: int, seed: int) -> tuple[Figure, dict[str, pd.DataFrame]]:
    """Both sides of Equation 5 for one network (the last one there is, where it was not run), and for every reward the
    best improvement that is guaranteed against the best true one."""
    import matplotlib.pyplot as plt
    import pandas as pd

    networks = rows[(rows["kind"] == "network") & rows["curve"].notna()]
    found = networks[(networks["edges"] == edges) & (networks["seed"] == seed)]
    shown = networks.iloc[-1] if found.empty else found.iloc[0]
    curve, small = pd.DataFrame(shown["curve"]), rows[rows["bound_holds_adv"].notna()]
    fig, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.2), layout="constrained")
    for name, words, colour in (("adv", "Equation 6", "C0"), ("base", "REINFORCE", "C1")):
        left.plot(curve["epsilon"], curve[f"true_{name}"], color=colour, label=f"{words}: true")
        left.plot(curve["epsilon"], curve[f"bound_{name}"], color=colour, ls="--", label=f"{words}: bound")
        best = (small[f"best_{which}_{name}"].clip(lower=1e-6) for which in ("bound", "true"))
        right.plot(*best, "o", ms=3.5, alpha=0.6, color=colour, label=words, markeredgewidth=0)
    top = max(curve["true_adv"].max(), 1e-3)
    left.axhline(0, color="0.4", lw=0.9)
    left.set(xscale="log", xlabel=r"step $\epsilon$", ylabel=r"change of $\log J$", ylim=(-1.1 * top, 1.25 * top))
    left.set_title(f"One network, {int(shown['edges'])} edges")
    left.legend(fontsize=8, loc="upper left")
    limits = 1e-6, 2
    right.plot(limits, limits, color="0.4", lw=0.9)
    right.set(xscale="log", yscale="log", xlim=limits, ylim=(1e-4, 2), title="All rewards with at most 4 edges")
    right.set(xlabel=r"best bound (at least $10^{-6}$)", ylabel="best true improvement")
    right.legend(fontsize=8, loc="lower right")
    columns = ["kind", "edges", "seed", "best_bound_base", "best_true_base", "best_bound_adv", "best_true_adv"]
    return fig, {"curve": curve, "best": small[columns]}
