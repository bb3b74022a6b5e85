"""Table 6: what one iteration of GenNAS takes, and the memory it needs, by space and batch, on the machine at hand.

Random architectures of each space at the sizes that are scored, GenNAS combo. Time is between the ends of iterations,
the first of which is left out. Memory on the CPU is counted, not sampled: what the forward pass keeps for the backward
one, and weights, gradients and momentum; on a GPU it is the peak that PyTorch allocated. What would need more than MOST
gigabytes is not run.
"""

from __future__ import annotations

import time
from functools import cache

import numpy as np

from nascore.spaces.base import Space
from nascore.studies.experiment import Experiment, Unit

BATCHES = (16, 32, 48, 64, 80, 96)  # of the paper
LAPTOP = (16, 32, 64)
ARCHS, ITERATIONS = 2, 2  # of the iterations the first is not timed
MOST = 8.0  # GB
CELLS = ("darts", "darts-f", "amoeba", "enas", "enas-f", "nasnet", "pnas", "pnas-f")
SPACES = ("nasbench101", "nasbench201", *CELLS, "resnext-a", "resnext-b", "nasbench-nlp")
SEEDS = range(1)  # of the architectures


def _units(profile: str) -> list[Unit]:
    if profile == "smoke":
        return [Unit({"space": "nasbench101", "batch": batch, "device": "cpu"}, 0, 2) for batch in (2, 4)]
    batches, device = (BATCHES, "cuda") if profile == "paper" else (LAPTOP, "cpu")
    return [
        Unit({"space": name, "batch": batch, "device": device}, seed, batch * (3 if name in CELLS else 0.3))
        for seed in SEEDS
        for name in SPACES
        for batch in batches
    ]


@cache
def space(name: str) -> tuple[Space, dict]:
    """The space and the options of its networks."""
    from nascore import spaces
    from nascore.spaces.nds import FIXED, nds_space

    if name == "nasbench101":
        return spaces.NASBench101(), {"channels": 16, "cells": 3}
    if name == "nasbench201":
        return spaces.NASBench201(), {"channels": 16, "cells": 5}
    if name == "nasbench-nlp":
        return spaces.NASBenchNLP(), {"words": 10_000}
    if name.startswith("resnext"):
        return nds_space(f"ResNeXt-{name[-1].upper()}_in"), {"stem": "cifar", "classes": 10}
    # depth and width of the networks of "-f" spaces: those of DARTS-f's entries, the others' are not in our copy
    depth, width = FIXED if name.endswith("-f") else (None, None)
    return spaces.NDSSpace(name, depth, width), {"stem": "cifar", "classes": 10}


def _run(config: dict, seed: int) -> dict:
    """metrics: seconds (of one iteration, median over iterations and architectures), memory (GB, mean over
    architectures; None where nothing was run), left_out (architectures that need too much)."""
    import torch

    from nascore.networks.building import build
    from nascore.proxies.gennas import GenNAS

    batch, device = config["batch"], config["device"]
    made, options = space(config["space"])
    proxy = GenNAS("combo-nlp" if config["space"] == "nasbench-nlp" else "combo", ITERATIONS, batch)
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(batch, 3, 32, 32, generator=generator).to(device)
    rng, seconds, memory, left_out = np.random.default_rng([6, seed]), [], [], 0
    for _ in range(ARCHS):
        arch = made.sample(rng)
        need = kept(build(made, arch, seed=seed, **options), proxy, batch)
        if need > MOST and device == "cpu":
            left_out += 1
            continue
        network = build(made, arch, seed=seed, **options).to(device)
        ends: list[float] = []

        def ended(_: int, __: float, ends: list[float] = ends) -> None:
            ends.append(time.perf_counter())  # the loss has been read, so the device is done

        if device != "cpu":
            torch.cuda.reset_peak_memory_stats()
        proxy.loss(network, images, seed, ended)
        seconds += np.diff(ends).tolist()
        memory.append(need if device == "cpu" else torch.cuda.max_memory_allocated() / 2**30)
    return {
        "metrics": {
            "seconds": round(float(np.median(seconds)), 5) if seconds else None,
            "memory": round(float(np.mean(memory)), 4) if memory else None,
            "left_out": left_out,
        }
    }


def kept(network, proxy, batch: int) -> float:
    """GB that an iteration needs, counted on two images and scaled."""
    import torch

    from nascore.proxies.gennas import GenNAS

    small = 2
    one = GenNAS(proxy.task, 1, small)
    sizes: dict[int, int] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        sizes[storage.data_ptr()] = storage.nbytes()
        return tensor

    weights = {each.untyped_storage().data_ptr() for each in network.parameters()}
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        one.loss(network, torch.zeros(small, 3, 32, 32), 0)
    activations = sum(size for pointer, size in sizes.items() if pointer not in weights)
    fixed = 3 * sum(each.numel() * each.element_size() for each in network.parameters())
    return (activations * batch / small + fixed) / 2**30


COST = Experiment(
    "gennas/cost",
    1,
    "Table 6: seconds of an iteration and memory by space and batch",
    _units,
    _run,
    lambda config: "random architectures, random images",
    "gennas",
)
