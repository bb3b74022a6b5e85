"""Gradient norm (Abdelfattah et al., "Zero-Cost Proxies for Lightweight NAS", ICLR 2021, Section 3.2)."""

from __future__ import annotations

from nascore.proxies.gradients import gradients_of
from nascore.proxies.registry import proxy


@proxy("grad_norm", higher_is_better=True, labels=True)
def grad_norm(network, batch, generator):
    """Sum over the layers of the Euclidean norm of the loss's gradient for their weights."""
    return sum(float(gradient.norm()) for gradient in batch.once(network, gradients_of).gradients)
