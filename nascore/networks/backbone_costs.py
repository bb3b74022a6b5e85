"""Parameters and multiply-adds of chains of blocks, counted without building them, many at once.

A block's cost depends on its own kind and its place only, so the cost of a network is a sum of entries of one small
table (positions x operations). Needs numpy only.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

from nascore import checks
from nascore.errors import ArchitectureError
from nascore.spaces.backbones import IDENTITY, BackboneSpace, Block, squeezed

MBCONV = re.compile(r"mb(\d)_k(\d)(_se)?")


class Cost(NamedTuple):
    """Trainable parameters, and multiplications of convolutions and linear layers for one image."""

    params: int
    multiply_adds: int


def block_cost(block: Block, side: int) -> Cost:
    """One block on an image of side x side pixels."""
    if block.op == IDENTITY:
        return Cost(0, 0)
    match = MBCONV.fullmatch(block.op)
    assert match is not None, block.op
    expansion, kernel = int(match[1]), int(match[2])
    middle = expansion * block.inputs
    expand = block.inputs * middle if expansion > 1 else 0
    depthwise, project = kernel * kernel * middle, middle * block.outputs
    norms = 2 * (middle * (2 if expansion > 1 else 1) + block.outputs)
    small = -(-side // block.stride)
    squeeze = 2 * middle * squeezed(block.inputs) if match[3] else 0
    biases = squeezed(block.inputs) + middle if match[3] else 0
    return Cost(
        expand + depthwise + project + norms + squeeze + biases,
        expand * side * side + (depthwise + project) * small * small + squeeze,
    )


def chain_costs(
    space: BackboneSpace, archs, *, classes: int = 1000, inputs: int = 3, side: int = 224
) -> dict[str, np.ndarray]:
    """{"params", "multiply_adds"}: int64 arrays, one number per architecture (integer array (n, positions) or a list of
    tuples), for images of side x side pixels. Equal to the parameters of `networks.build(space, arch, ...)`.

    Multiply-adds are those of convolutions (squeeze-and-excitation included) and of the linear layer; normalisation,
    activations and shortcuts are not counted, as is usual.
    """
    checks.instance("space", space, BackboneSpace, "a space such as nc.spaces.EfficientNetMacro()")
    classes, inputs = checks.whole("classes", classes, 2), checks.whole("inputs", inputs, 1)
    side = checks.whole("side", side, 1)
    array = np.asarray(archs)
    if array.ndim != 2 or array.dtype.kind not in "iu" or space.numbers(array) is None:
        array = np.array([space.validate(arch) for arch in archs], np.int64).reshape(-1, space.positions)
    if array.shape[1] != space.positions:
        raise ArchitectureError(f"archs of shape {array.shape}: expected (n, {space.positions})")
    backbone = space.backbone
    side = -(-side // 2)
    totals = np.array([9 * inputs * backbone.stem + 2 * backbone.stem, 9 * inputs * backbone.stem * side * side])
    if backbone.first:
        totals = totals + block_cost(Block(backbone.first, backbone.stem, backbone.first_outputs, 1), side)
    found = np.zeros((len(array), 2), np.int64)
    for position, stage in enumerate(backbone.stages):
        entries = np.zeros((len(space.ops), 2), np.int64)
        for op in space.allowed[position]:
            pixels = side
            for block in space.stage(position, op):
                entries[op] += block_cost(block, pixels)
                pixels = -(-pixels // block.stride)
        found += entries[array[:, position]]
        side = -(-side // stage.stride)
    last = backbone.stages[-1].outputs * backbone.head
    totals = totals + [
        last + 2 * backbone.head + (backbone.head + 1) * classes,
        last * side * side + backbone.head * classes,
    ]
    found += totals
    return {"params": found[:, 0], "multiply_adds": found[:, 1]}
