"""A GenNAS task as data: which signals a network has to reproduce at each stage (appendix, A.2.2 and Figure 1).

A task is a frozen, hashable value with one text form (JSON). `ImageTask.random(rng)` and `task.mutate(rng)` are what
the search for tasks does with it: every block (the noise, the channels of a stage, each signal of a stage) is drawn
anew with probability 0.2.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, TypeVar

import numpy as np

from nascore import checks
from nascore.errors import SettingError

WAVES, DOTS = ("sin1d", "sin2d"), ("dot", "dot_gaussian")
BASES = ("noise", *WAVES, *DOTS, "resize")
NOISES = ("uniform", "gaussian")
LEVELS = tuple(round(0.1 * k, 1) for k in range(5, 30))  # of a signal: 0.5 to 2.9
NOISE_LEVELS = tuple(round(0.1 * k, 1) for k in range(10))  # 0 to 0.9
CHANNELS = (16, 32, 48, 64, 80, 96)  # the code's, and those of search-D; the appendix lists them without 80
FREQUENCIES = 10  # that a random wave chooses from
PRESENT = 0.5  # probability of each signal in a random task
MUTATION = 0.2  # probability that a block is drawn anew

Self = TypeVar("Self", bound="Task")


@dataclass(frozen=True)
class Noise:
    """Added to the input, drawn anew in every iteration: `level` times U(-1, 1) or N(0, 1)."""

    kind: str = "gaussian"
    level: float = 0.0

    def __post_init__(self):
        object.__setattr__(self, "kind", checks.one_of("noise", self.kind, NOISES))
        object.__setattr__(self, "level", checks.number("noise level", self.level, 0, 1))


@dataclass(frozen=True)
class Signal:
    """`level` times one basis; `local`: every sample of the batch has maps of its own (else all share them).

    sin1d, sin2d: `frequencies`, in periods per pixel. dot, dot_gaussian: `fraction` of the pixels that are +1 or -1.
    noise: N(0, 1). resize: the image itself; it has no `local`, it is each sample's own.
    """

    basis: str
    level: float = 1.0
    frequencies: tuple[float, ...] = ()
    fraction: float | None = None
    local: bool = True

    def __post_init__(self):
        basis = checks.one_of("basis", self.basis, BASES)
        found = [
            checks.number("frequencies", f, 0, 0.5)
            for f in checks.listed("frequencies", self.frequencies, "(0.1, 0.2)")
        ]
        if bool(found) != (basis in WAVES):
            needed = "one frequency or more" if basis in WAVES else "none"
            raise SettingError(f"frequencies={checks.shown(self.frequencies)}: {basis} takes {needed}")
        fraction = None
        if basis in DOTS:
            fraction = checks.number("fraction", self.fraction, 0, 1)
        elif self.fraction is not None:
            raise SettingError(f"fraction={checks.shown(self.fraction)}: {basis} takes none")
        local = checks.flag("local", self.local)
        if basis == "resize" and not local:
            raise SettingError("local=False: resize is each sample's own image")
        values = {"basis": basis, "level": checks.number("level", self.level), "frequencies": tuple(found)}
        for name, value in {**values, "fraction": fraction, "local": local}.items():
            object.__setattr__(self, name, value)

    @classmethod
    def random(cls, basis: str, rng: np.random.Generator) -> Signal:
        """A wave's ten frequencies lie uniformly between two that are uniform in (0, 0.5); so is a dot's fraction in
        (0, 1)."""
        chosen: dict[str, Any] = {"level": LEVELS[rng.integers(len(LEVELS))]}
        if basis in WAVES:
            low, high = np.sort(rng.uniform(0, 0.5, 2))
            chosen["frequencies"] = tuple(rng.uniform(low, high, FREQUENCIES).tolist())
        if basis in DOTS:
            chosen["fraction"] = float(rng.random())
        if basis != "resize":
            chosen["local"] = bool(rng.random() < 0.5)
        return cls(basis, **chosen)

    def to_dict(self) -> dict[str, Any]:
        shown: dict[str, Any] = {"level": self.level}
        if self.frequencies:
            shown["range"] = list(self.frequencies)
        if self.fraction is not None:
            shown["fraction"] = self.fraction
        return shown if self.basis == "resize" else {**shown, "local": self.local}

    @classmethod
    def from_dict(cls, basis: str, given: Any) -> Signal:
        _fields(f"signal {basis}", given, {"level", "range", "fraction", "local"})
        renamed = {"frequencies" if name == "range" else name: value for name, value in given.items()}
        return cls(basis, **renamed)


@dataclass(frozen=True)
class Part:
    """One target (or, of a sequence task, the input): `channels` maps, each the sum of the signals."""

    signals: tuple[Signal, ...]
    channels: int = 64
    bases: ClassVar[tuple[str, ...]] = ("sin1d", "sin2d", "dot", "dot_gaussian", "resize")  # of random ones

    def __post_init__(self):
        signals = tuple(checks.listed("signals", self.signals, "(Signal('resize'),)"))
        for signal in signals:
            checks.instance("signals", signal, Signal, "Signal('resize')")
        names = [signal.basis for signal in signals]
        if len(set(names)) < len(names):
            raise SettingError(f"signals: {', '.join(names)}: expected each basis at most once")
        object.__setattr__(self, "signals", tuple(sorted(signals, key=lambda each: BASES.index(each.basis))))
        object.__setattr__(self, "channels", checks.whole("channels", self.channels, 1))

    def with_signal(self, basis: str, signal: Signal | None) -> Part:
        """With `signal` in place of the one of this basis (None: without)."""
        rest = [each for each in self.signals if each.basis != basis]
        return replace(self, signals=(*rest, *([] if signal is None else [signal])))


@dataclass(frozen=True)
class Task:
    """Noise and parts; `from_dict`, `parse` and `text` are inverse to each other."""

    parts: tuple[Part, ...]
    noise: Noise = field(default_factory=Noise)
    names: ClassVar[tuple[str, ...]] = ()  # of the parts, where there is a fixed number of them
    bases: ClassVar[tuple[str, ...]] = ()  # that random tasks draw from
    one_width: ClassVar[bool] = False  # all parts have the same channels

    def __post_init__(self):
        parts = tuple(checks.listed("parts", self.parts, "one Part for each"))
        for part in parts:
            checks.instance("parts", part, Part, "Part((Signal('resize'),))")
        checks.instance("noise", self.noise, Noise, "Noise('uniform', 0.1)")
        if len(parts) != len(self.names):
            raise SettingError(f"parts: {len(parts)} of them; expected {len(self.names)}: {', '.join(self.names)}")
        for name, part in zip(self.names, parts, strict=True):
            for signal in part.signals:
                if signal.basis not in ("noise", *self.bases):
                    raise SettingError(
                        f"basis={signal.basis!r} of {name}: expected one of noise, {', '.join(self.bases)}"
                    )
        if self.one_width and len({part.channels for part in parts}) > 1:
            raise SettingError(
                f"channels {[part.channels for part in parts]}: expected the same for {', '.join(self.names)}"
            )
        object.__setattr__(self, "parts", parts)

    def __str__(self) -> str:
        return self.text()

    def text(self) -> str:
        """JSON on one line; equal tasks have equal texts."""
        return json.dumps(self.to_dict())

    @classmethod
    def parse(cls: type[Self], text: str) -> Self:
        try:
            given = json.loads(checks.text("task", text))
        except ValueError as error:
            raise SettingError(f"task {checks.shown(text)}: not JSON ({error})") from None
        return cls.from_dict(given)

    def to_dict(self) -> dict[str, Any]:
        shown: dict[str, Any] = {"noise": {"type": self.noise.kind, "level": self.noise.level}}
        for name, part in zip(self.names, self.parts, strict=True):
            signals = {signal.basis: signal.to_dict() for signal in part.signals}
            shown[name] = {"channels": part.channels, "signals": signals}
        return shown

    @classmethod
    def from_dict(cls: type[Self], given: Any) -> Self:
        _fields("task", given, {"noise", *cls.names})
        parts = []
        for name in cls.names:
            part = _fields(name, given.get(name), {"channels", "signals"})
            signals = _mapping(f"signals of {name}", part.get("signals", {}))
            parts.append(Part(tuple(Signal.from_dict(*each) for each in signals.items()), part.get("channels", 64)))
        noise = _fields("noise", given.get("noise", {}), {"type", "level"})
        return cls(tuple(parts), Noise(noise.get("type", "gaussian"), noise.get("level", 0.0)))

    @classmethod
    def random(cls: type[Self], rng: np.random.Generator) -> Self:
        """Each signal is there with probability 0.5; a task without any would ask for nothing, so it is drawn again."""
        made = cls(tuple(Part((), 64) for _ in cls.names))
        while True:
            made = made._redrawn(rng, 1.0)
            if made.asks():
                return made

    def mutate(self: Self, rng: np.random.Generator, probability: float = MUTATION) -> Self:
        """Every block is drawn anew with `probability`; what was drawn may be what was there."""
        probability = checks.number("probability", probability, 0, 1)
        while True:
            made = self._redrawn(rng, probability)
            if made.asks() or not self.asks():
                return made

    def asks(self) -> bool:
        """Whether there is any target but zero."""
        return bool(self.parts[-1].signals) or (not self.one_width and any(part.signals for part in self.parts))

    def _redrawn(self: Self, rng: np.random.Generator, probability: float) -> Self:
        noise, parts, width = self.noise, list(self.parts), None
        if rng.random() < probability:
            noise = Noise(NOISES[rng.integers(2)], NOISE_LEVELS[rng.integers(len(NOISE_LEVELS))])
        if self.one_width and rng.random() < probability:
            width = CHANNELS[rng.integers(len(CHANNELS))]
        for place, part in enumerate(parts):
            if not self.one_width and rng.random() < probability:
                part = replace(part, channels=CHANNELS[rng.integers(len(CHANNELS))])
            elif width is not None:
                part = replace(part, channels=width)
            for basis in self.bases:
                if rng.random() < probability:
                    part = part.with_signal(basis, self._signal(basis, rng) if rng.random() < PRESENT else None)
            parts[place] = part
        return replace(self, noise=noise, parts=tuple(parts))

    @staticmethod
    def _signal(basis: str, rng: np.random.Generator) -> Signal:
        return Signal.random(basis, rng)


@dataclass(frozen=True)
class ImageTask(Task):
    """Targets for a convolutional network's last three stages, the first of them first."""

    names: ClassVar[tuple[str, ...]] = ("stage0", "stage1", "stage2")
    bases: ClassVar[tuple[str, ...]] = ("sin1d", "sin2d", "dot", "dot_gaussian", "resize")


@dataclass(frozen=True)
class SequenceTask(Task):
    """Input and output of a recurrent cell, (steps, dimension) each; the channels are the dimension.

    As the code has it, random signals are always local: a shared one would be the same sequence in every sample.
    """

    names: ClassVar[tuple[str, ...]] = ("input", "output")
    bases: ClassVar[tuple[str, ...]] = ("sin1d", "sin2d", "dot", "dot_gaussian")
    one_width: ClassVar[bool] = True

    @staticmethod
    def _signal(basis: str, rng: np.random.Generator) -> Signal:
        return replace(Signal.random(basis, rng), local=True)


def _mapping(name: str, given: Any) -> Mapping:
    if not isinstance(given, Mapping) or not all(isinstance(key, str) for key in given):
        raise SettingError(f"{name}={checks.shown(given)}: expected a dictionary")
    return given


def _fields(name: str, given: Any, known: Sequence[str] | set[str]) -> Mapping:
    for key in _mapping(name, given):
        if key not in known:
            raise SettingError(f"{name}: {key!r}: unknown{checks.suggest(key, sorted(known))}")
    return given
