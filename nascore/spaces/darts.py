"""The DARTS space (Liu et al., 2019) and its four reduced forms S1 to S4 (Zela et al., 2020).

Which operations each edge has in S1 to S4 are facts of RobustDARTS (src/spaces.py at 3dec3fe, Apache-2.0).
"""

from __future__ import annotations

from nascore import checks
from nascore.spaces.genotype import KINDS
from nascore.spaces.two_cells import TwoCellSpace, edge_count

NODES = 4
OPS = ("max_pool_3x3", "avg_pool_3x3", "skip_connect", "sep_conv_3x3", "sep_conv_5x5", "dil_conv_3x3", "dil_conv_5x5")
NONE = "none"
SPACES = ("s1", "s2", "s3", "s4", "s5")
_SHORT = {
    "k": "skip_connect",
    "m": "max_pool_3x3",
    "a": "avg_pool_3x3",
    "s": "sep_conv_3x3",
    "d": "dil_conv_3x3",
    "D": "dil_conv_5x5",
}
# the two operations of S1 on each edge, target-major: 0>2, 1>2, 0>3, 1>3, 2>3, ...
_S1 = {
    "normal": "kd kD kD ks kd mk ks ks kd ks mk kd dD dD",
    "reduce": "ma md ma ma kD ma ms kd kD ma ma kD kD kD",
}
_SAME = {
    "s2": ("skip_connect", "sep_conv_3x3"),
    "s3": ("skip_connect", "sep_conv_3x3"),
    "s4": ("noise", "sep_conv_3x3"),
}


class DARTSSpace(TwoCellSpace):
    """Cells of 4 nodes, each with operations from two different states; the output joins all four.

    `space`: "s5": the seven operations of DARTS on every edge (1.1e18 architectures); "s1" to "s4": a few on each.
    `none`: "none" may stay on an edge too. Otherwise, as the method derives cells, an architecture never has it: S2 and
    S3, which differ in nothing but "none", then hold the same cells. `edge_ops` gives the operations on the 14 edges,
    what a supernet needs. Depth and width are the network's: `networks.build(space, arch, channels=36, cells=20)`.
    """

    def __init__(self, space: str = "s5", none: bool = False):
        checks.one_of("space", space, SPACES)
        none = checks.flag("none", none)
        count = edge_count(NODES)
        if space == "s1":
            names = {kind: [tuple(_SHORT[op] for op in edge) for edge in _S1[kind].split()] for kind in KINDS}
        else:
            names = {kind: [_SAME.get(space, OPS)] * count for kind in KINDS}
        held = {op for edges in names.values() for ops in edges for op in ops}
        ops = tuple(op for op in (NONE, "noise", *OPS) if op in held or (op == NONE and none))
        edges = {
            kind: tuple(tuple(i for i, op in enumerate(ops) if op in edge or op == NONE) for edge in names[kind])
            for kind in KINDS
        }
        super().__init__(f"darts-{space}{'-none' if none else ''}", ops, NODES, edges, distinct=True)
        self.space = space
