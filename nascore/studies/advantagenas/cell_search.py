"""One search for a cell on images, and its result judged by a table of trained cells: what both image studies share.

Settings: Section 5.2 where the paper says something; else the authors' code, since Appendix D is not in our copy
(weights: SGD with Nesterov momentum 0.9, 0.1 falling as a cosine, weight decay 5e-4, gradient norm at most 1; theta:
Adam with beta 0.5 and 0.999 and weight decay 3e-3). theta's learning rate is chosen for the number of its steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nascore.benchmarks.table import TabularBenchmark
from nascore.search import oneshot
from nascore.spaces.base import Arch, Space
from nascore.spaces.cell import CellSpace
from nascore.spaces.nasbench201 import NASBench201

if TYPE_CHECKING:  # torch waits until a search runs: listing experiments needs none
    from nascore.networks.supernets.cell import CellSupernet
    from nascore.search.oneshot import Hook
    from nascore.search.oneshot.log import SearchLog

WHOLE = "batch"  # stands for the number of examples in a batch
# what the table calls them -> (class, settings): one draw per architecture step for all of them, so that equal steps
# are an equal number of evaluations; PARSEC gathers its eight draws over eight steps, as in the authors' code. Of each
# rival the reading that does best where both were tried: PARSEC by the likelihood of a whole batch, as its own paper
# has it
METHODS = {
    "REINFORCE": ("Reinforce", {}),
    "PARSEC": ("PARSEC", {"sequential": True, "scale": WHOLE}),
    "ProxylessNAS": ("ProxylessNAS", {}),
    "GDAS": ("GDAS", {}),
    "AdvantageNAS": ("AdvantageNAS", {}),
    "DARTS": ("DARTS", {}),
    "SNAS": ("SNAS", {}),
    "NASP": ("NASP", {}),
    "RandomSharing": ("RandomSharing", {}),
}
SPARSE = ("REINFORCE", "PARSEC", "ProxylessNAS", "GDAS", "AdvantageNAS")
DENSE = ("DARTS", "SNAS", "NASP")
# the same strategies as their own papers or another reading would have them
VARIANTS = {
    "REINFORCE, no baseline": ("Reinforce", {"baseline": 0.0}),  # Equation 4 as printed
    "AdvantageNAS, Eq. 6": ("AdvantageNAS", {"exact": True}),  # six more forward passes per theta step
    "PARSEC, mean loss": ("PARSEC", {"sequential": True}),  # as the AdvantageNAS authors' code: nearly equal weights
    "GDAS, no constants": ("GDAS", {"constants": False}),
}

WEIGHTS, CLIP = {"momentum": 0.9, "nesterov": True, "weight_decay": 5e-4}, 1.0
THETA = {"betas": (0.5, 0.999), "weight_decay": 3e-3}


@dataclass(frozen=True)
class Budget:
    """`epochs` of `steps` weight steps of `batch` images; theta is fixed in the first `freeze` and has one step per
    weight step afterwards."""

    epochs: int
    freeze: int
    steps: int
    batch: int

    @property
    def weight_steps(self) -> int:
        return self.epochs * self.steps

    @property
    def theta_steps(self) -> int:
        return (self.epochs - self.freeze) * self.steps

    @property
    def evaluations(self) -> int:
        """Forward passes of a sparse method."""
        return self.weight_steps + self.theta_steps


def cells(zero: bool) -> CellSpace:
    """NAS-Bench-201's cells, with "none" or, as in Section 5.2, without it."""
    space = NASBench201()
    return space if zero else CellSpace(space.nodes, space.ops[1:], f"{space.name}-without-none")


def random_cell(rng: np.random.Generator, table: TabularBenchmark) -> Arch:
    """One cell without "none", drawn uniformly, as the table knows it."""
    return in_table(cells(False).sample(rng), cells(False), table.space)


def strategy(method: str, choices, batch: int, **settings):
    """The strategy that the tables call `method`; `batch`: examples in one batch of its data."""
    name, options = (METHODS | VARIANTS)[method]
    options = {key: float(batch) if value == WHOLE else value for key, value in options.items()}
    return getattr(oneshot, name)(choices, **options, **settings)


