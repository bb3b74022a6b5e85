"""What every image network does: images to the features of its stages, and these to logits."""

from __future__ import annotations

import math

import torch
from torch import nn

from nascore import checks
from nascore.errors import SettingError
from nascore.networks.ops.layers import STATISTICS


class ImageNetwork(nn.Module):
    """Images (n, inputs, h, w) to logits (n, classes): stem, stages, mean over pixels, head.

    A subclass checks its own options, makes `stem` and `stages` (each stage a module from features to features, that
    starts with what makes the image smaller), in this order, and calls `finish`; or it makes `_features` its own.

    Parameters
    ----------
    inputs, classes: channels of an image and number of logits. statistics: "batch" or "running", see Norm.
    seed: of the weights. channels_last: the memory layout; 1.5 times faster on CPU, the same numbers.
    """

    halvings = 0  # how often the sides of an image are halved (rounded up), set by each network
    stem: nn.Module
    stages: nn.ModuleList

    def __init__(
        self,
        *,
        inputs: int = 3,
        classes: int = 10,
        statistics: str = "running",
        seed: int = 0,
        channels_last: bool = True,
    ):
        super().__init__()
        self.inputs, self.classes = checks.whole("inputs", inputs, 1), checks.whole("classes", classes, 2)
        self.statistics, self.seed = checks.one_of("statistics", statistics, STATISTICS), checks.seed(seed)
        self.channels_last = checks.flag("channels_last", channels_last)
        self.layout = torch.channels_last if channels_last else torch.contiguous_format

    def generator(self) -> torch.Generator:
        """Where the first weights are drawn from, in the order in which the layers are made."""
        return torch.Generator().manual_seed(self.seed)

    def finish(self, width: int, generator: torch.Generator) -> None:
        """Make the head for `width` channels, and settle the layout of all that was made."""
        self.head = linear(width, self.classes, generator)
        self.to(memory_format=self.layout)  # type: ignore[call-overload]  # torch's stubs do not know it

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits (n, classes)."""
        return self.logits(images)

    def logits(self, images: torch.Tensor, *arguments) -> torch.Tensor:
        """Logits (n, classes); `arguments` are what the stages need beside the images."""
        try:
            return self.classify(self._features(images, *arguments)[-1])
        except (RuntimeError, ValueError, TypeError, AttributeError) as error:  # torch's words do not name the images
            raise self.images_problem(images) or error from None

    def features(self, images: torch.Tensor, *arguments) -> tuple[torch.Tensor, ...]:
        """What each stage gives, first to last, before the next one makes the image smaller: (n, width, h, w). The
        logits are `classify` of the last."""
        try:
            return self._features(images, *arguments)
        except (RuntimeError, ValueError, TypeError, AttributeError) as error:
            raise self.images_problem(images) or error from None

    def _features(self, images: torch.Tensor, *arguments) -> tuple[torch.Tensor, ...]:
        x, found = self.stem(images.contiguous(memory_format=self.layout)), []
        for stage in self.stages:
            x = stage(x)
            found.append(x)
        return tuple(found)

    def classify(self, x: torch.Tensor) -> torch.Tensor:
        """Logits from the features of the last stage."""
        return self.head(x.mean((2, 3)))

    def images_problem(self, images) -> SettingError | None:
        """What is wrong with a batch of images that the network could not take; None: nothing, the fault is another."""
        inputs, weight = self.inputs, self.head.weight
        if not isinstance(images, torch.Tensor):
            return SettingError(f"images: expected a tensor (n, {inputs}, h, w), not {type(images).__name__}")
        if images.dim() != 4 or images.shape[1] != inputs or 0 in images.shape:
            return SettingError(f"images of shape {tuple(images.shape)}: expected (n, {inputs}, h, w), none of them 0")
        if images.dtype != weight.dtype and not torch.is_autocast_enabled(images.device.type):
            return SettingError(f"images of {images.dtype}: the network computes in {weight.dtype}")
        if images.device != weight.device:
            return SettingError(f"images on {images.device}: the network is on {weight.device}")
        if self.training and len(images) == 1 and max(images.shape[2:]) <= 2**self.halvings:
            return SettingError(
                "a batch of one image, which the reductions make a single pixel: normalisation in training needs more"
            )
        return None

    def __repr__(self) -> str:
        """One line; `str` and `print` show torch's tree of modules."""
        return f"<{type(self).__name__}{self.summary()}, {parameters_text(self)}>"

    def summary(self) -> str:
        """What it is made of, for `repr`."""
        return f": {self.classes} classes"

    def __str__(self) -> str:
        return nn.Module.__repr__(self)


class ArchNetwork(ImageNetwork):
    """The image network of `arch`, an architecture of `space`."""

    def __init__(self, space, arch, **options):
        super().__init__(**options)
        self.space, self.arch = space, arch

    def summary(self) -> str:
        return f" of {self.space.name}, {self.space.format(self.arch)}{super().summary()}"


def linear(inputs: int, outputs: int, generator: torch.Generator) -> nn.Linear:
    """A linear layer with normal weights of variance 1 / inputs and no bias at first."""
    layer = nn.Linear(inputs, outputs)
    with torch.no_grad():
        layer.weight.copy_(torch.randn(outputs, inputs, generator=generator) / math.sqrt(inputs))
        layer.bias.zero_()
    return layer


def parameters_text(network: nn.Module) -> str:
    """How many parameters can be trained, in words."""
    count = sum(each.numel() for each in network.parameters() if each.requires_grad)
    return f"{count:,} parameters"
