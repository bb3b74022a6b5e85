"""One architecture as a network: `build(space, arch, **skeleton options)`.

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
from nascore.networks.backbones import ChainNetwork, MacroNetwork
from nascore.networks.cells.recipe import RecipeNetwork
from nascore.networks.cells.single import SingleCell
from nascore.networks.nasbench101 import VertexNetwork
from nascore.networks.resnets import ResNetNetwork
from nascore.networks.skeletons import StackedCells
from nascore.networks.supernets.recurrent import RecurrentNetwork
from nascore.networks.two_cells import TwoCellNetwork
from nascore.spaces.backbones import BackboneSpace
from nascore.spaces.base import Arch, Space
from nascore.spaces.cell import CellSpace
from nascore.spaces.macro import NASBenchMacro
from nascore.spaces.nasbench101 import NASBench101
from nascore.spaces.nasbench_nlp import NASBenchNLP
from nascore.spaces.pool import PoolSpace
from nascore.spaces.recurrent import RecurrentSpace
from nascore.spaces.resnet import ResNetSpace
from nascore.spaces.two_cells import TwoCellSpace

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

    Image networks have `classes`, `inputs`, `statistics`, `seed` and `channels_last` (see ImageNetwork), and by space:
    NAS-Bench-201 and other cell spaces `channels` (16) of the first of three stages of `cells` (5) cells, and all of
    `StackedCells`; NAS-Bench-101 `channels` (128) and `cells` (3); DARTS's and NDS's two cells `channels`, `cells`,
    `stem` and `auxiliary` (see TwoCellNetwork); NDS's ResNets `stem`; the chains of NAS-Bench-Macro, EfficientNet and
    ProxylessNAS (`classes` 1000) nothing else. Recurrent cells have `words`, `units`, `dropout`, `seed`;
    NAS-Bench-NLP's `words`, `units`, `embedding`, `layers`, `seed`. A pool has those of its space. SettingError for a
    space without a network and for an option that its network does not have; ArchitectureError for an architecture of
    another space.
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


def options_of(kind: type[nn.Module]) -> list[str]:
    """The keyword options of a network's class, those that it passes on to its parents included."""
    found: dict[str, None] = {}
    for each in kind.__mro__:
        if "__init__" in vars(each):
            parts = _signature(vars(each)["__init__"]).parameters.values()
            found |= dict.fromkeys(part.name for part in parts if part.kind is part.KEYWORD_ONLY)
            if not any(part.kind is part.VAR_KEYWORD for part in parts):
                break
    return list(found)


def _checked(space: Space, options: dict, known: Sequence[str]) -> dict:
    """`options`, if all of them are known."""
    for name in options:
        if name not in known:
            raise SettingError(f"networks.build on {space.name}: {name}: unknown option{checks.suggest(name, known)}")
    return options


def builds_class(kind: type[Space], network: type[nn.Module]) -> None:
    """`network(space, arch, **options)` makes the networks of `kind`; its options are the keywords of the class."""

    def make(space: Space, arch: Arch, **options) -> nn.Module:
        return network(space, arch, **_checked(space, options, options_of(network)))

    builds(kind)(make)


class CellNetwork(StackedCells):
    """One cell of a cell space, stacked; images (n, inputs, h, w) to logits (n, classes)."""

    def __init__(self, space: CellSpace, arch: Arch, widths: Sequence[int], cells: int, *, statistics: str, **skeleton):
        def make_cell(width: int, generator: torch.Generator) -> SingleCell:
            return SingleCell(space, arch, width, statistics, generator)

        super().__init__(make_cell, widths, cells, statistics=statistics, **skeleton)
        self.space, self.arch = space, arch

    def summary(self) -> str:
        return f" of {self.space.name}, {self.space.format(self.arch)}{super().summary()}"


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


for _kind, _network in (
    (BackboneSpace, ChainNetwork),
    (NASBench101, VertexNetwork),
    (NASBenchMacro, MacroNetwork),
    (ResNetSpace, ResNetNetwork),
    (TwoCellSpace, TwoCellNetwork),
):
    builds_class(_kind, _network)


@builds(RecurrentSpace)
def recurrent_network(space: RecurrentSpace, arch: Arch, *, words: int, **options) -> RecurrentNetwork:
    """The language model of one recurrent cell."""
    known = list(_signature(RecurrentNetwork.__init__).parameters)[3:]
    return RecurrentNetwork(arch, words, **_checked(space, options, known))


@builds(NASBenchNLP)
def recipe_network(space: NASBenchNLP, arch: Arch, *, words: int, **options) -> RecipeNetwork:
    """The language model of one of NAS-Bench-NLP's cells."""
    known = list(_signature(RecipeNetwork.__init__).parameters)[3:]
    return RecipeNetwork(arch, words, **_checked(space, options, known))


@builds(PoolSpace)
def pool_network(space: PoolSpace, arch: Arch, **options) -> nn.Module:
    """What the space that the pool is taken from builds."""
    return build(space.space, arch, **options)
