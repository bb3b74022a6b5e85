"""ZiCo (Li et al., "ZiCo: Zero-shot NAS via Inverse Coefficient of Variation on Gradients", ICLR 2023).

Of the later proxies this one is here rather than AZ-NAS, because it is a score of one network: AZ-NAS ranks a whole set
of networks by four measures and adds the ranks, so that a network's score depends on which others are asked about.
"""

from __future__ import annotations

import torch

from nascore import checks
from nascore.errors import SettingError
from nascore.proxies.batch import Batch
from nascore.proxies.gradients import loss_of, weights_of
from nascore.proxies.registry import proxy


@proxy("zico", higher_is_better=True, labels=True, batch=128)
def zico(network, batch, generator, *, parts: int = 2) -> float:
    """Sum over layers of log of the sum over their weights of mean |g| / deviation of |g|, where g are the gradients of
    the loss on `parts` parts of the batch: networks whose gradients are large and agree score high.

    The authors take two batches; weights whose gradients do not vary at all are left out, as in their code.
    """
    parts = checks.whole("parts", parts, 2)
    axis = 0 if batch.images.dim() == 4 else 1
    if len(batch) < parts:
        raise SettingError(f"parts={parts}: the batch has {len(batch)} images")
    weights = weights_of(network)
    found: list[list[torch.Tensor]] = [[] for _ in weights]
    for images, labels in zip(
        batch.images.tensor_split(parts, axis), batch.labels.tensor_split(parts, axis), strict=True
    ):
        loss = loss_of(network, Batch(images, labels))
        for seen, gradient in zip(found, torch.autograd.grad(loss, weights, allow_unused=True), strict=True):
            if gradient is not None:
                seen.append(gradient.abs())
    total = 0.0
    for seen in found:
        if not seen:
            continue
        each = torch.stack(seen)
        mean, deviation = each.mean(0), each.std(0, unbiased=False)
        ratio = float((mean / deviation)[deviation > 0].double().sum())
        total += float(torch.tensor(ratio, dtype=torch.float64).log()) if ratio > 0 else 0.0
    return total
