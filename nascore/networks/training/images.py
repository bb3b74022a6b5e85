"""Training one image network from scratch, as DARTS's derived networks are evaluated."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F

from nascore import checks
from nascore.data.images import ImageData
from nascore.errors import Diverged, SettingError
from nascore.networks.image import ImageNetwork
from nascore.networks.supernets.base import evaluating
from nascore.networks.two_cells import TwoCellNetwork


@dataclass(frozen=True)
class Recipe:
    """SGD with momentum, its rate falling as a cosine over all steps to zero, the gradient's norm below `clip`.

    drop_path: the probability at the end; it grows linearly from 0 (two-cell networks only). auxiliary: weight of the
    second head's loss, for networks built with one. Defaults: DARTS's evaluation on CIFAR-10 (Liu et al., 2019), except
    that there the rate falls once per epoch; it has batches of 96 images, crops, flips and cutout of 16 pixels
    (`ImageData(..., batch=96, augment="crop-flip", cutout=16)`) and networks of 20 cells and 36 channels.
    """

    epochs: int = 600
    learning_rate: float = 0.025
    momentum: float = 0.9
    decay: float = 3e-4
    clip: float | None = 5.0
    drop_path: float = 0.2
    auxiliary: float = 0.4

    def __post_init__(self):
        values = {
            "epochs": checks.whole("epochs", self.epochs, 1),
            "learning_rate": checks.number("learning_rate", self.learning_rate, above=0),
            "momentum": checks.number("momentum", self.momentum, 0, below=1),
            "decay": checks.number("decay", self.decay, 0),
            "clip": None if self.clip is None else checks.number("clip", self.clip, above=0),
            "drop_path": checks.number("drop_path", self.drop_path, 0, below=1),
            "auxiliary": checks.number("auxiliary", self.auxiliary, 0),
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def settings(self) -> dict:
        return asdict(self)


PAPER = Recipe()


@torch.inference_mode(False)  # whatever the caller is in
@torch.enable_grad()
def train(
    network: ImageNetwork,
    data: ImageData,
    recipe: Recipe = PAPER,
    *,
    seed: int = 0,
    watch: Callable[[int, dict], None] | None = None,
) -> list[dict]:
    """Trains on `data.train(epoch)`, on the network's device; returns for each epoch {"loss", "accuracy"} (percent) of
    the training batches as they came. `watch(epoch, line)` hears of each as it ends; `seed`: of the dropped paths.

    Diverged for a loss, and for weights at the end, that are not finite; SettingError where the recipe asks for what
    the network does not have.
    """
    checks.instance("network", network, ImageNetwork, "a network of `nc.networks.build`")
    checks.instance("data", data, ImageData, "an ImageData")
    checks.instance("recipe", recipe, Recipe, "a Recipe of nascore.networks.training.images")
    if recipe.drop_path and not isinstance(network, TwoCellNetwork):
        raise SettingError(f"drop_path={recipe.drop_path:g}: {type(network).__name__} has no paths to drop; expected 0")
    if recipe.auxiliary and getattr(network, "auxiliary", None) is None:
        raise SettingError(f"auxiliary={recipe.auxiliary:g}: the network has no second head; expected 0")
    parameters = [each for each in network.parameters() if each.requires_grad]
    optimizer = torch.optim.SGD(
        parameters, recipe.learning_rate, recipe.momentum, weight_decay=recipe.decay, foreach=True
    )
    found, step, steps = [], 0, recipe.epochs * len(data.train(0))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(checks.seed(seed))
        network.train()
        for epoch in range(recipe.epochs):
            if recipe.drop_path:
                network.drop_paths(recipe.drop_path * epoch / recipe.epochs)  # type: ignore[operator]  # checked above
            total = right = seen = 0.0
            for images, labels in data.train(epoch):
                images, labels = images.to(parameters[0].device), labels.to(parameters[0].device)
                for group in optimizer.param_groups:
                    group["lr"] = recipe.learning_rate * (1 + math.cos(math.pi * step / steps)) / 2
                logits, loss = _loss(network, images, labels, recipe.auxiliary)
                value = float(loss.detach())
                if not math.isfinite(value):
                    raise Diverged(f"learning_rate={recipe.learning_rate!r}: the loss of epoch {epoch + 1} is {value}")
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                if recipe.clip is not None:
                    torch.nn.utils.clip_grad_norm_(parameters, recipe.clip)
                optimizer.step()
                total += value * len(labels)
                right += float((logits.argmax(1) == labels).sum())
                seen += len(labels)
                step += 1
            found.append({"loss": total / seen, "accuracy": 100 * right / seen})
            if watch is not None:
                watch(epoch, found[-1])
    if not all(bool(torch.isfinite(each).all()) for each in parameters):
        raise Diverged(f"learning_rate={recipe.learning_rate!r}: the weights are not finite after the training")
    return found


def _loss(network, images, labels, auxiliary: float) -> tuple[torch.Tensor, torch.Tensor]:
    if not auxiliary:
        logits = network(images)
        return logits, F.cross_entropy(logits, labels)
    logits, second = network.both_logits(images)
    return logits, F.cross_entropy(logits, labels) + auxiliary * F.cross_entropy(second, labels)


@torch.no_grad()
def evaluate(network: ImageNetwork, images: torch.Tensor, labels: torch.Tensor, batch: int = 250) -> dict[str, float]:
    """{"loss", "accuracy"} (percent) of all images in evaluation mode, in parts of `batch`."""
    device = next(network.parameters()).device
    with evaluating(network):
        parts = [network(part.to(device)).cpu() for part in images.split(checks.whole("batch", batch, 1))]
    logits = torch.cat(parts)
    return {
        "loss": float(F.cross_entropy(logits, labels)),
        "accuracy": 100 * float((logits.argmax(1) == labels).double().mean()),
    }
