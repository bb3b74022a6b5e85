"""What answers "how good is this architecture?": tables, surrogates, and the Oracle that counts queries."""

from __future__ import annotations

import importlib

from nascore import checks
from nascore.benchmarks.curves import Query, Training
from nascore.benchmarks.oracle import Oracle
from nascore.benchmarks.table import TabularBenchmark, from_table
from nascore.errors import SettingError

__all__ = ["Oracle", "Query", "SharedWeights", "TabularBenchmark", "Training", "available", "from_table", "load"]


def __getattr__(name: str):  # torch waits until somebody asks shared weights
    if name == "SharedWeights":
        return importlib.import_module(".shared_weights", __name__).SharedWeights
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


# name -> (module, function); loaded when asked for
_BENCHMARKS = {
    "digits201": ("digits201", "load_digits201"),
    "nasbench101": ("nasbench101", "load_nasbench101"),
    "nasbench101-surrogate": ("nasbench101_surrogate", "load_nasbench101_surrogate"),
    "nasbench201": ("nasbench201", "load_nasbench201"),
    "nasbench-macro": ("nasbench_macro", "load_nasbench_macro"),
    "nasbench-macro-synthetic": ("synthetic", "load_nasbench_macro_synthetic"),
}


def available() -> list[str]:
    """The names that `load` knows."""
    return sorted(_BENCHMARKS)


def load(name: str, **question) -> TabularBenchmark:
    """A benchmark by name; `dataset`, `split`, `epochs` (and `seed`) say which accuracy it answers.

    Raises SettingError for an unknown name or question, DataError when its data is not here (the message says how to
    get it). digits201, nasbench101-surrogate and nasbench-macro-synthetic need no download.

    What a cost counts, by the table's `costs`: params are weights, everywhere. flops are multiply-accumulates of one
    image as a plain count: of convolutions and the dense layer in nasbench101 and its surrogate, of poolings too in
    digits201, as published in nasbench-macro, invented in nasbench-macro-synthetic. nasbench201 has two counts in the
    field's use, both in millions and neither called flops: flops_official, of convolutions and the dense layer, as its
    own API prints it, and flops_naslib, NASLib's, with poolings, normalisations and rectifiers (116.69 where the
    official one is 113.95). nasbench101's training_time and the surrogate's train_seconds are seconds.
    """
    if not isinstance(name, str) or name not in _BENCHMARKS:
        raise SettingError(f"benchmark {checks.shown(name)}: expected one of {', '.join(available())}")
    unknown = set(question) - {"dataset", "split", "epochs", "seed"}
    if unknown:
        raise SettingError(f"{', '.join(sorted(unknown))}: a benchmark is asked by dataset, split, epochs and seed")
    module, function = _BENCHMARKS[name]
    return getattr(importlib.import_module(f".{module}", __name__), function)(**question)
