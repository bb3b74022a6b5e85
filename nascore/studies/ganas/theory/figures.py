"""Pictures and checks of Theorem 3.1 on spaces small enough to sum over every architecture."""

from __future__ import annotations

import numpy as np

from nascore.studies.ganas.theory.cross_entropy import cross_entropy
from nascore.studies.ganas.theory.sampled_cross_entropy import sampled_cross_entropy
from nascore.studies.ganas.theory.study import OPS, RULES, run

COLOURS = {"KL": "C0", "JS": "C1", "JS, floor 0.01": "C2"}
MARKERS = {"KL": "o", "JS": "s"}
BANDS = ("lower half", "50–90 %", "90–99 %", "99–99.9 %", "top 0.1 %")


def _two(height: float = 2.9, **options):
    import matplotlib.pyplot as plt

    return plt.subplots(1, 2, figsize=(7.2, height), layout="constrained", **options)


def _whole_ticks(axis) -> None:
    from matplotlib.ticker import MaxNLocator

    axis.set_major_locator(MaxNLocator(integer=True))


def trace_line(family: str, divergence: str, trace) -> dict:
    """One run of an algorithm as a line of a table; gamma in percent, mass = P(S >= alpha)."""
    return {
        "family": family,
        "divergence": divergence,
        "T": trace.iterations,
        "bound": trace.bound,
        "printed bound": trace.printed_bound,
        "gamma_0": f"{trace.gammas[0]:.2f}",
        "gamma_T": f"{trace.gammas[-1]:.2f}",
        "gamma rises": "yes" if trace.rises else "no",
        "mass prior": f"{trace.steps[0].mass:.4f}",
        "mass theta_T": f"{trace.steps[-1].mass:.3f}",
        "mass optimum": f"{trace.optimum.mass:.3f}",
    }


def levels(traces: dict, alpha: float, delta: float, best: float):
    """The level gamma_t (percent) and the mass on the target along the iterations; `traces`: divergence -> trace."""
    fig, (left, right) = _two()
    bound, start = traces["KL"].bound, traces["KL"].gammas[0]
    steps = np.arange(bound + 1)
    left.axhline(alpha, color="0.25", lw=1)
    left.annotate(r"target $\alpha$", (0, alpha), xytext=(-4, 3), textcoords="offset points")
    left.plot(steps, np.minimum(alpha, start + steps * delta), color="0.5", ls="--")
    guaranteed = "guaranteed:\n" + r"$\min(\alpha, \gamma_0 + t\delta)$"
    grey = {"textcoords": "offset points", "color": "0.35"}
    place = (0.55 * bound, start + 0.55 * bound * delta)
    left.annotate(guaranteed, place, xytext=(4, -4), va="top", **grey)
    for name, trace in traces.items():
        t, colour, marker = np.arange(trace.iterations + 1), COLOURS[name], MARKERS[name]
        shift = (7, -3) if name == "JS" else (-8, 5)
        left.plot(t, trace.gammas, marker=marker, ms=4, color=colour)
        words = {"xytext": shift, "textcoords": "offset points", "color": colour}
        left.annotate(f"{name}, T = {t[-1]}", (t[-1], trace.gammas[-1]), **words)
        right.plot(t, [s.mass for s in trace.steps], marker=marker, ms=4, color=colour, label=name)
        right.plot([t[-1], t[-1] + 1], [trace.steps[-1].mass, trace.optimum.mass], color=colour, ls=":")
        label = r"fit to $\alpha$ itself" if name == "JS" else None
        right.plot(t[-1] + 1, trace.optimum.mass, marker=marker, ms=5, mfc="white", color=colour, ls="", label=label)
    left.axvline(bound, color="0.6", lw=1, ls=":")
    left.annotate(f"bound: T ≤ {bound}", (bound, start), xytext=(-4, 0), ha="right", **grey)
    left.set(xlabel="iteration t", ylabel=r"level $\gamma_t$ (percent)", ylim=(start - 0.6, best + 0.8))
    left.set_title("The level climbs to the target")
    right.set(xlabel="iteration t", ylabel=r"$P(S \geq \alpha;\ \theta_t)$", yscale="log", ylim=(None, 2))
    right.set_title("The rare event stops being rare")
    right.legend(loc="lower right")
    for ax in (left, right):
        _whole_ticks(ax.xaxis)
    return fig


