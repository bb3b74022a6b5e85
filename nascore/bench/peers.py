"""The same work by a real peer in the same run: xautodl's own supernets of NAS-Bench-201 (DARTS, GDAS).

`make bench-peers` installs the peer without its dependencies into data/cache/peers, outside the environment, and runs
`python -m nascore.bench.peers`. Both networks get the same weights, so parameters and outputs are compared first.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import nn

from nascore import paths
from nascore.bench.clock import faster, seconds
from nascore.bench.oneshot import images
from nascore.errors import DataError, ResultsError
from nascore.networks.choices import Draw, one_hot
from nascore.networks.supernets.cell import CellSupernet, nasbench201_supernet
from nascore.threads import one_thread

PACKAGE = "xautodl==1.0.0"
TOLERANCE = 1e-8  # float64, between outputs of the same weights


def folder() -> Path:
    """Where `make bench-peers` puts the peer; git-ignored."""
    return paths.root() / "data" / "cache" / "peers"


def peer(name: str) -> Any:
    """A module of the peer; DataError where it is not installed."""
    if not (folder() / "xautodl").is_dir():
        raise DataError(f"{folder()}: no xautodl here; run: make bench-peers")
    sys.path.insert(0, str(folder()))
    try:
        return importlib.import_module(f"xautodl.models.cell_searchs.{name}")
    finally:
        sys.path.remove(str(folder()))


def supernets(channels: int, cells: int, kind: str) -> tuple[CellSupernet, nn.Module]:
    """Ours and the peer's `kind` ("darts", "gdas") with our weights, batch statistics in both."""
    ours = nasbench201_supernet(channels, cells, seed=0)
    make = getattr(peer(f"search_model_{kind}"), {"darts": "TinyNetworkDarts", "gdas": "TinyNetworkGDAS"}[kind])
    theirs = make(channels, cells, 4, 10, list(ours.space.ops), False, False)
    with torch.no_grad():
        _convolution_and_norm(theirs.stem, ours.stem)
        their_cells = iter(theirs.cells)
        for number, stage in enumerate(ours.stages):
            if number:
                _reduction(next(their_cells), ours.reductions[number - 1])
            for cell in stage:
                _cell(next(their_cells), cell, ours.space.pairs)
        _norm(theirs.lastact[0], ours.last)
        theirs.classifier.weight.copy_(ours.head.weight)
        theirs.classifier.bias.copy_(ours.head.bias)
    return ours, theirs.to(memory_format=torch.contiguous_format)


def _norm(theirs: nn.BatchNorm2d, ours: nn.Module) -> None:
    theirs.weight.copy_(ours.gain)
    theirs.bias.copy_(ours.shift)


def _convolution_and_norm(theirs: nn.Sequential, ours: nn.Sequential, first: int = 0) -> None:
    theirs[first].weight.copy_(ours[first].weight)
    _norm(theirs[first + 1], ours[first + 1])


def _reduction(theirs: nn.Module, ours: nn.Module) -> None:
    for block, at in ((theirs.conv_a.op, 1), (theirs.conv_b.op, 4)):
        block[1].weight.copy_(ours.path[at].weight)
        _norm(block[2], ours.path[at + 1])
    theirs.downsample[1].weight.copy_(ours.around[1].weight)


def _cell(theirs: nn.Module, ours: nn.Module, pairs: list[tuple[int, int]]) -> None:
    for name, kernel in ours.kernels.items():
        edge, op = map(int, name.split("_"))
        source, target = pairs[edge]
        theirs.edges[f"{target}<-{source}"][op].op[1].weight.copy_(kernel)


def parameters(net: nn.Module) -> int:
    """Trainable numbers that the output depends on.

    Left out: the architecture parameters (ours live in the strategy), and the biases that the peer gives its
    candidate convolutions, which the normalisation behind them cancels.
    """
    idle = {f"{name}.op.1.bias" for name, module in net.named_modules() if type(module).__name__ == "ReLUConvBN"}
    return sum(p.numel() for name, p in net.named_parameters() if name != "arch_parameters" and name not in idle)


