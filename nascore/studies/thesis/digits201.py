"""Chapter 3 on digits201: what becomes of a search by magnitude, and what its supernet knows all the same.

One unit is one search; several selections are made from its supernet, so that they are paired: by magnitude, by
perturbation (tuned in between as in print, not tuned, and with the loss as criterion). The table of cells that were
trained alone judges. theta's rate is FALLS, at which a trial saw cells by magnitude become worse as the search went on
(the thesis's starting point), and, apart, each method's own best by magnitude on TUNING_SEEDS (`tuned`): does the claim
hold where the rival is at its best?
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from nascore import benchmarks
from nascore.spaces.base import Arch
from nascore.spaces.nasbench201 import NASBench201
from nascore.studies.experiment import Experiment, Unit

METHODS = ("DARTS", "SDARTS-RS", "SGAS", "SGAS+PT", "DrNAS", "DrNAS, KL", "DrNAS, progressive")
SELECTED = ("DARTS", "SDARTS-RS", "DrNAS")  # whose supernets perturbation is tried on
SEEDS, TUNING_SEEDS, TRACED = range(10), range(1000, 1002), range(3)
FALLS, DECAY, WEIGHT_RATE, EPSILON = 0.03, 1e-3, 0.4, 0.3
GRID = (0.001, 0.003, 0.01, 0.03, 0.1)
TUNED = ("DARTS", "SDARTS-RS", "SGAS", "DrNAS")
RATES: dict[str, float] = {}  # from the tuning rows, see `tuned`; empty: they are not there yet
BATCH, EPOCHS, STEPS = 64, 25, 250
# one pass over the validation images judges; tuning: as many steps between two decisions as 5 epochs are of 50
JUDGES, TUNE = 3000 // BATCH, 60
SNAPSHOTS = (5, 10, 15, 20)  # epochs that perturbation is tried from, on TRACED seeds of DARTS
SMALL = {"epochs": 2, "steps": 2, "batch": 16, "judges": 1, "tune": 1, "snapshots": (1,)}
LARGE = {"epochs": EPOCHS, "steps": STEPS, "batch": BATCH, "judges": JUDGES, "tune": TUNE, "snapshots": SNAPSHOTS}
SECONDS = {"search": 330, "tuning": 250, "best": 330}


def _unit(method: str, seed: int, none: bool, rate: float = FALLS, role: str = "search", size: str = "laptop") -> Unit:
    config = {"method": method, "none": none, "learning_rate": rate, "role": role, "size": size}
    return Unit(config, seed, 1 if size == "smoke" else SECONDS[role])


def _units(profile: str) -> list[Unit]:
    if profile == "smoke":
        return [_unit(method, seed, True, size="smoke") for method in METHODS for seed in range(2)]
    units = [_unit(method, seed, none) for seed in SEEDS for none in (True, False) for method in METHODS]
    units += [_unit(m, s, False, rate, "tuning") for s in TUNING_SEEDS for rate in GRID for m in TUNED]
    return units + [_unit(m, s, False, RATES[m], "best") for s in SEEDS for m in TUNED if m in RATES]


def tuned(rows) -> dict[str, float]:
    """Of each method theta's rate whose cells by magnitude have the best mean validation accuracy in the table, on the
    tuning seeds; `rows`: a DataFrame."""
    rows = rows[rows["role"] == "tuning"]
    mean = rows.pivot_table(index="method", columns="learning_rate", values="magnitude_val", sort=False)
    return mean.idxmax(axis=1).to_dict()


def space(none: bool):
    from nascore.networks.supernets.cell import without_none

    return NASBench201() if none else without_none()


def strategy(method: str, choices, seed: int, rate: float):
    from nascore.search import oneshot

    name = method.split(",")[0].removesuffix("+PT")
    settings: dict[str, Any] = {"seed": seed, "learning_rate": rate, "betas": (0.5, 0.999), "weight_decay": DECAY}
    if name == "DrNAS":
        # by what the authors' code calls l2 the decay of theta is the regulariser
        kind = {"regulariser": "kl", "weight_decay": 0.0} if "KL" in method else {"regulariser": "none"}
        return oneshot.DrNAS(choices, **settings | kind)
    if name == "SGAS":
        return oneshot.SGAS(choices, **settings)
    made = oneshot.DARTS(choices, **settings)
    return oneshot.RandomSmoothing(made, EPSILON, seed=seed) if name == "SDARTS-RS" else made


def _hooks(method: str, data, size: dict, traced: bool) -> list:
    from nascore.search import oneshot

    hooks: list = []
    if method == "SGAS+PT":
        hooks.append(oneshot.PerturbationDecisions(data, batches=size["judges"]))
    if method == "DrNAS, progressive":
        hooks.append(oneshot.ProgressiveShrinking({size["epochs"] // 2: 3}))
    return [*hooks, oneshot.Snapshots(size["snapshots"][0])] if traced else hooks


def _run(config: dict, seed: int) -> dict:
    """metrics: magnitude_, pt_, untuned_ and loss_ with accuracy (test, percent) and rank (1 of 15,625) of the cell
    that is selected by magnitude, by perturbation, without tuning in between, and by the loss; magnitude_val and pt_val
    (validation accuracy in the table); best_accuracy (of the best epoch's cell by magnitude), entropy, supernet (its
    accuracy on validation images), agree (edges on which magnitude and perturbation agree), skips (of the cell by
    magnitude), search_s and pt_s (CPU seconds). curve: epoch, accuracy, skips; pt_epoch, pt_accuracy (from
    snapshots)."""
    from nascore.data.images import digits
    from nascore.networks.supernets.cell import digits201_supernet
    from nascore.search import oneshot

    size = SMALL if config["size"] == "smoke" else LARGE
    method, cells = config["method"], space(config["none"])
    traced = method == "DARTS" and config["role"] == "search" and seed in TRACED
    net, data = digits201_supernet(space=cells, seed=seed), digits(size["batch"], seed)
    hooks = _hooks(method, data, size, traced)
    began = time.process_time()
    log = oneshot.search(
        net,
        strategy(method, net.choices, seed, config["learning_rate"]),
        data,
        epochs=size["epochs"],
        steps_per_epoch=size["steps"],
        weight_options={"lr": WEIGHT_RATE},
        seed=seed,
        progress=False,
        hooks=hooks,
    )
    spent = time.process_time() - began
    assert log.run is not None
    table = _Judge(cells)
    archs = list(log.frame["arch"])
    metrics = table.of("magnitude", archs[-1], val=True)
    metrics["best_accuracy"] = max(table.accuracy(arch) for arch in archs)
    curve: dict[str, list] = {
        "epoch": list(range(1, len(archs) + 1)),
        "accuracy": [table.accuracy(arch) for arch in archs],
        "skips": [table.skips(arch) for arch in archs],
    }
    if method in SELECTED and config["role"] != "tuning":
        given: dict[str, Any] = {"seed": seed, "batches": size["judges"]}
        began = time.process_time()
        chosen = log.derive(oneshot.PerturbationSelection(data, size["tune"], **given))
        metrics |= {"pt_s": round(time.process_time() - began, 2), **table.of("pt", chosen, val=True)}
        metrics["agree"] = sum(a == b for a, b in zip(chosen, archs[-1], strict=True))
        metrics |= table.of("untuned", log.derive(oneshot.PerturbationSelection(data, 0, **given)))
        metrics |= table.of("loss", log.derive(oneshot.PerturbationSelection(data, 0, criterion="loss", **given)))
        if traced:
            snapshots = hooks[-1]
            curve |= {"pt_epoch": [], "pt_accuracy": []}
            for epoch in size["snapshots"]:
                with snapshots.back(log.run, epoch) as run:
                    found = oneshot.PerturbationSelection(data, size["tune"], **given).on(run)
                curve["pt_epoch"].append(epoch)
                curve["pt_accuracy"].append(table.accuracy(found))
    last = log.frame.iloc[-1]
    metrics |= {"entropy": round(float(last["entropy"]), 4), "skips": table.skips(archs[-1])}
    metrics["supernet"] = round(_supernet(log.run, data, size["judges"]), 3)
    return {"metrics": metrics | {"search_s": round(spent, 1)}, "curve": curve}


def _supernet(run, data, judges: int) -> float:
    """Validation accuracy of the mixture, percent."""
    from nascore.search.oneshot.strength import Strength

    strength = Strength.on_first(run, data, judges)
    return strength.value(strength.mixture())


class _Judge:
    """digits201's table, for cells of a space with or without "none"."""

    def __init__(self, cells):
        self.cells, self.table = cells, benchmarks.load("digits201", split="test")
        self.val = self.table.select(split="val")

    def _arch(self, arch: Arch) -> Arch:
        return self.table.space.parse(self.cells.format(arch))

    def accuracy(self, arch: Arch) -> float:
        return round(float(self.table.value(self._arch(arch))), 4)

    def of(self, name: str, arch: Arch, val: bool = False) -> dict[str, Any]:
        value = self.table.value(self._arch(arch))
        found = {f"{name}_accuracy": round(float(value), 4), f"{name}_rank": self.table.rank(value)}
        found[f"{name}_arch"] = self.cells.format(arch)
        return found | ({f"{name}_val": round(float(self.val.value(self._arch(arch))), 4)} if val else {})

    def skips(self, arch: Sequence[int]) -> int:
        return int(np.sum([self.cells.ops[op] == "skip_connect" for op in arch]))


DIGITS = Experiment(
    "thesis/digits201",
    1,
    "Chapter 3 on digits201: magnitude against perturbation, DrNAS, SGAS, SDARTS",
    _units,
    _run,
    lambda config: f"digits201:{benchmarks.load('digits201').checksum}",
    "thesis",
)
