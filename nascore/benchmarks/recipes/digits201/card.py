"""digits201's data card: every number computed from the stored table and record, text written by code."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from nascore.benchmarks import digits201
from nascore.benchmarks.packed_npz import read_npz
from nascore.benchmarks.recipes.digits201 import noise, training
from nascore.benchmarks.recipes.digits201.recipe import RECIPE, SEEDS
from nascore.data import cluttered
from nascore.errors import DataError


def functions(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Accuracies of the distinct networks, percent float32 (network, split, checkpoint, seed: mean, 0, 1, 2), and how
    many of the 15,625 cells are each, int (network,)."""
    arrays = read_npz(folder / "digits201.npz")
    return digits201.accuracies(arrays["correct"]), np.bincount(arrays["classes"], minlength=len(arrays["correct"]))


def reliability(percent: np.ndarray, cells: np.ndarray) -> list[dict]:
    """How well one training tells functions apart: rank correlation of two trainings and the spread of one (points).

    percent: as `functions` gives it. The random sample has no selection; for the best cells, chosen by seed 0, only
    seeds 1 and 2 are compared, which the choice did not look at. Test accuracy, last checkpoint.
    """
    last = percent[:, 1, -1, 1:].astype(float)
    sample = training.sample()
    both = sample[~np.isnan(last[sample, 1])]
    # cells: every function of many cells, and the sampled others for all others
    rare = both[cells[both] < training.COMMON]
    many = np.flatnonzero((cells >= training.COMMON) & ~np.isnan(last[:, 1]))
    share = (cells.sum() - cells[many].sum()) / max(cells[rare].sum(), 1)
    every = np.concatenate([many, rare])
    times = np.concatenate([cells[many], np.rint(cells[rare] * share)]).astype(int)
    best = np.flatnonzero(~np.isnan(last[:, 2]))
    return [
        _pair("random functions, seeds 0 and 1", last[both, 0], last[both, 1]),
        _pair(
            "all cells (the sample stands for those of few cells), seeds 0 and 1", last[every, 0], last[every, 1], times
        ),
        _pair("functions of the best tenth of cells, seeds 1 and 2", last[best, 1], last[best, 2]),
        _pair("the best tenth of cells, seeds 1 and 2", last[best, 1], last[best, 2], cells[best]),
    ]


def _pair(what: str, a: np.ndarray, b: np.ndarray, times: np.ndarray | None = None, draws: int = 500) -> dict:
    """`times`: how often each function counts, once by default. The bootstrap draws functions."""
    from scipy.stats import kendalltau, spearmanr

    times = np.ones(len(a), int) if times is None else times
    rows = np.random.default_rng(0).choice(len(a), (draws, len(a)), p=times / times.sum())
    low, high = np.nanquantile(_rank_correlations(a[rows], b[rows]), [0.025, 0.975])
    x, y = np.repeat(a, times), np.repeat(b, times)
    return {
        "what": what,
        "functions": len(a),
        "spearman": float(spearmanr(x, y)[0]),
        "low": float(low),
        "high": float(high),
        "kendall": float(kendalltau(x, y)[0]),
        "sd": float(np.std(x - y, ddof=1) / 2**0.5),
    }


