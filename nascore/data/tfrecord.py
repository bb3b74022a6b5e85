"""TFRecord files without TensorFlow: framing and CRC-32C checks.

A record is: length n (uint64, little-endian), masked CRC of those 8 bytes, n bytes of data, masked CRC of the data. The
data CRCs of a whole batch are computed together by numpy, so that 500 MB are checked in seconds.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np

from nascore import bars
from nascore.errors import DataError

_POLYNOMIAL = 0x82F63B78  # Castagnoli, reflected
_MASK = 0xA282EAD8
_LONGEST = 1 << 30  # a longer record is not believed


@lru_cache(maxsize=1)
def _tables() -> tuple[np.ndarray, np.ndarray]:
    """Effect of the low and the high 16 bits of (crc xor word) when 4 bytes are taken in at once, uint32 [65536]."""
    crc = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        crc = np.where(crc & 1, crc >> 1 ^ np.uint32(_POLYNOMIAL), crc >> 1)
    by_place = [crc]  # by_place[k]: a byte followed by k zero bytes
    for _ in range(3):
        last = by_place[-1]
        by_place.append(by_place[0][last & 0xFF] ^ last >> 8)
    pairs = np.arange(1 << 16)
    low = by_place[3][pairs & 0xFF] ^ by_place[2][pairs >> 8]
    high = by_place[1][pairs & 0xFF] ^ by_place[0][pairs >> 8]
    return low, high


def crc32c_many(blocks: list[bytes]) -> np.ndarray:
    """CRC-32C of every block, uint32 [N].

    Blocks are aligned at their ends, zeros in front: with a start value of 0 leading zeros change nothing, and the
    usual start value 0xFFFFFFFF is the same as inverting the first four bytes.
    """
    out = np.empty(len(blocks), dtype=np.uint32)
    short = [i for i, block in enumerate(blocks) if len(block) < 4]
    long = [i for i, block in enumerate(blocks) if len(block) >= 4]
    for i in short:
        out[i] = _crc32c_short(blocks[i])
    if long:
        low, high = _tables()
        lengths = np.array([len(blocks[i]) for i in long])
        width = -(-int(lengths.max()) // 4) * 4
        rows = np.frombuffer(bytearray(b"".join([blocks[i].rjust(width, b"\0") for i in long])), dtype=np.uint8)
        rows = rows.reshape(len(long), width)
        start = (width - lengths)[:, None] + np.arange(4)
        np.put_along_axis(rows, start, ~np.take_along_axis(rows, start, 1), 1)
        crc = np.zeros(len(long), dtype=np.uint32)
        for word in np.ascontiguousarray(rows.view("<u4").T):
            crc ^= word
            crc = low[crc & 0xFFFF] ^ high[crc >> 16]
        out[long] = ~crc
    return out


def _crc32c_short(block: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in block:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (_POLYNOMIAL if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(crc: np.ndarray) -> np.ndarray:
    """The masked form in which TFRecord stores a CRC, uint32."""
    crc = np.asarray(crc, dtype=np.uint32)
    return (crc >> np.uint32(15) | crc << np.uint32(17)) + np.uint32(_MASK)


@lru_cache(maxsize=1 << 14)  # files hold few different lengths
def _length_crc(header: bytes) -> int:
    return int(masked(crc32c_many([header]))[0])


def records(path: Path | str, batch: int = 4096, progress: bool = False) -> Iterator[bytes]:
    """The data of every record of an uncompressed TFRecord file, in order, every CRC checked.

    Raises DataError naming file and byte offset for a wrong CRC or a file that ends inside a record.
    """
    path = Path(path)
    try:
        stream = open(path, "rb")
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); fetch it with `nascore data fetch`") from error
    with stream:
        end = os.fstat(stream.fileno()).st_size
        bar = _bar(path.name, end) if progress else None
        offset, offsets, blocks, crcs = 0, [], [], []
        while offset < end:
            header = stream.read(12)
            if len(header) < 12:
                raise _damaged(path, offset, "the file ends inside a record's length")
            length, crc = struct.unpack("<QI", header)
            if crc != _length_crc(header[:8]) or length > _LONGEST:
                raise _damaged(path, offset, "the CRC of the length is wrong")
            block, tail = stream.read(length), stream.read(4)
            if len(tail) < 4:
                raise _damaged(path, offset, "the file ends inside a record")
            offsets.append(offset)
            blocks.append(block)
            crcs.append(tail)
            offset += 16 + length
            if len(blocks) >= batch or offset >= end:
                stored = np.frombuffer(b"".join(crcs), dtype="<u4")
                wrong = np.flatnonzero(masked(crc32c_many(blocks)) != stored)
                if len(wrong):
                    raise _damaged(path, offsets[wrong[0]], "the CRC of the data is wrong")
                yield from blocks
                if bar is not None:
                    bar.update(offset - bar.n)
                offsets, blocks, crcs = [], [], []


def _bar(name: str, size: int):
    return bars.bar(total=size, unit="B", unit_scale=True, desc=f"reading {name}")


def _damaged(path: Path, offset: int, what: str) -> DataError:
    return DataError(
        f"{path}: damaged TFRecord, {what} (record at byte {offset}); delete the file and fetch it again "
        "with `nascore data fetch`"
    )