def their_logits(theirs: nn.Module, pictures: torch.Tensor, arch: tuple[int, ...] | None) -> torch.Tensor:
    """The peer's mixture (arch None), or what its GDAS computes where these operations were drawn."""
    if arch is None:
        return theirs(pictures)[1]
    weights = torch.nn.functional.one_hot(torch.tensor(arch), theirs.arch_parameters.shape[1]).to(pictures.dtype)
    x = theirs.stem(pictures)
    for cell in theirs.cells:
        x = cell.forward_gdas(x, weights, torch.tensor(arch)[:, None]) if hasattr(cell, "edges") else cell(x)
    return theirs.classifier(theirs.global_pooling(theirs.lastact(x)).flatten(1))


def difference(kind: str, channels: int = 4, cells: int = 1, side: int = 8) -> float:
    """Largest absolute difference of the logits in float64, in training mode."""
    ours, theirs = (net.double().train() for net in supernets(channels, cells, kind))
    pictures = images(4, size=side)[0].double()
    with torch.no_grad():
        if kind == "darts":
            mixture = torch.softmax(theirs.arch_parameters, 1)
            return float((their_logits(theirs, pictures, None) - ours(pictures, _dense(mixture))).abs().max())
        gaps = []
        for arch in ((3, 2, 4, 1, 3, 0), (1, 3, 2, 2, 0, 4)):
            draw = one_hot(arch, len(ours.choices.ops))
            draw.weights = draw.weights.double()
            gaps.append(float((their_logits(theirs, pictures, arch) - ours(pictures, draw)).abs().max()))
        return max(gaps)


def _dense(weights: torch.Tensor) -> Draw:
    return Draw(weights, (tuple(range(weights.shape[1])),) * len(weights))


def rows(quick: bool = False) -> Iterator[dict]:
    """Steps (forward and backward) of both, in turn. ResultsError where parameters or outputs differ."""
    channels, cells, count, side, repeats = (4, 1, 4, 8, 1) if quick else (16, 5, 64, 32, 4)
    loss, batch = nn.CrossEntropyLoss(), images(count, size=side)
    arch = (3, 2, 4, 1, 3, 2)
    for kind in ("darts", "gdas"):
        gap = difference(kind)
        if not gap <= TOLERANCE:
            raise ResultsError(f"{kind}: our outputs and the peer's differ by {gap:.2g}, more than {TOLERANCE:g}")
        ours, theirs = supernets(channels, cells, kind)
        if parameters(ours) != parameters(theirs):
            raise ResultsError(f"{kind}: we have {parameters(ours):,} parameters, the peer {parameters(theirs):,}")

        def their_step(theirs=theirs, kind=kind) -> None:
            theirs.zero_grad(set_to_none=True)
            loss(their_logits(theirs, batch[0], None if kind == "darts" else arch), batch[1]).backward()

        def our_step(ours=ours, kind=kind) -> None:
            ours.zero_grad(set_to_none=True)
            if kind == "darts":
                draw = _dense(torch.full((6, 5), 0.2, requires_grad=True))
            else:
                draw = one_hot(arch, 5, requires_grad=True)
                draw.constants = True
            ours.loss(batch, draw).backward()

        for work in (their_step, our_step):
            work()
        times: dict[str, list[float]] = {"theirs": [], "ours": []}
        for _ in range(repeats):
            times["theirs"] += seconds(their_step, 1, warm_up=False)
            times["ours"] += seconds(our_step, 1, warm_up=False)
        yield faster(
            f"{kind.upper()} step against the peer",
            times["theirs"],
            times["ours"],
            f"forward and backward, C={channels}, N={cells}, batch {count} of {side}x{side}, float32",
            PACKAGE,
            note=f"equal parameters, outputs within {gap:.1g} (float64)",
        )


def main() -> int:
    with one_thread():
        print(json.dumps(list(rows("--quick" in sys.argv[1:])), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
