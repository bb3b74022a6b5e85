"""Files that runs write: logs, saved searches, checkpoints, stored rows, our own table and its chunks."""

# ruff: noqa: E501  # the files as they are
from __future__ import annotations

import functools
import hashlib
import io
import json
import random
import shutil
from pathlib import Path

from tests.fuzz import damage, world
from tests.fuzz.files import FILES, File, subset

nc, torch = world.nc, world.torch


# -- Oracle log -------------------------------------------------------------------------------------------------------
ARCHS = [(0, 0, 1), (1, 2, 0), (2, 2, 2), (1, 1, 1)]


def _make_log(folder: Path) -> None:
    nc.Oracle(world.returns(1.0), space=world.CELL, epochs=3, log=folder / "oracle.log").evaluate(ARCHS)


def _read_log(folder: Path) -> str:
    asked = []
    oracle = nc.Oracle(
        lambda arch, epochs: asked.append(arch) or 1.0, space=world.CELL, epochs=3, log=folder / "oracle.log"
    )
    values = oracle.evaluate(ARCHS)
    return json.dumps([[list(a), v] for a, v in zip(ARCHS, values)])


def _seal_log(row: dict) -> dict:
    from nascore.benchmarks import query_log

    return {**row, "digest": query_log.digest(row)}


# -- saved searches ---------------------------------------------------------------------------------------------------
def _searched(name: str):
    options = {"GANAS": dict(initial=4, base=2, increment=0, iterations=3, truth=2, device="cpu")}.get(name, {})
    return getattr(nc.search, name)(world.CELL, seed=1, **options)


def _make_search(name: str, folder: Path) -> None:
    search = _searched(name)
    for _ in range(3):
        archs = search.ask()
        search.tell(archs, [float(sum(a)) for a in archs])
    search.save(folder / "saved.nas")


def _read_search(name: str, folder: Path) -> str:
    search = _searched(name)
    search.load(folder / "saved.nas")
    return repr([search.ask() for _ in range(2)])


def _reseal(content: bytes, rng: random.Random) -> bytes:
    """A forged state under a right checksum."""
    head, _, body = content.partition(b"\n")
    forged = damage.forge(body, rng) if body.startswith(b"{") else rng.choice((damage.members, damage.flip))(body, rng)
    mark = head[: head.rindex(b" ") + 1]
    return mark + hashlib.sha256(forged).hexdigest().encode() + b"\n" + forged


# -- one-shot checkpoints ---------------------------------------------------------------------------------------------
def _one_shot(folder: Path, epochs: int = 2):
    return world.oneshot.search(world.net(), world.oneshot.AdvantageNAS(world.CHOICES), world.batches(), epochs,
                                progress=False, checkpoint=folder / "checkpoint.pt")  # fmt: skip


def _make_checkpoint(folder: Path) -> None:
    _one_shot(folder)


def _read_checkpoint(folder: Path) -> str:
    frame = _one_shot(folder).frame
    return frame.drop(columns="seconds").to_json()


def _forge_checkpoint(content: bytes, rng: random.Random) -> bytes:
    """One value of the state replaced; the file as torch writes it (where it has a head, under a right checksum)."""
    start = content.find(b"PK\x03\x04")
    head, body = content[:start], content[start:]
    state = torch.load(io.BytesIO(body), weights_only=True)
    damage.forge_value(state, rng)
    buffer = io.BytesIO()
    try:
        torch.save(state, buffer)
    except Exception:
        return damage.flip(content, rng)
    body = buffer.getvalue()
    old = hashlib.sha256(content[start:]).hexdigest().encode()
    return head.replace(old, hashlib.sha256(body).hexdigest().encode()) + body


# -- result rows ------------------------------------------------------------------------------------------------------
def _row(seed: int) -> dict:
    found = {
        "experiment": "t/x", "version": 1, "profile": "laptop", "config": {"a": 1}, "seed": seed, "metrics": {"best": 1.5 + seed},
        "provenance": {"data": "d:1", "cpu_s": 1.0}, "curve": {"query": [1, 2], "best": [1.0, 1.5]},
    }  # fmt: skip
    found["fingerprint"] = world.store.fingerprint("t/x", 1, {"a": 1}, seed, "d:1")
    return found


def _make_rows(folder: Path) -> None:
    for seed in range(4):
        world.store.append(folder / "x.jsonl", _row(seed))


