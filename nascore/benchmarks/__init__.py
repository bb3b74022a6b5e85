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


# name -> (module, function, and what else it is told); loaded when asked for
_BENCHMARKS: dict[str, tuple] = {
    "digits201": ("digits201", "load_digits201"),
    "nasbench101": ("nasbench101", "load_nasbench101"),
    "nasbench101-sample": ("nasbench101_sample", "load_nasbench101_sample"),
    "nasbench101-surrogate": ("nasbench101_surrogate", "load_nasbench101_surrogate"),
    "nasbench301-surrogate": ("nasbench301_surrogate", "load_nasbench301_surrogate"),
    "nasbench201": ("nasbench201", "load_nasbench201"),
    "nasbench-nlp-ptb": ("nasbench_nlp", "load_nasbench_nlp_ptb"),
    "nasbench-nlp-wikitext2": ("nasbench_nlp", "load_nasbench_nlp_wikitext2"),
    "nasbench-macro": ("nasbench_macro", "load_nasbench_macro"),
    "nasbench-macro-synthetic": ("synthetic", "load_nasbench_macro_synthetic"),
    **{
        f"nds-{name}": ("nds", "load_nds", {"name": f"nds-{name}"})
        for name in (
            "amoeba",
            "darts",
            "darts-f",
            "darts-lr-wd",
            "enas",
            "nasnet",
            "pnas",
            "resnet-lr-wd",
            "resnext-a",
            "resnext-b",
            "vanilla-lr-wd",
        )
    },
}


def available() -> list[str]:
    """The names that `load` knows."""
    return sorted(_BENCHMARKS)


def load(name: str, **question) -> TabularBenchmark:
    """A benchmark by name; `dataset`, `split`, `epochs` (and `seed`) say which accuracy it answers.

    Raises SettingError for an unknown name or question, DataError when its data is not here (the message says how to
    get it). digits201, nasbench101-surrogate and nasbench-macro-synthetic need no download. The values of the two
    nasbench-nlp tables are minus the loss in nats per word, because higher is better; all others are percent.

    What a cost counts, by the table's `costs`: params are weights, everywhere. flops are multiply-accumulates of one
    image as a plain count: of convolutions and the dense layer in nasbench101 and its surrogate, of poolings too in
    digits201, as published in nasbench-macro and the nds tables, invented in nasbench-macro-synthetic. nasbench201 has
    two counts in the field's use, both in millions and neither called flops: flops_official, of convolutions and the
    dense layer, as its own API prints it, and flops_naslib, NASLib's, with poolings, normalisations and rectifiers
    (116.69 where the official one is 113.95). nasbench101's training_time and the surrogate's train_seconds are
    seconds.
    """
    if not isinstance(name, str) or name not in _BENCHMARKS:
        raise SettingError(f"benchmark {checks.shown(name, 60)}: expected one of {', '.join(available())}")
    unknown = set(question) - {"dataset", "split", "epochs", "seed"}
    if unknown:
        raise SettingError(f"{', '.join(sorted(unknown))}: a benchmark is asked by dataset, split, epochs and seed")
    module, function, *more = _BENCHMARKS[name]
    return getattr(importlib.import_module(f".{module}", __name__), function)(**question, **(more[0] if more else {}))