def mass(traces: dict, scores: np.ndarray):
    """Where the mass of every density sits, by bands of the scores' quantiles; returns (figure, table)."""
    import matplotlib.pyplot as plt
    import pandas as pd

    band = np.searchsorted(np.quantile(scores, [0, 0.5, 0.9, 0.99, 0.999]), scores, side="right") - 1
    fig, axes = _two(sharey=True)
    lines = []
    for ax, (name, trace) in zip(axes, traces.items()):
        steps = [*trace.steps, trace.optimum]
        share = np.array([[step.density[band == b].sum() for b in range(5)] for step in steps])
        ticks = [*map(str, range(len(trace.steps))), r"$\theta^*$"]
        below = np.zeros(len(share))
        for b, colour in enumerate(plt.get_cmap("viridis")(np.linspace(0.08, 0.95, 5))):
            ax.bar(ticks, share[:, b], bottom=below, color=colour, width=0.86, label=BANDS[b])
            below += share[:, b]
        ax.set(xlabel="iteration t", title=f"{name}, product family", ylim=(0, 1))
        ax.grid(False)
        lines += [{"divergence": name, "t": t} | dict(zip(BANDS, values)) for t, values in zip(ticks, share)]
    axes[0].set_ylabel(r"mass of $p(x;\ \theta_t)$")
    handles = axes[0].get_legend_handles_labels()
    fig.legend(*handles, loc="outside right center", title="score band", reverse=True)
    return fig, pd.DataFrame(lines)


def price(scores: np.ndarray, space, alpha: float, deltas=(1.0, 2.0, 4.0, 8.0)):
    """Iterations and draws for every step delta (percent) with rho as large as step 6 allows: a table."""
    import pandas as pd

    lines = []
    for divergence in MARKERS:
        for delta in deltas:
            trace = cross_entropy(scores, space, alpha, delta, 0.99, divergence)
            line = {"divergence": divergence, "delta": delta, "T": trace.iterations, "bound": trace.bound}
            smallest = round(min(step.rho for step in trace.steps), 4)
            lines.append(line | {"draws": round(trace.draws, 1), "smallest rho": smallest})
    return pd.DataFrame(lines)


def draw_price(table):
    """The table of `price`: iterations follow the bound, draws do not."""
    fig, (left, right) = _two(2.7)
    for (name, marker), size in zip(MARKERS.items(), (8, 4)):
        part, colour = table[table["divergence"] == name], COLOURS[name]
        left.plot(part["delta"], part["T"], marker=marker, ms=size, ls="", color=colour, label=f"T, {name}")
        right.plot(part["delta"], part["draws"], marker=marker, ms=4, color=colour, label=name)
    label = r"bound $\lceil (\alpha - \gamma_0)/\delta \rceil$"
    left.plot(part["delta"], part["bound"], color="0.5", ls="--", label=label, zorder=0)
    for ax in (left, right):
        ax.set_xscale("log", base=2)
        ax.set_xticks(part["delta"], [f"{d:g}" for d in part["delta"]])
        ax.set_xlabel(r"$\delta$ (percent)")
        ax.legend()
    _whole_ticks(left.yaxis)
    right.set_yscale("log")
    right.set_yticks([20, 50, 100, 200], ["20", "50", "100", "200"])
    right.minorticks_off()
    left.set(ylabel="iterations", title="Iterations fall with the bound", ylim=(0, None))
    right.set(ylabel=r"draws, $\Sigma_t\, 1/\rho_t$", title="Draws do not")
    return fig


def assumption(fits: dict, cells: int):
    """What the first fit keeps on a misleading table of `cells` cells; `fits`: variant -> trace; (figure, table)."""
    import pandas as pd

    first = {name: trace.failed or trace.steps[1] for name, trace in fits.items()}
    fig, (left, right) = _two(2.7, width_ratios=(1.6, 1))
    above = {"textcoords": "offset points", "xytext": (0, 2)}
    for i, (name, step) in enumerate(first.items()):
        left.bar(np.arange(4) + 0.27 * (i - 1), step.theta[0], width=0.25, color=COLOURS[name], label=name)
        height = max(step.mass, 1e-8)
        right.bar(i, height, width=0.7, color=COLOURS[name])
        text = f"{step.mass:.2g}" if step.mass > 1e-12 else "0:\nstep 6\nimpossible"
        right.annotate(text, (i, height), ha="center", va="bottom", **above)
    left.set_xticks(range(4), OPS)
    left.set(ylabel=r"$\theta_1$ on each edge", title="What the first fit keeps", ylim=(0, 0.6))
    left.legend(loc="upper right")
    right.axhline(1 / cells, color="0.4", lw=1, ls="--")
    right.annotate("prior", (2.45, 1 / cells), ha="right", color="0.35", **above)
    right.set_xticks(range(3), ["KL", "JS", "JS,\nfloor"])
    right.set(yscale="log", ylim=(1e-8, 0.5), ylabel=r"$P(S \geq \alpha;\ \theta_1)$", title="Mass left on the target")
    for ax in (left, right):
        ax.grid(False, axis="x")
    lines = [{"variant": name, "mass": step.mass} | dict(zip(OPS, step.theta[0])) for name, step in first.items()]
    return fig, pd.DataFrame(lines)


