"""The plainest scores: how large and how expensive a network is."""

from __future__ import annotations

import math

import torch

from nascore.proxies.registry import proxy
from nascore.proxies.watching import Watching, first, weight_of


@proxy("parameters", higher_is_better=True, batch=1)
def parameters(network, batch, generator):
    """Trainable parameters."""
    return sum(each.numel() for each in network.parameters() if each.requires_grad)


@proxy("flops", higher_is_better=True, batch=1)
def flops(network, batch, generator):
    """Multiply-accumulates of convolutions and linear layers for one image, all that the network computes."""
    total = 0

    def layer(function, args, kwargs):
        nonlocal total
        out = function(*args, **kwargs)
        total += out.numel() * math.prod(weight_of(args, kwargs).shape[1:])
        return out

    def norm(function, args, kwargs):  # one image, perhaps of one pixel: nothing to normalise by
        return first(args, kwargs)

    with torch.no_grad(), Watching(layer=layer, batch_norm=norm):
        network(batch.images[:1] if batch.images.dim() == 4 else batch.images[:, :1])
    return total
