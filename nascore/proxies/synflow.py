"""SynFlow (Tanaka et al., "Pruning neural networks without any data by iteratively conserving synaptic flow", NeurIPS
2020, Algorithm 1), summed over the weights as in Abdelfattah et al. (ICLR 2021, Section 3.2)."""

from __future__ import annotations

import math

import torch

from nascore import checks
from nascore.proxies.gradients import weights_of
from nascore.proxies.registry import proxy
from nascore.proxies.watching import Watching, first

NORMS = ("identity", "gain", "running")


@proxy("synflow", higher_is_better=True, batch=1)
def synflow(network, batch, generator, *, normalisation="identity"):
    """log(1 + sum of |weight x dR/dweight|), where R is the sum of the outputs for an image of ones in a network whose
    parameters are their absolute values; double precision.

    The logarithm keeps deep networks within a float's range and the order as it is. `normalisation`: what a batch
    normalisation does meanwhile: "identity": nothing (the published scores); "gain": multiplies by its gain and adds
    its shift; "running": as in evaluation (Tanaka et al.), by running averages, which are 0 and 1 at the start.
    No label and no image is looked at, but the images' shape.
    """
    checks.one_of("normalisation", normalisation, NORMS)

    def identity(function, args, kwargs):
        return first(args, kwargs)

    def gain(function, args, kwargs):
        x = first(args, kwargs)
        given = dict(zip(("input", "running_mean", "running_var", "weight", "bias"), args, strict=False)) | kwargs
        shape = (1, -1) + (1,) * (x.dim() - 2)
        scale = 1.0 if normalisation == "gain" else 1 / math.sqrt(1 + given.get("eps", 1e-5))
        out = x * scale
        if given.get("weight") is not None:
            out = out * given["weight"].reshape(shape) + given["bias"].reshape(shape)
        return out

    network.double()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.abs_()
    ones = batch.images[:1] if not batch.images.is_floating_point() else torch.ones_like(batch.images[:1]).double()
    with Watching(batch_norm=identity if normalisation == "identity" else gain):
        out = network(ones).sum()
    weights = weights_of(network)
    found = torch.autograd.grad(out, weights, allow_unused=True)
    total = sum(float((w.detach() * g).abs().sum()) for w, g in zip(weights, found, strict=True) if g is not None)
    return math.log1p(total)
