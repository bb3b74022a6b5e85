"""TFRecord framing: CRCs against known answers and the definition, and every kind of damage is noticed."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

from nascore.data import protobuf, tfrecord
from nascore.data.upstream import files
from nascore.errors import DataError

sys.path.insert(0, str(Path(__file__).parent))
import nasbench101_encoder as encoder


def test_crc_known_answers():  # RFC 3720, B.4
    blocks = [bytes(32), b"\xff" * 32, bytes(range(32)), bytes(range(31, -1, -1)), b"123456789", b""]
    assert tfrecord.crc32c_many(blocks).tolist() == [0x8A9136AA, 0x62A8AB43, 0x46DD794E, 0x113FDB5C, 0xE3069283, 0]


def test_crc_equals_the_definition_at_every_length():
    rng = random.Random(0)
    blocks = [rng.randbytes(n) for n in [*range(40), 100, 257]]
    rng.shuffle(blocks)
    assert tfrecord.crc32c_many(blocks).tolist() == [encoder.crc32c(block) for block in blocks]


@pytest.fixture
def stored(tmp_path):
    rng = random.Random(1)
    blocks = [rng.randbytes(rng.randrange(200)) for _ in range(50)]
    path = tmp_path / "some.tfrecord"
    path.write_bytes(b"".join(map(encoder.frame, blocks)))
    return path, blocks


@pytest.mark.parametrize("batch", [1, 7, 50, 4096])
def test_records_in_order(stored, batch):
    path, blocks = stored
    assert list(tfrecord.records(path, batch)) == blocks


def test_empty_file_holds_no_record(tmp_path):
    (tmp_path / "empty").write_bytes(b"")
    assert list(tfrecord.records(tmp_path / "empty")) == []


def test_any_flipped_byte_is_noticed_and_its_record_named(stored):
    path, blocks = stored
    sound = path.read_bytes()
    starts = [0]
    for block in blocks:
        starts.append(starts[-1] + 16 + len(block))
    for place in range(0, len(sound), 13):
        bad = bytearray(sound)
        bad[place] ^= 1 << place % 8
        path.write_bytes(bad)
        offset = max(start for start in starts if start <= place)
        with pytest.raises(DataError, match=f"CRC.*byte {offset}\\)") as caught:
            list(tfrecord.records(path))
        assert str(path) in str(caught.value)


def test_truncation_is_noticed_everywhere_but_between_records(stored):
    path, blocks = stored
    sound = path.read_bytes()
    for end in range(1, 400):
        path.write_bytes(sound[:end])
        boundary = end in {sum(16 + len(block) for block in blocks[:n]) for n in range(10)}
        if boundary:
            list(tfrecord.records(path))
        else:
            with pytest.raises(DataError, match="the file ends inside"):
                list(tfrecord.records(path))


def test_missing_file():
    with pytest.raises(DataError, match="/nowhere/x.*nascore data fetch"):
        list(tfrecord.records("/nowhere/x"))


def test_real_files(real_data):
    expected = {"energy_4V9E_estimate": 364, "energy_4V9E": 1092, "energy_5V9E": 2532}
    for file in files("nasbench101-ecnas"):
        assert sum(1 for _ in tfrecord.records(real_data / "raw" / file.path)) == expected[file.key]


def test_protobuf_fields():
    message = encoder.number(4, 0.5) + encoder.varint(2 << 3) + encoder.varint(300) + encoder.chunk(1, b"x" * 200)
    assert protobuf.fields(message) == [(4, 0.5), (2, 300), (1, b"x" * 200)]
    assert protobuf.fields(encoder.chunk(20, b"far")) == [(20, b"far")]  # a two-byte key
    assert protobuf.fields(b"") == []
    for end in range(1, len(message)):
        if end not in (9, 12):  # between fields a shorter message is a sound message
            with pytest.raises(ValueError):
                protobuf.fields(message[:end])
    with pytest.raises(ValueError, match="wire type 5"):
        protobuf.fields(b"\x0d1234")
    with pytest.raises(ValueError, match="varint"):
        protobuf.fields(b"\x08" + b"\xff" * 12)
