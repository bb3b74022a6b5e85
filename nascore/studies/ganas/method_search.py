"""One search of GA-NAS with pauses: what the discriminator says of cells, and what the generator makes."""

from __future__ import annotations

import copy

from nascore.benchmarks import Oracle
from nascore.search.ganas.schedule import NASBENCH201

BLUE, ORANGE, GREEN, PURPLE, GREY, INK = "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#8c8c8c", "#222222"


class Watched:
    """A search on `table`, told nothing but what its own oracle answers, with notes for the pictures.

    looks: per iteration a sample of 256 cells of the generator, never told to the search (values in percent), the
    truth set's values, the new cells, and the distance of operations (total variation per position).
    """

    def __init__(self, table, seed: int, budget: int = 500, **changes):
        from nascore.search.ganas.ganas import GANAS

        self.table = table
        self.search = GANAS(table.space, seed=seed, schedule=NASBENCH201, **changes)
        self.oracle = Oracle(table, budget)
        self.looks: list[dict] = []
        self.waiting: list = []

    def begin(self) -> None:
        """Iteration 0: random cells, evaluated and told; the discriminator is still untrained."""
        first = self.search.ask()
        self.search.tell(first, self.oracle.evaluate(first))
        self.first, self.untrained = first, copy.deepcopy(self.search.discriminator)

    def train(self) -> list:
        """The next `ask`: both networks are trained and new cells proposed; no query is spent."""
        self.waiting = self.search.ask()
        return self.waiting

    def look(self) -> None:
        """Note what the present generator makes."""
        import numpy as np
        import torch

        search, table = self.search, self.table
        drawn = search.generator.generate(256, torch.Generator().manual_seed(7)).label[:, 1:-1].numpy()
        truth, operations = np.array(search.truth), range(len(table.space.ops))
        frequency = [np.stack([(cells == op).mean(0) for op in operations]) for cells in (drawn, truth)]
        self.looks.append(
            {
                "iteration": search.iteration,
                "distance": float(0.5 * np.abs(frequency[0] - frequency[1]).sum(0).mean()),
                "generated": np.array([table.value(tuple(cell)) for cell in drawn.tolist()]),
                "truth": np.array([table.value(arch) for arch in search.truth]),
                "new": list(self.waiting),
            }
        )

    def finish(self):
        """Go on to the end of the schedule, looking before every evaluation; returns the result."""
        from nascore.search.loop import run

        while self.waiting:
            self.look()
            self.search.tell(self.waiting, self.oracle.evaluate(self.waiting))
            self.train()
        return run(self.search, self.oracle)  # nothing is left to do: it collects the result

    def judged(self):
        """R_D of truth, generated and random cells, before and after this iteration's training: when, cell, R_D."""
        import numpy as np
        import pandas as pd

        picker, known = np.random.default_rng(1), set(self.search.archs)
        random = [arch for arch in (self.table.space.sample(picker) for _ in range(200)) if arch not in known][:100]
        groups = {
            "in the truth set": self.search.truth,
            "generated": list(dict.fromkeys(self.waiting)),
            "random": random,
        }
        networks = {"before": self.untrained, "after": self.search.discriminator}
        parts = [
            pd.DataFrame({"when": when, "cell": name, "R_D": self._judgement(network, group)})
            for when, network in networks.items()
            for name, group in groups.items()
        ]
        return pd.concat(parts, ignore_index=True)

    def _judgement(self, discriminator, group):
        """R_D of each cell, by pairs with the truth set; a cell is not paired with itself."""
        import torch

        from nascore.search.ganas.encoder import batch_cells

        truth = self.search.truth
        with torch.no_grad():
            one, other = (
                discriminator.embed(batch_cells(*self.search.topology.dense(cells))) for cells in (truth, group)
            )
            same = torch.tensor([[a == c for c in group] for a in truth])
            logits = discriminator.pairs(one, other).masked_fill(same, -torch.inf)
        return torch.sigmoid(logits.amax(0)).numpy()

    def best_of(self) -> dict:
        """Title -> best cell of X_0, of the first and of the last generated set."""
        value = self.table.value
        sets = {0: self.first} | {look["iteration"]: look["new"] for look in (self.looks[0], self.looks[-1])}
        best = {t: max(archs, key=value) for t, archs in sets.items()}
        return {f"best of X_{t}: {value(arch):.2f} %": arch for t, arch in best.items()}


