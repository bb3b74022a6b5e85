"""One-shot search and training: supernet steps, what sparse draws cost, fleets of small networks, the toy."""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn

from nascore.bench.clock import faster, row, seconds
from nascore.bench.naive_network import Network, train
from nascore.bench.naive_supernet import NaiveSupernet
from nascore.errors import ResultsError
from nascore.networks.choices import Choices, Draw
from nascore.networks.fleet import Fleet
from nascore.networks.supernets.cell import CellSupernet, nasbench201_supernet
from nascore.networks.supernets.images import ImageSupernet
from nascore.search.oneshot.loop import search
from nascore.search.oneshot.strategies.advantagenas import AdvantageNAS
from nascore.search.oneshot.strategies.darts import DARTS
from nascore.spaces import NASBench201
from nascore.spaces.cell import CellSpace

TOLERANCE = 1e-5


def rows(quick: bool = False) -> Iterator[dict]:
    """ResultsError if straightforward and fused numbers differ by more than 1e-5."""
    yield from dense(quick)
    yield from sparse(quick)
    yield from fleet(quick)
    yield from toy(quick)


def turns(works: dict[str, Callable[[], object]], repeats: int, warm_up: bool = True) -> dict[str, list[float]]:
    """CPU seconds of each work, all measured in turn so that they meet the same load."""
    if warm_up:
        for work in works.values():
            work()
    found: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(repeats):
        for name, work in works.items():
            found[name] += seconds(work, 1, warm_up=False)
    return found


def _malloc() -> str:
    tuned = "MALLOC_TRIM_THRESHOLD_" in os.environ
    return f"both in one process, malloc {'keeps' if tuned else 'returns'} freed pages"


# -- dense supernet steps ---------------------------------------------------------------------------------------------
def images(count: int, channels: int = 3, size: int = 32) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return (
        torch.randn(count, channels, size, size, generator=generator),
        torch.randint(10, (count,), generator=generator),
    )


def mixture(choices: Choices) -> Draw:
    """What a dense strategy draws: every operation that an edge may have, a gradient along the weights."""
    mask = choices.mask()
    scores = torch.randn(mask.shape, generator=torch.Generator().manual_seed(1)).masked_fill(~mask, -torch.inf)
    active = tuple(tuple(row.nonzero().flatten().tolist()) for row in mask)
    return Draw(torch.softmax(scores, 1).requires_grad_(), active)


def step(network, batch, draw: Draw, bfloat16: bool = False) -> torch.Tensor:
    """Forward and backward; the loss."""
    network.zero_grad(set_to_none=True)
    draw.weights.grad = None
    with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
        loss = network.loss(batch, draw)
    loss.backward()
    return loss.detach()


def difference(net: ImageSupernet, batch, draw: Draw, naive: Callable[..., nn.Module] = NaiveSupernet) -> float:
    """Largest absolute difference between the logits of both ways, in float64: arithmetic, not rounding."""
    pictures = batch[0][:4].double()
    net = net.double()
    with torch.no_grad():
        draw = Draw(draw.weights.detach().double(), draw.active)
        gap = float((net(pictures, draw) - naive(net)(pictures, draw)).abs().max())
    net.float()
    return gap


def bfloat16_instructions() -> bool:
    """Whether the processor computes in bfloat16; False where the system does not say."""
    try:
        flags = Path("/proc/cpuinfo").read_text().split()
    except OSError:
        return False
    return not {"avx512_bf16", "amx_bf16", "bf16"}.isdisjoint(flags)


def dense(quick: bool) -> Iterator[dict]:
    channels, cells, count, size = (4, 1, 4, 8) if quick else (16, 5, 64, 32)
    net = nasbench201_supernet(channels, cells)
    batch, draw = images(count, size=size), mixture(net.choices)
    gap = difference(net, batch, draw)
    if not gap <= TOLERANCE:
        raise ResultsError(f"straightforward and fused supernet differ by {gap:.2g}, more than {TOLERANCE:g}")
    naive = NaiveSupernet(net)
    # a step of this size takes seconds: the first one warms up, two are measured
    times = turns(
        {
            "naive": lambda: step(naive, batch, draw),
            "float32": lambda: step(net, batch, draw),
            "bfloat16": lambda: step(net, batch, draw, True),
        },
        1 if quick else 2,
    )
    what = f"forward and backward, all operations, C={channels}, N={cells}, batch {count} of {size}x{size}"
    how = "one module per operation, NCHW, float32"
    yield faster("NB-201 supernet float32", times["naive"], times["float32"], what, how, least=1.5, note=_malloc())
    yield faster(
        "NB-201 supernet bfloat16",
        times["naive"],
        times["bfloat16"],
        f"{what}, under autocast"
        + ("" if (native := bfloat16_instructions()) else "; this processor has no bfloat16 instructions"),
        how,
        least=2.2 if native else None,
        note=_malloc(),
    )
    if not quick:
        net = nasbench201_supernet(channels, 1)
        naive = NaiveSupernet(net)
    times = turns(
        {"naive": lambda: step(naive, batch, draw, True), "ours": lambda: step(net, batch, draw, True)},
        1 if quick else 3,
    )
    yield faster(
        "NB-201 supernet, both bfloat16",
        times["naive"],
        times["ours"],
        what.replace("N=5", "N=1"),
        "one module per operation, NCHW, also under autocast",
        note=_malloc(),
    )


