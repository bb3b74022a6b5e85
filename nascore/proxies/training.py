"""Short trainings on real labels: the classification that GenNAS compares its regression with (Appendix A.3.1), and a
reduced training in the manner of EcoNAS (Zhou et al., "EcoNAS: Finding Proxies for Economical Neural Architecture
Search", CVPR 2020)."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F

from nascore import checks
from nascore.errors import SettingError
from nascore.proxies.batch import Batch
from nascore.proxies.gradients import loss_of
from nascore.proxies.registry import proxy

MEASURES = ("loss", "accuracy")


@proxy("classification", higher_is_better=True, labels=True, batch=16)
def classification(
    network, batch, generator, *, steps=100, rate=0.1, momentum=0.9, decay=1e-5, measure="loss", held_out=500
):
    """What is left after `steps` steps of SGD on this one batch, with GenNAS's own settings (A.2), so that regression
    and classification see the same data.

    `measure`: "loss": minus the batch's loss after the last step (the counterpart of the regression loss); "accuracy":
    percent on up to `held_out` other images, where the paper's Figure 2b does not say which it takes.
    """
    checks.one_of("measure", measure, MEASURES)
    _train(network, [batch] * checks.whole("steps", steps, 1), rate, momentum, decay, cosine=False)
    if measure == "loss":
        with torch.no_grad():
            return -float(loss_of(network, batch))
    source = _source(batch)
    others = torch.randperm(len(source), generator=_on_cpu(generator))[: checks.whole("held_out", held_out, 1)]
    return _accuracy(network, source.images[others].to(batch.device), source.labels[others].to(batch.device))


@proxy("econas", higher_is_better=True, labels=True)
def econas(
    network, batch, generator, *, steps=100, rate=0.1, momentum=0.9, decay=5e-4, minibatch=64, shrink=2, held_out=500
):
    """Validation accuracy, percent, after a short training with everything reduced: `steps` steps (cosine to 0) on all
    images but `held_out` (no more than a third), at 1 / `shrink` of their side. The network is reduced by whoever
    builds it: `score(..., channels=8, cells=2)`.

    Normalisation in validation is by running averages or by the batch, whichever `statistics` the network was built
    with.
    """
    source = _source(batch)
    minibatch, shrink = checks.whole("minibatch", minibatch, 2), checks.whole("shrink", shrink, 1)
    order = torch.randperm(len(source), generator=_on_cpu(generator))
    count = min(checks.whole("held_out", held_out, 1), len(source) // 3)
    if count < 1:
        raise SettingError(f"econas: {len(source)} images are too few to train and to validate")
    images = source.images if shrink == 1 else F.avg_pool2d(source.images, shrink)
    validation, training = order[:count], order[count:]

    def batches():
        left = torch.empty(0, dtype=torch.long)
        for _ in range(checks.whole("steps", steps, 1)):
            while len(left) < min(minibatch, len(training)):
                left = torch.cat([left, training[torch.randperm(len(training), generator=_on_cpu(generator))]])
            chosen, left = left[:minibatch], left[minibatch:]
            yield Batch(images[chosen].to(batch.device), source.labels[chosen].to(batch.device))

    _train(network, list(batches()), rate, momentum, decay, cosine=True)
    return _accuracy(network, images[validation].to(batch.device), source.labels[validation].to(batch.device))


def _train(network, batches, rate: float, momentum: float, decay: float, cosine: bool) -> None:
    rate, momentum = checks.number("rate", rate, above=0), checks.number("momentum", momentum, 0, below=1)
    parameters = [each for each in network.parameters() if each.requires_grad]
    optimizer = torch.optim.SGD(parameters, rate, momentum, weight_decay=checks.number("decay", decay, 0), foreach=True)
    for step, batch in enumerate(batches):
        if cosine:
            optimizer.param_groups[0]["lr"] = rate * (1 + math.cos(math.pi * step / len(batches))) / 2
        optimizer.zero_grad()
        loss_of(network, batch).backward()
        optimizer.step()


def _accuracy(network, images: torch.Tensor, labels: torch.Tensor) -> float:
    network.eval()
    with torch.no_grad():
        parts = [network(part) for part in images.split(250)]
    logits = torch.cat(parts)
    if not bool(torch.isfinite(logits).all()):
        return math.nan
    return 100.0 * float((logits.argmax(-1) == labels).double().mean())


def _source(batch: Batch):
    source = batch.source
    if source is None or source.labels is None or source.images.dim() != 4:
        raise SettingError("a short training needs more labelled images than the batch: it draws from batch.source")
    return source


def _on_cpu(generator: torch.Generator) -> torch.Generator:
    """A generator for the places of images, which lie in the computer's own memory."""
    if generator.device.type == "cpu":
        return generator
    return torch.Generator().manual_seed(generator.initial_seed())
