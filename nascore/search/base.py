"""Query-based search is ask and tell: a search proposes architectures and takes their values, in any rhythm."""
from __future__ import annotations

import base64
import json
import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .. import paths
from ..errors import ResultsError, SettingError
from ..spaces.base import Arch, Space


class Search(ABC):
    """A query-based search strategy over one space. Same seed, same answers: same proposals, in another process too.

    Subclasses implement `ask` and `tell`, put what changes into `state_dict`, and set `batch`, how many architectures
    `run` asks for at a time (None: as many as the search has ready).
    """

    batch: int | None = 1

    def __init__(self, space: Space, *, seed: int = 0):
        if not isinstance(space, Space):
            raise SettingError(f"space={space!r}: expected a nascore space such as nc.spaces.NASBench201()")
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
            raise SettingError(f"seed={seed!r}: expected a non-negative integer")
        self.space, self.seed = space, int(seed)
        self.rng = np.random.default_rng(self.seed)
        # what `run` asked for and could not tell (Ctrl-C, budget): the next `run` begins with it
        self.unanswered: list[Arch] = []

    @abstractmethod
    def ask(self, n: int | None = None) -> list[Arch]:
        """Up to `n` architectures to evaluate (default `batch`); several may be pending. Empty: nothing before `tell`."""

    @abstractmethod
    def tell(self, archs: Sequence[Arch], values: Sequence) -> None:
        """Takes the values of `archs`, one number each, or a row (value, cost, ...); NaN: the evaluation failed."""

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
        return {"search": type(self).__name__, "space": self.space.name}

    def save(self, path: str | Path) -> None:
        """Writes the state to `path`, atomically."""
        self._write(path, {"nascore_search": 1, **self.settings(), "unanswered": list(self.unanswered),
                           "state": self.state_dict()})

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


def plain(value):
    """JSON form of a state: tuples and arrays are marked so that they come back as what they were."""
    if isinstance(value, dict):
        return {"dict": [[plain(k), plain(v)] for k, v in value.items()]}
    if isinstance(value, (set, frozenset)):
        return {"set": [plain(v) for v in sorted(value)]}
    if isinstance(value, tuple):
        return {"tuple": [plain(v) for v in value]}
    if isinstance(value, list):
        return [plain(v) for v in value]
    if isinstance(value, np.ndarray):
        return {"array": base64.b64encode(np.ascontiguousarray(value).tobytes()).decode(), "dtype": value.dtype.str,
                "shape": list(value.shape)}
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": repr(value)}
    return value


def revive(value):
    if isinstance(value, list):
        return [revive(v) for v in value]
    if not isinstance(value, dict):
        return value
    if "dict" in value:
        return {revive(k): revive(v) for k, v in value["dict"]}
    if "set" in value:
        return {revive(v) for v in value["set"]}
    if "tuple" in value:
        return tuple(revive(v) for v in value["tuple"])
    if "array" in value:
        raw = base64.b64decode(value["array"])
        return np.frombuffer(raw, np.dtype(value["dtype"])).reshape(value["shape"]).copy()
    return float(value["float"])


def first_values(values: Sequence) -> list[float]:
    """The value to maximise of each answer, whether it is a number or a row (value, cost, ...)."""
    return [value[0] if isinstance(value, (tuple, list, np.ndarray)) else value for value in values]


def how_many(n: int | None, default: int = 1) -> int:
    """The `n` of `ask`, checked."""
    if n is None:
        return default
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1:
        raise SettingError(f"n={n!r}: expected a positive integer")
    return int(n)
