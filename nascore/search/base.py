"""Query-based search is ask and tell: a search proposes architectures and takes their values, in any rhythm."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nascore import checks, paths
from nascore.benchmarks.curves import Query
from nascore.errors import ResultsError
from nascore.search.state import plain, revive
from nascore.spaces.base import Arch, Space


class Search(ABC):
    """A query-based search strategy over one space. Same seed, same answers: same proposals, in another process too.

    Subclasses implement `ask` and `tell`, put what changes into `state_dict`, and set `batch`, how many architectures
    `run` asks for at a time (None: as many as the search has ready).
    """

    batch: int | None = 1

    def __init__(self, space: Space, *, seed: int = 0):
        self.space = checks.instance("space", space, Space, "a nascore space such as nc.spaces.NASBench201()")
        self.seed = checks.seed(seed)
        self.rng = np.random.default_rng(self.seed)
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
        self.rng.bit_generator.state = state["rng"]

    def settings(self) -> dict:
        """What a saved state must agree on before it can be loaded."""
        return {"search": type(self).__name__, **self.space.identity()}

    def save(self, path: str | Path) -> None:
        """Writes the state to `path`, atomically."""
        self._write(
            path,
            {"nascore_search": 1, **self.settings(), "unanswered": list(self.unanswered), "state": self.state_dict()},
        )

    def load(self, path: str | Path) -> None:
        """Continues from a saved state; ResultsError if the file is not one of this search on this space."""
        mine = revive(json.loads(json.dumps(plain(self.settings()))))
        try:
            content = self._read(path)
            state, unanswered = content["state"], content["unanswered"]
            found = {name: content[name] for name in mine}
        except FileNotFoundError:
            raise ResultsError(f"no saved search at {path}") from None
        except Exception:  # whatever json, torch or a missing key say of a file that is none of ours
            raise ResultsError(f"{path} is not a saved nascore search") from None
        if found != mine:
            raise ResultsError(f"{path} holds {found}, this search is {mine}")
        self.load_state_dict(state)
        self.unanswered = unanswered

    def _write(self, path: str | Path, content: dict) -> None:
        paths.atomic_write(path, json.dumps(plain(content)))

    def _read(self, path: str | Path) -> dict:
        return revive(json.loads(Path(path).read_text()))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} on {self.space.name}, seed {self.seed}>"


def first_values(values: Sequence) -> list[float]:
    """The value to maximise of each answer, whether it is a number or a row (value, cost, ...)."""
    return [value[0] if isinstance(value, (tuple, list, np.ndarray)) else value for value in values]


def how_many(n: int | None, default: int = 1) -> int:
    """The `n` of `ask`, checked."""
    return default if n is None else checks.whole("n", n, 1)