def _rank_correlations(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Spearman of each pair of rows; NaN where a row is constant."""
    from scipy.stats import rankdata

    x, y = (ranks - ranks.mean(1, keepdims=True) for ranks in (rankdata(a, axis=1), rankdata(b, axis=1)))
    with np.errstate(invalid="ignore"):
        return (x * y).sum(1) / np.sqrt((x * x).sum(1) * (y * y).sum(1))


def summary(folder: Path) -> dict:
    """What the card says of the table as a whole; accuracies of cells at the last checkpoint, mean over seeds."""
    from scipy.stats import spearmanr

    percent, cells = functions(folder)
    bench = digits201.load_digits201()
    val, test = (bench.select(split=split).array.astype(float) for split in ("val", "test"))
    arch, best = bench.best()
    final = np.repeat(percent[:, 1, -1, 0], cells)
    trained = np.repeat((~np.isnan(percent[:, 1, -1, 1:])).sum(1), cells)
    leading = np.argsort(-final, kind="stable")[: training.BEST]
    early = [
        (step, float(spearmanr(bench.select(split="val", epochs=step).array, test)[0])) for step in RECIPE.steps_at
    ]
    return {
        "functions": len(percent),
        "cells": int(cells.sum()),
        "trainings": int((~np.isnan(percent[:, 1, -1, 1:])).sum()),
        "quantiles": np.quantile(test, [0, 0.05, 0.25, 0.5, 0.75, 0.95, 1]).tolist(),
        "chance": float((test < 15).mean()),
        "distinct": len(np.unique(test)),
        "best": bench.space.format(arch),
        "best_test": best,
        "best_val": bench.select(split="val").value(arch),
        "best_cells": int((test == test.max()).sum()),
        "rank_of_best_val": bench.rank(bench.value(bench.select(split="val").best()[0])),
        "val_test": float(spearmanr(val, test)[0]),
        "params_test": float(spearmanr(bench.costs["params"], test)[0]),
        "early": early,
        "leading_with_three": float((trained[leading] == 3).mean()),
    }


def _record(path: Path) -> dict:
    """How the table was made, as `build` writes it."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        numbers = [record[each][str(seed)] for each in ("trainings", "cpu_seconds") for seed in SEEDS]
        good = all(isinstance(x, (int, float)) and x >= 0 for x in numbers)
        good = good and all(isinstance(record[each], str) for each in ("processor", "torch"))
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(
            f"{path} cannot be read ({error}); it is part of the repository: restore it with git"
        ) from error
    if not good:
        raise DataError(f"{path}: not the record of the trainings; it is part of the repository: restore it with git")
    return record


def markdown(folder: Path) -> str:
    """README.md of the table."""
    facts, record = summary(folder), _record(folder / "record.json")
    percent, cells = functions(folder)
    free = noise.seed_noise(percent[:, 1, -1, 1])
    pairs = "\n".join(
        f"| {r['what']} | {r['functions']:,} | {r['spearman']:.3f} ({r['low']:.3f} to {r['high']:.3f}) | "
        f"{r['kendall']:.3f} | {r['sd']:.2f} |"
        for r in reliability(percent, cells)
    )
    steps = "\n".join(f"| {step} | {rho:.3f} |" for step, rho in facts["early"])
    seeds = "\n".join(
        f"| {seed} | {n:,} | {record['cpu_seconds'][seed] / 3600:.2f} |" for seed, n in record["trainings"].items()
    )
    q, size = facts["quantiles"], (folder / "digits201.npz").stat().st_size
    return f"""# digits201: data card

Written by `python -m nascore.benchmarks.recipes.digits201` from digits201.npz and record.json. Do not edit.

**What it is.** The accuracy of all {facts["cells"]:,} cells of NAS-Bench-201's space, each *trained* (by us, on a
processor) on a small task that needs no download. {facts["functions"]:,} different networks were trained; cells that
differ only in edges that carry nothing, in copies made by skip-connections or in the order of inner nodes are the same
network and share its value. It is no stand-in for CIFAR-10: it is another task, on which searches can be compared
by anyone, offline, against a complete table.

**Task.** Cluttered digits: one of scikit-learn's real 8x8 digits at a random place of a {cluttered.CANVAS}x{cluttered.CANVAS}
canvas, with {cluttered.FRAGMENTS} fragments of other digits and noise; {cluttered.SIZES["train"]:,} training images,
{cluttered.SIZES["val"]:,} val and {cluttered.SIZES["test"]:,} test, composed from disjoint source images (nascore/data/cluttered.py).

**Recipe.** Stem 1x1, stages of one cell with {" and ".join(map(str, RECIPE.widths))} channels, average pooling
and a 1x1 convolution in between, batch normalisation, global average, linear head: stem and reductions are blind to
space, only the cell can look around. {RECIPE.steps} steps of SGD (Nesterov {RECIPE.momentum}, weight decay
{RECIPE.weight_decay:g}) on {RECIPE.batch} images, learning rate {RECIPE.learning_rate} with {RECIPE.warm_up} steps of warm-up and
a cosine to zero. Accuracy after steps {", ".join(map(str, RECIPE.steps_at))}: on the first {RECIPE.early_images} images of val
and of test, on all {digits201.FULL:,} after the last. The recipe was chosen on other seeds (100 to 102).

**Question.** `load("digits201", dataset="digits", split="val" or "test", epochs=<step>, seed="mean" or 0, 1, 2)`. One
training for every function, three for the functions of the best {training.BEST:,} cells (by seed 0), two for a
random sample of {training.SAMPLE} and for functions of at least {training.COMMON} cells; NaN elsewhere, and "mean" is over what was trained. Costs are those of the
cell as written: params (count) and flops (multiply-accumulates of one image).

**Values** (cells, test, last step): minimum {q[0]:.2f}, 5 % {q[1]:.2f}, quartiles {q[2]:.2f} / {q[3]:.2f} / {q[4]:.2f}, 95 % {q[5]:.2f},
maximum {q[6]:.2f}; {facts["distinct"]:,} distinct values; {100 * facts["chance"]:.1f} % of the cells below 15 % (chance is 10 %). Best cell:
`{facts["best"]}` with {facts["best_test"]:.2f} % ({facts["best_val"]:.2f} % val), computed by {facts["best_cells"]} of the cells;
the best cell by val has test rank {facts["rank_of_best_val"]}. Spearman between val and test {facts["val_test"]:.3f}, between
params and test {facts["params_test"]:.3f}.

**How reliable is one training?** (test, last step; 95 % bootstrap interval over functions; a line on cells counts a
function as often as cells compute it)

| functions | number | Spearman | Kendall tau | sd of one training, points |
|---|---|---|---|---|
{pairs}

For scale: counting {digits201.FULL:,} images alone gives a standard deviation of
{100 * np.sqrt(q[3] / 100 * (1 - q[3] / 100) / digits201.FULL):.2f} points at the median cell.

**Noise for free.** Sums commute through skip-connections and poolings: the {facts["functions"]:,} networks are {len(noise.functions()):,}
functions, and {free["functions"]:,} of these were trained as two or more networks ({free["networks"]:,} in all), from other first
weights on the same batches. {free["differ"]:,} have several accuracies (test, last step, seed 0), up to {free["widest"]:.2f} points apart;
the standard deviation of one training is {free["sd"]:.2f} points, of first weights alone. The table keeps what was measured.

**How early is it known?** Spearman between val accuracy after a step and final test accuracy, all cells:

| step | Spearman |
|---|---|
{steps}

**Limits.** Near the top one training cannot order the cells (see the table), and the functions with three trainings were
chosen by the first of them: their mean falls back a little, while a lucky single training keeps its luck. Of the
{training.BEST:,} best cells by "mean", {100 * facts["leading_with_three"]:.1f} % have three trainings. Training is short, {digits201.EPOCHS:.2g}
epochs: the table rewards cells that learn fast.

**Cost.** {facts["trainings"]:,} trainings on {record["processor"]} (torch {record["torch"]}, one thread each, networks
side by side); {size / 1e6:.2f} MB committed:

| seed | functions | CPU hours |
|---|---|---|
{seeds}

**Rebuild.** `python -m nascore.benchmarks.recipes.digits201 --workers 2` trains what is missing, then
writes this folder. sha256 of the table (also in {digits201.SUMS}, checked on load):
`{digits201.load_digits201().checksum}`.

**Licence.** The source images are scikit-learn's copy of the test set of "Optical Recognition of Handwritten Digits"
(E. Alpaydin and C. Kaynak, UCI Machine Learning Repository, https://archive.ics.uci.edu/dataset/80, CC BY 4.0). The table
holds counts of correct answers of our networks, no image; it is under this repository's licence.
"""
