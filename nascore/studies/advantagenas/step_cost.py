"""What a step of AdvantageNAS costs beside one of another sparse strategy, on the same small supernet in one process.

Passes are counted, not declared: a wrapper around the supernet's loss counts calls and, by a hook on the loss, backward
passes. CPU time is measured in alternating blocks, so that what else the machine does falls on both alike.
"""

from __future__ import annotations

import statistics
import time
from collections import Counter

RIVALS = {"REINFORCE": "Reinforce", "PARSEC": "PARSEC", "ProxylessNAS": "ProxylessNAS", "GDAS": "GDAS"}
EDGES, BATCH, SIDE, STEPS, BLOCKS = 6, 32, 16, 10, 8


class Noise:
    """The same batch of random images and labels for every step: what a step costs does not depend on them."""

    def __init__(self, seed: int):
        import torch

        generator = torch.Generator().manual_seed(seed)
        images = torch.randn(BATCH, 1, SIDE, SIDE, generator=generator)
        self.batches = [(images, torch.randint(10, (BATCH,), generator=generator))] * STEPS

    def train(self, epoch: int) -> list:
        return self.batches

    def val(self, epoch: int) -> list:
        return self.batches


def passes(net, strategy, data) -> Counter:
    """Forward and backward passes of STEPS iterations of a search."""
    from nascore.search import oneshot

    counts, plain = Counter(forward=0, backward=0), net.loss

    def counted(batch, draw):
        counts["forward"] += 1
        loss = plain(batch, draw)
        if loss.requires_grad:
            loss.register_hook(lambda _: counts.update(backward=1))
        return loss

    net.loss = counted
    try:
        oneshot.search(net, strategy, data, epochs=1, progress=False)
    finally:
        del net.loss
    return counts


def compared(rival: str, seed: int) -> dict:
    """AdvantageNAS beside `rival`, a name of RIVALS, per iteration of a search.

    forward_theta, backward_theta (and rival_*): passes of the step on theta alone, seen with weights that do not learn;
    forward, backward: of the whole iteration, weight step included. cpu_ratio_theta, cpu_ratio: CPU time of the one
    over the other (medians over blocks of ten steps in turn).
    """
    from nascore.networks.supernets.cell import digits201_supernet, without_none
    from nascore.search import oneshot

    found: dict = {}
    data = Noise(seed)
    for part, trains in (("_theta", False), ("", True)):
        net = digits201_supernet(space=without_none(), seed=seed)
        net.requires_grad_(trains)
        made = {"": oneshot.AdvantageNAS, "rival_": getattr(oneshot, RIVALS[rival])}
        seconds: dict[str, list[float]] = {who: [] for who in made}
        for block in range(BLOCKS):
            for who, make in made.items():
                strategy = make(net.choices, seed=block)
                begin = time.process_time()
                oneshot.search(net, strategy, data, epochs=1, progress=False)
                seconds[who].append(time.process_time() - begin)
        found[f"cpu_ratio{part}"] = round(statistics.median(seconds[""]) / statistics.median(seconds["rival_"]), 3)
        for who, make in made.items():
            counts = passes(net, make(net.choices, seed=seed), data)
            found |= {f"{who}{name}{part}": counts[name] / STEPS for name in ("forward", "backward")}
    return found
