"""Zen score (Lin et al., "Zen-NAS: A Zero-Shot NAS for High-Performance Image Recognition", ICCV 2021, Algorithm 1)."""

from __future__ import annotations

import torch

from nascore import checks
from nascore.errors import SettingError
from nascore.proxies.registry import proxy
from nascore.proxies.watching import Watching, first, over_all_pixels

SMALLEST = 1e-12  # of the change of the features, whose logarithm is taken


@proxy("zen", higher_is_better=True)
def zen(network, batch, generator, *, repeats=1, strength=0.01):
    """log E|f(x) - f(x + strength e)| + sum over batch normalisations of log sqrt(mean over channels of the variances):
    how strongly the features before the last pooling answer to a small change of the input, were nothing normalised.

    Weights, x and e are standard normal (no image is looked at but their shape); the mean of `repeats` draws (the
    authors' code: 32, with 16 images; the published scores of NAS-Bench-201: 1, with 64). |.| is the sum over a map's
    absolute values, and residual links stay, as in the code of both; the paper's text has the Frobenius norm.
    """
    repeats, strength = checks.whole("repeats", repeats, 1), checks.number("strength", strength, above=0)
    found, scales, normalising = [], [], True

    def norm(function, args, kwargs):
        if normalising:
            x = first(args, kwargs)
            axes = [0, *range(2, x.dim())]
            scales.append((x.var(axes, unbiased=False).mean() + 1e-5).log() / 2)
        return function(*args, **kwargs)

    def pooling(function, args, kwargs):
        if over_all_pixels(function, args, kwargs):
            found.append(first(args, kwargs))
        return function(*args, **kwargs)

    def features(images):
        found.clear()
        network(images)
        if not found:
            raise SettingError("the network never averages over all pixels: the Zen score is not defined")
        return found[-1]

    total = 0.0
    with torch.no_grad(), Watching(batch_norm=norm, pooling=pooling):
        for _ in range(repeats):
            for weight in network.parameters():
                if weight.dim() > 1:
                    weight.normal_(generator=generator)
            images = torch.empty_like(batch.pixels("zen")).normal_(generator=generator)
            noise = torch.empty_like(images).normal_(generator=generator)
            scales.clear()
            normalising = True
            before = features(images)
            normalising = False
            change = (before - features(images + strength * noise)).abs().flatten(1).sum(1).mean()
            total += float(change.clamp_min(SMALLEST).log() + sum(scales))
    return total / repeats
