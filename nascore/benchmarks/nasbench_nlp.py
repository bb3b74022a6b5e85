"""NAS-Bench-NLP (Klyuchnikov et al., 2020): recurrent cells, trained as language models, of which the graph is public.

Both tables answer with MINUS the loss, in nats per word, because higher is better everywhere here: perplexity is
exp(-value). Each is a pool: `bench.space` holds its cells and no others. Recipes that are the same graph are one
architecture, whose trainings are its seeds.
"""

from __future__ import annotations

import numpy as np

from nascore.benchmarks.pooled import pooled
from nascore.benchmarks.table import TabularBenchmark
from nascore.data import built
from nascore.data.nasbench_nlp_raw import EPOCHS, SPLITS, archs
from nascore.spaces.base import Arch
from nascore.spaces.nasbench_nlp import NASBenchNLP
from nascore.spaces.pool import PoolSpace

ABOUT = (
    "Minus the {split} loss on {text}, nats per word (perplexity = exp(-value)), {when}. Seeds are trainings of the "
    "same graph, mostly under different recipe numbers, 'mean' their mean; NaN: the training broke off."
)


def load_nasbench_nlp_wikitext2(
    dataset: str = "wikitext2", split: str = "test", epochs: int = EPOCHS, seed: str | int = "mean"
) -> TabularBenchmark:
    """Minus the loss (nats per word) on WikiText-2 after each of 50 epochs: 345 trainings of 265 cells.

    split: test, val or train. seed: "mean", or 0 to 13, an architecture's own trainings in the order of recipe numbers
    (most have one). The epochs are checkpoints of one training. Costs: params (as published, all words included),
    seconds (mean of an epoch on the authors' machine). Raises DataError where the files have not been fetched.
    """
    arrays = built.load("nasbench-nlp")
    return pooled(
        NASBenchNLP(),
        archs(arrays),
        -arrays["losses"],
        name="nasbench-nlp-wikitext2",
        dataset="wikitext2",
        splits=SPLITS,
        epochs=range(1, EPOCHS + 1),
        about=ABOUT.format(split="val, test or train", text="WikiText-2", when="after so many epochs of 50"),
        checksum=built.digest(arrays),
        costs={"params": arrays["params"], "seconds": np.nanmean(arrays["seconds"], axis=1)},
        question={"dataset": dataset, "split": split, "epochs": epochs, "seed": seed},
        resumable=True,
    )


def load_nasbench_nlp_ptb(
    dataset: str = "ptb", split: str = "test", epochs: str = "final", seed: str | int = "mean"
) -> TabularBenchmark:
    """Minus the test loss (nats per word) on Penn Treebank at the end of training: 312 trainings of 249 cells.

    Of the 12,342 published trainings, those whose graph can be built: recipes are public for the WikiText-2 runs only.
    seed as in `load_nasbench_nlp_wikitext2`. Costs: params (as published). Raises DataError where the files have not
    been fetched.
    """
    arrays = built.load("nasbench-nlp")
    graph = dict(zip(arrays["recipes"].tolist(), archs(arrays), strict=True))
    rows = [row for row, recipe in enumerate(arrays["ptb_recipes"].tolist()) if recipe in graph]
    rows = [row for row in rows if not np.isnan(arrays["ptb_loss"][row])]
    return pooled(
        NASBenchNLP(),
        [graph[arrays["ptb_recipes"][row]] for row in rows],
        -arrays["ptb_loss"][rows].astype(np.float32)[:, None, None],
        name="nasbench-nlp-ptb",
        dataset="ptb",
        splits=("test",),
        epochs=("final",),
        about=ABOUT.format(split="test", text="Penn Treebank", when="at the end of training"),
        checksum=built.digest(arrays),
        costs={"params": arrays["ptb_params"][rows]},
        question={"dataset": dataset, "split": split, "epochs": epochs, "seed": seed},
        resumable=False,
    )


def featured_pool(benchmark: TabularBenchmark) -> PoolSpace:
    """The cells of a NAS-Bench-NLP benchmark that have published graph features (doc2vec, 10 numbers), as a pool whose
    distance they are: those that the benchmark's own and GenNAS's searches went by. 105 of the 265 cells have them;
    the benchmark's own space covers all cells and goes by our `graph_features`."""
    arrays = built.load("nasbench-nlp")
    row = {recipe: place for place, recipe in enumerate(arrays["feature_recipes"].tolist())}
    known: dict[Arch, int] = {}
    for recipe, arch in zip(arrays["recipes"].tolist(), archs(arrays), strict=True):
        if recipe in row:
            known.setdefault(arch, row[recipe])  # of several recipes of one cell, the first
    found = [arch for arch in benchmark.archs if arch in known]
    return PoolSpace(NASBenchNLP(), found, arrays["features"][[known[arch] for arch in found]], distance="doc2vec")
