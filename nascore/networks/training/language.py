"""Training one recurrent cell from scratch: the retraining after a search."""

from __future__ import annotations

import math

import torch

from nascore import checks
from nascore.data.text import Stream
from nascore.errors import Diverged
from nascore.networks.supernets.recurrent import RecurrentNetwork


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
    once per epoch. Diverged for a loss that is not finite.
    """
    epochs, seed = checks.whole("epochs", epochs, 1), checks.seed(seed)
    learning_rate = checks.number("learning_rate", learning_rate, above=0)
    clip = None if clip is None else checks.number("clip", clip, above=0)
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
    return found
