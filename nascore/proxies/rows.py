"""The file of `score`: JSON lines; a header (what the scores depend on), one line per proxy (its settings), one per
score. A killed run leaves half a line behind, which the next one drops."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from nascore import checks
from nascore.errors import ResultsError, why

FORMAT = 1
ADVICE = "restore the file, or delete that line; it is then computed again"


class Scored(NamedTuple):
    """One score: NaN where there is none, and `error` says why."""

    arch: str
    proxy: str
    seed: int
    score: float
    seconds: float
    error: str = ""

    @property
    def key(self) -> tuple[str, str, int]:
        return self.arch, self.proxy, self.seed


class ScoreFile:
    """The scores in `path`, `found` by (arch, proxy, seed); one process at a time writes it.

    `header`: what all scores depend on; `settings`: name -> identity of the proxies asked for. ResultsError for a file
    of anything else, and for one that has other settings under the same name.
    """

    def __init__(self, path: str | Path, header: dict[str, Any], settings: dict[str, dict[str, Any]]):
        self.path = checks.file("file", path)
        self.header = {"nascore_scores": FORMAT, **header}
        self.found: dict[tuple[str, str, int], Scored] = {}
        self._settings: dict[str, dict] = {}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            content = self.path.read_bytes() if self.path.exists() else b""
            *lines, half = content.split(b"\n")
            if half and not lines and not self._line(self.header).startswith(half):
                raise ResultsError(f"{self.path} is no file of scores; use another one")
            for number, line in enumerate(lines, 1):
                self._read(line, number)
            new = [] if lines else [self.header]
            for name, identity in settings.items():
                if name not in self._settings:
                    new.append(identity)
                elif self._settings[name] != identity:
                    raise ResultsError(
                        f"{self.path} has scores of {name!r} with {checks.shown(self._settings[name], 400)}, "
                        f"this one is {checks.shown(identity, 400)}; use another file"
                    )
            with open(self.path, "r+b" if self.path.exists() else "w+b") as stream:
                stream.truncate(len(content) - len(half))
                stream.seek(0, 2)
                stream.write(b"".join(map(self._line, new)))
        except OSError as error:
            raise ResultsError(f"file={str(self.path)!r} cannot be used: {why(error)}") from error

    def add(self, rows: Iterable[Scored]) -> None:
        """More scores, on disk before it returns."""
        lines = []
        for row in rows:
            self.found[row.key] = row
            values = row._asdict()
            values["score"] = None if math.isnan(row.score) else row.score
            lines.append(self._line(values))
        try:
            with open(self.path, "ab") as stream:
                stream.write(b"".join(lines))
        except OSError as error:
            raise ResultsError(f"file={str(self.path)!r} cannot be written: {why(error)}") from error

    @staticmethod
    def _line(values: dict) -> bytes:
        return json.dumps(values, allow_nan=False).encode() + b"\n"

    def _read(self, line: bytes, number: int) -> None:
        where = f"{self.path} line {number}"
        try:
            values = json.loads(line)
            if not isinstance(values, dict):
                raise ValueError("expected an object")
        except (ValueError, RecursionError) as error:
            if number == 1:
                raise ResultsError(f"{self.path} is no file of scores; use another one") from None
            raise ResultsError(f"{where} is no row of scores ({error}); {ADVICE}") from None
        if number == 1:
            if values != self.header:
                if "nascore_scores" not in values:
                    raise ResultsError(f"{self.path} is no file of scores; use another one")
                names = {*values, *self.header}
                other = sorted(each for each in names if values.get(each) != self.header.get(each))
                said = "; ".join(
                    f"{each}: {checks.shown(values.get(each))} there, {checks.shown(self.header.get(each))} here"
                    for each in other
                )
                raise ResultsError(f"{self.path} belongs to other scores ({said}); use another file")
            return
        if "settings" in values and isinstance(values.get("proxy"), str):
            self._settings[values["proxy"]] = values
            return
        try:
            score = math.nan if values["score"] is None else checks.number("score", values["score"])
            row = Scored(
                checks.text("arch", values["arch"]),
                checks.text("proxy", values["proxy"]),
                checks.seed(values["seed"]),
                score,
                checks.number("seconds", values["seconds"], 0),
                checks.text("error", values["error"]),
            )
            if math.isnan(score) != bool(row.error):
                raise ValueError("a score and an error, or neither")
        except (KeyError, ValueError) as error:
            raise ResultsError(f"{where} is no row of scores ({error}); {ADVICE}") from None
        self.found[row.key] = row
