"""Cells of NAS-Bench-201 with all that a network of single cells may meet, and small networks of them."""

from __future__ import annotations

import torch
from torch import nn

import nascore as nc
from nascore.networks import build

SPACE = nc.spaces.NASBench201()
CELLS = {
    "all none": (0,) * 6,
    "all skip": (1,) * 6,
    "all 3x3": (3,) * 6,
    "dead ends": SPACE.parse("|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|nor_conv_1x1~2|"),
    "cut off": SPACE.parse("|none~0|+|nor_conv_1x1~0|avg_pool_3x3~1|+|none~0|nor_conv_3x3~1|skip_connect~2|"),
    "mixed": SPACE.parse(
        "|nor_conv_1x1~0|+|avg_pool_3x3~0|nor_conv_3x3~1|+|avg_pool_3x3~0|skip_connect~1|nor_conv_1x1~2|"
    ),
    "pools": SPACE.parse(
        "|avg_pool_3x3~0|+|avg_pool_3x3~0|avg_pool_3x3~1|+|avg_pool_3x3~0|skip_connect~1|avg_pool_3x3~2|"
    ),
}


def images(count: int = 4, dtype=torch.float64) -> torch.Tensor:
    return torch.randn(count, 3, 32, 32, generator=torch.Generator().manual_seed(1), dtype=dtype)


def network(arch, dtype=torch.float64, **options) -> nn.Module:
    return build(SPACE, arch, **{"channels": 4, "cells": 2, "statistics": "running", **options}).to(dtype)
