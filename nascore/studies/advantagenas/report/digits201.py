"""The table digits201: facts, reliability, and pictures of its task, its values, its best cells and its trainings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from nascore import benchmarks
from nascore.benchmarks import digits201
from nascore.benchmarks.recipes.digits201 import card, training
from nascore.benchmarks.recipes.digits201.recipe import RECIPE, folder
from nascore.data.cluttered import cluttered_digits

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from nascore.benchmarks.table import TabularBenchmark

CHANCE = 10  # percent, of ten digits


def task(number: int = 20) -> tuple[Figure, pd.DataFrame]:
    """The first `number` validation images with their labels."""
    import matplotlib.pyplot as plt
    import pandas as pd

    pool = cluttered_digits("val")
    fig, axes = plt.subplots(2, number // 2, figsize=(7.6, 1.8))
    for image, label, ax in zip(pool.images, pool.labels, axes.flat):
        ax.imshow(image[0], cmap="gray_r", vmin=-1, vmax=2.2)
        ax.set_title(str(label), fontsize=7, pad=1.5)
        ax.axis("off")
    means = pool.images[:number].mean((1, 2, 3)).round(4)
    return fig, pd.DataFrame({"image": np.arange(number), "label": pool.labels[:number], "mean": means})


def facts(found: dict) -> pd.DataFrame:
    """What the table holds; `found` as `card.summary` gives it."""
    import pandas as pd

    q = found["quantiles"]
    lines = {
        "cells": f"{found['cells']:,}",
        "different networks trained": f"{found['functions']:,}",
        "trainings in all": f"{found['trainings']:,}",
        "steps of one training, batch": f"{RECIPE.steps}, {RECIPE.batch}",
        "test accuracy: minimum, median, maximum (%)": f"{q[0]:.2f}, {q[3]:.2f}, {q[6]:.2f}",
        "different test accuracies": f"{found['distinct']:,}",
        "cells below 15 % (chance is 10 %)": f"{100 * found['chance']:.1f} %",
        "best cell by test": found["best"].replace("|+|", "| + |"),  # may be broken there
        "its test and val accuracy (%)": f"{found['best_test']:.2f}, {found['best_val']:.2f}",
        "cells that compute it": f"{found['best_cells']}",
        "test rank of the best cell by val": f"{found['rank_of_best_val']}",
        "Spearman, val and test": f"{found['val_test']:.3f}",
        "Spearman, weights and test": f"{found['params_test']:.3f}",
    }
    return pd.DataFrame({"fact": list(lines), "value": list(lines.values())})


def values(bench: TabularBenchmark, split: str) -> tuple[Figure, dict[str, pd.DataFrame]]:
    """How the accuracies are spread, and accuracy against the number of weights."""
    import matplotlib.pyplot as plt
    import pandas as pd

    accuracy, weights = bench.array, bench.costs["params"] / 1e3
    bins = np.arange(np.floor(accuracy.min()), np.ceil(accuracy.max()) + 1)
    fig, (left, right) = plt.subplots(1, 2, figsize=(8.8, 3.4), layout="constrained")
    left.hist(accuracy, bins, color="C0")
    left.axvline(CHANCE, color="0.15", linestyle=":", linewidth=0.9)
    left.text(CHANCE + 0.8, 0.98, "chance", fontsize=8, va="top", transform=left.get_xaxis_transform())
    left.set(xlabel=f"{split} accuracy (%)", ylabel="cells", title="All cells")
    cells = right.hexbin(weights, accuracy, gridsize=(30, 34), bins="log", mincnt=1, cmap="viridis", linewidths=0.1)
    arch, best = bench.best()
    star = {"markersize": 12, "color": "C1", "markeredgecolor": "white", "clip_on": False, "linestyle": ""}
    right.plot(bench.cost(arch, "params") / 1e3, best, marker="*", label="best cell", **star)
    right.set(xlabel="weights (thousand)", ylabel=f"{split} accuracy (%)", title="Accuracy against weights")
    right.grid(False)
    right.legend(loc="lower right")
    fig.colorbar(cells, ax=right, label="cells")
    pairs = pd.DataFrame({"params_k": weights.round(2), "accuracy": accuracy.round(0)})
    return fig, {
        "histogram": pd.DataFrame({"from": bins[:-1], "cells": np.histogram(accuracy, bins)[0]}),
        "weights": pairs.value_counts().reset_index(name="cells"),
    }


def best_functions(number: int = 4) -> pd.DataFrame:
    """The functions of highest test accuracy, one cell of each: columns function (a title), arch."""
    import pandas as pd

    percent, cells = card.functions(folder())
    space, representatives = benchmarks.load("digits201").space, training.classes()[0]
    lines = []
    for place, k in enumerate(np.argsort(-percent[:, 1, -1, 0], kind="stable")[:number], 1):
        seeds = ", ".join(f"{value:.2f}" for value in percent[k, 1, -1, 1:] if not np.isnan(value))
        owners = f"{cells[k]} cell" + ("" if cells[k] == 1 else "s")
        title = f"{place}. {percent[k, 1, -1, 0]:.2f} % test (seeds: {seeds}), {owners}"
        lines.append({"function": title, "arch": space.format(representatives[int(k)])})
    return pd.DataFrame(lines)


def reliability() -> pd.DataFrame:
    """How well two trainings of the same function agree, see `card.reliability`."""
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "functions": line["what"],
                "number": f"{line['functions']:,}",
                "Spearman [95 %]": f"{line['spearman']:.3f} [{line['low']:.3f}, {line['high']:.3f}]",
                "Kendall tau": f"{line['kendall']:.3f}",
                "sd of one training (points)": f"{line['sd']:.2f}",
            }
            for line in card.reliability(*card.functions(folder()))
        ]
    )


def counting_error(found: dict) -> float:
    """Standard deviation (points) that counting a finite number of test images alone gives the median cell."""
    share = found["quantiles"][3] / 100
    return float(100 * np.sqrt(share * (1 - share) / digits201.FULL))


def two_trainings() -> tuple[Figure, pd.DataFrame]:
    """One training against another, for a random sample of functions and for those of the best tenth of cells."""
    import matplotlib.pyplot as plt
    import pandas as pd

    last = card.functions(folder())[0][:, 1, -1, 1:]
    best = np.flatnonzero(~np.isnan(last[:, 2]))
    shown = {
        "Random functions": (training.sample(), (0, 1)),
        "Functions of the best tenth of cells": (best, (1, 2)),  # seed 0 chose them
    }
    fig, axes = plt.subplots(1, 2, figsize=(7.6, 3.6), layout="constrained")
    data = []
    for ax, (title, (rows, (a, b))) in zip(axes, shown.items()):
        x, y = last[rows, a], last[rows, b]
        limits = np.nanmin([x, y]) - 0.5, np.nanmax([x, y]) + 0.5
        ax.plot(limits, limits, color="0.45", linewidth=0.8, zorder=0)
        ax.plot(x, y, "o", markersize=3, alpha=0.45, markeredgewidth=0, color="C0")
        ax.set(xlim=limits, ylim=limits, aspect="equal", title=title)
        ax.set(xlabel=f"test accuracy (%), seed {a}", ylabel=f"seed {b}")
        data.append(pd.DataFrame({"functions": title, "x": x, "y": y}))
    return fig, pd.concat(data)


def by_step(bench: TabularBenchmark, found: dict) -> tuple[Figure, pd.DataFrame]:
    """Validation accuracy of all cells during training, and how well it predicts the final test accuracy."""
    import matplotlib.pyplot as plt
    import pandas as pd

    every = np.stack([bench.select(split="val", epochs=step).array for step in RECIPE.steps_at])  # [steps, cells]
    levels = np.quantile(every, [0.05, 0.25, 0.5, 0.75, 0.95], axis=1)
    data = pd.DataFrame(dict(zip(("q05", "q25", "median", "q75", "q95"), levels)))
    data.insert(0, "step", RECIPE.steps_at)
    data["spearman"] = [rho for _, rho in found["early"]]
    fig, (left, right) = plt.subplots(1, 2, figsize=(8.2, 3.1), layout="constrained")
    for low, high, alpha, words in (
        ("q05", "q95", 0.15, "90 % of the cells"),
        ("q25", "q75", 0.3, "half of the cells"),
    ):
        left.fill_between(data["step"], data[low], data[high], color="C0", alpha=alpha, linewidth=0, label=words)
    left.plot(data["step"], data["median"], "o-", markersize=3.5, color="C0", label="median")
    left.set(xlabel="training step", ylabel="val accuracy (%)", title="All cells learn")
    left.legend(loc="upper left")
    right.plot(data["step"], data["spearman"], "o-", markersize=3.5, color="C1")
    right.set(xlabel="training step", ylabel="Spearman with final test accuracy", ylim=(None, 1))
    right.set_title("Early val accuracy as a predictor")
    return fig, data.round(4)


def early(found: dict) -> pd.DataFrame:
    """Rank correlation of val accuracy after a step with final test accuracy."""
    import pandas as pd

    return pd.DataFrame(
        [
            {"step": step, "images": f"{digits201.images(step):,}", "Spearman": f"{rho:.3f}"}
            for step, rho in found["early"]
        ]
    )


def made() -> tuple[pd.DataFrame, str]:
    """What the trainings cost, by seed, and on what they ran."""
    import pandas as pd

    record = json.loads((folder() / "record.json").read_text(encoding="utf-8"))
    hours = {seed: record["cpu_seconds"][seed] / 3600 for seed in record["trainings"]}
    table = [
        {"seed": seed, "functions": f"{number:,}", "CPU hours": f"{hours[seed]:.2f}"}
        for seed, number in record["trainings"].items()
    ]
    machine = f"Trained on {record['processor']}, torch {record['torch']}, one thread each, networks side by side"
    return pd.DataFrame(table), machine
