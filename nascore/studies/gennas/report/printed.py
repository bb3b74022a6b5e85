"""Where the numbers of Tables 3 and 4 stand in data/papers/gennas.toml, and which of them a page shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from nascore.errors import NascoreError

# (sample, column) -> (how a page calls it, row of the printed tables; "": nothing is printed)
PLACES = {
    ("nasbench101", "cifar10"): ("NAS-Bench-101, CIFAR-10", "nasbench101_cifar_10"),
    ("nasbench101-imagenet", "imagenet"): ("NAS-Bench-101, ImageNet", "nasbench101_imgnet"),
    ("nasbench201", "cifar10"): ("NAS-Bench-201, CIFAR-10", "nasbench201_cifar_10"),
    ("nasbench201", "cifar100"): ("NAS-Bench-201, CIFAR-100", "nasbench201_cifar_100"),
    ("nasbench201", "imagenet16-120"): ("NAS-Bench-201, ImageNet16-120", "nasbench201_imgnet16"),
    ("nds-darts", "imagenet"): ("DARTS, ImageNet", "nds_imagenet_darts"),
    ("nds-darts-f", "imagenet"): ("DARTS-f, ImageNet", "nds_imagenet_darts_f"),
    ("nds-amoeba", "imagenet"): ("Amoeba, ImageNet", "nds_imagenet_amoeba"),
    ("nds-enas", "imagenet"): ("ENAS, ImageNet", "nds_imagenet_enas"),
    ("nds-nasnet", "imagenet"): ("NASNet, ImageNet", "nds_imagenet_nasnet"),
    ("nds-pnas", "imagenet"): ("PNAS, ImageNet", "nds_imagenet_pnas"),
    ("nds-resnext-a", "imagenet"): ("ResNeXt-A, ImageNet", "nds_imagenet_resnext_a"),
    ("nds-resnext-b", "imagenet"): ("ResNeXt-B, ImageNet", "nds_imagenet_resnext_b"),
    ("nasbench-nlp", "ptb"): ("NAS-Bench-NLP, PTB", "nlp_ptb"),
    ("nasbench-macro", "cifar10"): ("NAS-Bench-Macro, CIFAR-10", ""),
    ("smoke", "digits201"): ("digits201, a few cells", ""),
}
# what is measured -> (column of the rows, printed table, its unit in ours)
QUESTIONS = {"tau": ("tau", "table3", 1.0), "top 10 %": ("top", "table4", 0.01)}
COLUMNS = {  # proxy -> column of the printed tables
    "naswot": "naswot",
    "synflow": "synflow",
    "jacob_cov": "jacob_cov",
    "snip": "snip",
    "grad_norm": "grad_norm",
    "grasp": "grasp",
    "econas": "econas",
    "gennas-single": "single",
    "gennas-combo": "combo",
    "gennas-search": "search",
    "gennas-search-n": "search_n",
    "gennas-search-d": "search_d",
    "gennas-search-r": "search_r",
}


def values(value: Callable, sample: str, column: str, question: str = "tau") -> dict[str, float]:
    """proxy -> the printed number as a share of 1; `value`: `nascore.companion.papers.paper_value`."""
    row, (_, table, unit), found = PLACES[sample, column][1], QUESTIONS[question], {}
    for proxy, name in COLUMNS.items() if row else ():
        try:
            found[proxy] = unit * value("gennas", f"{table}.{row}.{name}").value
        except NascoreError:
            continue  # the table has no such entry
    return found


def texts(value: Callable, titles: Mapping[str, tuple[str, str, str]]) -> dict[str, dict[Any, str]]:
    """Title -> {proxy: printed text}; `titles`: title -> (sample, column, question)."""
    return {
        title: {proxy: f"{number:.2f}" for proxy, number in values(value, *place).items()}
        for title, place in titles.items()
    }


def titles(sample: str, question: str = "tau") -> dict[str, tuple[str, str, str]]:
    """Title of a column of a page -> (sample, column, question), for every accuracy that a sample is held against."""
    places = [(name.rsplit(", ", 1)[-1], key) for key, (name, _) in PLACES.items() if key[0] == sample]
    return {title: (*key, question) for title, key in places}


def measured(places: Mapping[str, tuple[str, str, str]], answer: Any) -> dict[str, tuple[str, Any]]:
    """Title -> (column of the rows, `answer`), as `nascore.companion.summaries.table` takes it."""
    return {title: (f"{QUESTIONS[question][0]}_{column}", answer) for title, (_, column, question) in places.items()}
