"""A supernet as a benchmark: an architecture is worth what the shared weights make of it, without training it alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence

import torch

from nascore import checks
from nascore.errors import SettingError
from nascore.networks.choices import Draw, one_hot
from nascore.networks.supernets.base import Supernet
from nascore.spaces.base import Arch
from nascore.spaces.choice import ChoiceSpace

MEASURES = {"accuracy": 1.0, "loss": -1.0}  # by what sign higher is better


class SharedWeights:
    """Answers an architecture with the mean measure of a supernet over fixed validation batches, higher is better.

    An Oracle takes it as it takes a table: `nc.Oracle(nc.benchmarks.SharedWeights(supernet, batches), budget=500)`.
    Nothing is trained here; where the supernet is trained on in between, later answers are those of the new weights.

    Parameters
    ----------
    supernet: a `Supernet` that decodes one operation per edge.
    batches: what each architecture is measured on, equally large, such as list(ImageData(...).val(0)).
    space: of the architectures, one position per edge, operations by their names in the supernet (default: the
        supernet's own space).
    measure: "accuracy" (percent) or "loss" (its negative), of those that `supernet.measures` gives.

    `evaluations` counts the architectures that were measured, `passes` the batches that went through the supernet for
    them: a repeat under the same weights is answered from memory and costs neither.
    """

    def __init__(
        self, supernet: Supernet, batches: Sequence, space: ChoiceSpace | None = None, *, measure: str = "accuracy"
    ):
        self.supernet = checks.instance("supernet", supernet, Supernet, "a Supernet, such as digits201_supernet()")
        space = getattr(supernet, "space", None) if space is None else space
        self.space = checks.instance("space", space, ChoiceSpace, "a space with an operation for each edge")
        self.measure = checks.one_of("measure", measure, tuple(MEASURES))
        self._ops = _translated(self.space, supernet)
        given = checks.listed("batches", batches, "a list of batches")
        if not given:
            raise SettingError("batches is empty: expected at least one")
        device = next((each.device for each in supernet.parameters()), torch.device("cpu"))
        self.batches = [tuple(part.to(device) for part in _tensors(batch)) for batch in given]
        first = supernet.measures(self.batches[0], self.draw(tuple(options[0] for options in self.space.allowed)))
        if self.measure not in first:
            raise SettingError(f"measure={self.measure!r}: {type(supernet).__name__} measures {', '.join(first)}")
        self.evaluations = self.passes = 0
        self._batches = _digest(part for batch in self.batches for part in batch)
        self._known: dict[Arch, float] = {}
        self._weights = ""

    def value(self, arch: Arch) -> float:
        """The mean measure under the supernet's present weights; ArchitectureError for what is not in the space."""
        arch = self.space.validate(arch)
        weights = self.weights()
        if weights != self._weights:  # trained on since: nothing known holds
            self._weights, self._known = weights, {}
        if arch not in self._known:
            draw = self.draw(arch)
            found = [self.supernet.measures(batch, draw)[self.measure] for batch in self.batches]
            self._known[arch] = MEASURES[self.measure] * sum(found) / len(found)
            self.evaluations += 1
            self.passes += len(found)
        return self._known[arch]

    __call__ = value  # as an Oracle asks

    def values(self, archs: Sequence[Arch]) -> list[float]:
        """`value` of each."""
        return [self.value(arch) for arch in checks.listed("archs", archs, "a list of architectures")]

    def weights(self) -> str:
        """sha256 of the supernet's present weights and buffers."""
        return _digest(self.supernet.state_dict().values())

    def identity(self) -> dict:
        """All that an answer depends on now, as JSON values: supernet, its weights, batches, measure and space."""
        found = {
            "benchmark": "shared weights",
            "supernet": {"name": type(self.supernet).__name__, **self.supernet.settings},
            "weights": self.weights(),
            "batches": self._batches,
            "measure": self.measure,
            **self.space.identity(),
        }
        return json.loads(json.dumps(found, default=str))

    def describe(self) -> str:
        """One line, as it should stand beside every number."""
        return f"shared weights: {self.measure} on {len(self.batches)} fixed batches, {self.supernet!r}"

    def __repr__(self) -> str:
        return f"<{self.describe()}; {self.evaluations} evaluations>"

    def draw(self, arch: Arch) -> Draw:
        """What the supernet computes for an architecture of the space: `draw(arch).arch` is it by the supernet's own
        numbers, as fine-tuning takes it."""
        arch = self.space.validate(arch)
        return one_hot(tuple(self._ops[op] for op in arch), len(self.supernet.choices.ops))


def _translated(space: ChoiceSpace, supernet: Supernet) -> list[int]:
    """The supernet's numbers of the space's operations; SettingError where an edge cannot hold one."""
    known = supernet.choices.ops
    if space.positions != supernet.choices.edges:
        raise SettingError(
            f"space={space.name} of {space.positions} positions: the supernet has {supernet.choices.edges} edges"
        )
    lacking = [op for op in space.ops if op not in known]
    if lacking:
        raise SettingError(
            f"space={space.name}: the supernet has no operation {lacking[0]!r}; known: {', '.join(known)}"
        )
    numbers = [known.index(op) for op in space.ops]
    mask = supernet.choices.mask()
    for edge, options in enumerate(space.allowed):
        for op in options:
            if not mask[edge, numbers[op]]:
                raise SettingError(f"space={space.name}: the supernet does not allow {space.ops[op]!r} on edge {edge}")
    return numbers


def _tensors(batch) -> tuple[torch.Tensor, ...]:
    if isinstance(batch, (tuple, list)) and batch and all(isinstance(part, torch.Tensor) for part in batch):
        return tuple(batch)
    raise SettingError(f"batches: one of {checks.shown(type(batch))}: expected each to be a tuple of tensors")


def _digest(tensors: Iterable[torch.Tensor]) -> str:
    """sha256 of types, shapes and contents, in order."""
    found = hashlib.sha256()
    for tensor in tensors:
        found.update(f"{tensor.dtype}{tuple(tensor.shape)}".encode())
        found.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return found.hexdigest()
