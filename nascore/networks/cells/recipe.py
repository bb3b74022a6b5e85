"""A recurrent cell of NAS-Bench-NLP at work: one layer of it, and layers on top of each other.

A linear map has one matrix for each value that it reads and one bias; leaky ReLU has slope 0.01. State 0 after a step
is what a layer hands on. All weights start uniform within 1 / sqrt(units), as in the benchmark.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import nn

from nascore import checks
from nascore.spaces.base import Arch
from nascore.spaces.nasbench_nlp import NASBenchNLP
from nascore.spaces.nasbench_nlp.cell import BLEND, LINEAR, OPS, PROD, SUM, X

ACTIVATIONS = {
    OPS.index("activation_tanh"): torch.tanh,
    OPS.index("activation_sigm"): torch.sigmoid,
    OPS.index("activation_leaky_relu"): F.leaky_relu,
}
States = tuple[torch.Tensor, ...]


class RecipeLayer(nn.Module):
    """Vectors (steps, n, inputs) to (steps, n, units) by one cell; also gives the states (n, units) after the last."""

    def __init__(self, arch: Arch, inputs: int, units: int, generator: torch.Generator | None = None):
        super().__init__()
        self.inputs, self.units = checks.whole("inputs", inputs, 1), checks.whole("units", units, 1)
        self.graph = NASBenchNLP().cell(arch)
        # by value that is read: the linear maps that read it, each with a matrix of its own
        self.readers: dict[int, list[int]] = {}
        matrices = []
        self.places: dict[tuple[int, int], int] = {}
        for number, (op, read) in enumerate(self.graph.nodes):
            for value in read if op == LINEAR else ():
                self.readers.setdefault(value, []).append(number)
                self.places[number, value] = len(matrices)
                matrices.append(torch.empty(self.units, self.inputs if value == X else self.units))
        self.matrices = nn.ParameterList(matrices)
        maps = sum(op == LINEAR for op, _ in self.graph.nodes)
        self.biases = nn.ParameterList(torch.empty(self.units) for _ in range(maps))
        bound = 1 / math.sqrt(self.units)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.uniform_(-bound, bound, generator=generator)

    def forward(self, vectors: torch.Tensor, states: States | None = None) -> tuple[torch.Tensor, States]:
        graph, first = self.graph, self.graph.first
        if states is None:
            states = (vectors.new_zeros(vectors.shape[1], self.units),) * graph.states
        # one product for all maps that read a value; those of the words for all steps at once
        joined = {
            value: torch.cat([self.matrices[self.places[number, value]] for number in readers])
            for value, readers in self.readers.items()
        }
        start = dict(zip((n for n, node in enumerate(graph.nodes) if node.op == LINEAR), self.biases, strict=True))
        entering = dict(start)
        steps = len(vectors)
        if X in joined:
            parts = F.linear(vectors, joined.pop(X)).split(self.units, -1)
            entering |= {number: start[number] + part for number, part in zip(self.readers[X], parts, strict=True)}
        turned = {value: matrix.T for value, matrix in joined.items()}
        outputs = []
        for step in range(steps):
            totals = {number: total[step] if total.dim() == 3 else total for number, total in entering.items()}
            values: list = [None, *states]
            for value in range(1, first + len(graph.nodes)):
                if value >= first:
                    values.append(self._value(value - first, values, totals))
                if value in turned:
                    parts = (values[value] @ turned[value]).split(self.units, 1)
                    for number, part in zip(self.readers[value], parts, strict=True):
                        totals[number] = totals[number] + part
            states = tuple(values[value] for value in graph.outputs)
            outputs.append(states[0])
        return torch.stack(outputs), states

    def _value(self, number: int, values: list, totals: dict[int, torch.Tensor]) -> torch.Tensor:
        op, read = self.graph.nodes[number]
        if op == LINEAR:
            return totals[number]
        if op == BLEND:
            weight, a, b = (values[value] for value in read)
            return torch.lerp(b, a, weight)
        if op in (PROD, SUM):
            a, b = (values[value] for value in read)
            return a * b if op == PROD else a + b
        return ACTIVATIONS[op](values[read[0]])


class RecipeCell(nn.Module):
    """`layers` layers of one cell: vectors (steps, n, width) to vectors of the same shape; layers between the first and
    the last hand on `units` numbers. `run` also takes and gives each layer's states."""

    def __init__(self, arch: Arch, width: int, units: int, layers: int = 1, generator: torch.Generator | None = None):
        super().__init__()
        layers = checks.whole("layers", layers, 1)
        sizes = [width, *[units] * (layers - 1), width]
        self.layers = nn.ModuleList(
            RecipeLayer(arch, inside, outside, generator) for inside, outside in zip(sizes, sizes[1:], strict=False)
        )

    def forward(self, vectors: torch.Tensor) -> torch.Tensor:
        return self.run(vectors)[0]

    def run(self, vectors: torch.Tensor, states: list[States] | None = None) -> tuple[torch.Tensor, list[States]]:
        after = []
        for place, layer in enumerate(self.layers):
            vectors, last = layer(vectors, None if states is None else states[place])
            after.append(last)
        return vectors, after


class RecipeNetwork(nn.Module):
    """NAS-Bench-NLP's language model: embedding, three layers of the cell, softmax with the embedding's weights.

    Tokens (steps, n) to logits (steps, n, words). `cell` is the part between, vectors (steps, n, embedding) to vectors
    of the same shape. Defaults: the benchmark's, of whose training the dropouts are left out. The embedding starts
    uniform within 0.1, the softmax's bias at 0.
    """

    def __init__(self, arch: Arch, words: int, units: int = 600, embedding: int = 400, layers: int = 3, seed: int = 0):
        super().__init__()
        words, units = checks.whole("words", words, 1), checks.whole("units", units, 1)
        embedding = checks.whole("embedding", embedding, 1)
        generator = torch.Generator().manual_seed(checks.seed(seed))
        self.arch, self.words = arch, words
        self.embedding = nn.Embedding(words, embedding)
        self.cell = RecipeCell(arch, embedding, units, layers, generator)
        self.bias = nn.Parameter(torch.zeros(words))
        with torch.no_grad():
            self.embedding.weight.uniform_(-0.1, 0.1, generator=generator)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return F.linear(self.cell(self.embedding(tokens)), self.embedding.weight, self.bias)
