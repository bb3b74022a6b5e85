"""Query-based search is ask and tell: a search proposes architectures and takes their values, in any rhythm."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nascore import checks
from nascore.benchmarks.curves import Query
from nascore.errors import ResultsError
from nascore.search import doors, saved
from nascore.search.state import plain, revive
from nascore.spaces.base import Arch, Space


class Search(ABC):
    """A query-based search strategy over one space. Same seed, same answers: same proposals, in another process too.

    Subclasses implement `ask` and `tell`, put what changes into `state_dict`, and set `batch`, how many architectures
    `run` asks for at a time (None: as many as the search has ready), and `most_at_once`, the largest `n` of `ask`.

    `ask`, `tell` and `load_state_dict` of every subclass stand behind a door (`doors`): they are given a number in
    range, valid architectures with a float or a tuple of floats each, and a state that is undone should they fail.
    """

    batch: int | None = 1
    most_at_once: int = 100_000
    _inside = False  # whether what comes to a door has been checked

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        doors.hang(cls)

    def __init__(self, space: Space, *, seed: int = 0):
        self.space = checks.instance("space", space, Space, "a nascore space such as nc.spaces.NASBench201()")
        self.seed = checks.seed(seed)
        self.rng = np.random.default_rng(self.seed)
        self._tally = doors.Tally()
        # what `run` asked for and could not tell (Ctrl-C, budget): the next `run` begins with it
        self.unanswered: Sequence[Arch | Query] = []

    @abstractmethod
    def ask(self, n: int | None = None) -> Sequence[Arch | Query]:
        """Up to `n` architectures to evaluate (default `batch`); several may be pending. Empty: nothing before `tell`.

        An architecture alone is trained as long as the benchmark says; `Query(arch, epochs)` asks for another number.
        """

    @abstractmethod
    def tell(self, archs: Sequence[Arch | Query], values: Sequence) -> None:
        """Takes the values of `archs` (as `ask` gave them), one number each, or a row (value, cost, ...); NaN: the
        evaluation failed."""

    @property
    def done(self) -> bool:
        """True when the search's own schedule has ended."""
        return False

    def state_dict(self) -> dict:
        """All that changes during the search, as plain values and arrays."""
        return {"rng": self.rng.bit_generator.state}

    def load_state_dict(self, state: dict) -> None:
        """Goes on from what `state_dict` gave; ResultsError for anything else, and then nothing has changed."""
        self.rng.bit_generator.state = state["rng"]

    def settings(self) -> dict:
        """What a saved state must agree on before it can be loaded."""
        return {"search": type(self).__name__, **self.space.identity()}

    def save(self, path: str | Path) -> None:
        """Writes the state to `path`, atomically and with a checksum."""
        content = {
            **self.settings(),
            "seed": self.seed,
            "tally": self._tally.state(),
            "unanswered": list(self.unanswered),
            "state": self.state_dict(),
        }
        saved.write(path, self._pack(content))

    def load(self, path: str | Path) -> None:
        """Continues from a saved state; ResultsError if the file is not a sound one of this search on this space, and
        then this search is what it was."""
        content = saved.read(path)
        mine = revive(json.loads(json.dumps(plain(self.settings()))))
        try:
            found = self._unpack(content)
            other = {name: found[name] for name in mine if found[name] != mine[name]}
            seed, tally = checks.seed(found["seed"]), doors.Tally.of(found["tally"])
            unanswered = [
                doors.architecture(self.space, each)
                for each in checks.listed("unanswered", found["unanswered"], "a list")
            ]
            state = found["state"]
        except Exception as error:  # whatever json, torch or a missing key say of a file that is none of ours
            raise ResultsError(f"{path} is not a saved nascore search ({type(error).__name__}: {error})") from None
        if other:
            raise ResultsError(f"{path} holds {_listed(other)}; this search is {_listed({k: mine[k] for k in other})}")
        try:
            self.load_state_dict(state)
        except ResultsError as error:
            raise ResultsError(f"{path}: {error}") from None
        self.seed, self._tally, self.unanswered = seed, tally, unanswered

    def _pack(self, content: dict) -> bytes:
        return json.dumps(plain(content)).encode()

    def _unpack(self, content: bytes) -> dict:
        return revive(json.loads(content))

    def __repr__(self) -> str:
        """One line: what it is, its settings, what it has been told."""
        known = {"search", *self.space.identity()}
        settings = "".join(f", {name} {value}" for name, value in self.settings().items() if name not in known)
        return f"<{type(self).__name__} on {self.space.name}, seed {self.seed}{settings}: {self._tally}>"


def _listed(settings: dict) -> str:
    return ", ".join(f"{name}={checks.shown(value)}" for name, value in settings.items())


def first(value: float | tuple[float, ...]) -> float:
    """The value to maximise of an answer, whether it is a number or a row (value, cost, ...)."""
    return value[0] if isinstance(value, tuple) else value
