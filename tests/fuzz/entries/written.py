"""Files that people write, and those that are built from downloads."""

# ruff: noqa: E501  # the files as they are
from __future__ import annotations

import ast
import functools
import json
import os
import struct
from collections.abc import Callable
from pathlib import Path

from tests.fuzz import damage, world
from tests.fuzz.files import FILES, File

np = world.np


# -- what people write ------------------------------------------------------------------------------------------------
CLAIMS = """
[paper]
order = 6
short = "Toy"
title = "A toy paper"

[[claim]]
id = "toypaper/finds"
section = "Tiny"
where = "Table 1"
claim = "The best is always found."
expected = "every run"
experiment = "toypaper/table1"
test = { kind = "share", select = { method = "Mine" }, column = "rank", equals = 1, share = 1.0 }

[[claim]]
id = "toypaper/better"
section = "Tiny"
where = "Table 2"
claim = "Mine is better."
expected = "by 3"
experiment = "toypaper/table1"
scaled_down = true
test = { kind = "better", column = "best", a = { method = "Mine" }, b = { method = "RS" }, lower = false, need = "direction" }

[[claim]]
id = "toypaper/lost"
section = "Tiny"
where = "Table 3"
claim = "Nobody knows."
expected = "nothing"
verdict = "not in our copy"
reason = "no page 4"
"""
PRINTED = '[paper]\ntitle = "A toy"\n\n[table1]\nwhere = "Table 1"\nwhat = "best value"\n\n[table1.mine]\nlabel = "Mine"\nline = 1\nacc = 3.0\n'


def _paper(kind: str, text: str, folder: Path) -> None:
    file = folder / "data" / kind / "toypaper.toml"
    file.parent.mkdir(parents=True)
    file.write_text(text)


def _with_papers(read: Callable[[], str], folder: Path) -> str:
    before = os.environ.get("NASCORE_PAPERS")
    os.environ["NASCORE_PAPERS"] = str(folder)
    try:
        return read()
    finally:
        if before is None:
            del os.environ["NASCORE_PAPERS"]
        else:
            os.environ["NASCORE_PAPERS"] = before


def _judged() -> str:
    found = world.claims.judge(world.claims.load("toypaper"))
    world.claims.papers()
    return repr([(each.claim, each.verdict) for each in found])


def _printed() -> str:
    world.papers.read.cache_clear()
    frame = world.papers.paper_table("toypaper", "table1")
    return repr((world.papers.paper_value("toypaper", "table1.mine.acc"), frame.to_json()))


NOTEBOOK = {
    "cells": [{"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": ['mode = "cached"\n', "workers = 1"], "outputs": [], "execution_count": None}],
    "metadata": {"nascore": {"experiments": []}, "kernelspec": {"name": "python3", "display_name": "p", "language": "python"}}, "nbformat": 4, "nbformat_minor": 5,
}  # fmt: skip


def _make_notebook(folder: Path) -> None:
    file = folder / "notebooks" / "toypaper" / "01_one.ipynb"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(NOTEBOOK))


def _opened(folder: Path) -> str:
    def read():
        every = world.targets.notebooks()
        book = every["toypaper/01_one"]
        world.targets.check_parameters(book, {"mode": "cached"})
        return repr((book.name, book.experiments))

    return _with_papers(read, folder)


# -- downloads' readers -----------------------------------------------------------------------------------------------
def _make_built(folder: Path) -> None:
    from nascore.data import built

    built.write(folder / "toy.npz", {"a": np.arange(9), "b": np.ones((2, 2), np.float32)}, {"format": 1})


def _read_built(folder: Path) -> str:
    from nascore.data import built

    try:
        found = built.read(folder / "toy.npz", {"format": 1})
    except built._Stale as error:  # a sound table of another builder: built again
        raise world.nc.benchmarks.table.SettingError(f"{error} is stale") from None
    return repr({name: array.tolist() for name, array in found.items()})


def _make_records(folder: Path) -> None:
    from nascore.data import tfrecord

    with open(folder / "toy.tfrecord", "wb") as stream:
        for number in range(5):
            data = bytes([number]) * (20 + number)
            head = struct.pack("<Q", len(data))
            crcs = [int(tfrecord.masked(tfrecord.crc32c_many([part]))[0]) for part in (head, data)]
            stream.write(head + struct.pack("<I", crcs[0]) + data + struct.pack("<I", crcs[1]))


def _read_records(folder: Path) -> str:
    from nascore.data import tfrecord

    return repr(list(tfrecord.records(folder / "toy.tfrecord")))


def anything(valid: str, found: str) -> bool:
    """What people write carries no checksum."""
    return True


def some(valid: str, found: str) -> bool:
    """Whole records, some of them or some twice; the file itself is pinned by its sha256."""
    return set(ast.literal_eval(found)) <= set(ast.literal_eval(valid))


for kind, text, read, words in (
    ("claims", CLAIMS, _judged, ("claim", "toypaper")),
    ("papers", PRINTED, _printed, ("table1", "toypaper")),
):
    make, reader = functools.partial(_paper, kind, text), functools.partial(_with_papers, read)
    FILES.append(
        File(
            f"{kind} toml",
            f"companion/{kind}",
            f"data/{kind}/toypaper.toml",
            make,
            reader,
            may_give=anything,
            called=words,
        )
    )
BOOK = "notebooks/toypaper/01_one.ipynb"
FILES.append(
    File(
        "notebook",
        "companion/targets",
        BOOK,
        _make_notebook,
        _opened,
        damage.ROWS,
        may_give=anything,
        called=("notebook",),
    )
)
FILES.append(File("built table", "data/built", "toy.npz", _make_built, _read_built, damage.NPZ))
FILES.append(
    File("tfrecord", "data/tfrecord", "toy.tfrecord", _make_records, _read_records, damage.BYTES, may_give=some)
)
