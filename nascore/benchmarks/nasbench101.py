"""NAS-Bench-101 (Ying et al., 2019), the measured table: 423,624 cells on CIFAR-10, three trainings of 108 epochs each.

The table is a download of about 500 MB (`nascore data fetch nasbench101`). Where it is present it is used instead of
the surrogate. Without it, `partial_accuracies` gives the real accuracies of some hundred to some thousand cells.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from nascore.benchmarks.table import TabularBenchmark
from nascore.data import built, download, upstream
from nascore.data.nasbench101_raw import REPEATS, SPLITS
from nascore.data.naslib_keys import nasbench101_arch
from nascore.errors import DataError
from nascore.spaces.nasbench101.cost import all_costs
from nascore.spaces.nasbench101.index import CellIndex
from nascore.spaces.nasbench101.space import NASBench101

_IMAGES = {
    "val": "validation accuracy (9,984 of the held-out training images)",
    "test": "test accuracy (9,984 of the test images)",
    "train": "accuracy on training images",
}
ABOUT = {
    ("cifar10", split, 108): f"Top-1 CIFAR-10 {_IMAGES[split]} at the end of 108 epochs; "
    "seed 0, 1, 2 = the three repeats, 'mean' = their mean; percent."
    for split in SPLITS
}


def present() -> bool:
    """Whether the official table can be loaded without the network: built, or its file here or in a mirror folder."""
    if built.table_path("nasbench101").is_file():
        return True
    file = upstream.file("nasbench101", "only108")
    folder = download.mirror_folder()
    return file.local.is_file() or (
        folder is not None and any((folder / place / file.path).is_file() for place in ("raw", "."))
    )


def load_nasbench101(
    dataset: str = "cifar10", split: str = "test", epochs: int = 108, seed: str | int = "mean"
) -> TabularBenchmark:
    """The measured table (percent, float32), rows by class number of the space.

    split: val, test or train. seed: "mean", or 0, 1, 2 for one repeat. Costs: params (as
    the table says), flops (multiply-accumulates, by our formula), training_time (seconds of the 108-epoch training on
    the authors' hardware, mean of the repeats).
    Raises DataError where the file has not been fetched.
    """
    arrays = built.load("nasbench101")
    return from_arrays(arrays, dataset=dataset, split=split, epochs=epochs, seed=seed)


def from_arrays(arrays: dict[str, np.ndarray], **question) -> TabularBenchmark:
    """A benchmark of the arrays that `nascore.data.nasbench101_raw.collect` reads (NaN where a cell does not occur)."""
    index = CellIndex()
    runs = arrays["accuracies"]  # cell, split, epochs, repeat
    mean = runs.mean(-1, keepdims=True, dtype=np.float64).astype(np.float32)
    formula, macs = all_costs(NASBench101().graphs)
    params = np.where(arrays["params"] >= 0, arrays["params"], formula)  # as trained, where the table says it
    longest = int(np.argmax(arrays["epochs"]))
    axes = {
        "dataset": ("cifar10",),
        "split": SPLITS,
        "epochs": tuple(arrays["epochs"].tolist()),
        "seed": ("mean", *range(REPEATS)),
    }
    return TabularBenchmark(
        space=NASBench101(),
        index=index,
        values=np.concatenate([mean, runs], axis=-1)[:, None],
        axes=axes,
        name="nasbench101",
        about=ABOUT,
        checksum=built.digest(arrays),
        costs={
            "params": params,
            "flops": macs,
            "training_time": arrays["training_time"][:, longest].mean(-1, dtype=np.float64),
        },
        **question,
    )


# ---- real accuracies of part of the space -------------------------------------------------------------------------


def partial_accuracies(progress: bool = False):
    """Real accuracies of part of NAS-Bench-101 as a DataFrame: arch (pruned tuple), hash, value (percent), metric,
    source.

    From the mirror's tables/nasbench101_partial.parquet where NASCORE_MIRROR is a folder that has it (2,860 rows, with
    the random sample of 2,000 cells); otherwise from the downloadable files, fetched on first use. One cell can occur
    several times. metric says what was measured; imagenet_top1 is ImageNet, all others are CIFAR-10 at 108 epochs.
    """
    folder = download.mirror_folder()
    table = folder / "tables" / "nasbench101_partial.parquet" if folder is not None else None
    if table is not None and table.is_file():
        return _from_parquet(table)
    return partial_from_json(progress)


def partial_from_json(progress: bool = False):
    """The 860 rows of `partial_accuracies` that are public downloads."""
    import pandas as pd

    space = NASBench101()
    paths = {file.key: download.fetch_file(file, progress) for file in upstream.files("nasbench101-partial")}
    try:
        rows = _rows(space, paths)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise DataError(
            f"{paths['zc_nasbench101'].parent}: not the expected entries ({error}); run `nascore data fetch "
            "nasbench101-partial`"
        ) from error
    found = pd.DataFrame(rows, columns=["arch", "value", "metric", "source"])
    found.insert(1, "hash", [space.hash(arch) for arch in found["arch"]])
    return found


def _rows(space: NASBench101, paths: dict[str, Path]) -> list[tuple]:
    rows = []
    for key, source, metric, percent in (
        ("nasbench1_20", "GenNAS-Zero_nasbench1_20", "cifar10_acc_108ep_unspecified", 100.0),
        ("nasbench1_imgnet", "GenNAS-Zero_nasbench1_imgnet", "imagenet_top1", 1.0),
    ):
        for (matrix, ops), value in _json(paths[key]):
            rows.append((space.from_matrix(matrix, ops), percent * value, metric, source))
    seen = set()
    for text, entry in _json(paths["zc_nasbench101"])["nasbench101"]["cifar10"].items():
        arch, value = nasbench101_arch(space, text), entry["val_accuracy"]
        identity = (space.key(arch), value)
        if identity not in seen:  # several keys denote one cell and one training
            seen.add(identity)
            rows.append((arch, value, "cifar10_val_acc_108ep_single_run", "NASLib_zc101"))
    return rows


def _json(path):
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(
            f"{path}: not the expected JSON ({error}); run `nascore data fetch nasbench101-partial`"
        ) from error


def _from_parquet(path):
    import pandas as pd

    try:
        table = pd.read_parquet(path)
        archs = [
            (int(bits), *(int(op) for op in str(ops)))
            for bits, ops in zip(table["edge_bits"], table["ops"], strict=True)
        ]
        return pd.DataFrame(
            {
                "arch": archs,
                "hash": table["hash"].astype(str),
                "value": 100.0 * table["value"].astype(float),
                "metric": table["metric"].astype(str),
                "source": table["source"].astype(str),
            }
        )
    except (OSError, ValueError, TypeError, KeyError) as error:  # pyarrow's own are of these
        raise DataError(f"{path}: not the expected table ({error})") from error


__all__ = ["ABOUT", "from_arrays", "load_nasbench101", "partial_accuracies", "partial_from_json", "present"]