def find(
    method: str,
    supernet: CellSupernet,
    data,
    budget: Budget,
    learning_rate: float,
    seed: int,
    weight_rate: float = 0.1,
    device: str = "cpu",
    clip: float = CLIP,
    schedule: str = "cosine",
    hooks: Sequence[Hook] = (),
) -> SearchLog:
    """Run the search that the tables call `method`; `learning_rate` is theta's, `weight_rate` the weights' first one,
    `seed` the strategy's (supernet and data have their own); `clip`: of the weights' gradient; `schedule`:
    of their rate."""
    return oneshot.search(
        supernet,
        strategy(method, supernet.choices, budget.batch, seed=seed, learning_rate=learning_rate, **THETA),
        data,
        budget.epochs,
        steps_per_epoch=budget.steps,
        freeze_epochs=budget.freeze,
        seed=seed,
        progress=False,
        device=device,
        weight_optimizer="sgd",
        weight_options={**WEIGHTS, "lr": weight_rate},
        weight_schedule=schedule,
        clip=clip,
        hooks=hooks,
    )


def in_table(arch: Arch | None, space: CellSpace, table_space: Space) -> Arch | None:
    """The same cell with positions in the operations of the table's space, which may have more."""
    return None if arch is None else tuple(table_space.ops.index(space.ops[op]) for op in arch)


def course(log: SearchLog, space: CellSpace, table_space: Space, budget: Budget) -> dict:
    """What a search has left behind, without any accuracy: the two derived cells, and by epoch, from the first in which
    theta moves, argmax cell and process best (digits: operations of the table's space, edge by edge), entropy and
    validation loss."""
    frame = log.frame[log.frame["epoch"] > budget.freeze]

    def digits(arch) -> str | None:
        arch = in_table(arch, space, table_space)
        return None if arch is None else "".join(map(str, arch))

    last = frame.iloc[-1]
    tail = frame["val_loss"].tail(max(1, len(frame) // 4))
    return {
        "metrics": {
            "entropy": round(float(last["entropy"]), 4),
            "val_loss": round(float(tail.mean()), 4),
            "train_loss": round(float(frame["train_loss"].iloc[-1]), 4),
            "weight_steps": budget.weight_steps,
            "theta_steps": budget.theta_steps,
        },
        "curve": {
            "epoch": [int(epoch) - budget.freeze for epoch in frame["epoch"]],
            "arch": [digits(arch) for arch in frame["arch"]],
            "process_best": [digits(arch) for arch in frame["process_best"]],
            "entropy": [round(float(value), 4) for value in frame["entropy"]],
            "val_loss": [round(float(value), 4) for value in frame["val_loss"]],
        },
    }


def judged(row: dict, table: TabularBenchmark) -> dict:
    """`row` (as `course` gives it) with what the table says about its cells.

    metrics: for "argmax" and "process_best" the cell (X_arch), its accuracy (X_accuracy, percent), rank in the whole
    table (X_rank) and parameters in millions (X_params), null where there is no such cell; mean_accuracy and
    early_accuracy: argmax accuracy averaged over all epochs and over the first quarter of them (Figure 2's "early
    stage"). curve: accuracy of the argmax cell.
    """
    curve, metrics = dict(row["curve"]), dict(row["metrics"])
    cells = [tuple(map(int, text)) for text in curve["arch"]]
    accuracy = np.asarray(table.values(cells), float)
    best = curve["process_best"][-1]
    for name, arch in (("argmax", cells[-1]), ("process_best", None if best is None else tuple(map(int, best)))):
        metrics |= verdict(name, arch, table)
    quarter = max(1, len(cells) // 4)
    metrics |= {
        "mean_accuracy": round(float(accuracy.mean()), 4),
        "early_accuracy": round(float(accuracy[:quarter].mean()), 4),
    }
    curve["accuracy"] = [round(float(value), 4) for value in accuracy]
    return {"metrics": metrics, "curve": curve}


def verdict(name: str, arch: Arch | None, table: TabularBenchmark) -> dict:
    """The four columns of one cell, their names beginning with `name`."""
    if arch is None:
        return {f"{name}_{what}": None for what in ("arch", "accuracy", "rank", "params")}
    value = table.value(arch)
    return {
        f"{name}_arch": table.space.format(arch),
        f"{name}_accuracy": round(value, 4),
        f"{name}_rank": table.rank(value),
        f"{name}_params": round(table.cost(arch, "params") / 1e6, 4),
    }
