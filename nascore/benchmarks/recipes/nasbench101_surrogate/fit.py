"""Fit the NAS-Bench-101 surrogate and its time model: python -m nascore.benchmarks.recipes.nasbench101_surrogate.fit
--table PATH.

PATH is nasbench101_partial.parquet; the EC-NAS trainings (nasbench101_ecnas_tfrecords.parquet) are read from beside it.
Settings were chosen on one partition into folds (TUNING_SEED); the card's numbers are from another (REPORT_SEED).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import time
from pathlib import Path

import numpy as np

from nascore.benchmarks.nasbench101_surrogate import folder
from nascore.benchmarks.packed_npz import pack_fixed, write_npz
from nascore.benchmarks.recipes.nasbench101_surrogate.card import DIVERGED, joint_ranks, write_card
from nascore.benchmarks.recipes.nasbench101_surrogate.model import Ensemble, apply_curve, calibrate
from nascore.benchmarks.recipes.nasbench101_surrogate.time import TERMS, fit_time, predict_time, time_quality
from nascore.errors import DataError
from nascore.spaces.nasbench101.space import NASBench101

FOLDS = 10
TUNING_SEED, REPORT_SEED = 1, 20_26
RANDOM_SAMPLE = "GenNAS-Zero_nasbench1_2500"
SMALL_SAMPLE, TIMED_SAMPLE = "energy_4V9E_estimate", "energy_5V9E"
STEP = 1e-5  # percent, resolution of the stored predictions
EPOCHS = 108


def read_random_sample(table: Path) -> tuple[np.ndarray, np.ndarray]:
    """Class numbers [2000] and accuracies (percent) of the uniformly random cells, one 108-epoch training each."""
    frame = _read(table)
    frame = frame[frame["source"].astype(str) == RANDOM_SAMPLE]
    if not len(frame):
        raise DataError(f"{table}: no rows of source {RANDOM_SAMPLE}")
    return _classes(frame), frame["value"].to_numpy(np.float64) * 100


def read_small_cells(ecnas: Path) -> tuple[np.ndarray, np.ndarray]:
    """Class numbers and accuracies (percent) of the 91 cells of at most 4 vertices: official means of three runs."""
    frame = _read(ecnas)
    frame = frame[(frame["file"].astype(str) == SMALL_SAMPLE) & (frame["epochs"] == EPOCHS)]
    return _classes(frame), frame["test_acc"].to_numpy(np.float64) * 100


def read_times(ecnas: Path) -> tuple[np.ndarray, np.ndarray]:
    """Class numbers [2532] and training seconds (4 epochs) of all cells of at most 5 vertices."""
    frame = _read(ecnas)
    frame = frame[frame["file"].astype(str) == TIMED_SAMPLE]
    return _classes(frame), frame["train_time_s"].to_numpy(np.float64)


def _read(path: Path):
    import pandas as pd

    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as a Parquet table ({error})") from error


def _classes(frame) -> np.ndarray:
    text = frame["ops"].astype(str).str.ljust(5, "-")
    ops = np.array([[-1 if c == "-" else int(c) for c in word] for word in text]).reshape(len(frame), 5)
    return NASBench101().indices(np.column_stack([frame["edge_bits"].to_numpy(np.int64), ops]))


def normal_scores(accuracy: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Normal quantile of each accuracy's mid-rank among `reference`."""
    from scipy.special import ndtri

    ordered = np.sort(reference)
    rank = (np.searchsorted(ordered, accuracy, "left") + np.searchsorted(ordered, accuracy, "right")) / 2
    return ndtri((rank.clip(0.5, len(ordered) - 0.5)) / len(ordered))


def fold_numbers(n: int, seed: int) -> np.ndarray:
    """Fold 0..9 of each of n cells."""
    return np.random.default_rng(seed).permutation(np.arange(n) % FOLDS)


def fit_on(cells, accuracy, extra, settings=None, seed: int = 0) -> Ensemble:
    """Fit to single trainings of random cells, and to three-run means of the small cells (a third of the noise)."""
    graphs = NASBench101().graphs
    good = accuracy > DIVERGED
    more = ~np.isin(extra[0], cells)
    both = np.concatenate([cells[good], extra[0][more]])
    target = normal_scores(np.concatenate([accuracy[good], extra[1][more]]), accuracy[good])
    noise = np.concatenate([np.ones(good.sum()), np.full(more.sum(), 1 / 3)])
    return Ensemble.fit(graphs.bits[both], graphs.ops[both], target, noise, settings, seed)


def held_out_scores(cells, accuracy, extra, partition_seed: int, settings=None) -> np.ndarray:
    """Score of every random cell by an ensemble that has not seen it (nor its twin among the small cells)."""
    graphs = NASBench101().graphs
    fold = fold_numbers(len(cells), partition_seed)
    scores = np.empty(len(cells))
    for k in range(FOLDS):
        test, train = fold == k, fold != k
        unseen = ~np.isin(extra[0], cells[test])
        model = fit_on(cells[train], accuracy[train], (extra[0][unseen], extra[1][unseen]), settings, seed=k)
        scores[test] = model.score(graphs.bits[cells[test]], graphs.ops[cells[test]])
    return scores


