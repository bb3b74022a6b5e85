"""Random search: the baseline that every method has to beat at an equal number of queries."""

from __future__ import annotations

from collections.abc import Sequence

from nascore import checks
from nascore.errors import ArchitectureError
from nascore.search.base import Search
from nascore.search.state import archs, keys, mapping
from nascore.spaces.base import Arch, Space

_COLLISIONS = 200  # draws in a row that were all proposed before: now it is cheaper to list what is left
_LISTABLE = 1_000_000
_DRAWS = 100_000  # for a space that cannot be listed


class Unseen:
    """Uniform draws without replacement from a space, by rejection while most of it is unseen, then from a list."""

    def __init__(self, space: Space):
        self.space, self.seen, self.rest, self.empty = space, set(), None, False

    def add(self, arch: Arch) -> None:
        """Never draw `arch` again."""
        self.seen.add(self.space.key(arch))

    def draw(self, rng) -> Arch | None:
        """An architecture that was neither drawn nor added before; None when there is none left."""
        sample, key_of, seen = self.space.sample, self.space.key, self.seen
        if self.empty or len(seen) >= self.space.size:
            self.empty = True
            return None
        if self.rest is None:
            for attempt in range(_DRAWS):
                arch = sample(rng)
                key = key_of(arch)
                if key not in seen:
                    seen.add(key)
                    return arch
                if attempt == _COLLISIONS and self._list():
                    break
            else:
                self.empty = True
                return None
        rest = self.rest
        while rest:
            where = int(rng.random() * len(rest))
            rest[where], rest[-1] = rest[-1], rest[where]
            arch = rest.pop()
            if key_of(arch) not in seen:
                seen.add(key_of(arch))
                return arch
        self.empty = True
        return None

    def _list(self) -> bool:
        if self.space.size > _LISTABLE:
            return False
        try:
            self.rest = [arch for arch in self.space.enumerate() if self.space.key(arch) not in self.seen]
        except ArchitectureError:  # a space that cannot be enumerated: rejection has to do
            return False
        return True

    def state_dict(self) -> dict:
        # sorted, because the order of a set is not the same in another process
        return {"seen": sorted(self.seen), "rest": None if self.rest is None else list(self.rest), "empty": self.empty}

    def load_state_dict(self, state: dict) -> None:
        state = mapping("unseen", state)
        self.seen, self.empty = keys(self.space, "seen", state["seen"]), checks.flag("empty", state["empty"])
        self.rest = None if state["rest"] is None else archs(self.space, "rest", state["rest"])


class RandomSearch(Search):
    """Uniform random sampling without replacement; done when the whole space has been proposed."""

    def __init__(self, space: Space, *, seed: int = 0):
        super().__init__(space, seed=seed)
        self._unseen = Unseen(space)

    def ask(self, n: int | None = None) -> list[Arch]:
        drawn: list[Arch] = []
        for _ in range(n or 1):
            arch = self._unseen.draw(self.rng)
            if arch is None:
                break
            drawn.append(arch)
        return drawn

    def tell(self, archs: Sequence[Arch], values: Sequence) -> None:
        """Values change nothing; architectures told from elsewhere are not proposed again."""
        for arch in archs:
            self._unseen.add(arch)

    @property
    def done(self) -> bool:
        return self._unseen.empty or len(self._unseen.seen) >= self.space.size

    def state_dict(self) -> dict:
        return super().state_dict() | {"unseen": self._unseen.state_dict()}

    def load_state_dict(self, state: dict) -> None:
        super().load_state_dict(state)
        self._unseen.load_state_dict(state["unseen"])
