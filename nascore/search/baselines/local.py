"""Local search, which White et al. ("Local Search is State of the Art for NAS Benchmarks", 2020) found hard to beat."""

from __future__ import annotations

from collections.abc import Sequence

from nascore import checks
from nascore.search.base import Search, first
from nascore.search.baselines.random import Unseen
from nascore.search.state import arch_or_none, keys, known
from nascore.search.state import archs as archs_of
from nascore.spaces.base import Arch, Space


class LocalSearch(Search):
    """From a random architecture: evaluate all neighbours in random order, move to the best of them while it is better,
    and start again from an unseen random architecture at a local optimum.

    `eager=True` moves as soon as a better neighbour is found. Nothing is proposed twice; done when the space has been
    seen. While the last neighbours are pending `ask` returns an empty list.
    """

    def __init__(self, space: Space, *, seed: int = 0, eager: bool = False):
        super().__init__(space, seed=seed)
        self.eager = checks.flag("eager", eager)
        self._unseen = Unseen(space)
        self._known: dict = {}  # key -> value, NaN where it failed
        self._centre: Arch | None = None  # None: before a start
        self._expanded = True  # whether the neighbours of the centre have been listed
        self._around: list[Arch] = []  # the neighbours of the centre
        self._queue: list[Arch] = []  # those of them still to propose
        self._pending: set = set()  # keys proposed and not answered

    def ask(self, n: int | None = None) -> list[Arch]:
        archs: list[Arch] = []
        wanted = n or 1
        while len(archs) < wanted:
            if not self._queue:
                if self._pending:  # the next step depends on their values
                    break
                self._step()
                if not self._queue:
                    break
            arch = self._queue.pop()
            key = self.space.key(arch)
            if key not in self._known and key not in self._pending:
                self._pending.add(key)
                archs.append(arch)
        return archs

    def _step(self) -> None:
        """Moves or restarts until there is something to propose; every answer has come."""
        while not self._queue:
            best = self._best_neighbour()
            if best is not None:
                self._move(best)
                continue
            self._around = []
            if self._centre is not None and self._centre_value() == self._centre_value() and not self._expanded:
                self._move(self._centre)
                continue
            self._centre = self._unseen.draw(self.rng)
            if self._centre is None:
                return
            self._expanded = False
            self._queue = [self._centre]

    def _centre_value(self) -> float:
        return self._known.get(self.space.key(self._centre), float("nan"))

    def _best_neighbour(self) -> Arch | None:
        best, top = None, self._centre_value() if self._centre is not None else float("nan")
        for arch in self._around:
            value = self._known.get(self.space.key(arch), float("nan"))
            if value > top:
                best, top = arch, value
        return best

    def _move(self, centre: Arch) -> None:
        self._centre, self._expanded = centre, True
        self._around = self.space.neighbours(centre)
        queue = [arch for arch in self._around if self.space.key(arch) not in self._known]
        for last in range(len(queue) - 1, 0, -1):
            other = int(self.rng.random() * (last + 1))
            queue[last], queue[other] = queue[other], queue[last]
        self._queue = queue

    def tell(self, archs: Sequence[Arch], values: Sequence) -> None:
        for arch, value in zip(archs, map(first, values), strict=True):
            key = self.space.key(arch)
            self._known[key] = value
            self._pending.discard(key)
            self._unseen.add(arch)
            if self.eager and self._expanded and self._centre is not None and value > self._centre_value():
                self._queue = []  # `ask` moves to the better neighbour at once

    @property
    def done(self) -> bool:
        return not self._pending and (self._unseen.empty or len(self._known) >= self.space.size)

    def settings(self) -> dict:
        return super().settings() | {"eager": self.eager}

    def state_dict(self) -> dict:
        return super().state_dict() | {
            "unseen": self._unseen.state_dict(),
            "known": dict(self._known),
            "centre": self._centre,
            "around": list(self._around),
            "queue": list(self._queue),
            "pending": sorted(self._pending),
            "expanded": self._expanded,
        }

    def load_state_dict(self, state: dict) -> None:
        super().load_state_dict(state)
        self._unseen.load_state_dict(state["unseen"])
        space = self.space
        self._known = known(space, "known", state["known"])
        self._centre = arch_or_none(space, state["centre"])
        self._expanded = checks.flag("expanded", state["expanded"])
        self._around, self._queue = archs_of(space, "around", state["around"]), archs_of(space, "queue", state["queue"])
        self._pending = keys(space, "pending", state["pending"])