# -- sparse draws -----------------------------------------------------------------------------------------------------
def saved_bytes(work: Callable[[], torch.Tensor], parameters) -> int:
    """Bytes that the forward pass keeps for the backward pass, each storage once, parameters not counted."""
    known = {p.untyped_storage().data_ptr() for p in parameters}
    kept: dict[int, int] = {}
    alive = []  # storages stay alive, so that no address is used twice

    def pack(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in known:
            kept[storage.data_ptr()] = storage.nbytes()
            alive.append(storage)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        work()
    return sum(kept.values())


def candidates(count: int, channels: int, cells: int) -> CellSupernet:
    """A supernet with `count` 3x3 convolutions to choose from on each edge: all draws cost alike."""
    ops = tuple(f"nor_conv_3x3{f'.{k}' if k else ''}" for k in range(count))
    return nasbench201_supernet(channels, cells, space=CellSpace(4, ops))


def sparse(quick: bool) -> Iterator[dict]:
    channels, cells, count, size = (4, 1, 4, 8) if quick else (16, 1, 32, 32)
    batch, works, memory = images(count, size=size), {}, {}
    for ops in (5, 20):
        net = candidates(ops, channels, cells)
        strategy = AdvantageNAS(net.choices, seed=0)
        optimizer = torch.optim.SGD(net.parameters(), 0.025, 0.9, nesterov=True)

        def work(net=net, strategy=strategy, optimizer=optimizer) -> None:
            """A weight step and an architecture step."""
            step(net, batch, strategy.weight_draw())
            optimizer.step()
            drawn = strategy.draw()
            loss = net.loss(batch, drawn)
            (drawn.weights.grad,) = torch.autograd.grad(loss, [drawn.weights])
            strategy.update([drawn], [float(loss.detach())])

        works[ops] = work
        memory[ops] = saved_bytes(partial(net.loss, batch, strategy.draw()), net.parameters())
    draw = mixture(net.choices)
    memory["dense"] = saved_bytes(lambda: net.loss(batch, draw), net.parameters())
    times = turns(works, 1 if quick else 5)
    a, b = (statistics.median(times[ops]) for ops in (20, 5))
    what = f"one operation per edge, C={channels}, N={cells}, batch {count} of {size}x{size}: 20 candidates against 5"
    yield row(
        "sparse step, 20 to 5 candidates",
        [x / y for x, y in zip(times[20], times[5], strict=True)],
        "x",
        what,
        most=1.1,
        value=a / b,
        reference=f"AdvantageNAS, weight and architecture step: {1e3 * a:.4g} ms and {1e3 * b:.4g} ms",
    )
    yield row(
        "sparse memory, 20 to 5 candidates",
        [memory[20] / memory[5]],
        "x",
        f"{what}; bytes kept for backward",
        most=1.05,
        reference=f"{memory[20]:,} and {memory[5]:,} bytes",
    )
    yield row(
        "dense to sparse memory",
        [memory["dense"] / memory[20]],
        "x",
        "the same supernet, 20 candidates: all active against one",
        reference=f"{memory['dense']:,} and {memory[20]:,} bytes",
    )


# -- many small networks ----------------------------------------------------------------------------------------------
def fleet(quick: bool) -> Iterator[dict]:
    from nascore.benchmarks.recipes.digits201.recipe import RECIPE
    from nascore.benchmarks.recipes.digits201.training import FLEET

    networks, steps, size = (2, 1, 6) if quick else (FLEET, 3, 10)
    space, rng = NASBench201(), np.random.default_rng(0)
    archs = [space.sample(rng) for _ in range(networks)]
    batches = [images(RECIPE.batch, 1, size)] * steps
    with torch.no_grad():
        together = Fleet(archs, RECIPE.widths)
        alone = [Network(together, place) for place in range(networks)]
        pictures = batches[0][0].double()
        gap = max(
            float((out - network.double()(pictures)).abs().max())
            for out, network in zip(
                Fleet(archs, RECIPE.widths, dtype=torch.float64).double()(pictures).unbind(1), alone, strict=True
            )
        )
    if not gap <= TOLERANCE:
        raise ResultsError(f"a fleet's and its networks' own outputs differ by {gap:.2g}, more than {TOLERANCE:g}")
    for network in alone:
        network.float()

    def one_by_one() -> None:
        for network in alone:
            train(network, batches, 0, 1e-3)

    times = turns({"alone": one_by_one, "fleet": lambda: train(together, batches, networks, 1e-3)}, 1 if quick else 5)
    yield faster(
        "fleet of networks",
        times["alone"],
        times["fleet"],
        f"{steps} training steps of {networks} different cells, batch {RECIPE.batch} of {size}x{size}, widths "
        f"{', '.join(map(str, RECIPE.widths))}",
        "one ordinary network after the other, NCHW",
        least=1.5,
        note=_malloc(),
    )


# -- the toy ----------------------------------------------------------------------------------------------------------
def toy(quick: bool) -> Iterator[dict]:
    from nascore.networks.supernets.toy import ToyData, ToySupernet

    steps = 3 if quick else 250
    for kind, make, most in (("sparse", AdvantageNAS, 3.5), ("dense", DARTS, 5.0)):
        net = ToySupernet()
        data = ToyData(net, steps=steps)

        def work(net=net, data=data, make=make) -> None:
            search(net, make(net.choices, seed=0), data, 1, progress=False)

        times = [1000 * t / steps for t in seconds(work, 1 if quick else 3)]
        yield row(
            f"toy {kind}",
            times,
            "s per 1,000 steps",
            f"{make.__name__} through search(), 10 edges of 10 filters, batch 100, measured on {steps} steps",
            most=most,
        )
