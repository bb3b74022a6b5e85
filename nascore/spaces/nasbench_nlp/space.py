"""The search space of NAS-Bench-NLP (Klyuchnikov et al., 2020): recurrent cells as graphs of operations."""

from __future__ import annotations

from math import comb, perm, prod

from nascore import checks
from nascore.errors import ArchitectureError
from nascore.spaces.base import Arch, Space, plain
from nascore.spaces.dag import DAG
from nascore.spaces.nasbench_nlp import cell as cells
from nascore.spaces.nasbench_nlp import generator, recipe
from nascore.spaces.nasbench_nlp.canonical import Cyclic, canonical
from nascore.spaces.nasbench_nlp.cell import NODES, STATES, Cell

PREVIOUS = tuple(f"h_prev_{i}" for i in range(STATES))
NEW = tuple(f"h_new_{i}" for i in range(STATES))


class NASBenchNLP(Space):
    """Cells with 1 to 3 hidden states and up to 25 operations: linear maps of 2 or 3 values, blends
    a * b + (1 - a) * c, products and sums of two, tanh, sigmoid and leaky ReLU.

    An architecture is (states, then operation, number of inputs and inputs of each node, then the nodes that become the
    hidden states); values are numbered 0 = x, 1 .. states = the hidden states before the word, then the nodes. `parse`
    and `format` speak the benchmark's recipes (JSON). Isomorphic cells are one architecture (`key`).

    `sample` draws as the benchmark's authors did, which is not uniformly; `size` counts ways to write a cell, an upper
    bound of the cells. The last six of `ops` are no operations: they mark the states in `dag`, where the order of a
    blend's inputs is lost.
    """

    ops = (*cells.OPS, *PREVIOUS, *NEW)

    def __init__(self):
        self.name = "nasbench-nlp"
        self.size = sum(_written(states) for states in range(1, STATES + 1))

    def sample(self, rng) -> Arch:
        states, size = 1 + int(rng.random() * STATES), generator.pick(generator.SIZES, rng)
        return canonical(generator.draw(states, size, rng)).flat()

    def mutate(self, arch: Arch, rng) -> Arch:
        """One change of a random kind: an operation, an input, an activation more or less, or the choice of states;
        what then is not needed is dropped."""
        cell = self.cell(arch)
        own = canonical(cell)
        kinds = [list(change(cell)) for change in generator.CHANGES]
        while any(kinds):
            options = generator.pick([kind for kind in kinds if kind], rng)
            found = self._sound(options.pop(int(rng.random() * len(options))))
            if found is not None and found != own:
                return found.flat()
        raise ArchitectureError(f"{arch!r} has no neighbour in {self.name}")

    def neighbours(self, arch: Arch) -> list[Arch]:
        cell = self.cell(arch)
        own = canonical(cell)
        found = {self._sound(other): None for change in generator.CHANGES for other in change(cell)}
        return [other.flat() for other in found if other is not None and other != own]

    def _sound(self, cell: Cell) -> Cell | None:
        """The canonical form of a changed cell without what it does not need; None where it is none of the space."""
        if min(cell.outputs) < cell.first or len(set(cell.outputs)) < cell.states:
            return None
        try:
            found = canonical(cells.live(cell))
        except Cyclic:
            return None
        return found if cells.fault(found) is None else None

    def cell(self, arch: Arch) -> Cell:
        """The graph of an architecture."""
        return cells.unflat(self.validate(arch))

    def validate(self, arch) -> Arch:
        found = plain(arch)
        if found is None:
            wanted = "expected whole numbers in order"
            raise ArchitectureError(f"{checks.shown(arch)} is not an architecture of {self.name}: {wanted}")
        try:
            why = cells.fault(cells.unflat(found))
        except (ValueError, IndexError) as error:
            why = str(error)
        if why is not None:
            raise ArchitectureError(f"{checks.shown(found)} is not an architecture of {self.name}: {why}")
        return found

    def canonical(self, arch: Arch) -> Arch:
        return canonical(self.cell(arch)).flat()

    def key(self, arch: Arch) -> Arch:
        return self.canonical(arch)

    def dag(self, arch: Arch) -> DAG:
        cell = self.cell(arch)
        count = cell.first + len(cell.nodes)
        labels = ("input", *PREVIOUS[: cell.states], *(cells.OPS[node.op] for node in cell.nodes), *NEW[: cell.states])
        edges = [(value, cell.first + n) for n, node in enumerate(cell.nodes) for value in node.inputs]
        edges += [(value, count + place) for place, value in enumerate(cell.outputs)]
        edges += [(count + place, count + cell.states) for place in range(cell.states)]
        return DAG((*labels, "output"), tuple(sorted(edges, key=lambda edge: (edge[1], edge[0]))))

    def parse(self, text: str) -> Arch:
        """The architecture of a recipe, in canonical form."""
        if not isinstance(text, str):
            raise ArchitectureError(f"{checks.shown(text)}: expected the JSON text of a recipe of {self.name}")
        try:
            found = canonical(recipe.read(text))
            why = cells.fault(found)
        except ValueError as error:
            why = str(error)
        if why is not None:
            raise ArchitectureError(f"{checks.shown(text)} is not an architecture of {self.name}: {why}")
        return found.flat()

    def format(self, arch: Arch) -> str:
        return recipe.write(self.cell(arch))

    def view(self, arch: Arch):
        from nascore.spaces.view import CellView

        cell = self.cell(arch)
        title = f"{len(cell.nodes)} operations, {cell.states} hidden state{'s' * (cell.states > 1)}"
        return CellView(self.dag(arch), title=title)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, operations {', '.join(cells.OPS)})"


def _written(states: int) -> int:
    """Ways to write a cell with so many states."""
    total = 0
    for count in range(states, NODES + 1):
        ways = []
        for s in range(states, states + count):  # values besides x that node s - states may read
            ways.append(comb(s + 1, 2) + comb(s + 1, 3) + perm(s, 3) + 2 * comb(s, 2) + 3 * s)
        total += prod(ways) * perm(count, states)
    return total
