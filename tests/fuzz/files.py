"""Files that nascore reads: how a valid one comes about, how it is read, and how it is damaged.

A reader may raise nascore's error that names the file, or give what the valid file gives. What else it may give, where
a format carries no checksum (a toml that people write) or forgives a half last line, `may_give` says.
"""

from __future__ import annotations

import functools
import json
import random
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.fuzz import damage, world


@dataclass(frozen=True)
class File:
    """`make(folder)` writes valid files; `name`: the one that is damaged; `read(folder)`: what they say, as text."""

    entry: str
    owner: str
    name: str
    make: Callable[[Path], None]
    read: Callable[[Path], str]
    ways: tuple = damage.TEXT
    seal: Callable[[dict], dict] | None = None
    may_give: Callable[[str, str], bool] = lambda valid, found: False
    called: tuple[str, ...] = ()
    forged: tuple = ()  # ways that end with a right checksum

    def try_one(self, rng: random.Random):
        way = rng.choice(self.ways)
        content = valid(self)[0][self.name]
        seal = self.seal if way is damage.forge and rng.random() < 0.6 else None
        damaged = way(content, rng, seal) if way is damage.forge else way(content, rng)
        # whoever makes the checksum right again may write what he likes, so long as it is a row or a state
        sealed = seal is not None or way in self.forged
        return verdict_of(self, way.__name__, damaged, sealed)


@functools.lru_cache(maxsize=64)
def valid(file: File) -> tuple[dict[str, bytes], str]:
    """The valid files' contents by name, and what they say."""
    with tempfile.TemporaryDirectory(prefix="nascore-fuzz-") as folder:
        file.make(Path(folder))
        found = {str(p.relative_to(folder)): p.read_bytes() for p in sorted(Path(folder).rglob("*")) if p.is_file()}
        return found, file.read(Path(folder))


def verdict_of(file: File, way: str, damaged: bytes, sealed: bool = False):
    """Writes the damaged file beside the valid others and reads it."""
    from tests.fuzz import cases

    contents, said = valid(file)
    folder = Path(tempfile.mkdtemp(prefix="nascore-fuzz-"))
    try:
        for name, content in {**contents, file.name: damaged}.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        found, error, told = cases.execute_call(lambda: file.read(folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    code = reproduction(contents[file.name], damaged, file)

    def verdict(what, kind, why):
        return cases.Verdict(file.entry, file.owner, what, f"{file.entry}: {kind}", why, code)

    if isinstance(error, cases.Hang):
        return verdict("hang", f"hang ({way})", told)
    if error is not None:
        if not isinstance(error, world.NascoreError):
            return verdict("traceback", f"{type(error).__name__}{cases.last_line(error)}", f"{way}: {told}")
        words = (Path(file.name).name, Path(file.name).stem, *file.called)
        if not any(word in told for word in words):
            return verdict("unnamed", "names no file", f"{way}: {told}")
        return verdict(cases.FINE, "", "")
    if found == said or sealed or damaged == contents[file.name] or file.may_give(said, found):
        return verdict(cases.FINE, "", "")
    return verdict("wrong acceptance", f"silently another content ({way})", f"{found[:200]} instead of {said[:200]}")


def reproduction(before: bytes, after: bytes, file: File) -> str:
    """How the damaged file differs, short enough for a line."""
    start = next((i for i, (a, b) in enumerate(zip(before, after)) if a != b), min(len(before), len(after)))
    tail = next((i for i, (a, b) in enumerate(zip(before[::-1], after[::-1])) if a != b), 0)
    tail = min(tail, len(before) - start, len(after) - start)
    old, new = before[start : len(before) - tail], after[start : len(after) - tail]
    return f"replay({file.entry!r}, {start}, {_short(old)}, {_short(new)})"


def _short(content: bytes) -> str:
    return repr(content) if len(content) <= 120 else f"{content[:50]!r}+...{len(content)} bytes...+{content[-30:]!r}"


def replay(entry: str, start: int, old: bytes, new: bytes):
    """The reader on the file with `old` at `start` replaced by `new`: for a failure's line of reproduction."""
    file = next(each for each in FILES if each.entry == entry)
    contents, _ = valid(file)
    content = contents[file.name]
    folder = Path(tempfile.mkdtemp(prefix="nascore-fuzz-"))
    for name, each in {**contents, file.name: content[:start] + new + content[start + len(old) :]}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(each)
    return file.read(folder)


def prefix(valid: str, found: str) -> bool:
    """The first rows of the valid file: a half last line is forgiven."""
    rows, kept = json.loads(valid), json.loads(found)
    return rows[: len(kept)] == kept


def subset(valid: str, found: str) -> bool:
    """Some rows of the valid file, in any order: whole lines may be taken out and moved."""
    rows = [json.dumps(row) for row in json.loads(valid)]
    return all(json.dumps(row) in rows for row in json.loads(found))


FILES: list[File] = []