def calibrated_folds(scores, accuracy, partition_seed: int) -> np.ndarray:
    """Percent of held-out scores, each fold by a curve from the other folds."""
    fold = fold_numbers(len(scores), partition_seed)
    good = accuracy > DIVERGED
    out = np.empty(len(scores))
    for k in range(FOLDS):
        others = good & (fold != k)
        out[fold == k] = apply_curve(calibrate(scores[others], accuracy[others]), scores[fold == k])
    return out


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", type=Path, required=True, help="nasbench101_partial.parquet")
    parser.add_argument("--ecnas", type=Path, help="nasbench101_ecnas_tfrecords.parquet (default: beside --table)")
    parser.add_argument("--out", type=Path, help="folder for the results (default: data/benchmarks/nasbench101)")
    options = parser.parse_args(arguments)
    ecnas = options.ecnas or options.table.with_name("nasbench101_ecnas_tfrecords.parquet")
    out = options.out or folder()
    start = time.process_time()
    cells, accuracy = read_random_sample(options.table)
    extra = read_small_cells(ecnas)
    graphs = NASBench101().graphs
    scores = held_out_scores(cells, accuracy, extra, REPORT_SEED)
    predicted = calibrated_folds(scores, accuracy, REPORT_SEED)
    write_npz(
        out / "held_out.npz",
        {
            "cells": cells.astype(np.int32),
            "predicted": predicted,
            "joint": joint_ranks(predicted, accuracy),
            "fold": fold_numbers(len(cells), REPORT_SEED).astype(np.int8),
        },
    )
    model = fit_on(cells, accuracy, extra)
    good = accuracy > DIVERGED
    model.curve = calibrate(scores[good], accuracy[good])
    model.save(out)
    everything = Ensemble.load(out).predict(graphs.bits, graphs.ops)  # as a reader of the files would
    timed, seconds = read_times(ecnas)
    coefficients = fit_time(graphs.bits[timed], graphs.ops[timed], seconds)
    train_seconds = predict_time(coefficients, graphs.bits, graphs.ops) * (EPOCHS / 4)
    packed = {f"accuracy_{k}": v for k, v in pack_fixed(everything, STEP).items()}
    write_npz(out / "predictions.npz", {**packed, "train_seconds": train_seconds.astype(np.float16)})
    facts = {
        "folds": FOLDS,
        "partition_seeds": {"settings": TUNING_SEED, "reported": REPORT_SEED},
        "settings": model.settings,
        "model": _model_text(model),
        "data": {
            "random_source": RANDOM_SAMPLE,
            "random_cells": len(cells),
            "small_cells": len(extra[0]),
            "small_source": SMALL_SAMPLE,
            "table_sha256": _sha256(options.table),
            "ecnas_sha256": _sha256(ecnas),
        },
        "external": external_quality(options.table, np.concatenate([cells, extra[0]]), everything),
        "repeat_noise": repeat_noise(options.table),
        "range": {
            "min": float(everything.min()),
            "max": float(everything.max()),
            "distinct": len(np.unique(np.rint(everything / STEP))),
        },
        "time_model": {
            "source": TIMED_SAMPLE,
            "seconds_per_unit": dict(zip(TERMS, coefficients.tolist())),
            **time_quality(
                graphs.bits[timed],
                graphs.ops[timed],
                graphs.vertices[timed],
                seconds,
                fold_numbers(len(timed), REPORT_SEED),
            ),
        },
    }
    facts["cost"] = {
        "cpu_seconds": round(time.process_time() - start),
        "bytes": sum(f.stat().st_size for f in out.iterdir() if f.suffix in (".npz", ".gz")),
    }
    card = write_card(out, facts, accuracy)
    print(json.dumps({k: card[k] for k in ("held_out", "external", "repeat_noise", "range", "cost")}, indent=1))
    return 0


def _model_text(model: Ensemble) -> str:
    paths = all(one["stats"] < 1 for one in model.settings["gp"])
    return (
        f"The mean of {len(model.settings['gp'])} Gaussian process (squared-exponential kernel over "
        f"{model.inputs.stats} statistics of the cell{', another over its path counts' if paths else ''}) and\n"
        f"{len(model.boosters)} boosted-tree models (LightGBM; also {len(model.inputs.paths)} counts of\n"
        "input-output paths by operation sequence), fitted to normal scores of the accuracy's rank; percent\n"
        "through an increasing curve fitted to held-out scores."
    )


def external_quality(table: Path, seen: np.ndarray, predicted: np.ndarray) -> dict[str, dict[str, float]]:
    """Rank correlations on the table's other sources, cells of the fit left out, repeats averaged."""
    from scipy.stats import kendalltau, spearmanr

    frame = _read(table)
    frame = frame.assign(cell=_classes(frame), source=frame["source"].astype(str))
    out = {}
    for source, rows in frame[~frame["cell"].isin(seen)].groupby("source"):
        mean = rows.groupby("cell")["value"].mean()
        guess = predicted[mean.index.to_numpy()]
        out[source] = {
            "cells": len(mean),
            "metric": str(rows["metric"].iloc[0]),
            "spearman": float(spearmanr(guess, mean)[0]),
            "kendall": float(kendalltau(guess, mean)[0]),
        }
    return out


def repeat_noise(table: Path, source: str = "NASLib_zc101", top_from: float = 93.0) -> dict:
    """How much two trainings of one cell differ: the noise that no surrogate can predict."""
    frame = _read(table)
    frame = frame[frame["source"].astype(str) == source]
    pairs = np.array([rows["value"].to_numpy()[:2] * 100 for _, rows in frame.groupby("hash") if len(rows) > 1])
    top = pairs.mean(1) > top_from

    def sd(p):
        return float(np.sqrt(((p[:, 0] - p[:, 1]) ** 2).mean() / 2))

    return {
        "source": source,
        "pairs": len(pairs),
        "sd": sd(pairs),
        "top_from": top_from,
        "pairs_top": int(top.sum()),
        "sd_top": sd(pairs[top]),
    }


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    raise SystemExit(main())
