"""The experiment "advantagenas/toy": Figure 1 of AdvantageNAS, the regression with fixed weights (Section 5.1)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from nascore.search import oneshot
from nascore.studies.experiment import Experiment, Unit

if TYPE_CHECKING:  # torch waits until a unit runs: listing experiments needs none
    import torch

    from nascore.networks.choices import Draw
    from nascore.networks.supernets.toy import ToyData, ToySupernet

EVERY = 10  # iterations between two evaluations
FIGURE = 600  # the last iteration that Figure 1 shows
THRESHOLD = 0.1  # of the loss of random architectures; chosen before any row was computed
SCALE = 100  # the figure's losses are multiplied by 100

# line of Figure 1 -> (strategy, options as the paper states them, options of the authors' code)
METHODS: dict[str, tuple[str, dict, dict]] = {
    "AdvantageNAS": ("AdvantageNAS", {}, {}),
    "REINFORCE": ("Reinforce", {"baseline": 0.0}, {"baseline": 0.05}),
    # the likelihood of all 100 images, as its own paper has it: by their mean the weights are nearly equal
    "PARSEC": ("PARSEC", {"scale": 100.0}, {"weighting": "loss", "sequential": True}),
    "GDAS": ("GDAS", {}, {}),
    "ProxylessNAS": ("ProxylessNAS", {}, {"mixing": "sum"}),
    "DARTS": ("DARTS", {}, {}),
    "SNAS": ("SNAS", {}, {}),
    "NASP": ("NASP", {}, {"projection": "rescale", "init": 1.0}),
    # not in the figure
    "AdvantageNAS, Eq. 6": ("AdvantageNAS", {"exact": True}, {}),
    "REINFORCE, baseline": ("Reinforce", {"baseline": 0.05}, {}),
    "PARSEC, mean loss": ("PARSEC", {}, {}),
    "Random": ("RandomSharing", {}, {}),
}
FIGURE_METHODS, EXTRA_METHODS = list(METHODS)[:8], list(METHODS)[8:]
DENSE = ("DARTS", "SNAS", "NASP")
FLOOR = 0.001  # exploration in the draws of the authors' code


def strategy(method: str, settings: str, choices, seed: int) -> oneshot.Strategy:
    """A line of the figure, `settings` "paper" or "code"; theta by Adam, 0.001, betas 0.9 and 0.999."""
    name, paper, code = METHODS[method]
    options = paper if settings == "paper" else {**code, "floor": FLOOR}
    return getattr(oneshot, name)(choices, seed=seed, learning_rate=1e-3, betas=(0.9, 0.999), **options)


def run(config: dict, seed: int) -> dict:
    """One trial (`seed`: weights, teacher, batches and draws) of config = {"method", "settings", "iterations"}.

    All methods of a trial share weights, teacher and batches. An iteration is one architecture update (the weights are
    fixed). Every 10 iterations the loss of the derived architecture (for all but "Random" the most probable operation
    of each edge) is measured on 100 fresh images. Losses are multiplied by 100, as in the figure.

    metrics: loss_0, loss_100, loss_300, loss_600, loss_end (at those iterations; None beyond the end); area_600: mean
    over the evaluations up to iteration 600; random_loss: mean of random architectures; iterations_to_90: first
    evaluation from which on the loss stays at or below a tenth of that (None: never); found_at: first evaluation with
    the teacher's architecture; edges_600, edges_end: edges as the teacher's; late_loss, late_spread, late_changes:
    mean and standard deviation of the loss and changes of the derived architecture in the last quarter of the
    iterations; entropy; passes: forward passes per iteration; active: operations computed per pass;
    bytes_architecture and bytes_weights: what autograd keeps for one backward pass of an architecture step along the
    mixing weights, and of a weight step; bytes_operations: the outputs of the operations alone; seconds_per_1000.
    """
    from nascore.networks.choices import one_hot
    from nascore.networks.supernets.toy import ToyData, ToySupernet, random_loss

    iterations = config["iterations"]
    net = ToySupernet(seed=seed)
    data = ToyData(net, steps=EVERY, seed=seed)
    searcher = strategy(config["method"], config["settings"], net.choices, seed)
    archs = [searcher.derive()]
    begin = time.perf_counter()
    log = oneshot.search(net, searcher, data, epochs=iterations // EVERY, seed=seed, progress=False)
    seconds = time.perf_counter() - begin
    archs += [tuple(arch) for arch in log.frame["arch"]]
    ops = len(net.choices.ops)
    losses = [SCALE * net.measures(data.test(number), one_hot(arch, ops))["loss"] for number, arch in enumerate(archs)]
    level = SCALE * random_loss(data)
    metrics = _course(np.array(losses), archs, data.arch, level) | {
        "random_loss": level,
        "entropy": searcher.entropy(),
        **_cost(searcher, data, seed),
        "seconds_per_1000": 1000 * seconds / iterations,
    }
    return {
        "metrics": {name: _rounded(value) for name, value in metrics.items()},
        "curve": {
            "iteration": list(range(0, iterations + 1, EVERY)),
            "loss": [_rounded(v) for v in losses],
            "edges": [_right(arch, data.arch) for arch in archs],
        },
    }


def _rounded(value):
    return float(f"{value:.5g}") if isinstance(value, float) else value


def _right(arch, teacher) -> int:
    return sum(a == b for a, b in zip(arch, teacher, strict=True))


def _course(losses: np.ndarray, archs: list, teacher: tuple, level: float) -> dict:
    last = len(losses) - 1
    at = {f"loss_{t}": float(losses[t // EVERY]) if t // EVERY <= last else None for t in (0, 100, 300, FIGURE)}
    above = np.flatnonzero(losses > THRESHOLD * level)
    settled = 0 if not len(above) else int(above[-1]) + 1
    found = [number for number, arch in enumerate(archs) if arch == teacher]
    figure, late = min(FIGURE // EVERY, last), last - (last // 4)
    return at | {
        "loss_end": float(losses[-1]),
        "area_600": float(losses[1 : figure + 1].mean()),
        "iterations_to_90": settled * EVERY if settled <= last else None,
        "found_at": found[0] * EVERY if found else None,
        "edges_600": _right(archs[figure], teacher),
        "edges_end": _right(archs[-1], teacher),
        "late_loss": float(losses[late:].mean()),
        "late_spread": float(losses[late:].std()),
        "late_changes": sum(archs[k] != archs[k - 1] for k in range(late, last + 1)),
    }


def _cost(searcher: oneshot.Strategy, data: ToyData, seed: int) -> dict:
    """Passes and memory of one iteration. Every strategy is measured with a backward pass along the mixing weights,
    also those that learn without one: a weight step needs it anyhow."""
    from nascore.networks.choices import Draw
    from nascore.networks.supernets.toy import ToySupernet

    student = ToySupernet(seed=seed, trainable=True)
    batch = data.test(0)
    draws = [searcher.draw() for _ in range(searcher.samples)]
    first, weight = draws[0], searcher.weight_draw()
    active = sum(map(len, first.active))
    mixing = Draw(first.weights.detach().clone().requires_grad_(), first.active)
    return {
        "passes": len(draws) + _further_evaluations(searcher, draws),
        "active": active,
        "bytes_operations": active * 16 * data.batch * 4,
        "bytes_architecture": saved_bytes(data.teacher, batch, mixing),
        "bytes_weights": saved_bytes(student, batch, weight),
    }


def _further_evaluations(searcher: oneshot.Strategy, draws: list[Draw]) -> int:
    """How many further draws an update evaluates on its batch; the search is over, so theta may move."""
    asked = []

    def evaluate(draw: Draw) -> float:
        asked.append(draw)
        return 0.0

    searcher.update(draws, [1.0] * len(draws), evaluate)
    return len(asked)


def saved_bytes(net: ToySupernet, batch, draw: Draw) -> int:
    """Bytes of the distinct tensors that autograd keeps for the backward pass of one loss, parameters included."""
    import torch

    sizes: dict[int, int] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        sizes[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        loss = net.loss(batch, draw)
    del loss
    return sum(sizes.values())


def _units(profile: str) -> list[Unit]:
    iterations, trials = (60, 2) if profile == "smoke" else (2000, 10)
    lines = [(method, "paper") for method in METHODS] + [(method, "code") for method in FIGURE_METHODS]
    seconds = dict.fromkeys(DENSE, 9) | {"PARSEC": 12, "PARSEC, mean loss": 12, "AdvantageNAS, Eq. 6": 20}
    return [
        Unit(
            {"method": method, "settings": settings, "iterations": iterations},
            seed,
            seconds.get(method, 6) * iterations / 2000,
        )
        for seed in range(trials)
        for method, settings in lines
    ]


TOY = Experiment(
    "advantagenas/toy",
    1,
    "Figure 1: toy regression with fixed weights, eight strategies",
    _units,
    run,
    lambda config: "uniform noise and a random teacher",
    "advantagenas",
)
