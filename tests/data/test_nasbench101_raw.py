"""The NAS-Bench-101 reader: EC-NAS's real files, and synthetic records of the official message."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from nascore.data import nasbench101_raw, nasbench101_records
from nascore.data.upstream import files
from nascore.errors import DataError
from nascore.spaces import NASBench101

sys.path.insert(0, str(Path(__file__).parent))
import nasbench101_encoder as encoder

SPACE = NASBench101()


def official(cells: int, seed: int = 0):
    """Records of `cells` random cells with three trainings each, shuffled, and what they say."""
    rng = np.random.default_rng(seed)
    archs = {SPACE.key(arch): arch for arch in (SPACE.sample(rng) for _ in range(cells))}
    truth, out = {}, []
    for key, arch in archs.items():
        matrix, ops = SPACE.to_matrix(arch)
        truth[key] = [tuple(rng.random(4)) for _ in range(3)]  # time, train, val, test
        for time, *accuracies in truth[key]:
            evaluations = [(0.0, 0.0, 0.1, 0.1, 0.1), (54.0, time / 2, 0.5, 0.5, 0.5), (108.0, time, *accuracies)]
            out.append(
                (
                    key,
                    encoder.record(
                        SPACE.hash(arch), 108, matrix, ops, encoder.metrics(evaluations, 1_000_000 + key, time)
                    ),
                )
            )
    order = rng.permutation(len(out))
    shuffled = [out[i] for i in order]
    seen: dict = {}
    where = {}  # (key, repeat in the file) -> which of its trainings
    for i in order:
        key = out[i][0]
        where[key, seen.setdefault(key, 0)] = i - next(j for j, entry in enumerate(out) if entry[0] == key)
        seen[key] += 1
    return b"".join(data for _, data in shuffled), truth, where


def test_official_message_with_three_repeats(tmp_path):
    data, truth, where = official(40)
    path = tmp_path / "official.tfrecord"
    path.write_bytes(data)
    arrays = nasbench101_raw.collect(path)
    assert arrays["epochs"].tolist() == [108] and arrays["accuracies"].shape == (423_624, 3, 1, 3)
    assert (~np.isnan(arrays["accuracies"][:, 0, 0, 0])).sum() == len(truth) == (arrays["params"] >= 0).sum()
    for (key, repeat), which in where.items():
        time, train, val, test = truth[key][which]
        got = arrays["accuracies"][key, :, 0, repeat]
        assert np.allclose(got, [100 * val, 100 * test, 100 * train], rtol=1e-6)
        assert np.isclose(arrays["training_time"][key, 0, repeat], time, rtol=1e-6)
        assert arrays["params"][key] == 1_000_000 + key


def test_frame_of_official_records(tmp_path):
    data, truth, where = official(5)
    (tmp_path / "o").write_bytes(data)
    frame = nasbench101_records.frame(tmp_path / "o")
    assert len(frame) == 3 * len(truth) and set(frame["repeat"]) == {0, 1, 2} and set(frame["evaluations"]) == {3}
    assert frame["energy"].isna().all()  # field 6 is the checkpoint's text here
    for row in frame.itertuples():
        key = SPACE.key(row.arch)
        assert np.isclose(row.test, 100 * truth[key][where[key, row.repeat]][3]) and SPACE.hash(row.arch) == row.hash


def one(arch=(1,), *, digest=None, matrix=None, ops=None, test=0.9, epochs=108, message=None):
    m, o = SPACE.to_matrix(arch)
    message = encoder.metrics([(108.0, 1.0, 0.9, 0.9, test)], 5, 1.0) if message is None else message
    return encoder.record(digest or SPACE.hash(arch), epochs, m if matrix is None else matrix, ops or o, message)


@pytest.mark.parametrize(
    "data, why",
    [
        (one(digest="0" * 32), "does not belong to its graph"),
        (one(test=93.0), "not a fraction"),
        (one(test=float("nan")), "not a fraction"),
        (one() * 4, "4 trainings"),
        (one(message=b""), "no evaluation"),
        (one(message=b"\x0f"), "wire type"),
        (one(ops=["input", "conv9x9", "output"], matrix=np.triu(np.ones((3, 3), int), 1)), "conv9x9"),
        (one(matrix=[[0, 1, 1]]), "matrix entries"),
        (encoder.frame(b"hello"), "record 0 is not a NAS-Bench-101 training"),
        (encoder.frame(b"[1, 2]"), "record 0 is not a NAS-Bench-101 training"),
        (b"", "no record"),
    ],
)
def test_wrong_content_is_one_clear_error(tmp_path, data, why):
    (tmp_path / "bad.tfrecord").write_bytes(data)
    with pytest.raises(DataError, match=why) as caught:
        nasbench101_raw.collect(tmp_path / "bad.tfrecord")
    assert str(tmp_path / "bad.tfrecord") in str(caught.value)


def test_incomplete_table_is_refused(tmp_path):
    data, truth, _ = official(3)
    (tmp_path / "part").write_bytes(data)
    with pytest.raises(DataError, match=f"{len(truth)} of 423,624 cells have 3 trainings"):
        nasbench101_raw.build({"only108": tmp_path / "part"})


def test_real_ecnas_files_equal_the_table(real_data):
    import pandas as pd

    table = pd.read_parquet(real_data / "tables" / "nasbench101_ecnas_tfrecords.parquet")
    for file in files("nasbench101-ecnas"):
        got = nasbench101_records.frame(real_data / "raw" / file.path)
        want = table[table["file"] == file.key].reset_index(drop=True)
        for name, other in (
            ("hash", "hash"),
            ("epochs", "epochs"),
            ("repeat", "repeat"),
            ("params", "params"),
            ("evaluations", "n_evs"),
        ):
            assert (got[name] == want[other]).all(), (file.key, name)
        for name, other, scale in (
            ("val", "val_acc", 100),
            ("test", "test_acc", 100),
            ("train", "train_acc", 100),
            ("train_time", "train_time_s", 1),
            ("energy", "energy_kWh", 1),
        ):
            assert np.allclose(got[name] / scale, want[other], rtol=1e-6), (file.key, name)
        sample = got.drop_duplicates("hash").iloc[::10]
        assert [SPACE.hash(arch) for arch in sample["arch"]] == sample["hash"].tolist()


def test_real_ecnas_repeats_are_collected(real_data):
    file = next(file for file in files("nasbench101-ecnas") if file.key == "energy_4V9E")
    arrays = nasbench101_raw.collect(real_data / "raw" / file.path)
    assert arrays["epochs"].tolist() == [4, 12, 36, 108]
    assert np.isfinite(arrays["accuracies"][:, 0]).sum() == 1092  # 91 cells, 4 budgets, 3 repeats


@pytest.mark.parametrize(
    "record",
    [
        b"[" * 100_000,
        b"3",
        b"[1, 2, 3, 4, 5]",
        b'[["a"], 108, "0", "input", ""]',
        b'["a", "108", "0", "input", ""]',
        b'["a", true, "0", "input", ""]',
        b'["a", 108, ["0"], "input", ""]',
        b'["a", 108, "0", "input", 7]',
        b'["a", 108, "0", "input", "////"]',
        b'["a", 108, "0", "input", "CgA="]',
        b"\xff",
    ],
    ids=lambda record: record[:20].decode(errors="replace"),
)
def test_records_of_another_kind_are_named(tmp_path, record):
    path = tmp_path / "foreign.tfrecord"
    path.write_bytes(encoder.frame(record))
    with pytest.raises(DataError, match="foreign.tfrecord"):
        nasbench101_raw.collect(path)
