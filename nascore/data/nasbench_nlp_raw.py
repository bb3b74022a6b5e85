"""NAS-Bench-NLP from its public files: 345 WikiText-2 logs with recipes, and 12,342 Penn Treebank logs without.

The zip holds one JSON object per training. Of the two tables of Penn Treebank logs, one has losses and parameters, the
other, for those that ended well, twelve training-free scores too. A log's name begins with its recipe's number.
"""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from pathlib import Path

import numpy as np

from nascore.data import damaged
from nascore.errors import ArchitectureError, DataError
from nascore.spaces.base import Arch
from nascore.spaces.nasbench_nlp import NASBenchNLP

LOGS, EPOCHS, SPLITS = 345, 50, ("val", "test", "train")
RESULTS, PARAMETERS, FEATURES = 8_794, 12_342, 14_322
SCORES = (  # the columns of RNN_results.csv after loss, perplexity and bits per word
    "activation_distance",
    "synaptic_saliency",
    "jacobian_covariance",
    "jacobian_cosine",
    "large_noise_jacobian",
    "large_noise_jacobian_cosine",
    "more_noised_jacobian",
    "more_noised_jacobian_cosine",
    "hidden_synaptic_saliency",
    "layer_1_hidden_covariance",
    "layer_2_hidden_covariance",
    "layer_3_hidden_covariance",
)
NAME = re.compile(r"log_stats_model_([0-9]+)_[-_0-9]+\.json")
LARGEST = 1 << 20  # bytes of one log


def build(files: dict[str, Path], progress: bool = False) -> dict[str, np.ndarray]:
    """WikiText-2, rows by the name of the log: recipes int64 [345], archs int16 [345, longest] (canonical, padded with
    -1), params int64 [345], losses float32 [345, split (val, test, train), 50] in nats per word (NaN after a training
    broke off), seconds float32 [345, 50].
    Penn Treebank, rows by the name of the log: ptb_recipes int64 [12342], ptb_loss float64 (test, last epoch; NaN:
    broken off), ptb_params int64, ptb_scores float64 [12342, 12] (NaN where the log has none).
    Features by recipe: feature_recipes int64 [14322], features float32 [14322, 10] (doc2vec)."""
    arrays = wikitext(files["logs"]) | treebank(files["RNN_results"], files["RNN_parameters"])
    return arrays | features(files["doc2vec_features_lowdim"])


def wikitext(path: Path) -> dict[str, np.ndarray]:
    space = NASBenchNLP()
    recipes, cells, params = [], [], []
    losses = np.full((LOGS, len(SPLITS), EPOCHS), np.nan, np.float32)
    seconds = np.full((LOGS, EPOCHS), np.nan, np.float32)
    try:
        logs = _logs(path)
        for row, name in enumerate(sorted(logs)):
            log = logs[name]
            recipes.append(_whole(log["recepie_id"]))
            params.append(_whole(log["num_params"]))
            cells.append(space.parse(log["recepie"]))
            if NAME.fullmatch(name) is None or NAME.fullmatch(name)[1] != str(recipes[-1]):  # type: ignore[index]
                raise ValueError(f"{name} holds recipe {recipes[-1]}")
            for place, split in enumerate(SPLITS):
                curve = _curve(log[f"{split}_losses"])
                losses[row, place, : len(curve)] = curve
            times = _curve(log["wall_times"])
            seconds[row, : len(times)] = times
            if log["status"] == "OK" and np.isnan(losses[row]).any():
                raise ValueError(f"{name} ended well, but has no {EPOCHS} losses")
    except (*damaged.ZIP, ArchitectureError) as error:
        raise _format(path, str(error) or repr(error)) from error
    known = losses[~np.isnan(losses)]
    if not ((known > 0) & (known < 100)).all():
        raise _format(path, "a loss is outside 0..100 nats per word")
    table = np.full((LOGS, max(map(len, cells))), -1, np.int16)
    for row, arch in enumerate(cells):
        table[row, : len(arch)] = arch
    return {
        "recipes": np.array(recipes, np.int64),
        "archs": table,
        "params": np.array(params, np.int64),
        "losses": losses,
        "seconds": seconds,
    }