def judged_in_words(judged) -> str:
    """How far apart truth cells and random ones are before and after the training."""
    median = judged.groupby(["when", "cell"])["R_D"].median()
    gap = {when: median[when, "in the truth set"] - median[when, "random"] for when in ("before", "after")}
    end = (
        "The discriminator has learnt to tell them apart."
        if gap["after"] > gap["before"]
        else "The training was too short to tell them apart."
    )
    return (
        f"Median $R_D$ of truth cells above that of random ones: {gap['before']:+.3f} before, "
        f"{gap['after']:+.3f} after. {end}"
    )


def draw_judged(judged):
    """R_D of every cell by kind, before and after."""
    import matplotlib.pyplot as plt
    import numpy as np

    fig, axes = plt.subplots(1, 2, figsize=(7.2, 2.5), sharex=True, sharey=True)
    kinds = list(dict.fromkeys(judged["cell"]))
    for ax, (when, part) in zip(axes, judged.groupby("when", sort=False)):
        for i, (name, colour) in enumerate(zip(kinds, (BLUE, ORANGE, GREY))):
            x = part.loc[part["cell"] == name, "R_D"].to_numpy()
            ax.plot(x, i + np.linspace(-0.27, 0.27, len(x)), "o", ms=3, alpha=0.45, color=colour, mew=0)
            ax.plot(np.median(x), i, "|", ms=24, mew=2, color=INK)
        ax.set_yticks(range(len(kinds)), kinds)
        ax.set(xlim=(-0.03, 1.03), ylim=(2.6, -0.6), xlabel="$R_D$ (line: median)", title=f"{when} the training")
        ax.grid(axis="y", visible=False)
    return fig


def draw_looks(looks: list[dict], table):
    """Generated cells beside the truth set, iteration by iteration, and the distance of their operations."""
    import matplotlib.pyplot as plt
    import numpy as np

    fig, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.0), width_ratios=(1.7, 1))
    lowest = np.quantile(np.concatenate([look["generated"] for look in looks]), 0.03)
    best = table.best()[1]
    uniform = table.array[~np.isnan(table.array)]
    shown = [("random", uniform, None)] + [(str(look["iteration"]), look["generated"], look["truth"]) for look in looks]
    for x, (_, generated, truth) in enumerate(shown):
        (body,) = left.violinplot([np.clip(generated, lowest, None)], [x], widths=0.8, showextrema=False)["bodies"]
        body.set(facecolor=GREY if truth is None else ORANGE, alpha=0.5)
        left.plot([x - 0.25, x + 0.25], [np.median(generated)] * 2, color=INK, lw=1.6)
        if truth is not None:
            left.vlines(x + 0.42, truth.min(), truth.max(), color=BLUE, lw=4)
    left.set_xticks(range(len(shown)), [name for name, _, _ in shown])
    span = best - lowest
    left.set(xlabel="iteration t", ylabel="accuracy (%)", ylim=(lowest - 0.42 * span, best + 0.1 * span))
    left.set_title("Generated cells follow the truth set")
    left.plot([], [], color=BLUE, lw=4, label="range of $\\mathcal{T}$")
    left.plot([], [], color=ORANGE, lw=6, alpha=0.5, label="generated (line: median)")
    left.legend(loc="lower right")
    right.plot([look["iteration"] for look in looks], [look["distance"] for look in looks], "o-", color=ORANGE)
    right.set(xlabel="iteration t", ylabel="total variation per position", title="Distance to $p_\\mathcal{T}$")
    right.set_ylim(0, None)
    right.set_xticks([look["iteration"] for look in looks])
    return fig


def look_table(looks: list[dict]):
    """The looks as a table: iteration, distance, generated_median, truth_lowest, truth_median, truth_best (percent)."""
    import numpy as np
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "iteration": look["iteration"],
                "distance": look["distance"],
                "generated_median": np.median(look["generated"]),
                "truth_lowest": look["truth"].min(),
                "truth_median": np.median(look["truth"]),
                "truth_best": look["truth"].max(),
            }
            for look in looks
        ]
    )


