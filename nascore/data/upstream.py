"""What can be downloaded: one row per file in upstream.csv (URL pinned to a commit, bytes, sha256, licence)."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from nascore import checks, paths
from nascore.errors import SettingError

# What each data set is; the order is the order of `nascore data list`.
DATASETS: dict[str, str] = {
    "nasbench201": "NAS-Bench-201: 15,625 cells, 3 data sets, accuracies after 12 and 200 epochs",
    "nasbench-macro": "NAS-Bench-Macro: 6,561 chains of MBConv blocks on CIFAR-10, 3 trainings each",
    "nasbench101": "NAS-Bench-101: the official table of 423,624 cells at 108 epochs (about 500 MB)",
    "nasbench101-partial": "real NAS-Bench-101 accuracies of some hundred cells, from other projects",
    "nasbench101-ecnas": "EC-NAS: NAS-Bench-101 cells of at most 5 vertices with training time and energy",
    "nasbench201-zen": "single-seed NAS-Bench-201 validation accuracies and zen scores",
    "nasbench301": "DARTS cells with NAS-Bench-301 surrogate predictions and zero-cost scores",
    "nds": "Network Design Spaces: ImageNet runs of DARTS, ENAS, NASNet, PNAS, Amoeba and ResNet-like nets",
    "nasbench-nlp": "NAS-Bench-NLP: recurrent cells on WikiText-2 and Penn Treebank",
    "ptb": "Penn Treebank text (Mikolov's preparation)",
    "cifar10": "CIFAR-10, binary archive",
}


@dataclass(frozen=True)
class UpstreamFile:
    """One file of the registry; `bytes` is None where upstream states no exact size."""

    dataset: str
    key: str
    path: str
    url: str
    bytes: int | None
    sha256: str
    licence: str

    @property
    def local(self) -> Path:
        """Where the verified copy lies (it need not exist)."""
        return paths.cache() / "raw" / self.path


@lru_cache(maxsize=1)
def registry() -> tuple[UpstreamFile, ...]:
    """Every row of upstream.csv."""
    with open(Path(__file__).with_name("upstream.csv"), newline="", encoding="utf-8") as stream:
        return tuple(
            UpstreamFile(
                row["dataset"],
                row["key"],
                row["path"],
                row["url"],
                int(row["bytes"]) if row["bytes"] else None,
                row["sha256"],
                row["licence"],
            )
            for row in csv.DictReader(stream)
        )


def check_name(name: str) -> str:
    """`name` if it is a data set of the registry, else a SettingError listing the allowed names."""
    if not isinstance(name, str) or name not in DATASETS:
        raise SettingError(f"unknown data set {checks.shown(name)}: choose one of {', '.join(DATASETS)}")
    return name


def files(name: str) -> tuple[UpstreamFile, ...]:
    """The files of data set `name`, in registry order."""
    check_name(name)
    return tuple(file for file in registry() if file.dataset == name)


def file(name: str, key: str) -> UpstreamFile:
    """The file of data set `name` with this `key` (its role)."""
    found = {entry.key: entry for entry in files(name)}
    if key not in found:
        raise SettingError(f"unknown file {key!r} of {name}: choose one of {', '.join(found)}")
    return found[key]
