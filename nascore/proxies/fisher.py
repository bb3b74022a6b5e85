"""Fisher (Theis et al., "Faster gaze prediction", 2018; Turner et al., "BlockSwap", ICLR 2020), as in
"Zero-Cost Proxies for Lightweight NAS" (Abdelfattah et al., ICLR 2021, Section 3.2)."""

from __future__ import annotations

from nascore import checks
from nascore.proxies.gradients import gradients_of
from nascore.proxies.registry import proxy

EACH = ("weight", "channel")


@proxy("fisher", higher_is_better=True, labels=True)
def fisher(network, batch, generator, *, each="weight"):
    """Sum over the channels of every convolution's and linear layer's output of 1/2 E[(sum over pixels of activation x
    its gradient)^2], the mean over images of a loss that is itself a mean.

    `each`: "weight" counts a channel once for each of its weights, as the published scores do (their code writes a
    channel's value to all its weights before it sums); "channel" counts it once, as the formula says.
    """
    checks.one_of("each", each, EACH)
    found = batch.once(network, gradients_of).fisher
    return sum(float(values.sum()) * (count if each == "weight" else 1) for count, values in found)
