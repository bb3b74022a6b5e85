"""Writes TFRecord files of NAS-Bench-101's two kinds of message, independently of the reader under test."""

from __future__ import annotations

import base64
import json
import struct


def crc32c(data: bytes) -> int:
    """Bit by bit: slow and plainly the definition."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def mask(crc: int) -> int:
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def frame(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", mask(crc32c(length))) + data + struct.pack("<I", mask(crc32c(data)))


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def number(field: int, value: float) -> bytes:
    return varint(field << 3 | 1) + struct.pack("<d", value)


def chunk(field: int, data: bytes) -> bytes:
    return varint(field << 3 | 2) + varint(len(data)) + data


def metrics(evaluations, params: int, total: float) -> bytes:
    """The official ModelMetrics; evaluations: (epoch, time, train, val, test), accuracies as fractions."""
    body = b""
    for place, values in enumerate(evaluations):
        inner = b"".join(number(field, value) for field, value in enumerate(values, 1))
        body += chunk(1, inner + chunk(6, f"checkpoint/{place}".encode()))
    return body + varint(2 << 3) + varint(params) + number(3, total)


def record(digest: str, epochs: int, matrix, ops, message: bytes) -> bytes:
    adjacency = "".join(str(int(x)) for row in matrix for x in row)
    return frame(json.dumps([digest, epochs, adjacency, ",".join(ops), base64.b64encode(message).decode()]).encode())
