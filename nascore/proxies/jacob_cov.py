"""Jacobian covariance (Mellor et al., "Neural Architecture Search without Training", arXiv 2006.04647 v1, Section 3,
Equations 3 to 5)."""

from __future__ import annotations

import torch

from nascore.proxies.registry import proxy

K = 1e-5


@proxy("jacob_cov", higher_is_better=True)
def jacob_cov(network, batch, generator):
    """- sum over eigenvalues v of log(v + k) + 1 / (v + k), k = 1e-5, of the correlation between the images' Jacobians
    (the gradient, for the pixels, of the sum of the logits): low where images look alike to the network."""
    images = batch.pixels("jacob_cov").clone().requires_grad_(True)
    out = network(images).sum()
    (jacobian,) = torch.autograd.grad(out, images, allow_unused=True)
    rows = (torch.zeros_like(images) if jacobian is None else jacobian).flatten(1).double()
    rows = rows - rows.mean(1, keepdim=True)
    norms = rows.norm(dim=1, keepdim=True)
    rows = rows / norms.clamp_min(1e-30)  # an image that nothing depends on correlates with none
    values = torch.linalg.eigvalsh(rows @ rows.T).clamp_min(0)
    return -float((torch.log(values + K) + 1 / (values + K)).sum())
