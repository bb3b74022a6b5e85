"""One architecture as a network: `build(space, arch, **skeleton options)`, and how many parameters it has.

Which network belongs to a space is registered by the space's class; a subclass without an entry takes its parent's.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import lru_cache

import torch
from torch import nn

from nascore import checks
from nascore.errors import SettingError
from nascore.networks import skeletons
from nascore.networks.backbones import ChainNetwork
from nascore.networks.cells.recipe import RecipeNetwork
from nascore.networks.cells.single import SingleCell
from nascore.networks.skeletons import StackedCells
from nascore.networks.supernets.recurrent import RecurrentNetwork
from nascore.spaces.backbones import BackboneSpace
from nascore.spaces.base import Arch, Space
from nascore.spaces.cell import CellSpace
from nascore.spaces.nasbench_nlp import NASBenchNLP
from nascore.spaces.pool import PoolSpace
from nascore.spaces.recurrent import RecurrentSpace

_builders: dict[type[Space], Callable[..., nn.Module]] = {}


_signature = lru_cache(maxsize=64)(inspect.signature)  # slow beside a small network


def builds(kind: type[Space]) -> Callable[[Callable[..., nn.Module]], Callable[..., nn.Module]]:
    """Decorator: `function(space, arch, **options)` makes the networks of `kind` and of its subclasses."""

    if not isinstance(kind, type) or not issubclass(kind, Space):
        raise SettingError(f"kind={checks.shown(kind)}: expected a class of spaces")

    def add(function: Callable[..., nn.Module]) -> Callable[..., nn.Module]:
        _builders[kind] = function
        return function

    return add


def build(space: Space, arch: Arch, **options) -> nn.Module:
    """The network of `arch`, untrained.

    Cell spaces (NAS-Bench-201's skeleton): `channels` (16) of the first of three stages of `cells` (5) cells,
    `classes` (10), and every option of `StackedCells`, such as inputs, seed, statistics, reduction, or widths in place
    of channels. Recurrent cells: `words`, `units`, `dropout`, `seed`; NAS-Bench-NLP's: `words`, `units`, `embedding`,
    `layers`, `seed`. A pool's: those of its space. EfficientNet's and ProxylessNAS's chains:
    `classes` (1000), `inputs`, `statistics`, `seed`. SettingError for a space without a network and for an option that
    its network does not have; ArchitectureError for an architecture of another space.
    """
    checks.instance("space", space, Space, "a nascore space such as nc.spaces.NASBench201()")
    arch = space.validate(arch)
    mine = next((kind for kind in type(space).__mro__ if kind in _builders), None)
    if mine is None:
        known = ", ".join(sorted(kind.__name__ for kind in _builders))
        raise SettingError(f"space={space.name}: no network is known for {type(space).__name__}; known: {known}")
    function = _builders[mine]
    try:
        _signature(function).bind(space, arch, **options)
    except TypeError as error:  # one that is not known, or is missing
        raise SettingError(f"networks.build on {space.name}: {error}") from None
    network = function(space, arch, **options)
    return checks.instance(f"network of {space.name}", network, nn.Module, "a torch module from its builder")


def parameters(space: Space, arch: Arch, **options) -> int:
    """Trainable parameters of `build(space, arch, **options)`."""
    return sum(parameter.numel() for parameter in build(space, arch, **options).parameters() if parameter.requires_grad)


class CellNetwork(StackedCells):
    """One cell of a cell space, stacked; images (n, inputs, h, w) to logits (n, classes)."""

    def __init__(self, space: CellSpace, arch: Arch, widths: Sequence[int], cells: int, *, statistics: str, **skeleton):
        def make_cell(width: int, generator: torch.Generator) -> SingleCell:
            return SingleCell(space, arch, width, statistics, generator)

        super().__init__(make_cell, widths, cells, statistics=statistics, **skeleton)
        self.space, self.arch = space, arch

    def summary(self) -> str:
        return f" of {self.space.name}, {self.space.format(self.arch)}{super().summary()}"

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.stacked(images)


@builds(CellSpace)
def cell_network(
    space: CellSpace,
    arch: Arch,
    *,
    channels: int | None = None,
    cells: int = 5,
    classes: int = 10,
    widths: Sequence[int] | None = None,
    statistics: str = "running",
    **skeleton,
) -> CellNetwork:
    """NAS-Bench-201's network: stages with channels (16), 2 and 4 times as many, or with `widths`."""
    if channels is not None and widths is not None:
        raise SettingError(f"channels={channels!r} and widths={checks.shown(widths)}: expected one of them")
    if widths is None:
        channels = 16 if channels is None else checks.whole("channels", channels, 1)
        widths = (channels, 2 * channels, 4 * channels)
    skeletons.options(skeleton)
    return CellNetwork(space, arch, widths, cells, classes=classes, statistics=statistics, **skeleton)


@builds(RecurrentSpace)
def recurrent_network(space: RecurrentSpace, arch: Arch, *, words: int, **options) -> RecurrentNetwork:
    """The language model of one recurrent cell."""
    known = list(inspect.signature(RecurrentNetwork.__init__).parameters)[3:]
    for name in options:
        if name not in known:
            raise SettingError(f"networks.build on {space.name}: {name}: unknown option{checks.suggest(name, known)}")
    return RecurrentNetwork(arch, words, **options)


@builds(BackboneSpace)
def chain_network(space: BackboneSpace, arch: Arch, **options) -> ChainNetwork:
    """EfficientNet's or ProxylessNAS's chain of blocks."""
    known = list(inspect.signature(ChainNetwork.__init__).parameters)[3:]
    for name in options:
        if name not in known:
            raise SettingError(f"networks.build on {space.name}: {name}: unknown option{checks.suggest(name, known)}")
    return ChainNetwork(space, arch, **options)


@builds(NASBenchNLP)
def recipe_network(space: NASBenchNLP, arch: Arch, *, words: int, **options) -> RecipeNetwork:
    """The language model of one of NAS-Bench-NLP's cells."""
    known = list(inspect.signature(RecipeNetwork.__init__).parameters)[3:]
    for name in options:
        if name not in known:
            raise SettingError(f"networks.build on {space.name}: {name}: unknown option{checks.suggest(name, known)}")
    return RecipeNetwork(arch, words, **options)


@builds(PoolSpace)
def pool_network(space: PoolSpace, arch: Arch, **options) -> nn.Module:
    """What the space that the pool is taken from builds."""
    return build(space.space, arch, **options)
