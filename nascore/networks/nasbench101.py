"""NAS-Bench-101's network around one cell (Ying et al., 2019)."""

from __future__ import annotations

from torch import nn

from nascore import checks
from nascore.networks.cells.vertex import VertexCell
from nascore.networks.image import ArchNetwork
from nascore.networks.ops.registry import Layer
from nascore.networks.ops.vertex import conv_norm_relu
from nascore.spaces.base import Arch
from nascore.spaces.nasbench101 import NASBench101


class VertexNetwork(ArchNetwork):
    """3x3 convolution to `channels`, three stacks of `cells` cells, the second and third after a 2x2 max pooling and
    with twice the channels, mean over pixels, head. Odd sides round up."""

    def __init__(self, space: NASBench101, arch: Arch, *, channels: int = 128, cells: int = 3, **options):
        super().__init__(space, arch, **options)
        channels, cells = checks.whole("channels", channels, 1), checks.whole("cells", cells, 1)
        generator, statistics, width = self.generator(), self.statistics, channels
        self.halvings = 2
        self.stem = conv_norm_relu(Layer(self.inputs, channels, statistics=statistics, generator=generator), 3)
        stages, came = [], channels
        for stage in range(3):
            steps: list[nn.Module] = [nn.MaxPool2d(2, 2, ceil_mode=True)] if stage else []
            width = channels << stage
            for _ in range(cells):
                steps.append(VertexCell(space, arch, came, width, statistics, generator))
                came = width
            stages.append(nn.Sequential(*steps))
        self.stages = nn.ModuleList(stages)
        self.finish(width, generator)
