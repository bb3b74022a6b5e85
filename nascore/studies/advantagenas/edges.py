"""Where does crediting each edge begin to pay? The same comparison on cells of 6 to 28 edges (ours, not the paper's).

Section 4.4 says that REINFORCE's variance grows with the number of edges and the advantage's does not. Figure 1's
toy has 10 edges and Table 2's cells have 6. Here both tasks are repeated with 6, 10, 15, 21 and 28: the toy with so
many edges, and digit cells of 4 to 8 nodes, NAS-Bench-201's without "none" and larger ones. No table knows the larger
cells: a derived cell is trained alone by digits201's recipe, twice, and judged by its mean test accuracy.
REINFORCE as printed and with the authors' moving average of the losses are both there. theta's rates are tuned on
TUNING_SEEDS: on the toy for every method and size, on digits for every method on cells of 15 edges.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from nascore.studies.advantagenas.cell_search import Budget, find, strategy
from nascore.studies.experiment import Experiment, Unit

EDGES = {6: 4, 10: 5, 15: 6, 21: 7, 28: 8}  # of a complete cell -> its nodes
METHODS = ("AdvantageNAS", "REINFORCE", "REINFORCE, no baseline")
# on the toy only, on 28 edges 29 forward passes a step; at the rate of Equation 7
EXACT = "AdvantageNAS, Eq. 6"
RANDOM = "random cell"
SEEDS, TUNING_SEEDS = range(10), range(1000, 1003)
GRIDS = {"toy": (0.001, 0.003, 0.01, 0.03, 0.1), "digits": (0.01, 0.03, 0.1, 0.3, 1.0)}
TUNED_ON = 15  # edges of the digit cells
# theta's rate, from the tuning rows; `tuned` finds them
TOY_RATES = {(method, edges): 0.01 for method in (*METHODS, EXACT) for edges in EDGES}
DIGIT_RATES = dict.fromkeys(METHODS, 0.1)
ITERATIONS, EVERY = {"smoke": 40, "laptop": 2000}, 10
BUDGETS = {"smoke": Budget(epochs=4, freeze=2, steps=2, batch=16), "laptop": Budget(100, 50, 12, 64)}
TRAININGS = 2  # of a derived cell
OPS = ("skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")


def _unit(task: str, edges: int, method: str, rate: float, role: str, size: str, seed: int) -> Unit:
    config = {"task": task, "edges": edges, "method": method, "learning_rate": rate, "role": role, "size": size}
    seconds = edges * (1.2 if method == EXACT else 0.7) if task == "toy" else 25 + 5 * edges
    return Unit(config, seed, 1 if size == "smoke" else 2 + edges / 2 if method == RANDOM else seconds)


def _units(profile: str) -> list[Unit]:
    size = "smoke" if profile == "smoke" else "laptop"
    seeds, tuning = (SEEDS[:2], TUNING_SEEDS[:0]) if size == "smoke" else (SEEDS, TUNING_SEEDS)
    sizes = (6, 10) if size == "smoke" else tuple(EDGES)
    units = [
        _unit("toy", edges, method, rate, "tuning", size, seed)
        for seed in tuning
        for edges in sizes
        for method in METHODS
        for rate in GRIDS["toy"]
    ]
    units += [
        _unit("digits", TUNED_ON, method, rate, "tuning", size, seed)
        for seed in tuning
        for method in METHODS
        for rate in GRIDS["digits"]
    ]
    for seed in seeds:
        for edges in sizes:
            units += [
                _unit("toy", edges, method, TOY_RATES[method, edges], "search", size, seed)
                for method in (*METHODS, EXACT)
            ]
    for seed in seeds:
        for edges in sizes:
            units += [
                _unit("digits", edges, method, rate, "search", size, seed) for method, rate in DIGIT_RATES.items()
            ]
            units.append(_unit("digits", edges, RANDOM, 0.0, "search", size, seed))
    return units


def tuned(rows) -> dict[tuple[str, str, int], float]:
    """(task, method, edges) -> the rate that did best on the tuning seeds: on the toy by the share of right edges,
    averaged over the search, on digits by the accuracy on the validation images; `rows`: a DataFrame."""
    rows = rows[rows["role"] == "tuning"]
    found = {}
    for (task, method, edges), part in rows.groupby(["task", "method", "edges"], sort=False):
        column = "share_mean" if task == "toy" else "val"
        found[task, method, edges] = float(part.groupby("learning_rate")[column].mean().idxmax())
    return found


def _run(config: dict, seed: int) -> dict:
    """metrics. toy: share_mean and share_end (of the edges that are the teacher's, over the search and at its end),
    iterations_to_90 (first evaluation from which on nine tenths of the edges are right; the number of iterations + 10
    where there is none). digits: test and val (percent, mean of the trainings of the derived cell), val_loss of the
    draws. Both: entropy."""
    return (_toy if config["task"] == "toy" else _digits)(config, seed)


def _toy(config: dict, seed: int) -> dict:
    from nascore.networks.supernets.toy import ToyData, ToySupernet
    from nascore.search import oneshot

    iterations = ITERATIONS[config["size"]]
    net = ToySupernet(config["edges"], seed=seed)
    data = ToyData(net, steps=EVERY, seed=seed)
    searcher = strategy(
        config["method"], net.choices, data.batch, seed=seed, learning_rate=config["learning_rate"], betas=(0.9, 0.999)
    )
    log = oneshot.search(net, searcher, data, epochs=iterations // EVERY, seed=seed, progress=False)
    share = np.array([np.mean([a == b for a, b in zip(arch, data.arch, strict=True)]) for arch in log.frame["arch"]])
    below = np.flatnonzero(share < 0.9)
    settled = 1 if not len(below) else int(below[-1]) + 2
    return {
        "metrics": {
            "share_mean": round(float(share.mean()), 4),
            "share_end": round(float(share[-1]), 4),
            "iterations_to_90": settled * EVERY,
            "entropy": round(searcher.entropy(), 4),
        },
        "curve": {"iteration": [(n + 1) * EVERY for n in range(len(share))], "share": share.round(4).tolist()},
    }


def _digits(config: dict, seed: int) -> dict:
    from nascore.benchmarks.recipes.digits201.recipe import RECIPE
    from nascore.data.images import digits
    from nascore.networks.supernets.cell import digits201_supernet
    from nascore.spaces.cell import CellSpace

    space = CellSpace(EDGES[config["edges"]], OPS)
    if config["method"] == RANDOM:
        arch, found = space.sample(np.random.default_rng([11, seed])), {}
    else:
        budget = BUDGETS[config["size"]]
        supernet, data = digits201_supernet(space=space, seed=seed), digits(budget.batch, seed)
        rate = RECIPE.learning_rate
        log = find(config["method"], supernet, data, budget, config["learning_rate"], seed, weight_rate=rate)
        last = log.frame.iloc[-1]
        arch, found = last["arch"], {"entropy": float(last["entropy"]), "val_loss": float(last["val_loss"])}
    trained = [alone(space, arch, 100 * seed + n, config["size"]) for n in range(TRAININGS)]
    val, test = np.mean(trained, 0)
    metrics = {"test": test, "val": val, **found}
    return {"metrics": {name: round(float(v), 4) for name, v in metrics.items()} | {"arch": space.format(arch)}}


@lru_cache(maxsize=1)
def _pools() -> dict:
    import torch

    from nascore.data.cluttered import cluttered_digits

    pools = {name: cluttered_digits(name) for name in ("train", "val", "test")}
    return {name: (torch.tensor(pool.images), torch.tensor(pool.labels)) for name, pool in pools.items()}


def alone(space, arch, seed: int, size: str = "laptop") -> tuple[float, float]:
    """Validation and test accuracy (percent) of one cell trained alone by digits201's recipe."""
    import torch
    import torch.nn.functional as F

    from nascore import networks
    from nascore.benchmarks.recipes.digits201.recipe import RECIPE

    net = networks.build(space, arch, **RECIPE.skeleton, seed=seed).train()
    images, labels = _pools()["train"]
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    settings = {"momentum": RECIPE.momentum, "weight_decay": RECIPE.weight_decay, "nesterov": True}
    optimizer = torch.optim.SGD(net.parameters(), RECIPE.learning_rate, **settings)
    for step in range(2 if size == "smoke" else RECIPE.steps):
        optimizer.param_groups[0]["lr"] = RECIPE.rate(step)
        batch = order[step * RECIPE.batch : (step + 1) * RECIPE.batch]
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(net(images[batch]), labels[batch]).backward()
        optimizer.step()
    net.eval()
    with torch.no_grad():
        val, test = (
            100 * float((torch.cat([net(part) for part in images.split(500)]).argmax(1) == labels).float().mean())
            for images, labels in (_pools()["val"], _pools()["test"])
        )
    return val, test


EDGES_STUDY = Experiment(
    "advantagenas/edges",
    1,
    "The advantage against a baseline as the number of edges grows",
    _units,
    _run,
    lambda config: "uniform noise and a random teacher" if config["task"] == "toy" else "cluttered digits (ours)",
    "advantagenas",
)
