"""The recorded tuning as data: settings by short names, Table 10 beside ours, and what the runs say in words."""

from __future__ import annotations

from nascore.search.ganas.schedule import FEW_QUERIES, NASBENCH201, SETUP1, SETUP2
from nascore.studies.ganas import tuning

SHORT = {
    "generator_rate": "G rate",
    "discriminator_passes": "D passes",
    "fill": "F batches",
    "initial": "X0",
    "base": "X1",
    "truth": "k",
    "increment": "inc",
    "iterations": "T",
}
DATASETS = {"cifar10": "CIFAR-10", "cifar100": "CIFAR-100", "imagenet16-120": "ImageNet16-120", "digits": "digits201"}
OPEN = {
    "width": "width of both k-GNNs",
    "layers": "layers of both k-GNNs",
    "rounds": "rounds T' of Algorithm 2 per iteration",
    "episodes": "cells generated per round",
    "discriminator_passes": "passes of D per round",
    "fill": "further batches until F holds |T| cells",
    "generator_rate": "learning rate of G",
    "heat": "sampling made hotter when G repeats itself",
    "hottest": "highest temperature",
    "dry": "share of new cells below which G repeats itself",
    "exploration": "batches tried for one X_t",
    "ppo_epochs": "PPO epochs per round",
    "entropy": "entropy multiplier",
}
TABLE10 = {"nasbench101_setup1": SETUP1, "nasbench101_setup2": SETUP2, "nasbench201": NASBENCH201}
FIELDS = {
    "iterations": ("iterations", "T"),
    "eval_base": ("base", "Eval base |X_1|"),
    "eval_inc": ("increment", "Eval inc"),
    "init_size": ("initial", "Init size |X_0|"),
    "truth_size": ("truth", "Truth set size k"),
}


def in_short(changes: dict) -> str:
    """Settings by their short names: `X0 20, k 10, rounds 5`."""
    return ", ".join(f"{SHORT.get(key, key)} {value:g}" for key, value in changes.items() if value is not None)


def setting(stage: str, changes: dict) -> str:
    """The name of one tried setting; what is the same in all of its stage is left out."""
    if "method" in changes:
        return changes["method"]
    same = {"width"} if stage == "schedule" else set()
    if not changes.get("increment"):
        same |= {"increment"}
    return in_short({key: value for key, value in changes.items() if key not in same}) or "centre"


def with_columns(rows):
    """Rows with setting, to_best (never found: the whole budget), found, cpu (seconds), query_ms (CPU ms a query)."""
    names = [setting(*pair) for pair in zip(rows["stage"], rows["settings"])]
    found = rows["queries_to_best"].astype(float)
    cpu = rows["provenance.cpu_s"]
    return rows.assign(
        setting=names,
        to_best=found.fillna(tuning.BUDGET),
        found=found.notna().astype(int),
        cpu=cpu,
        query_ms=1000 * cpu / rows["queries"],
    )


def table10(printed: dict) -> list[dict]:
    """Table 10's best-accuracy columns beside ours; `printed`: the paper's table (`companion.papers.load`)."""
    from nascore.search.ganas.training import Training

    labels = {key: printed[key]["label"] for key in TABLE10}
    titles = {key: text.replace("NAS-Bench-", "NB-").replace(" (3 data sets)", "") for key, text in labels.items()}
    lines = []
    for name, (field, text) in FIELDS.items():
        line = {"parameter": text}
        for key, schedule in TABLE10.items():
            value = printed[key].get(name)
            line[f"{titles[key]}, paper"] = "blank" if value is None else f"{value:g}"
            line[f"{titles[key]}, here"] = f"{getattr(schedule, field)}"
        lines.append(line)
    training = Training()
    rates = {"generator": training.generator_rate, "discriminator": training.discriminator_rate}
    for name, value in rates.items():
        line = {"parameter": f"{name[0].upper()} rate (Adam)"}
        for key in TABLE10:
            line |= {f"{titles[key]}, paper": f"{printed['rates'][name]:g}", f"{titles[key]}, here": f"{value:g}"}
        lines.append(line)
    return lines


