"""Residual and plain networks of "On Network Design Spaces for Visual Recognition" (Radosavovic et al., 2019).

A network is a stem and stages of equal blocks; a stage has a depth, a width and, in the ResNeXt spaces, a bottleneck
ratio and a number of groups.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from nascore import checks
from nascore.errors import ArchitectureError
from nascore.spaces.base import Arch, Space, plain
from nascore.spaces.dag import DAG
from nascore.spaces.decisions import Decisions


class Design(NamedTuple):
    """Kind of block, stages, and what each stage may have; `stems`: widths of the stem; `stride`: of the stem."""

    block: str
    stages: int
    depths: tuple[int, ...]
    widths: tuple[int, ...]
    ratios: tuple[int, ...] = ()
    groups: tuple[int, ...] = ()
    stems: tuple[int, ...] = (16,)
    stride: int = 1


class Stage(NamedTuple):
    """`depth` blocks of `width` channels, the first one with the `stride`; a bottleneck has width / ratio channels
    inside, in `groups` groups."""

    depth: int
    width: int
    stride: int
    ratio: int = 1
    groups: int = 1


BASIC, BOTTLENECK, PLAIN = "res_basic_block", "res_bottleneck_block", "double_plain_block"
# CIFAR-10's: 9 depths from 1 to 24 and 12 widths from 16 to 256, as the paper's table counts them (1,259,712 = 108^3);
# the values between are ours, about equally far apart in the logarithm, and hold those of the entries that we have
_CIFAR = ((1, 2, 3, 4, 6, 8, 12, 16, 24), (16, 24, 32, 40, 48, 64, 80, 96, 128, 160, 192, 256))
# all that stands in the entries on ImageNet
_IMAGENET = ((1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24), (16, 32, 48, 64, 96, 128, 192, 256, 384, 512))
_STEMS = (16, 32, 64)
_POWERS = (1, 2, 4, 8, 16)
DESIGNS = {
    "resnet": Design(BASIC, 3, *_CIFAR),
    "resnet-in": Design(BASIC, 4, *_IMAGENET, stems=_STEMS, stride=4),
    "vanilla": Design(PLAIN, 3, *_CIFAR),
    "vanilla-in": Design(PLAIN, 4, *_IMAGENET, stems=_STEMS, stride=4),
    "resnext-a": Design(BOTTLENECK, 3, _POWERS, (16, 32, 64, 128, 256), (1, 2, 4), (1, 2, 4), (64,), 8),
    "resnext-b": Design(BOTTLENECK, 3, _POWERS, (64, 128, 256, 512, 1024), (1, 2, 4), _POWERS, (64,), 8),
}


class ResNetSpace(Space):
    """`family`: "resnet" (basic blocks), "vanilla" (the same without shortcuts), "resnext-a", "resnext-b"
    (bottlenecks), and "resnet-in", "vanilla-in", the larger ones that were trained on ImageNet at drawn learning rates.

    An architecture is a flat tuple: the width of the stem where it is free (those "-in"), then the depths of the
    stages, their widths, and for bottlenecks their ratios (width inside = width / ratio) and their groups. Every tuple
    counts as one architecture.
    """

    def __init__(self, family: str = "resnet"):
        self.family = checks.one_of("family", family, tuple(DESIGNS))
        self.design = design = DESIGNS[family]
        self.name, self.ops = f"nds-{family}", (design.block,)
        parts: list[tuple[str, tuple[int, ...], int]] = []
        if len(design.stems) > 1:
            parts.append(("stem", design.stems, 1))
        parts += [("depth", design.depths, design.stages), ("width", design.widths, design.stages)]
        if design.block == BOTTLENECK:
            parts += [("ratio", design.ratios, design.stages), ("groups", design.groups, design.stages)]
        self.names = tuple(f"{name}{i + 1}" if count > 1 else name for name, _, count in parts for i in range(count))
        self.values = tuple(values for _, values, count in parts for _ in range(count))
        self.positions = len(self.values)
        self._parts = parts
        self._sets = tuple(map(frozenset, self.values))
        self.size = math.prod(map(len, self.values))

    def validate(self, arch) -> Arch:
        found = plain(arch)
        if found is not None and len(found) == self.positions and all(map(frozenset.__contains__, self._sets, found)):
            return found
        form = "; ".join(f"{count} x {name} of {', '.join(map(str, values))}" for name, values, count in self._parts)
        raise ArchitectureError(
            f"{checks.shown(arch)} is not an architecture of {self.name}: expected {self.positions} integers, {form}"
        )

    def sample(self, rng) -> Arch:
        return tuple([values[int(rng.random() * len(values))] for values in self.values])

    def mutate(self, arch: Arch, rng) -> Arch:
        """Another value at one position, each position and each value equally likely."""
        arch = self.validate(arch)
        place = int(rng.random() * self.positions)
        values = self.values[place]
        shift = 1 + int(rng.random() * (len(values) - 1))
        return (*arch[:place], values[(values.index(arch[place]) + shift) % len(values)], *arch[place + 1 :])

    def neighbours(self, arch: Arch) -> list[Arch]:
        arch = self.validate(arch)
        return [
            (*arch[:i], value, *arch[i + 1 :])
            for i, values in enumerate(self.values)
            for value in values
            if value != arch[i]
        ]

    def decisions(self) -> Decisions:
        """One decision per position, among its own values."""
        sizes = tuple(map(len, self.values))
        return Decisions(
            self.names,
            sizes,
            lambda chosen: tuple([values[int(i)] for values, i in zip(self.values, chosen, strict=True)]),
        )

    def identity(self) -> dict:
        return {**super().identity(), "values": {n: list(v) for n, v in zip(self.names, self.values, strict=True)}}

    # ---- the network ----------------------------------------------------------------------------------------------
    def stem(self, arch: Arch) -> int:
        """Channels of the stem."""
        return self.validate(arch)[0] if len(self.design.stems) > 1 else self.design.stems[0]

    def stages(self, arch: Arch) -> list[Stage]:
        """The stages of an architecture, first to last; the first keeps the stem's resolution, others halve it."""
        arch, count = self.validate(arch), self.design.stages
        first = self.positions % count
        columns = [arch[i : i + count] for i in range(first, self.positions, count)]
        depths, widths, ratios, groups = (columns + [(1,) * count] * 2)[:4]
        strides = (1, *(2,) * (count - 1))
        return list(map(Stage, depths, widths, strides, ratios, groups))

    def from_net(self, net: str | dict[str, Any]) -> Arch:
        """The architecture of an entry's `net`: block_type, ds, ws, ss, num_gs, bot_muls (the stem first in each), as
        JSON text or as a dictionary. ArchitectureError names what is not of this space."""
        entry, design = read_net(net, ("block_type", "ds", "ws", "ss", "num_gs", "bot_muls")), self.design
        lists = {name: entry[name] for name in ("ds", "ws", "ss", "num_gs", "bot_muls")}
        inner = design.stages + 1 if design.block == BOTTLENECK else 0
        for name, values in lists.items():
            length = inner if name in ("num_gs", "bot_muls") else design.stages + 1
            if not isinstance(values, (list, tuple)) or len(values) != length:
                raise ArchitectureError(f"{name}={checks.shown(values)}: {self.name} has {length} numbers there")
        strides = [design.stride, 1, *[2] * (design.stages - 1)]
        if entry["block_type"] != design.block or list(entry["ss"]) != strides or entry["ds"][0] != 1:
            raise ArchitectureError(
                f"block_type={checks.shown(entry['block_type'])}, ss={checks.shown(entry['ss'])}: {self.name} has "
                f"{design.block} and {strides}, and a stem of depth 1"
            )
        stem, ratios = entry["ws"][0], {1.0: 1, 0.5: 2, 0.25: 4}
        if stem not in design.stems:
            raise ArchitectureError(f"ws[0]={checks.shown(stem)}: the stem of {self.name} has {design.stems}")
        values = [stem] if len(design.stems) > 1 else []
        values += [*entry["ds"][1:], *entry["ws"][1:]]
        if inner:
            values += [
                ratios.get(value, value) if isinstance(value, (int, float)) else value
                for value in entry["bot_muls"][1:]
            ]
            values += entry["num_gs"][1:]
        return self.validate(tuple(values))

    def to_net(self, arch: Arch) -> dict[str, Any]:
        """The same form from an architecture."""
        stages, inner = self.stages(arch), self.design.block == BOTTLENECK
        return {
            "block_type": self.design.block,
            "bot_muls": [1.0, *[1 / stage.ratio for stage in stages]] if inner else [],
            "ds": [1, *[stage.depth for stage in stages]],
            "num_gs": [1, *[stage.groups for stage in stages]] if inner else [],
            "ss": [self.design.stride, *[stage.stride for stage in stages]],
            "ws": [self.stem(arch), *[stage.width for stage in stages]],
        }

    # ---- views ----------------------------------------------------------------------------------------------------
    def dag(self, arch: Arch) -> DAG:
        """The chain of blocks."""
        blocks = sum(stage.depth for stage in self.stages(arch))
        return DAG(("input", *self.ops * blocks, "output"), tuple((i, i + 1) for i in range(blocks + 1)))

    def format(self, arch: Arch) -> str:
        """Names and numbers, as "depth 1 2 3, width 16 32 64"."""
        arch, words, start = self.validate(arch), [], 0
        for name, _, count in self._parts:
            words.append(" ".join([name, *map(str, arch[start : start + count])]))
            start += count
        return ", ".join(words)

    def parse(self, text: str) -> Arch:
        words = [part.split() for part in text.split(",")] if isinstance(text, str) else []
        fits = [(word[:1], len(word) - 1) for word in words] == [([name], count) for name, _, count in self._parts]
        numbers = [number for word in words for number in word[1:]]
        if not fits or not all(number.isascii() and number.isdigit() and len(number) < 9 for number in numbers):
            example = self.format(tuple(values[0] for values in self.values))
            raise ArchitectureError(
                f"{checks.shown(text)} is not an architecture of {self.name}: expected a form like {example!r}"
            )
        return self.validate(tuple(map(int, numbers)))


def read_net(net: Any, names: Sequence[str]) -> dict[str, Any]:
    """An entry of the tables, JSON text or a dictionary, that has all `names`."""
    if isinstance(net, str):
        try:
            net = json.loads(net)
        except (ValueError, RecursionError):
            raise ArchitectureError(f"net={checks.shown(net)}: expected JSON") from None
    if not isinstance(net, dict) or not set(names) <= set(net):
        raise ArchitectureError(f"net={checks.shown(net)}: expected a dictionary with {', '.join(names)}")
    return net
