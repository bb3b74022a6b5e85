"""Training-free scores that others have published, by architecture, to lay ours beside them.

`published_scores("nasbench201", "cifar10")` is a DataFrame: arch, then one column for each score, under our proxy's
name where we have it (naswot, jacob_cov, parameters), else under theirs. NaN where a score was not published.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nascore import checks
from nascore.data import built, damaged, download, nasbench_nlp_raw, upstream
from nascore.data.nasbench201_raw import CELLS, naswot
from nascore.data.naslib_keys import nasbench101_arch
from nascore.errors import DataError
from nascore.spaces.nasbench101.space import NASBench101

if TYPE_CHECKING:
    import pandas as pd

DATASETS = {
    "nasbench101": ("cifar10",),
    "nasbench201": ("cifar10", "cifar100", "imagenet16-120"),
    "nasbench-nlp": ("ptb",),
}
OURS = {"nwot": "naswot", "jacov": "jacob_cov", "params": "parameters"}
NASLIB = ("skip_connect", "none", "nor_conv_3x3", "nor_conv_1x1", "avg_pool_3x3")
ENTRIES, LARGEST = 500, 1 << 24


def published_scores(benchmark: str, dataset: str | None = None) -> pd.DataFrame:
    """A row for each architecture with a score.

    nasbench201: a row for each of the 15,625 cells; on cifar10 and imagenet16-120 thirteen scores of 9,445 of them
    (NASLib's; from the table nasbench201_zcproxies.parquet of a NASCORE_MIRROR folder, left out where there is none);
    on all three data sets zen scores of all 15,625 cells (NASLib's too, and equal to the table's); on cifar10 the
    NASWOT scores of its authors (naswot_authors). parameters and flops are in millions. nasbench101: eleven scores
    (NASLib's) of 292 cells, means where a cell was scored under several ways of writing it. nasbench-nlp: twelve scores
    of the cells of which the graph is known, means over the trainings. SettingError for other names, DataError where
    files have not been fetched or do not fit.
    """
    benchmark = checks.one_of("benchmark", benchmark, tuple(DATASETS))
    known = DATASETS[benchmark]
    dataset = known[0] if dataset is None else checks.one_of("dataset", dataset, known)
    if benchmark == "nasbench101":
        return _nasbench101()
    return _nasbench_nlp() if benchmark == "nasbench-nlp" else _nasbench201(dataset)


def _obtain(name: str, key: str) -> Path:
    return download.obtain(upstream.file(name, key), "published scores", f"run `nascore data fetch {name}`")


def _nasbench201(dataset: str) -> pd.DataFrame:
    import pandas as pd

    archs = [tuple(row) for row in built.load("nasbench201")["archs"].tolist()]  # in the official order
    found = pd.DataFrame({"arch": archs})
    table = download.mirrored("nasbench201_zcproxies.parquet", "tables")
    if table is not None and dataset != "cifar100":
        found = found.join(read_table(table, dataset))
    zen = read_zen(_obtain("nasbench201-zen", "nb201_zen"), dataset)
    found["zen"] = [zen[arch] for arch in archs]
    if dataset == "cifar10":
        found["naswot_authors"] = naswot(_obtain("nasbench201", "cifar10-25k-200"))
    return found


def read_table(path: Path, dataset: str) -> pd.DataFrame:
    """The scores on a data set, by official index of the cell."""
    import pandas as pd

    try:
        table = pd.read_parquet(path)
        rows = table[table["dataset"].astype(str).str.lower() == dataset].set_index("index").drop(columns="dataset")
        rows = rows.astype(float).rename(columns=OURS)
        good = len(rows) and rows.index.is_unique and rows.index.isin(range(CELLS)).all() and len(rows.columns)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:  # pyarrow's own are of these
        raise DataError(f"{path}: not the expected table of scores ({error})") from error
    if not good or not np.isfinite(rows.to_numpy()).all():
        raise DataError(f"{path}: expected finite scores of different cells 0 to {CELLS - 1} on {dataset}")
    return rows.sort_index()


def read_zen(path: Path, dataset: str) -> dict[tuple[int, ...], float]:
    """Cell, in our order of edges and operations -> zen score."""
    from nascore.spaces.nasbench201 import NASBench201

    ours = [NASBench201().ops.index(op) for op in NASLIB]
    edges = (0, 1, 3, 2, 4, 5)  # theirs run 0>1, 0>2, 0>3, 1>2, 1>3, 2>3
    found: dict[tuple[int, ...], float] = {}

    def read() -> None:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                parts = member.filename.split("--")
                if len(parts) != 4 or parts[2].lower() != dataset:
                    continue
                if member.file_size > LARGEST:
                    raise ValueError(f"{member.filename} is larger than {LARGEST} bytes")
                for entry in json.loads(archive.read(member)):
                    codes = [int(code) for code in entry["arch"].strip("()").split(",")]
                    if len(codes) != 6 or not all(0 <= code < len(ours) for code in codes):
                        raise ValueError(f"{entry['arch']!r} is no cell")
                    arch = tuple(ours[codes[edge]] for edge in edges)
                    found[arch] = _finite(entry["zen"]["score"])

    _reading(path, "nasbench201-zen", read)
    if len(found) != CELLS:
        raise _format(path, "nasbench201-zen", f"{len(found)} cells of {dataset} instead of {CELLS}")
    return found


def _nasbench101() -> pd.DataFrame:
    import pandas as pd

    path, space = _obtain("nasbench101-partial", "zc_nasbench101"), NASBench101()
    rows: list[dict] = []

    def read() -> None:
        for text, entry in json.loads(path.read_text(encoding="utf-8"))["nasbench101"]["cifar10"].items():
            scores = {name: _finite(value) for name, value in entry.items() if name != "val_accuracy"}
            rows.append({"arch": space.canonical(nasbench101_arch(space, text)), **scores})
        if len(rows) != ENTRIES or any(row.keys() != rows[0].keys() for row in rows):
            raise ValueError(f"expected {ENTRIES} entries with the same scores")

    _reading(path, "nasbench101-partial", read)
    return pd.DataFrame(rows).rename(columns=OURS).groupby("arch", sort=False).mean().reset_index()


def _nasbench_nlp() -> pd.DataFrame:
    import pandas as pd

    arrays = built.load("nasbench-nlp")
    graph = dict(zip(arrays["recipes"].tolist(), nasbench_nlp_raw.archs(arrays), strict=True))
    frame = pd.DataFrame(arrays["ptb_scores"], columns=list(nasbench_nlp_raw.SCORES))
    frame.insert(0, "arch", [graph.get(recipe) for recipe in arrays["ptb_recipes"].tolist()])
    return frame.dropna().groupby("arch", sort=False).mean().reset_index()


def _finite(value) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not np.isfinite(value):
        raise ValueError(f"{checks.shown(value)} is no finite score")
    return float(value)


def _reading(path: Path, dataset: str, read: Callable[[], None]) -> None:
    try:
        read()
    except damaged.ZIP as error:
        raise _format(path, dataset, str(error) or repr(error)) from error


def _format(path: Path, dataset: str, why: str) -> DataError:
    return DataError(
        f"{path}: not the expected scores ({why}); run `nascore data verify {dataset}`, then `nascore data fetch "
        f"{dataset}`"
    )