def chosen(value) -> list[dict[str, str]]:
    """What the paper leaves open, the centre of the tuning, and what was chosen; `value` looks printed numbers up."""
    from nascore.search.ganas.training import NASBENCH101_TRAINING, Training

    def flat(training) -> dict[str, float]:
        return {**vars(training), "ppo_epochs": training.ppo.epochs, "entropy": training.ppo.entropy}

    fixed, free = flat(Training()), flat(NASBENCH101_TRAINING)
    printed = {"generator_rate": value("ganas", "table10.rates.generator"), "entropy": value("ganas", "prose.entropy")}
    places = {name: f"{p.value:g} ({p.where.split(',')[0].split(' (')[0]})" for name, p in printed.items()}
    return [
        {
            "setting": text,
            "tuning's centre": f"{tuning.CENTRE.get(name, fixed[name]):g}",
            "chosen": f"{fixed[name]:g}",
            "on NAS-Bench-101": f"{free[name]:g}",
            "paper": places.get(name, "open"),
        }
        for name, text in OPEN.items()
    ]


def complete(rows):
    """The rows of settings that have all their runs."""
    size = rows.groupby("setting")["seed"].transform("size")
    return rows[size == size.max()]


def best_two(rows) -> list[str]:
    """The two complete settings with the fewest queries on average, REA not counted."""
    means = complete(rows[rows["setting"] != "REA"]).groupby("setting")["to_best"].mean().sort_values()
    return list(means.index[:2])


def few_queries() -> str:
    """The settings of GA-NAS-fast by their short names."""
    from nascore.search.ganas.training import FEW_QUERIES_TRAINING as training

    return in_short({**vars(FEW_QUERIES), "rounds": training.rounds, "generator_rate": training.generator_rate})


def schedule_in_words(rows) -> str:
    """Which schedule needed the fewest queries, and which one GA-NAS-fast uses (Markdown)."""
    part = complete(rows[rows["stage"] == "schedule"])
    means = part.groupby("setting", sort=False)["to_best"].mean()
    return (
        f"Fewest queries on average: **{means.idxmin()}** ({means.min():.0f}); the best of {len(means)} tried settings "
        f"looks better than it is. `GA-NAS-fast` in `04_table4_nasbench201` uses {few_queries()}."
    )


def training_in_words(rows, printed_rate: float) -> str:
    """What was chosen after the stage "training", and the printed generator rate tried (Markdown)."""
    from nascore.search.ganas.training import Training

    training, lines = Training(), []
    stage = rows[rows["stage"] == "training"]
    centre, narrow, slow = (stage[stage["setting"] == name] for name in ("centre", "width 32", "G rate 0.0001"))
    if len(centre) and len(narrow):
        cost = narrow["cpu"].sum() / centre["cpu"].sum()
        lines.append(
            f"* **Width 32 instead of 64** finds the best cell in {narrow['found'].sum()} of {len(narrow)} runs "
            f"against {centre['found'].sum()} of {len(centre)}, for {cost:.2f} of the CPU time. Chosen: width "
            f"{training.width}."
        )
    if len(centre) and len(slow):
        hits = int(slow["found"].sum())
        lines.append(
            f"* **The printed generator rate {printed_rate:g}**, with as many updates, finds the best cell in "
            f"{hits or 'none'} of {len(slow)} runs (mean rank at the end {slow['rank'].mean():.1f}, centre "
            f"{centre['rank'].mean():.1f}). It would need more rounds, which the paper does not state. Chosen: "
            f"{training.generator_rate:g}."
        )
    return "\n".join(lines) or "Too few settings stored to compare."


def generator_in_words(rows) -> str:
    """Stage "nasbench101": how much the generator made itself under each entropy multiplier (Markdown list)."""
    part = rows[(rows["stage"] == "nasbench101") & (rows["discriminator"] == "pairwise")]
    part = part[part["settings"].map(lambda changes: set(changes) <= {"entropy"}).astype(bool)]
    part = part.assign(entropy=[{**tuning.CENTRE101, **changes}["entropy"] for changes in part["settings"]])
    lines = []
    for (entropy, setup), runs in part.groupby(["entropy", "setup"]):
        own, full = 100 * runs["own_share"], 100 * runs["queries"] / tuning.SETUPS[setup].total
        ranks = ", ".join(str(int(rank)) for rank in runs.sort_values("seed")["rank"])
        lines.append(
            f"* multiplier {entropy:g}, setup {setup:g} ({len(runs)} runs): {own.min():.0f} to {own.max():.0f} % of "
            f"the new cells from G itself, at least {full.min():.0f} % of the queries spent, ranks {ranks}"
        )
    return "\n".join(lines) or "No such setting is stored."
