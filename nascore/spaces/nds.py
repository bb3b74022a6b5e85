"""The two-cell spaces of "On Network Design Spaces for Visual Recognition" (Radosavovic et al., 2019).

Operations, nodes and what a cell joins are those that the entries of its tables hold. There a network's depth and width
are drawn too, except in the spaces that its tables mark "fix-w-d" ("-f" here).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from nascore import checks
from nascore.errors import ArchitectureError, SettingError
from nascore.spaces.base import Arch, Space
from nascore.spaces.genotype import KINDS
from nascore.spaces.resnet import ResNetSpace, read_net
from nascore.spaces.two_cells import Scale, TwoCellSpace, edge_count


class Family(NamedTuple):
    """Operations, nodes of a cell, whether its output joins its loose ends, and the widths of the ImageNet entries."""

    ops: tuple[str, ...]
    nodes: int
    loose_ends: bool
    widths: tuple[int, ...]


_POOLS = ("avg_pool_3x3", "max_pool_3x3")
_AMOEBA = (
    "skip_connect",
    *_POOLS,
    "sep_conv_3x3",
    "sep_conv_5x5",
    "sep_conv_7x7",
    "dil_sep_conv_3x3",
    "conv_7x1_1x7",
)
_PNAS = ("skip_connect", *_POOLS, "sep_conv_3x3", "sep_conv_5x5", "sep_conv_7x7", "dil_conv_3x3", "conv_7x1_1x7")
_NASNET = (
    "skip_connect",
    *_POOLS,
    "max_pool_5x5",
    "max_pool_7x7",
    "conv_1x1",
    "conv_3x3",
    "sep_conv_3x3",
    "sep_conv_5x5",
    "sep_conv_7x7",
    "dil_conv_3x3",
    "conv_3x1_1x3",
    "conv_7x1_1x7",
)
_DARTS = ("none", *_POOLS, "skip_connect", "sep_conv_3x3", "sep_conv_5x5", "dil_conv_3x3", "dil_conv_5x5")
FAMILIES = {
    "darts": Family(_DARTS, 4, False, (32, 48, 64, 80, 96)),
    "amoeba": Family(_AMOEBA, 5, True, (32, 48, 64, 80)),
    "enas": Family(("skip_connect", *_POOLS, "sep_conv_3x3", "sep_conv_5x5"), 5, True, (32, 48, 64, 80)),
    "nasnet": Family(_NASNET, 5, True, (32, 48, 64)),
    "pnas": Family(_PNAS, 5, False, (32, 48, 64, 80)),
}
DEPTHS = (6, 10, 14, 18, 22)
FIXED = (22, 32)  # depth and width of all 499 entries of DARTS_fix-w-d_in


class NDSSpace(TwoCellSpace):
    """`family`: "darts", "amoeba", "enas", "nasnet" or "pnas"; "-f" behind it fixes depth and width.

    Both operations of a node may come from one state, and "none" is an operation of the DARTS family here: so were the
    entries drawn. `depths` and `widths`: those of the ImageNet entries by default; with `depth` and `width`, one of
    each, they are fixed and no longer part of an architecture ("darts-f" is depth=22, width=32, as in DARTS_fix-w-d_in;
    the fixed numbers of the other families on CIFAR-10 are not in our copy of the tables, so they have to be given).
    """

    def __init__(
        self,
        family: str = "darts",
        depth: int | None = None,
        width: int | None = None,
        *,
        depths: Sequence[int] = DEPTHS,
        widths: Sequence[int] | None = None,
    ):
        known = [*FAMILIES, *(f"{name}-f" for name in FAMILIES)]
        bare = checks.one_of("family", family, known).removesuffix("-f")
        if family == "darts-f":
            depth, width = FIXED[0] if depth is None else depth, FIXED[1] if width is None else width
        if (depth is None) != (width is None) or (family != bare and depth is None):
            raise SettingError(
                f"family={family!r}, depth={depth!r}, width={width!r}: expected depth and width together"
            )
        found = FAMILIES[bare]
        every = tuple(range(len(found.ops)))
        edges = {kind: (every,) * edge_count(found.nodes) for kind in KINDS}
        self.family, self.fixed = bare, None
        if depth is not None and width is not None:
            self.fixed = (checks.whole("depth", depth, 3), checks.whole("width", width, 2))
            depths, widths = (), ()
        else:
            widths = found.widths if widths is None else checks.listed("widths", widths, "(32, 48, 64)")
            depths = checks.listed("depths", depths, "(6, 10, 14)")
        name = f"nds-{bare}{'' if self.fixed is None else '-f'}"
        super().__init__(name, found.ops, found.nodes, edges, loose_ends=found.loose_ends, depths=depths, widths=widths)

    def scale(self, arch: Arch) -> Scale:
        found = super().scale(arch)  # which also checks it
        return Scale(*self.fixed) if self.fixed else found  # type: ignore[return-value]

    def identity(self) -> dict:
        return {**super().identity(), "fixed": None if self.fixed is None else list(self.fixed)}

    def from_net(self, net: str | dict[str, Any]) -> Arch:
        """The architecture of an entry's `net`: {"genotype": {...}, "depth": ..., "width": ...}, as JSON text or as a
        dictionary. ArchitectureError names what is not of this space."""
        entry = read_net(net, ("genotype", "depth", "width"))
        scale = (entry["depth"], entry["width"])
        if not all(type(value) is int for value in scale):
            raise ArchitectureError(f"depth={scale[0]!r}, width={scale[1]!r}: expected whole numbers")
        if not isinstance(entry["genotype"], dict):
            raise ArchitectureError(f"genotype={checks.shown(entry['genotype'])}: expected a dictionary of two cells")
        if self.fixed is not None and scale != self.fixed:
            raise ArchitectureError(f"depth and width {scale}: {self.name} has {self.fixed}")
        return self.from_genotype(entry["genotype"], () if self.fixed else scale)

    def to_net(self, arch: Arch) -> dict[str, Any]:
        """The same form from an architecture."""
        genotype = {
            name: [list(pair) if isinstance(pair, tuple) else pair for pair in part]
            for name, part in self.genotype(arch).items()
        }
        depth, width = self.scale(arch)
        return {"aux": False, "depth": depth, "drop_prob": 0.0, "genotype": genotype, "width": width}


# the groups of the published tables -> the space whose `from_net` takes every entry
GROUPS = {
    "DARTS_in": lambda: NDSSpace("darts"),
    "DARTS_lr-wd_in": lambda: NDSSpace("darts"),
    "DARTS_fix-w-d_in": lambda: NDSSpace("darts-f"),
    "Amoeba_in": lambda: NDSSpace("amoeba"),
    "ENAS_in": lambda: NDSSpace("enas"),
    "NASNet_in": lambda: NDSSpace("nasnet"),
    "PNAS_in": lambda: NDSSpace("pnas"),
    "ResNeXt-A_in": lambda: ResNetSpace("resnext-a"),
    "ResNeXt-B_in": lambda: ResNetSpace("resnext-b"),
    "ResNet_lr-wd_in": lambda: ResNetSpace("resnet-in"),
    "ResNet_reruns": lambda: ResNetSpace("resnet"),
    "Vanilla_lr-wd_in": lambda: ResNetSpace("vanilla-in"),
    "Vanilla_reruns": lambda: ResNetSpace("vanilla"),
}


def nds_space(group: str) -> Space:
    """The space of a group of the published tables, by its name there: "DARTS_in", "ResNeXt-A_in", ..."""
    return GROUPS[checks.one_of("group", group, tuple(GROUPS))]()
