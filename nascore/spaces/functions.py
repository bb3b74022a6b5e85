"""Which cells compute the same function: a normal form in which sums commute through skip-connections and poolings.

Average pooling is linear: pool(a + b) = pool(a) + pool(b), whatever it does at the border. A block with weights
(ReLU, convolution, normalisation) is not. So what a node holds is a sum of terms, each the input or the output of one
block behind a number of poolings, and two cells compute the same function when these sums agree under some naming of
the blocks. NAS-Bench-201's 15,625 strings are 5,044 functions in this sense.
"""

from __future__ import annotations

from collections import Counter
from itertools import groupby, permutations, product
from typing import NamedTuple

from nascore.spaces.base import Arch
from nascore.spaces.cell import CellSpace
from nascore.spaces.isomorphism import NONE, SKIP

INPUT = -1
# (whose output: INPUT or the edge of a block, the poolings behind it in order) -> how often it is added
Sum = Counter[tuple[int, tuple[str, ...]]]


class Form(NamedTuple):
    """`key`, equal for cells that compute the same function, and `blocks`, the edges whose weights it uses in the order
    in which the key names them: cells of equal keys with equal weights on these edges give equal outputs."""

    key: tuple
    blocks: tuple[int, ...]


def function_form(space: CellSpace, arch: Arch) -> Form:
    """The normal form of the function that a cell computes.

    Operations by the names of NAS-Bench-201: "none", "skip_connect", those with "avg_pool" in their name, and blocks
    with weights of their own: all others. A block that nothing flows into gives nothing, as in `networks.build`.
    """
    arch = space.validate(arch)
    values: list[Sum] = [Counter({(INPUT, ()): 1})]
    reads: dict[int, tuple[str, Sum]] = {}
    edge = 0
    for node in range(1, space.nodes):
        total: Sum = Counter()
        for source in range(node):  # target-major, as the tuple is
            name, x = space.ops[arch[edge]], values[source]
            if name == SKIP:
                total.update(x)
            elif "avg_pool" in name:
                total.update({(whose, (*pools, name)): count for (whose, pools), count in x.items()})
            elif name != NONE and x:
                reads[edge] = (name, x)
                total[edge, ()] += 1
            edge += 1
        values.append(total)
    return _named(values[-1], reads)


def function_key(space: CellSpace, arch: Arch) -> tuple:
    """Equal for cells that compute the same function for every choice of weights; see `function_form`."""
    return function_form(space, arch).key


def _named(output: Sum, reads: dict[int, tuple[str, Sum]]) -> Form:
    """The least way to write a sum, over the orders of the live blocks that look alike."""
    shapes: dict[int, tuple] = {INPUT: ()}

    def shape(x: Sum) -> tuple:
        """The sum with every block spelled out, blind to which of them are one and the same."""
        for whose, _ in x:
            if whose not in shapes:
                name, read = reads[whose]
                shapes[whose] = (name, shape(read))
        return tuple(sorted((shapes[whose], pools, count) for (whose, pools), count in x.items()))

    shape(output)
    live = sorted(shapes.keys() - {INPUT}, key=lambda block: (shapes[block], block))
    alike = [list(group) for _, group in groupby(live, key=shapes.__getitem__)]
    forms = []
    for groups in product(*map(permutations, alike)):
        blocks = tuple(block for group in groups for block in group)
        name = {INPUT: INPUT, **{block: place for place, block in enumerate(blocks)}}
        sums = [output, *(reads[block][1] for block in blocks)]
        written = (tuple(sorted((name[w], pools, count) for (w, pools), count in x.items())) for x in sums)
        forms.append(Form((tuple(reads[block][0] for block in blocks), *written), blocks))
    return min(forms)
