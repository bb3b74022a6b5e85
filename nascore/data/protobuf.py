"""The few lines of the protobuf wire format that NAS-Bench-101's metrics need."""

from __future__ import annotations

import struct

_DOUBLE = struct.Struct("<d").unpack_from


def fields(data: bytes) -> list[tuple[int, int | float | bytes]]:
    """(field number, value) of one message, in order: varint -> int, 8 bytes -> float, length-delimited -> bytes.

    Raises ValueError for a message that ends early or uses another wire type (fixed32 and groups do not occur here).
    """
    found, place, end = [], 0, len(data)
    try:
        while place < end:
            key = data[place]
            place += 1
            if key > 0x7F:
                key, place = _varint(data, place - 1)
            kind = key & 7
            if kind == 1:
                if place + 8 > end:
                    raise ValueError("a double is cut off")
                found.append((key >> 3, _DOUBLE(data, place)[0]))
                place += 8
            elif kind == 2:
                length = data[place]
                place += 1
                if length > 0x7F:
                    length, place = _varint(data, place - 1)
                if place + length > end:
                    raise ValueError(f"field {key >> 3} is cut off")
                found.append((key >> 3, data[place : place + length]))
                place += length
            elif kind == 0:
                value, place = _varint(data, place)
                found.append((key >> 3, value))
            else:
                raise ValueError(f"wire type {kind} of field {key >> 3}")
    except IndexError:
        raise ValueError("the message ends early") from None
    return found


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7
        if shift > 63:
            raise ValueError("a varint is longer than 10 bytes")
