"""One network of digits201 in PyTorch's own layers, and training such networks one by one.

It takes its weights from its place in a `Fleet`, so that both must give the same numbers.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from nascore.networks.fleet import Fleet
from nascore.spaces import NASBench201

SPACE = NASBench201()


def _block(fused, place: int) -> list[nn.Module]:
    """Convolution and normalisation of the network at `place` among those that `fused` serves."""
    outputs = len(fused.weight) // fused.count
    rows = slice(place * outputs, (place + 1) * outputs)
    convolution = nn.Conv2d(fused.weight.shape[1], outputs, fused.kernel, padding=fused.kernel // 2, bias=False)
    convolution.weight.data.copy_(fused.weight.data[rows])
    return [convolution, nn.BatchNorm2d(outputs)]  # gain and shift start at 1 and 0 in both


class Cell(nn.Module):
    def __init__(self, stage, arch: tuple[int, ...], place: int):
        super().__init__()
        self.edges = nn.ModuleList()
        for edge, number in enumerate(arch):
            op = SPACE.ops[number]
            if op.startswith("nor_conv"):
                members = next(members for name, members, _ in stage.plan[edge] if name == op)
                block = _block(stage.convolutions[f"{edge}_{op}"], members.index(place))
                self.edges.append(nn.Sequential(nn.ReLU(), *block))
            elif op == "avg_pool_3x3":
                self.edges.append(nn.AvgPool2d(3, 1, 1, count_include_pad=False))
            else:
                self.edges.append(nn.Identity())
        self.used = [SPACE.ops[number] != "none" for number in arch]

    def forward(self, x):
        nodes = [x]
        for target in range(1, SPACE.nodes):
            total = torch.zeros_like(x)
            for edge, (source, end) in enumerate(SPACE.pairs):
                if end == target and self.used[edge]:
                    total = total + self.edges[edge](nodes[source])
            nodes.append(total)
        return nodes[-1]


class Network(nn.Module):
    """The network at `place` of a fleet. Input (n, 1, h, w), output (n, classes)."""

    def __init__(self, fleet: Fleet, place: int):
        super().__init__()
        self.stem = nn.Sequential(*_block(fleet.stem, place))
        self.cells = nn.ModuleList(Cell(stage, fleet.archs[place], place) for stage in fleet.stages)
        self.reductions = nn.ModuleList(
            nn.Sequential(nn.ReLU(), nn.AvgPool2d(2, 2, ceil_mode=True), *_block(fused, place))
            for fused in fleet.reductions
        )
        _, width, classes = fleet.weight.shape
        self.last, self.head = nn.BatchNorm2d(width), nn.Linear(width, classes)
        self.head.weight.data.copy_(fleet.weight.data[place].T)
        self.head.bias.data.copy_(fleet.bias.data[place, 0])

    def forward(self, images):
        x = self.stem(images)
        for number, cell in enumerate(self.cells):
            if number:
                x = self.reductions[number - 1](x)
            x = cell(x)
        return self.head(F.relu(self.last(x)).mean((2, 3)))


def train(network: nn.Module, steps: list[tuple[torch.Tensor, torch.Tensor]], networks: int, rate: float) -> None:
    """SGD (Nesterov) of a Network (`networks` = 0) or of a fleet of as many."""
    optimizer = torch.optim.SGD(network.parameters(), rate, 0.9, nesterov=True, weight_decay=5e-4, foreach=True)
    for images, labels in steps:
        logits = network(images)
        if networks:
            logits, labels = logits.flatten(0, 1), labels.repeat_interleave(networks)
        loss = F.cross_entropy(logits, labels, reduction="sum") / len(images)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
