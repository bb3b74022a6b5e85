"""The ResNet and Inception cells of GA-NAS Table 6, whose drawings (Figure 5) are not in our copy of the paper.

How they were identified.  Table 6 gives their weights (20.35 M and 2.69 M) and test accuracies (93.18 and 93.09); the
appendix says that both are cells of NAS-Bench-101 as they are, that the ResNet cell has fewer operators, and that the
Inception cell has few weights because channels are split over its branches.

* ResNet: two 3x3 convolutions in a row and an edge from input to output.  Its parameters are 20,346,506, and the
  official mean test accuracy, which EC-NAS republished for all cells of at most 4 vertices, is 93.18: both agree with
  Table 6.
* Inception: of the few cells whose parameters round to 2.69 M, the only one with the branches of an Inception module:
  1x1 convolution, 3x3 convolution, 3x3 after 3x3 (for the 5x5) and max pooling.  Its accuracy cannot be checked here.
"""

from __future__ import annotations

import numpy as np

from nascore.spaces.nasbench101.cost import all_costs
from nascore.spaces.nasbench101.space import Arch, NASBench101

TABLE6_MILLIONS = {"resnet": 20.35, "inception": 2.69}  # GA-NAS Table 6, column #Weights(M), rows Hand-crafted
_C3, _C1, _POOL = "conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3"


def resnet_cell() -> Arch:
    """Two 3x3 convolutions in a row beside a shortcut from input to output."""
    matrix = [[0, 1, 0, 1], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]]
    return _cell(matrix, [_C3, _C3])


def inception_cell() -> Arch:
    """Four branches: 1x1; 3x3; 3x3 then 3x3; max pooling."""
    matrix = np.zeros((7, 7), dtype=int)
    for x, y in ((0, 1), (0, 2), (0, 3), (0, 5), (1, 6), (2, 6), (3, 4), (4, 6), (5, 6)):
        matrix[x, y] = 1
    return _cell(matrix.tolist(), [_C1, _C3, _C3, _C3, _POOL])


def cells_with_weights(millions: float) -> list[Arch]:
    """All cells whose parameters are `millions` when rounded to two decimals, as Table 6 prints them."""
    space = NASBench101()
    params, _ = all_costs(space.graphs)
    return [space.arch(int(i)) for i in np.flatnonzero(np.rint(params / 1e4) == round(millions * 100))]


def _cell(matrix, operations) -> Arch:
    space = NASBench101()
    return space.canonical(space.from_matrix(matrix, ["input", *operations, "output"]))
