"""The network of two cells, normal and reduction: DARTS's, which NDS's code trains for all its families too."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from nascore import checks
from nascore.errors import SettingError
from nascore.networks.cells.pairs import PairCell
from nascore.networks.image import ArchNetwork, ImageNetwork, linear
from nascore.networks.ops.layers import Convolution, Norm
from nascore.spaces.base import Arch
from nascore.spaces.nds import NDSSpace
from nascore.spaces.two_cells import Scale, TwoCellSpace

STEMS = ("cifar", "imagenet")
MakeCell = Callable[[str, tuple[int, int], int, bool, torch.Generator], nn.Module]
EVALUATION = Scale(20, 36)  # depth and width of DARTS's networks on CIFAR-10


class TwoCellStack(ImageNetwork):
    """Stem, `depth` cells, mean over pixels, head. The cells at one and two thirds of the depth are reductions: half
    the sides, twice the channels. `features`: the output of the last cell before each reduction, and of the last cell.

    A subclass calls `stack`; further arguments of `logits` and `features` go to every cell.
    """

    depth: int
    width: int

    def stack(self, depth: int, width: int, stem: str, make_cell: MakeCell) -> torch.Generator:
        """Make stem, cells and head; returns the generator, for what is drawn next.

        `make_cell(kind, inputs, width, halve, generator)`: a cell with `outputs` channels from those of the two before,
        the older first, which has twice the sides where `halve`.
        """
        generator = self.generator()
        self.depth, self.width = depth, width
        self.halvings = 2 if stem == "cifar" else 5
        self.stem = made = TwoInputStem(self.inputs, width, stem, self.statistics, generator)
        came, halve = (made.outputs, made.outputs), stem == "imagenet"
        reductions = (depth // 3, 2 * depth // 3)
        stages: list[nn.ModuleList] = []
        for place in range(depth):
            reduction = place in reductions
            if reduction or not place:
                stages.append(nn.ModuleList())
            width *= 2 if reduction else 1
            cell = make_cell("reduce" if reduction else "normal", came, width, halve, generator)
            stages[-1].append(cell)
            came, halve = (came[1], cell.outputs), reduction  # type: ignore[assignment]  # a cell's attribute
        self.stages = nn.ModuleList(stages)
        self.finish(came[1], generator)
        return generator

    def _features(self, images: torch.Tensor, *arguments) -> tuple[torch.Tensor, ...]:
        return tuple(stage[-1] for stage in self._cells(images, *arguments))

    def _cells(self, images: torch.Tensor, *arguments) -> list[list[torch.Tensor]]:
        """The outputs of all cells, by stage."""
        older, newer = self.stem(images.contiguous(memory_format=self.layout))
        found: list[list[torch.Tensor]] = []
        for stage in self.stages:
            found.append([])
            for cell in stage:  # type: ignore[attr-defined]  # a ModuleList
                older, newer = newer, cell(older, newer, *arguments)
                found[-1].append(newer)
        return found


class TwoCellNetwork(TwoCellStack, ArchNetwork):
    """One architecture of a space of two cells, see TwoCellStack.

    Parameters
    ----------
    channels, cells: width of a node in the first cells, and depth; by default the architecture's own where the space
        draws them (NDS), else 36 and 20, those of DARTS's evaluation on CIFAR-10.
    stem: "cifar": 3x3 convolution to three times the channels; "imagenet": three 3x3 convolutions of stride 2. NDS's
        spaces have "imagenet" by default, as their tables, others "cifar".
    classes: 1,000 by default with "imagenet", else 10.
    auxiliary: whether there is a second head on the second reduction, see `both_logits`.
    """

    def __init__(
        self,
        space: TwoCellSpace,
        arch: Arch,
        *,
        channels: int | None = None,
        cells: int | None = None,
        stem: str | None = None,
        classes: int | None = None,
        auxiliary: bool = False,
        **options,
    ):
        stem = checks.one_of(
            "stem", ("imagenet" if isinstance(space, NDSSpace) else "cifar") if stem is None else stem, STEMS
        )
        super().__init__(
            space, arch, classes=(1000 if stem == "imagenet" else 10) if classes is None else classes, **options
        )
        scale = space.scale(arch) or EVALUATION
        depth = checks.whole("cells", scale.depth if cells is None else cells, 3)
        width = checks.whole("channels", scale.width if channels is None else channels, 2)

        def make_cell(kind: str, inputs: tuple[int, int], width: int, halve: bool, generator: torch.Generator):
            return PairCell(
                space.cell(arch, kind),
                space.concat(arch, kind),
                inputs,
                width,
                reduction=kind == "reduce",
                halve=halve,
                statistics=self.statistics,
                generator=generator,
            )

        generator = self.stack(depth, width, stem, make_cell)
        self.auxiliary = None
        if checks.flag("auxiliary", auxiliary):
            second = self.stages[2][0].outputs  # type: ignore[index, union-attr]  # a ModuleList of ModuleLists
            self.auxiliary = AuxiliaryHead(second, self.classes, stem, self.statistics, generator)
            self.auxiliary.to(memory_format=self.layout)  # type: ignore[call-overload]

    def drop_paths(self, probability: float) -> None:
        """From now on, in training, drop each path with this probability, see PairCell."""
        probability = checks.number("probability", probability, 0, below=1)
        for stage in self.stages:
            for cell in stage:  # type: ignore[attr-defined]  # a ModuleList
                cell.drop_path = probability

    def both_logits(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits, and those of the auxiliary head, which reads the second reduction."""
        if self.auxiliary is None:
            raise SettingError("auxiliary=False: the network was built without the auxiliary head")
        try:
            stage = self._cells(images)[-1]
            return self.classify(stage[-1]), self.auxiliary(stage[0])
        except (RuntimeError, ValueError, TypeError, AttributeError) as error:
            raise self.images_problem(images) or error from None

    def summary(self) -> str:
        return f" of {self.space.name}: {self.depth} cells, {self.width} channels, {self.classes} classes"


