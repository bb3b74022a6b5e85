"""The two ImageNet backbones that GA-NAS searches (Tables 12 and 13): what is fixed along the chain, what is searched.

An architecture gives the kind of MBConv block at each searched position. `mbE_kK` expands the channels E times and has
a depthwise convolution of K x K; `_se` adds squeeze-and-excitation, as EfficientNet's blocks have it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from nascore import checks
from nascore.spaces.base import Arch
from nascore.spaces.macro import MacroSpace

IDENTITY = "identity"  # the block is left out; only where it would keep the shape


def squeezed(inputs: int) -> int:
    """Channels between the two layers of squeeze-and-excitation: a quarter of those that enter the block."""
    return max(1, inputs // 4)


class Stage(NamedTuple):
    """A position of the chain: channels of its output, stride of its first layer, and how many layers hold the same
    block."""

    outputs: int
    stride: int = 1
    layers: int = 1


class Block(NamedTuple):
    """One layer of the chain: operation, channels in and out, stride."""

    op: str
    inputs: int
    outputs: int
    stride: int


class Backbone(NamedTuple):
    """Channels of the first convolution (3x3, stride 2), a fixed first block ("" for none) and its channels, the
    searched stages, channels of the last convolution (1x1, before pooling), and the activation around the blocks."""

    stem: int
    first: str
    first_outputs: int
    stages: tuple[Stage, ...]
    head: int
    activation: str

    @property
    def inputs(self) -> tuple[int, ...]:
        """Channels that flow into each searched stage."""
        outputs = [stage.outputs for stage in self.stages]
        return (self.first_outputs if self.first else self.stem, *outputs[:-1])


class BackboneSpace(MacroSpace):
    """A macro space that knows its network: one position per searched stage of `backbone`."""

    def __init__(self, backbone: Backbone, ops, name: str, allowed=None):
        self.backbone = backbone
        super().__init__(len(backbone.stages), ops, name, allowed)

    def identity(self) -> dict:
        return {
            **super().identity(),
            "backbone": [list(part) if isinstance(part, tuple) else part for part in self.backbone],
        }

    def blocks(self, arch: Arch) -> Iterator[Block]:
        """The layers of `arch` along the chain, the fixed first block and left-out ones included."""
        arch, backbone = self.validate(arch), self.backbone
        if backbone.first:
            yield Block(backbone.first, backbone.stem, backbone.first_outputs, 1)
        for position, op in enumerate(arch):
            yield from self.stage(position, op)

    def stage(self, position: int, op: int) -> Iterator[Block]:
        """The layers that operation `op` stands for at a position."""
        stage, inputs = self.backbone.stages[position], self.backbone.inputs[position]
        for layer in range(stage.layers):
            yield Block(self.ops[op], stage.outputs if layer else inputs, stage.outputs, 1 if layer else stage.stride)


# Table 12. Its column "#Layers" is blank for three of the seven searched stages (16, 192 and 320 channels): filled from
# the published EfficientNet-B0 (Tan and Le, 2019, Table 1) with 1, 4 and 1.
EFFICIENTNET = Backbone(
    stem=32,
    first="",
    first_outputs=0,
    stages=(
        Stage(16, 1, 1),
        Stage(24, 2, 2),
        Stage(40, 2, 2),
        Stage(80, 2, 3),
        Stage(112, 1, 3),
        Stage(192, 2, 4),
        Stage(320, 1, 1),
    ),
    head=1280,
    activation="swish",
)


class EfficientNetMacro(BackboneSpace):
    """GA-NAS's EfficientNet space (Table 12, A.4): 7 positions, MBConv with expansion 1, 3 or 6 and kernel 3 or 5;
    6^7 = 279,936 networks. All layers of a stage hold the same block. `B0` is EfficientNet-B0."""

    B0 = (0, 4, 5, 4, 5, 5, 4)

    def __init__(self):
        ops = tuple(f"mb{expansion}_k{kernel}_se" for expansion in (1, 3, 6) for kernel in (3, 5))
        super().__init__(EFFICIENTNET, ops, "efficientnet-macro")


def _proxyless(stem: int, first: int, widths: tuple[int, int, int, int, int, int], head: int) -> Backbone:
    """Five stages of four layers and a last one of a single layer; the fourth keeps the resolution."""
    stages = [
        Stage(w, s if not layer else 1) for w, s in zip(widths[:5], (2, 2, 2, 1, 2), strict=True) for layer in range(4)
    ]
    return Backbone(stem, "mb1_k3", first, (*stages, Stage(widths[5])), head, "relu6")


# "printed": Table 13. The others are the networks that ProxylessNAS publishes (Cai et al., 2018), wider ones.
PROXYLESS_WIDTHS = {
    "printed": _proxyless(32, 16, (24, 40, 80, 96, 192, 320), 1280),
    "mobile": _proxyless(32, 16, (32, 40, 80, 96, 192, 320), 1280),
    "gpu": _proxyless(40, 24, (32, 56, 112, 128, 256, 432), 1728),
}


class ProxylessNASMacro(BackboneSpace):
    """GA-NAS's ProxylessNAS space (Table 13, A.4): 21 positions, MBConv with expansion 3 or 6 and kernel 3, 5 or 7;
    6^21 networks.

    Parameters
    ----------
    widths: "printed": the channels of Table 13. "gpu", "mobile": those of the published networks, which differ from it.
    identity: whether a block that keeps its shape may be left out, as ProxylessNAS itself allows; GA-NAS's text has
        six candidates without it.

    `GPU` and `MOBILE` are ProxylessNAS-GPU and -Mobile: both leave blocks out, so they are networks of the spaces
    `ProxylessNASMacro("gpu", identity=True)` and `("mobile", identity=True)`, and of no space without identity.

    A shortcut goes around every block that keeps its shape, which is what Table 13 prints, except for its last
    position: "Identity: Yes" from 192 to 320 channels, where there is nothing that could be added. The table also
    leaves out the 1x1 convolution that makes its 1,280 pooled channels from 320; here it is.
    """

    GPU = (1, 6, 6, 6, 2, 6, 6, 0, 5, 6, 6, 1, 4, 6, 0, 1, 5, 5, 5, 4, 5)
    MOBILE = (1, 0, 6, 6, 2, 0, 1, 1, 5, 1, 1, 1, 4, 1, 1, 1, 5, 5, 2, 2, 5)

    def __init__(self, widths: str = "printed", identity: bool = False):
        checks.one_of("widths", widths, tuple(PROXYLESS_WIDTHS))
        backbone = PROXYLESS_WIDTHS[widths]
        ops = tuple(f"mb{expansion}_k{kernel}" for expansion in (3, 6) for kernel in (3, 5, 7))
        name = "proxylessnas-macro" + ("" if widths == "printed" else f"-{widths}")
        if not checks.flag("identity", identity):
            super().__init__(backbone, ops, name)
            return
        keeps = [
            stage.stride == 1 and stage.outputs == inputs
            for stage, inputs in zip(backbone.stages, backbone.inputs, strict=True)
        ]
        allowed = [(*ops, IDENTITY) if same else ops for same in keeps]
        super().__init__(backbone, (*ops, IDENTITY), f"{name}-identity", allowed)
