"""Training one recurrent cell from scratch: the retraining after a search."""

from __future__ import annotations

import math

import torch

from nascore import checks
from nascore.data.text import Stream
from nascore.errors import Diverged
from nascore.networks.supernets.recurrent import RecurrentNetwork

LARGEST = torch.finfo(torch.float32).max  # a rate that the weights' type can hold


@torch.inference_mode(False)  # whatever the caller is in
@torch.enable_grad()
def train(
    network: RecurrentNetwork,
    stream: Stream,
    epochs: int = 100,
    learning_rate: float = 20.0,
    clip: float | None = 0.25,
    seed: int = 0,
) -> list[float]:
    """Plain SGD on every segment in order; returns the training perplexity of each epoch, measured while it trains.

    The rate falls as a cosine over all steps to zero, the gradient's norm is kept below `clip`; `seed` is that of the
    dropout. Defaults: the authors' code (the paper's Appendix E is not in our copy), except that there the rate falls
    once per epoch. Diverged for a loss, and for weights at the end, that are not finite.
    """
    epochs, seed = checks.whole("epochs", epochs, 1), checks.seed(seed)
    learning_rate = checks.number("learning_rate", learning_rate, above=0, high=LARGEST)
    clip = None if clip is None else checks.number("clip", clip, above=0)
    checks.instance("network", network, RecurrentNetwork, "a RecurrentNetwork")
    checks.instance("stream", stream, Stream, "a Stream of the training text")
    parameters = list(network.parameters())
    optimizer = torch.optim.SGD(parameters, learning_rate)
    found, step, steps = [], 0, epochs * len(stream)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network.train()
        for epoch in range(epochs):
            total = 0.0
            for segment in stream:
                for group in optimizer.param_groups:
                    group["lr"] = learning_rate * (1 + math.cos(math.pi * step / steps)) / 2
                loss = network.loss(segment)
                value = loss.item()
                if not math.isfinite(value):
                    raise Diverged(f"learning_rate={learning_rate!r}: the loss of epoch {epoch + 1} is {value}")
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                if clip is not None:
                    torch.nn.utils.clip_grad_norm_(parameters, clip)
                optimizer.step()
                total += value
                step += 1
            found.append(math.exp(total / len(stream.inputs)))
    if not all(bool(parameter.isfinite().all()) for parameter in parameters):
        raise Diverged(f"learning_rate={learning_rate!r}: weights are not finite after epoch {epochs}")
    return found
