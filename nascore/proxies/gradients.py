"""The loss's gradients at initialisation, which several proxies read: one forward and one backward pass for all."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from nascore.errors import SettingError
from nascore.proxies.batch import Batch
from nascore.proxies.watching import Watching, weight_of


class Gradients(NamedTuple):
    """`weights` and the loss's gradient of each; `fisher`: per call of a layer, (how many weights each of its channels
    has, the channels' Fisher information), see the proxy of that name."""

    weights: list[torch.Tensor]
    gradients: list[torch.Tensor]
    fisher: list[tuple[int, torch.Tensor]]


def weights_of(network: nn.Module) -> list[nn.Parameter]:
    """The weights of convolutions and linear layers: the parameters that are matrices or more. The published scores
    leave gains, shifts and biases out, and so do we."""
    found = [each for each in network.parameters() if each.dim() > 1]
    if not found:
        raise SettingError("the network has no weights: nothing to score")
    return found


def loss_of(network: nn.Module, batch: Batch, temperature: float = 1.0) -> torch.Tensor:
    """Cross entropy of the batch, its mean; `temperature` divides the logits."""
    logits = network(batch.images)
    assert batch.labels is not None
    labels = batch.labels
    if logits.shape[:-1] != labels.shape:
        shapes = f"{tuple(logits.shape)} and labels {tuple(labels.shape)}"
        raise SettingError(f"logits {shapes}: expected one row of logits for each label")
    if int(labels.max()) >= logits.shape[-1]:
        raise SettingError(f"label {int(labels.max())}: the network tells {logits.shape[-1]} classes apart")
    return F.cross_entropy(logits.flatten(0, -2) / temperature, labels.flatten())


def gradients_of(network: nn.Module, batch: Batch) -> Gradients:
    """Gradients of the loss; zeros for weights that it does not depend on."""
    weights, fisher = weights_of(network), []

    def layer(function: Callable, args: tuple, kwargs: dict) -> torch.Tensor:
        out = function(*args, **kwargs)
        weight = weight_of(args, kwargs)
        kept = out.detach()

        def note(gradient: torch.Tensor) -> None:
            places = list(range(2, gradient.dim())) if weight.dim() > 2 else []
            if weight.dim() == 2 and gradient.dim() > 2:  # a linear layer along a sequence
                places = [0]
            products = kept * gradient
            each = products.sum(places) if places else products
            fisher.append((weight[0].numel(), each.pow(2).mean(0) / 2))

        if out.requires_grad:
            out.register_hook(note)
        return out

    with Watching(layer=layer):
        loss = loss_of(network, batch)
    found = torch.autograd.grad(loss, weights, allow_unused=True)
    gradients = [torch.zeros_like(w) if g is None else g for w, g in zip(weights, found, strict=True)]
    return Gradients([weight.detach() for weight in weights], gradients, fisher)
