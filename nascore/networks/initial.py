"""First weights by another rule than nascore's own: `initialise(network, weights=..., bias=...)`.

GenNAS's Table 2 varies them, and its default, PyTorch's, is that of the published scores of untrained networks too.
"""

from __future__ import annotations

import math

import torch
from torch import nn

from nascore import checks

WEIGHTS = ("default", "kaiming", "xavier")
BIAS = ("default", "zero")


def initialise(network: nn.Module, weights: str = "default", bias: str = "default", seed: int = 0) -> nn.Module:
    """Draw every convolution and linear layer of `network` anew, in place; the network itself is returned.

    `weights`: "default": what PyTorch's layers start with, uniform within 1 / sqrt(fan in); "kaiming": normal with
    variance 2 / fan in (He et al., 2015); "xavier": normal with variance 2 / (fan in + fan out) (Glorot and Bengio,
    2010). `bias`: "default": uniform within 1 / sqrt(fan in) of the layer's weights; "zero". Fan in and fan out are
    those of one group of a grouped convolution. Gains and shifts of normalisations, embeddings and buffers stay as they
    are. The draws come from `seed` alone, in the order of the network's parameters, and are the same on every device.
    """
    checks.instance("network", network, nn.Module, "a torch module")
    checks.one_of("weights", weights, WEIGHTS)
    checks.one_of("bias", bias, BIAS)
    generator = torch.Generator().manual_seed(checks.seed(seed))
    done: set[int] = set()
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.Embedding):
                continue
            for name, parameter in module.named_parameters(recurse=False):
                if id(parameter) in done or parameter.is_meta:  # tied weights are drawn once
                    continue
                found = _bound(module, name, parameter, weights, bias)
                if found is None:
                    continue
                done.add(id(parameter))
                kind, scale = found
                values = torch.zeros(parameter.shape)
                if kind == "uniform":
                    values.uniform_(-scale, scale, generator=generator)
                elif kind == "normal":
                    values.normal_(0.0, scale, generator=generator)
                parameter.copy_(values)
    return network


def fans(weight: torch.Tensor) -> tuple[int, int]:
    """Inputs of one output and outputs of one input of a layer's weights, (outputs, inputs of a group, ...)."""
    window = math.prod(weight.shape[2:])
    return weight.shape[1] * window, weight.shape[0] * window


def _bound(module: nn.Module, name: str, parameter: torch.Tensor, weights: str, bias: str) -> tuple[str, float] | None:
    """How a parameter is drawn: ("uniform", bound), ("normal", deviation), ("zero", 0); None: not at all."""
    if parameter.dim() >= 2:
        inside, outside = fans(parameter)
        if weights == "kaiming":
            return "normal", math.sqrt(2 / inside)
        if weights == "xavier":
            return "normal", math.sqrt(2 / (inside + outside))
        return "uniform", 1 / math.sqrt(inside)
    # the bias of a layer is named after its weights: bias of weight, squeeze_bias of squeeze
    owner = "weight" if name == "bias" else name.removesuffix("_bias") if name.endswith("_bias") else ""
    weight = getattr(module, owner, None) if owner else None
    if not isinstance(weight, torch.Tensor) or weight.dim() < 2:
        return None
    return ("zero", 0.0) if bias == "zero" else ("uniform", 1 / math.sqrt(fans(weight)[0]))