def archs(arrays: dict[str, np.ndarray]) -> list[Arch]:
    """The cell of each WikiText-2 log, from the padded rows of `build`."""
    return [tuple(value for value in row if value >= 0) for row in arrays["archs"].tolist()]


def _logs(path: Path) -> dict[str, dict]:
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if len(members) != LOGS:
            raise ValueError(f"{len(members)} files instead of {LOGS} logs")
        if large := [member.filename for member in members if member.file_size > LARGEST]:
            raise ValueError(f"{large[0]} is larger than {LARGEST} bytes")
        return {member.filename: json.loads(archive.read(member)) for member in members}


def _whole(value) -> int:
    if type(value) is not int:
        raise ValueError(f"{value!r} is no whole number")
    return value


def _curve(values) -> np.ndarray:
    found = np.array(values, np.float32)
    if found.ndim != 1 or len(found) > EPOCHS:
        raise ValueError(f"a curve of shape {found.shape}: expected at most {EPOCHS} numbers")
    return found


def treebank(results: Path, parameters: Path) -> dict[str, np.ndarray]:
    # what does not start with a log's name is a file that lay among them, or the header once more
    counted = _rows(parameters, 6, PARAMETERS)
    scored = _rows(results, 4 + len(SCORES), RESULTS)
    names = sorted(counted)
    scores = np.full((len(names), len(SCORES)), np.nan)
    for row, name in enumerate(names):
        if name in scored:
            scores[row] = scored[name][3:]
            if scored[name][0] != counted[name][0]:
                raise _format(results, f"the loss of {name} is another one in {parameters.name}")
    loss = np.array([counted[name][0] for name in names])
    known = loss[~np.isnan(loss)]
    if not ((known > 0) & (known < 100)).all() or not set(scored) <= set(counted):
        raise _format(parameters, "a loss is outside 0..100 nats per word, or a log is missing")
    counts = np.array([counted[name][4] for name in names])
    return {
        "ptb_recipes": np.array([int(name.split("_")[3]) for name in names], np.int64),
        "ptb_loss": loss,
        "ptb_params": np.where(np.isnan(counts), -1, counts).astype(np.int64),
        "ptb_scores": scores,
    }


def _rows(path: Path, fields: int, count: int) -> dict[str, list[float]]:
    """Log name -> its numbers; a log may be named again with the same numbers, or with none."""
    rows: dict[str, list[float]] = {}
    try:
        text = path.read_text(encoding="utf-8-sig").replace("log name", "\nlog name")  # one is glued to a record
        for row in csv.reader(io.StringIO(text)):
            if row and NAME.fullmatch(row[0]):
                numbers = [float(value) for value in row[1:]]
                if len(numbers) != fields - 1 or np.isinf(numbers).any():
                    raise ValueError(f"{row[0]} has {len(row)} fields: expected {fields} finite ones")
                if row[0] in rows and np.isnan(numbers).all():  # repeats that say nothing
                    continue
                if not np.array_equal(rows.setdefault(row[0], numbers), numbers, equal_nan=True):
                    raise ValueError(f"{row[0]} occurs twice with other numbers")
    except (OSError, ValueError, csv.Error) as error:
        raise _format(path, str(error)) from error
    if len(rows) != count:
        raise _format(path, f"{len(rows)} logs instead of {count}")
    return rows


def features(path: Path) -> dict[str, np.ndarray]:
    try:
        with open(path, newline="", encoding="utf-8") as stream:
            rows = list(csv.reader(stream))[1:]
        numbers = np.array([int(row[0]) for row in rows], np.int64)
        values = np.array([[float(value) for value in row[1:]] for row in rows], np.float32)
    except (OSError, ValueError, LookupError, csv.Error) as error:
        raise _format(path, str(error)) from error
    if values.shape != (FEATURES, 10) or not np.isfinite(values).all() or len(set(numbers.tolist())) != FEATURES:
        raise _format(path, f"expected {FEATURES} different recipes with 10 finite numbers each")
    return {"feature_recipes": numbers, "features": values}


def _format(path: Path, why: str) -> DataError:
    return DataError(
        f"{path}: not the expected NAS-Bench-NLP file ({why}); run `nascore data verify nasbench-nlp`, "
        "then `nascore data fetch nasbench-nlp`"
    )