def _read_rows(folder: Path) -> str:
    return json.dumps(world.store.read(folder / "x.jsonl"))


def _seal_row(row: dict) -> dict:
    row["fingerprint"] = world.store.fingerprint(
        row["experiment"], row["version"], row["config"], row["seed"], row["provenance"].get("data", "")
    )
    return {**row, "digest": world.store.digest(row)}


def _compared(folder: Path):
    methods = {"a": lambda seed: nc.search.RandomSearch(world.CELL, seed=seed)}
    return nc.compare(methods, world.TABLE, budget=3, seeds=3, store=folder / "compared.jsonl", progress=False)


def _make_compared(folder: Path) -> None:
    _compared(folder)


def _read_compared(folder: Path) -> str:
    frame = _compared(folder).frame
    return frame.drop(columns=["wall_s", "cpu_s"]).to_json()


def _seal_digest(row: dict) -> dict:
    return {**row, "digest": world.store.digest(row)}


# -- our own table and its chunks -------------------------------------------------------------------------------------
def _make_digits(folder: Path) -> None:
    source = nc.paths.data() / "benchmarks" / "digits201"
    for name in ("digits201.npz", "SHA256SUMS"):
        shutil.copy(source / name, folder / name)


def _read_digits(folder: Path) -> str:
    from nascore.benchmarks import digits201

    digits201.read_table.cache_clear()
    correct, classes, _ = digits201.read_table(folder / "digits201.npz")
    return f"{correct.sum()} {classes.sum()} {correct.shape} {classes.shape}"


def _make_chunk(folder: Path) -> None:
    source = sorted((nc.paths.data() / "benchmarks" / "digits201" / "chunks").glob("seed2-*.npz"))[0]
    (folder / "chunks").mkdir(parents=True)
    shutil.copy(source, folder / "chunks" / source.name)


def _read_chunks(folder: Path) -> str:
    from nascore.benchmarks.recipes.digits201 import recipe, training

    before = recipe.folder
    recipe.folder = lambda: folder
    try:
        found = training.trained()
        return f"{hashlib.sha256(found.tobytes()).hexdigest()} {found.min()} {found.max()}"
    finally:
        recipe.folder = before


def _possible(valid: str, found: str) -> bool:
    """A chunk has no checksum beyond the archive's: counts that can be are believed."""
    least, most = map(int, found.split()[1:])
    return -1 <= least and most <= 3000


def _chunk_name() -> str:
    source = sorted((nc.paths.data() / "benchmarks" / "digits201" / "chunks").glob("seed2-*.npz"))
    return f"chunks/{source[0].name}" if source else ""


FILES.append(File("Oracle log", "benchmarks/oracle", "oracle.log", _make_log, _read_log, damage.ROWS, _seal_log))
for name in ("RandomSearch", "RegularizedEvolution", "LocalSearch", "Reinforce", "TPE", "GANAS"):
    make, read = functools.partial(_make_search, name), functools.partial(_read_search, name)
    FILES.append(
        File(
            f"saved {name}", "search/saved", "saved.nas", make, read, (*damage.TEXT, *[_reseal] * 4), forged=(_reseal,)
        )
    )
ways = (*damage.BYTES, damage.members, _forge_checkpoint, _forge_checkpoint)
FILES.append(
    File(
        "checkpoint",
        "search/oneshot",
        "checkpoint.pt",
        _make_checkpoint,
        _read_checkpoint,
        ways,
        forged=(_forge_checkpoint,),
    )
)
FILES.append(
    File("result rows", "companion/store", "x.jsonl", _make_rows, _read_rows, damage.ROWS, _seal_row, may_give=subset)
)
FILES.append(
    File("compare's store", "comparison", "compared.jsonl", _make_compared, _read_compared, damage.ROWS, _seal_digest)
)
SUMS = ("digits201",)
FILES.append(File("digits201.npz", "benchmarks/digits201", "digits201.npz", _make_digits, _read_digits, damage.NPZ))
FILES.append(
    File("SHA256SUMS", "benchmarks/digits201", "SHA256SUMS", _make_digits, _read_digits, damage.TEXT, called=SUMS)
)
if _chunk_name():
    FILES.append(
        File(
            "digits201 chunk",
            "benchmarks/digits201",
            _chunk_name(),
            _make_chunk,
            _read_chunks,
            damage.NPZ,
            may_give=_possible,
        )
    )
