"""The NAS-Bench-201 search space (Dong and Yang, 2020): 4 feature maps, 6 edges, 5 operations."""

from __future__ import annotations

from nascore.spaces.cell import CellSpace


class NASBench201(CellSpace):
    """All 15,625 cells. As in its papers every architecture string counts, isomorphic or not."""

    def __init__(self):
        super().__init__(4, ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"), "nasbench201")
