"""A list of architectures of another space as a space of its own: what a table of some hundred trained networks is."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator

import numpy as np

from nascore import checks
from nascore.errors import ArchitectureError, SettingError
from nascore.spaces.base import Arch, Space
from nascore.spaces.dag import DAG
from nascore.spaces.graph_features import graph_features


class PoolSpace(Space):
    """The architectures `archs` of `space`, and no others.

    `sample` is one of them, uniformly. `mutate` draws `candidates` others at random and takes the one nearest to the
    parent (GenNAS, appendix A.2.3, with 200 of 25,000); by default 200, but at most a tenth of the pool, so that the
    child in a small pool is not always the same. `neighbours` are the `nearest` nearest. With `seen` (a collection of
    architectures) `mutate` and `closest` pass over what it holds, as long as anything is left.

    How near two architectures are: the Euclidean distance of their rows of `features` (one row per architecture, finite
    numbers, scaled as you want them to count), which `distance` names; by default of `graph_features` of their graphs.
    Equal distances go by the order of `archs`.
    """

    def __init__(
        self,
        space: Space,
        archs,
        features=None,
        *,
        distance: str | None = None,
        candidates: int | None = None,
        nearest: int = 10,
        name: str | None = None,
    ):
        self.space = checks.instance("space", space, Space, "a space such as nc.spaces.NASBench201()")
        self.archs = tuple(space.validate(arch) for arch in checks.listed("archs", archs, "a list of architectures"))
        if not self.archs:
            raise SettingError("archs=[]: expected at least one architecture")
        self._rows: dict = {}
        for row, arch in enumerate(self.archs):
            if self._rows.setdefault(space.key(arch), row) != row:
                raise SettingError(f"archs: {checks.shown(arch)} occurs twice in the pool")
        self._exact = {arch: row for row, arch in enumerate(self.archs)}
        self.size = len(self.archs)
        self.name = checks.text("name", name) if name is not None else f"{space.name}-pool-{self.size}"
        self.ops, self.fixed_topology = space.ops, space.fixed_topology
        most = max(1, min(200, self.size // 10))
        self.candidates = most if candidates is None else checks.whole("candidates", candidates, 1)
        self.nearest = checks.whole("nearest", nearest, 1)
        self._features = None if features is None else self._checked(features)
        given = "graph" if features is None else "given"
        self.distance = checks.text("distance", distance) if distance is not None else given
        self._digest = ""

    def _checked(self, features) -> np.ndarray:
        found = checks.numbers("features", features)
        if found.ndim != 2 or len(found) != self.size or not np.isfinite(found).all():
            wanted = f"finite numbers of shape ({self.size}, features)"
            raise SettingError(f"features of shape {found.shape}: expected {wanted}")
        return found

    @property
    def features(self) -> np.ndarray:
        """One row per architecture; their Euclidean distance says how near two are."""
        if self._features is None:
            self._features = graph_features(map(self.space.dag, self.archs))
        return self._features

    def row(self, arch) -> int:
        """The place of an architecture in the pool; ArchitectureError where it is not there."""
        if type(arch) is tuple and all(type(value) is int for value in arch) and arch in self._exact:
            return self._exact[arch]
        found = self._rows.get(self.space.key(self.space.validate(arch)))
        if found is None:
            raise ArchitectureError(
                f"{checks.shown(arch)} is not in {self.name}: expected one of its {self.size:,} architectures of "
                f"{self.space.name} (`archs`)"
            )
        return found

    def closest(self, arch: Arch, count: int | None = None, *, seen: Collection[Arch] = ()) -> list[Arch]:
        """The `count` (all) others nearest to `arch`, the nearest first, without those in `seen`."""
        own = self.row(arch)
        others = self._others(own, seen)
        others = others[np.argsort(self._distances(own, others), kind="stable")]
        return [self.archs[row] for row in others[: None if count is None else checks.whole("count", count, 0)]]

    def _others(self, own: int, seen: Collection[Arch]) -> np.ndarray:
        open_ = np.ones(self.size, bool)
        if not isinstance(seen, (set, frozenset)):
            seen = checks.listed("seen", seen, "a list or set of architectures")
        if seen:
            open_[[self.row(arch) for arch in seen]] = False
        open_[own] = False
        return np.flatnonzero(open_)

    def _distances(self, own: int, others: np.ndarray) -> np.ndarray:
        return np.linalg.norm(self.features[others] - self.features[own], axis=1)

    def sample(self, rng) -> Arch:
        return self.archs[int(rng.random() * self.size)]

    def mutate(self, arch: Arch, rng, *, seen: Collection[Arch] = ()) -> Arch:
        own = self.row(arch)
        if self.size == 1:
            raise ArchitectureError(f"{self.name} has one architecture only: nothing to mutate to")
        others = self._others(own, seen)
        if not len(others):  # everything has been seen
            others = self._others(own, ())
        drawn = {int(rng.random() * len(others)) for _ in range(self.candidates)}
        rows = others[sorted(drawn)]
        return self.archs[rows[np.argmin(self._distances(own, rows))]]

    def neighbours(self, arch: Arch) -> list[Arch]:
        return self.closest(arch, self.nearest)

    def validate(self, arch) -> Arch:
        """The pool's own way of writing `arch`."""
        return self.archs[self.row(arch)]

    def key(self, arch: Arch):
        return self.space.key(self.validate(arch))

    def canonical(self, arch: Arch) -> Arch:
        return self.space.canonical(self.validate(arch))

    def dag(self, arch: Arch) -> DAG:
        return self.space.dag(self.validate(arch))

    def parse(self, text: str) -> Arch:
        return self.validate(self.space.parse(text))

    def format(self, arch: Arch) -> str:
        return self.space.format(self.validate(arch))

    def view(self, arch: Arch):
        return self.space.view(self.validate(arch))

    def enumerate(self) -> Iterator[Arch]:
        return iter(self.archs)

    def identity(self) -> dict:
        if not self._digest:
            digest = hashlib.sha256(repr(self.archs).encode())
            if self.distance != "graph":
                digest.update(np.ascontiguousarray(self.features).data)
            self._digest = digest.hexdigest()
        settings = {"distance": self.distance, "candidates": self.candidates, "nearest": self.nearest}
        return {**super().identity(), "of": self.space.identity(), "pool": self._digest, **settings}