class TwoInputStem(nn.Module):
    """From images to what the first cell reads, two maps of `outputs` channels; "imagenet": the older one is larger."""

    def __init__(self, inputs: int, channels: int, kind: str, statistics: str, generator: torch.Generator):
        super().__init__()
        self.outputs = 3 * channels if kind == "cifar" else channels
        self.newer = None
        if kind == "cifar":
            self.older = nn.Sequential(
                Convolution(inputs, self.outputs, 3, 1, generator), Norm(self.outputs, statistics)
            )
            return
        half = channels // 2
        self.older = nn.Sequential(
            Convolution(inputs, half, 3, 2, generator),
            Norm(half, statistics),
            nn.ReLU(),
            Convolution(half, channels, 3, 2, generator),
            Norm(channels, statistics),
        )
        self.newer = nn.Sequential(
            nn.ReLU(), Convolution(channels, channels, 3, 2, generator), Norm(channels, statistics)
        )

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        older = self.older(images)
        return older, older if self.newer is None else self.newer(older)


class AuxiliaryHead(nn.Module):
    """DARTS's second head: average over windows of 5 x 5, 1x1 convolution to 128 channels, 2x2 to 768, linear.

    Made for features of 8 x 8 ("cifar") or 14 x 14 ("imagenet") pixels. On ImageNet nothing is normalised behind the
    last convolution, as in the published networks."""

    def __init__(self, inputs: int, classes: int, kind: str, statistics: str, generator: torch.Generator):
        super().__init__()
        cifar = kind == "cifar"
        self.body = nn.Sequential(
            nn.ReLU(),
            nn.AvgPool2d(5, 3 if cifar else 2, count_include_pad=False),
            Convolution(inputs, 128, 1, 1, generator),
            Norm(128, statistics),
            nn.ReLU(),
            Convolution(128, 768, 2, 1, generator, padding=0),
            *([Norm(768, statistics)] if cifar else []),
            nn.ReLU(),
        )
        self.head = linear(768, classes, generator)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.body(x).mean((2, 3)))
