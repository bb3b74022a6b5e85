"""The toy supernet of Section 5.1 as one would write it down: a convolution module per operation (Equation 1 read
literally). Its weights are those of a `ToySupernet`, so that both must give the same numbers."""

from __future__ import annotations

import torch
from torch import nn

from nascore.networks.choices import Draw
from nascore.networks.supernets.base import Supernet
from nascore.networks.supernets.toy import KERNEL, READOUT, STRIDE, ToySupernet


class NaiveToySupernet(Supernet):
    def __init__(self, net: ToySupernet):
        super().__init__()
        self.choices = net.choices
        edges, ops = net.choices.edges, len(net.choices.ops)
        self.filters = nn.ModuleList(
            nn.ModuleList(nn.Conv2d(1, 1, KERNEL, STRIDE) for _ in range(ops)) for _ in range(edges)
        )
        self.readout = nn.ModuleList(nn.Conv2d(1, 1, READOUT, bias=False) for _ in range(edges))
        with torch.no_grad():
            for i in range(edges):
                self.readout[i].weight.copy_(net.readout[:, i].view(1, 1, READOUT, READOUT))
                for j in range(ops):
                    self.filters[i][j].weight.copy_(net.filters[i * ops + j].view(1, 1, KERNEL, KERNEL))
                    self.filters[i][j].bias.copy_(net.bias[i * ops + j : i * ops + j + 1])
        self.requires_grad_(net.trainable)

    def forward(self, images, draw: Draw):
        outputs = []
        for i, active in enumerate(draw.active):
            mixed = sum(draw.weights[i, j] * self.filters[i][j](images) for j in active)
            outputs.append(self.readout[i](torch.tanh(mixed)))
        return torch.stack(outputs).mean(0).flatten()

    def loss(self, batch, draw: Draw):
        images, targets = batch
        return (self(images, draw) - targets).square().mean()

    @torch.no_grad()
    def measures(self, batch, draw: Draw):
        return {"loss": float(self.loss(batch, draw))}