def looks_in_words(looks: list[dict], table) -> str:
    """How the generator's sample and the truth set have moved."""
    import numpy as np

    found = look_table(looks)
    first, last = found.iloc[0], found.iloc[-1]
    return (
        f"A random cell has a median of {np.nanmedian(table.array):.2f} %; the generator's sample goes from "
        f"{first['generated_median']:.2f} % in iteration {first['iteration']:.0f} to {last['generated_median']:.2f} % "
        f"in iteration {last['iteration']:.0f}, the truth set's median from {first['truth_median']:.2f} % to "
        f"{last['truth_median']:.2f} %. The target moves while the generator follows it, so the distance need not fall."
    )


def draw_trace(trace, episodes: int):
    """The rounds of Algorithm 2: what the generator earns, and how much of its batch repeats itself (percent)."""
    import matplotlib.pyplot as plt
    import numpy as np

    fig, (left, right) = plt.subplots(1, 2, figsize=(7.2, 2.6), sharex=True)
    rounds = np.arange(1, len(trace) + 1)
    for edge in np.flatnonzero(trace["iteration"].diff() > 0):
        for ax in (left, right):
            ax.axvline(edge + 0.5, color="#e4e4e4", lw=1.2)
    left.plot(rounds, trace["judgement"], color=BLUE, label="$R_D$ of new cells")
    left.plot(rounds, trace["reward"], color=ORANGE, label="mean reward")
    left.set(xlabel="round of Algorithm 2", ylabel="reward", title="What the generator earns", ylim=(0, 1))
    right.plot(rounds, 100 * trace["in_truth"], color=GREEN, label="already in $\\mathcal{T}$")
    right.plot(rounds, 100 * trace["unique"] / episodes, color=PURPLE, label="different")
    right.set(xlabel="round of Algorithm 2", ylabel="share of the batch (%)", title="What it repeats", ylim=(0, 103))
    for ax in (left, right):
        ax.legend()
    return fig


def checks(watched: Watched, decision: dict, rewards, value) -> list[dict[str, str]]:
    """Does this code do what the paper says? One line per statement; `value` looks printed numbers up."""
    from nascore.search.ganas import reward
    from nascore.search.ganas.discriminator import PairwiseDiscriminator
    from nascore.search.ganas.ppo import PPO

    search, truth = watched.search, watched.looks[0]["truth"]
    names = ("eval_base", "eval_inc", "init_size")
    base, increment, initial = (int(value("ganas", f"table10.nasbench201.{name}").value) for name in names)
    counts = [NASBENCH201.size(t) for t in range(6)]
    kth = sorted((row[0] for row in search.rows[:initial]), reverse=True)
    r_v = list(rewards["R_v"])
    step = value("ganas", "prose.invalid_step_reward").value
    entropy = value("ganas", "prose.entropy").value
    lines = [
        (
            "Algorithm 1",
            "|X_0|, |X_1|, ... are Table 10's",
            counts == [initial, *(base + i * increment for i in range(5))],
        ),
        ("Algorithm 1, step 3", "the first truth set is the top k of X_0", truth.min() >= kth[len(truth) - 1] - 1e-6),
        ("Algorithm 2", "training spends no query", watched.oracle.queries == len(search.archs)),
        ("Section 3.2", "one decision's probabilities sum to 1", abs(decision["total"] - 1) < 1e-4),
        ("A.3, reward of a step", "an invalid step costs as printed", reward.STEP_PENALTY == step),
        ("A.3, R_v", "0 for the valid cell, below 0 for the four others", r_v[0] == 0 and max(r_v[1:]) < 0),
        ("A.3, entropy", "its multiplier is the printed one", PPO().entropy == entropy),
        (
            "A.3, discriminator",
            "pairs of cells through one shared encoder",
            isinstance(search.discriminator, PairwiseDiscriminator),
        ),
        ("A.4", "fixed topology: no GRU", not hasattr(search.generator, "edge_gru")),
    ]
    return [{"place": p, "what the paper says": text, "so here": "yes" if ok else "no"} for p, text, ok in lines]
