"""GraSP (Wang et al., "Picking Winning Tickets Before Training by Preserving Gradient Flow", ICLR 2020),
summed over the weights as in Abdelfattah et al. (ICLR 2021, Section 3.2)."""

from __future__ import annotations

import torch

from nascore import checks
from nascore.proxies.gradients import loss_of, weights_of
from nascore.proxies.registry import proxy


@proxy("grasp", higher_is_better=True, labels=True)
def grasp(network, batch, generator, *, temperature=1.0):
    """- sum of weight x (H g), the loss's Hessian times its gradient: how much the gradient's norm gains where a weight
    stays. `temperature` divides the logits (the published scores: 1; GraSP itself: 200)."""
    temperature = checks.number("temperature", temperature, above=0)
    weights = weights_of(network)
    loss = loss_of(network, batch, temperature)
    found = torch.autograd.grad(loss, weights, create_graph=True, allow_unused=True)
    used = [(w, g) for w, g in zip(weights, found, strict=True) if g is not None]
    product = sum((g * g.detach()).sum() for _, g in used)
    if not isinstance(product, torch.Tensor) or not product.requires_grad:
        return 0.0
    seconds = torch.autograd.grad(product, [w for w, _ in used], allow_unused=True)
    return -sum(float((w.detach() * h).sum()) for (w, _), h in zip(used, seconds, strict=True) if h is not None)
