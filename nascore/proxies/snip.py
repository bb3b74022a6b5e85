"""SNIP (Lee et al., "SNIP: Single-shot Network Pruning based on Connection Sensitivity", ICLR 2019), summed over the
network's weights as in "Zero-Cost Proxies for Lightweight NAS" (Abdelfattah et al., ICLR 2021, Section 3.2)."""

from __future__ import annotations

from nascore.proxies.gradients import gradients_of
from nascore.proxies.registry import proxy


@proxy("snip", higher_is_better=True, labels=True)
def snip(network, batch, generator):
    """Sum of |weight x gradient of the loss|: how much the loss changes where each weight is left out, to first
    order."""
    found = batch.once(network, gradients_of)
    return sum(float((w * g).abs().sum()) for w, g in zip(found.weights, found.gradients, strict=True))
