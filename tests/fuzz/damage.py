"""Ways to damage a file, each from its bytes and a random generator to other bytes."""

from __future__ import annotations

import io
import json
import random
import zipfile

JSON_VALUES = (
    None,
    True,
    -1,
    0,
    1.5,
    10**30,
    "",
    "x",
    "5",
    [],
    {},
    [[]],
    [None],
    [1, 2, 3],
    {"a": 1},
    float("nan"),
    float("inf"),
    "\ud800",
    [True, True],
    ["5"],
    "a" * 10_000,
    [0] * 1000,
)


def flip(content: bytes, rng: random.Random) -> bytes:
    """One to three bits."""
    found = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        if found:
            found[rng.randrange(len(found))] ^= 1 << rng.randrange(8)
    return bytes(found)


def truncate(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content) + 1)]


def cut_front(content: bytes, rng: random.Random) -> bytes:
    return content[rng.randrange(len(content) + 1) :]


def overwrite(content: bytes, rng: random.Random) -> bytes:
    """A stretch of zeros, noise, or of what stands elsewhere."""
    if not content:
        return b"\0"
    start, length = rng.randrange(len(content)), rng.choice((1, 8, 64, 512))
    other = rng.choice((b"\0" * length, rng.randbytes(length), content[:length], b"\xff\xfe\x80" * length))
    return content[:start] + other[:length] + content[start + length :]


def insert(content: bytes, rng: random.Random) -> bytes:
    start = rng.randrange(len(content) + 1)
    return (
        content[:start]
        + rng.choice((b"\xff\xfe", b"\0", b"\r", b"\n", b"}", b"\xc3\x28", b"\x1b[2J", b"\xef\xbb\xbf"))
        + content[start:]
    )


def empty(content: bytes, rng: random.Random) -> bytes:
    return rng.choice(
        (
            b"",
            b"\n",
            b"\xef\xbb\xbf" + content,
            b"\0" * 100,
            content + content,
            b"[" * 100_000,
            b'{"a":' * 100_000,
            b"null\n",
            b"\xff" * 100,
            content.replace(b"\n", b"\r\n"),
            content + b"\n",
            content + b"\0",
        )
    )


def edit_digit(content: bytes, rng: random.Random) -> bytes:
    """One digit of the text."""
    places = [i for i, byte in enumerate(content) if 48 <= byte <= 57]
    if not places:
        return flip(content, rng)
    place = rng.choice(places)
    digit = rng.choice([d for d in range(48, 58) if d != content[place]])
    return content[:place] + bytes([digit]) + content[place + 1 :]


def lines(content: bytes, rng: random.Random) -> bytes:
    """Swapped, doubled, lost, joined or strange lines."""
    parts = content.split(b"\n")
    a, b = rng.randrange(len(parts)), rng.randrange(len(parts))
    how = rng.randrange(6)
    if how == 0:
        parts[a], parts[b] = parts[b], parts[a]
    elif how == 1:
        parts.insert(b, parts[a])
    elif how == 2:
        del parts[a]
    elif how == 3:
        parts[a] = rng.choice(
            (b"", b"null", b"[]", b"{}", b"3", b"[" * 100_000, b'"x"', b"NaN", b"1" * 10_000, b"\xff\xfe")
        )
    elif how == 4 and a + 1 < len(parts):
        parts[a : a + 2] = [parts[a] + parts[a + 1]]
    else:
        parts[a] = parts[a][: rng.randrange(len(parts[a]) + 1)]
    return b"\n".join(parts)


def forge(content: bytes, rng: random.Random, seal=None) -> bytes:
    """One value of one JSON line replaced, taken out or added; `seal` then makes the row's digest right again."""
    parts = content.split(b"\n")
    places = [i for i, part in enumerate(parts) if part.startswith(b"{")]
    if not places:
        return flip(content, rng)
    place = rng.choice(places)
    try:
        row = json.loads(parts[place])
    except ValueError:
        return flip(content, rng)
    forge_value(row, rng)
    if seal is not None:
        try:
            row = seal(row)
        except Exception:
            return flip(content, rng)
    parts[place] = json.dumps(row).encode()
    return b"\n".join(parts)


def forge_value(value, rng: random.Random) -> None:
    """Changes one thing in a tree of dicts and lists."""
    while True:
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        if not keys:
            return
        key = rng.choice(keys)
        if isinstance(value[key], (dict, list)) and value[key] and rng.random() < 0.6:
            value = value[key]
            continue
        how = rng.random()
        if how < 0.15:
            del value[key]
        elif how < 0.25 and isinstance(value, dict):
            value[rng.choice(("zz", "", "digest"))] = 1
        elif isinstance(value[key], (int, float)) and how < 0.5:
            value[key] = rng.choice((value[key] + 1, -value[key], value[key] * 1e6, str(value[key])))
        else:
            value[key] = rng.choice(JSON_VALUES)
        return


def arrays(content: bytes, rng: random.Random) -> bytes:
    """An npz with one array of another type, shape or content, missing, or further ones."""
    import numpy as np

    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            found = {name: archive[name] for name in archive.files}
    except Exception:
        return flip(content, rng)
    name = rng.choice(list(found))
    array = found[name]
    how = rng.randrange(9)
    if how == 0:
        del found[name]
    elif how == 1:
        found[name] = array.reshape(-1)[:1]
    elif how == 2:
        found[name] = array.astype(str)
    elif how == 3 and array.dtype.kind in "iuf":
        found[name] = array.astype(float) + rng.choice((0.5, np.nan, np.inf))
    elif how == 4 and array.dtype.kind in "iuf":
        found[name] = array.astype(np.int64) + rng.choice((10**6, -(10**6), 10**15, 1, -1))
    elif how == 5:
        found[name] = array[None]
    elif how == 6:
        found[name] = np.zeros(0)
    elif how == 7:
        found["zz"] = array
    elif array.size:
        found[name] = array.copy()
        flat = found[name].reshape(-1)
        flat[rng.randrange(flat.size)] = flat[rng.randrange(flat.size)]
    buffer = io.BytesIO()
    np.savez(buffer, **found)
    return buffer.getvalue()


def members(content: bytes, rng: random.Random) -> bytes:
    """A zip with a member lost, emptied, or of other bytes."""
    try:
        source = zipfile.ZipFile(io.BytesIO(content))
        found = [(name, source.read(name)) for name in source.namelist()]
    except Exception:
        return flip(content, rng)
    place = rng.randrange(len(found))
    name, part = found[place]
    found[place] = (name, rng.choice((b"", flip(part, rng), truncate(part, rng), overwrite(part, rng))))
    if rng.random() < 0.2:
        del found[place]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        for each, data in found:
            target.writestr(each, data)
    return buffer.getvalue()


BYTES = (flip, truncate, cut_front, overwrite, insert, empty)
TEXT = (*BYTES, edit_digit, lines, edit_digit, lines)
ROWS = (*TEXT, forge, forge, forge)
NPZ = (*BYTES, flip, arrays, arrays, arrays, members)
