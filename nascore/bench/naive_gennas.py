"""GenNAS on NAS-Bench-201 in PyTorch's own layers, one operation after the other, as one would write it down.

The network takes its weights from the one that `nascore.networks.build` makes, heads and targets from the same seed, so
that both must give the same losses.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from nascore.networks.ops.layers import Convolution, Norm
from nascore.proxies.gennas.heads import heads
from nascore.proxies.gennas.named import task as named_task
from nascore.proxies.gennas.regression import WEIGHTS, Settings
from nascore.proxies.gennas.targets import Problem, image_problem
from nascore.proxies.gennas.task import ImageTask, Task
from nascore.spaces import NASBench201

SPACE = NASBench201()


def _convolution(made: Convolution) -> nn.Conv2d:
    outputs, inputs, kernel, _ = made.weight.shape
    layer = nn.Conv2d(inputs, outputs, kernel, made.stride, kernel // 2, bias=False)
    layer.weight = nn.Parameter(made.weight.detach().clone(memory_format=torch.contiguous_format))
    return layer


def _norm(made: Norm) -> nn.BatchNorm2d:
    assert made.gain is not None and made.mean is not None
    return nn.BatchNorm2d(len(made.gain)).to(made.gain.dtype)  # both start at gain 1, shift 0


class Cell(nn.Module):
    """All six edges, one after the other; inside, normalisation by the batch without gain and shift."""

    def __init__(self, made: Any, arch: tuple[int, ...]):
        super().__init__()
        self.arch, self.edges = arch, nn.ModuleList()
        for edge, number in enumerate(arch):
            op, given = SPACE.ops[number], made.operations
            if op.startswith("nor_conv"):
                layer = _convolution(given[str(edge)][1])
                norm = nn.BatchNorm2d(layer.out_channels, affine=False, track_running_stats=False)
                self.edges.append(nn.Sequential(nn.ReLU(), layer, norm))
            else:
                pool = nn.AvgPool2d(3, 1, 1, count_include_pad=False)
                self.edges.append(pool if op == "avg_pool_3x3" else nn.Identity())

    def forward(self, x):
        nodes = [x]
        for target in range(1, SPACE.nodes):
            total = torch.zeros_like(x)
            for edge, (source, end) in enumerate(SPACE.pairs):
                if end == target and SPACE.ops[self.arch[edge]] != "none":
                    total = total + self.edges[edge](nodes[source])
            nodes.append(total)
        return nodes[-1]


class Reduction(nn.Module):
    def __init__(self, made: Any):
        super().__init__()
        _, first, norm, _, second, last = made.path
        parts = (nn.ReLU(), _convolution(first), _norm(norm), nn.ReLU(), _convolution(second), _norm(last))
        self.path = nn.Sequential(*parts)
        self.around = nn.Sequential(nn.AvgPool2d(2, 2), _convolution(made.around[1]))

    def forward(self, x):
        return self.around(x) + self.path(x)


class Regressor(nn.Module):
    """`network` with three heads; images (n, 3, 32, 32) to three maps (n, channels, 8, 8)."""

    def __init__(self, network: Any, images: torch.Tensor, problem: Problem, seed: int):
        super().__init__()
        self.side = problem.targets[-1].shape[-1]
        self.stem = nn.Sequential(_convolution(network.stem[0]), _norm(network.stem[1]))
        self.stages = nn.ModuleList(
            nn.Sequential(*(Cell(cell, network.arch) for cell in stage)) for stage in network.stages
        )
        self.reductions = nn.ModuleList(Reduction(made) for made in network.reductions)
        self.heads = nn.ModuleList()
        with torch.no_grad():
            shapes = network.features(images)
        made: Any
        for made in heads(shapes, [target.shape[1] for target in problem.targets], self.side, seed):
            outputs, inputs = made.weight.shape
            layer = nn.Conv2d(inputs, outputs, 1)
            layer.weight = nn.Parameter(made.weight.detach().clone()[:, :, None, None])
            layer.bias = nn.Parameter(made.bias.detach().clone())
            self.heads.append(nn.Sequential(nn.BatchNorm2d(inputs).to(layer.weight.dtype), layer))

    def forward(self, images):
        x, found = self.stem(images), []
        for number, stage in enumerate(self.stages):
            if number:
                x = self.reductions[number - 1](x)
            x = stage(x)
            found.append(self.heads[number](F.interpolate(x, (self.side, self.side))))
        return found


def _loss(outputs, targets) -> torch.Tensor:
    losses = [weight * F.mse_loss(output, target) for weight, output, target in zip(WEIGHTS, outputs, targets)]
    return torch.stack(losses).sum()


def score(network: Any, images: torch.Tensor, task: str | Task, seed: int, settings: Settings) -> float:
    """What GenNAS(task) gives for `network`, one of NAS-Bench-201's, which itself is left as it is."""
    task = named_task(task)
    assert isinstance(task, ImageTask)
    problem = image_problem(task, images, 8, 3, seed)
    problem.targets = tuple(target.contiguous() for target in problem.targets)
    model = Regressor(network, images, problem, seed)
    weights = [each for each in model.parameters() if settings.decayed == "all" or each.dim() > 1]
    others = [each for each in model.parameters() if settings.decayed != "all" and each.dim() <= 1]
    groups: list[dict[str, Any]] = [{"params": weights, "weight_decay": settings.decay}]
    groups += [{"params": others}] if others else []
    optimizer = torch.optim.SGD(groups, settings.rate, settings.momentum)
    model.train()
    for _ in range(settings.iterations):
        loss = _loss(model(problem.noisy()), problem.targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.train(settings.evaluation == "batch")
    with torch.no_grad():
        return float(_loss(model(problem.noisy()), problem.targets))