def checked(count: int, delta: float, rho: float):
    """The theorem on `count` seeded tables of 64 cells, alpha = the best score: one line per divergence and family."""
    import pandas as pd

    families = [("KL", "product", 0.0), ("JS", "product", 0.0), ("JS", "product", 0.01), ("KL", "full", 0.0)]
    lines = []
    for divergence, family, floor in [*families, ("JS", "full", 0.0)]:
        config = {"divergence": divergence, "family": family, "floor": floor}
        config |= {"nodes": 3, "top": 1, "delta": delta, "rho": rho}
        found = pd.DataFrame([run(config, seed)["metrics"] for seed in range(count)])
        lines.append(
            {
                "divergence": divergence,
                "family": family,
                "floor": floor,
                "tables": count,
                "gamma never falls": int(found["monotone"].sum()),
                "rises by delta": int(found["rises"].sum()),
                "ends within bound": int(found["stopped_within_bound"].sum()),
                "step 6 impossible": int((1 - found["reached"]).sum()),
                "median T": found["iterations"].median(),
                "median bound": found["bound"].median(),
            }
        )
    return pd.DataFrame(lines)


def samples(scores: np.ndarray, space, repeats: int):
    """Algorithm 1 with an ideal generator under both RULES: rule, seed, t, seen, k, rho, gamma, best (percent)."""
    import pandas as pd

    names = ("t", "seen", "k", "rho", "gamma", "best")
    return pd.DataFrame(
        [
            {"rule": name, "seed": seed} | {column: getattr(step, column) for column in names}
            for name, rule in RULES.items()
            for seed in range(repeats)
            for step in sampled_cross_entropy(scores, space, divergence="KL", seed=seed, **rule)
        ]
    )


def draw_samples(long, alpha: float, best: float):
    """The table of `samples`: the implied quantile, and level and best score against architectures seen."""
    fig, (left, right) = _two(width_ratios=(1, 1.4))
    for name, colour, marker in zip(RULES, ("C3", "C4"), "o^"):
        table = long[long["rule"] == name].groupby("seen")
        mean, low, high = (table["gamma"].agg(f) for f in ("mean", "min", "max"))
        left.plot(mean.index, table["rho"].first(), marker=marker, ms=4, color=colour, label=name)
        right.plot(mean.index, mean, marker=marker, ms=4, color=colour, label=name)
        right.fill_between(mean.index, low, high, color=colour, alpha=0.2, lw=0)
        right.plot(mean.index, table["best"].mean(), color=colour, ls="--", lw=1.2)
    right.axhline(alpha, color="0.25", lw=1)
    right.annotate(r"target $\alpha$", (60, alpha), xytext=(0, 3), textcoords="offset points")
    left.set(xlabel="architectures seen", ylabel=r"$\rho_t = k\,/$ architectures seen", ylim=(0, 0.75))
    left.set_title("Implied quantile")
    left.legend()
    right.set(xlabel="architectures seen", ylabel="score (percent)", title="Level and best so far")
    right.set_ylim(None, best + 1.2)
    grey = {"textcoords": "offset points", "color": "0.35"}
    right.annotate("best so far", (360, best), xytext=(0, 4), ha="center", **grey)
    right.annotate(r"level $\gamma_t$", (150, mean.min()), xytext=(6, -2), va="top", **grey)
    return fig


def sample_lines(long, alpha: float) -> list[dict]:
    """The end of the runs of `samples`, one line per rule."""
    lines = []
    for rule, part in long.groupby("rule", sort=False):
        last = part[part["t"] == part["t"].max()]
        lines.append(
            {
                "rule": rule,
                "runs": len(last),
                "last rho": f"{last['rho'].mean():.3f}",
                "last gamma": f"{last['gamma'].mean():.2f}",
                "gamma fell in runs": falls(part),
                "found S >= alpha in runs": int((last["best"] >= alpha).sum()),
            }
        )
    return lines


def falls(long) -> int:
    """In how many runs the level gamma_t fell at least once."""
    return int(long.groupby("seed")["gamma"].apply(lambda gamma: (gamma.diff() < 0).any()).sum())
