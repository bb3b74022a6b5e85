"""The NDS reader refuses what is not its files."""

from __future__ import annotations

import json

import numpy as np
import pytest

from nascore.data import nds_raw, upstream
from nascore.errors import DataError

GROUP = "DARTS_in"


@pytest.fixture(scope="module")
def sound(real_data):
    return {key: real_data / "raw" / upstream.file("nds", key).path for key in nds_raw.GROUPS}


@pytest.fixture(scope="module")
def entries(sound):
    return json.loads(sound[GROUP].read_text())


def test_arrays(sound):
    arrays = nds_raw.build(sound)
    assert set(arrays) == {f"{g}/{part}" for g in nds_raw.GROUPS for part in ("errors", "costs", "optim", "nets")}
    assert arrays["DARTS_in/errors"].shape == (121, 2, 50) and arrays["DARTS_in/errors"].dtype == np.float32
    assert len(nds_raw.nets(arrays, "ResNeXt-B_in")) == 164


FAULTS = {
    "empty": lambda entries: "",
    "cut": lambda entries: json.dumps(entries)[:-1000],
    "another": lambda entries: "{}",
    "deep": lambda entries: "[" * 100_000,
    "one less": lambda entries: json.dumps(entries[1:]),
    "no curve": lambda entries: json.dumps([{**entries[0], "test_ep_top1": None}, *entries[1:]]),
    "short curve": lambda entries: json.dumps([{**entries[0], "test_ep_top1": [3.0]}, *entries[1:]]),
    "NaN": lambda entries: json.dumps([{**entries[0], "test_ep_top1": [float("nan")] * 50}, *entries[1:]]),
    "beyond": lambda entries: json.dumps([{**entries[0], "test_ep_top1": [101.0] * 50}, *entries[1:]]),
    "no count": lambda entries: json.dumps([{**entries[0], "params": 1.5}, *entries[1:]]),
    "huge": lambda entries: json.dumps([{**entries[0], "params": 10**30}, *entries[1:]]),
    "no net": lambda entries: json.dumps([{**entries[0], "net": 3}, *entries[1:]]),
    "not text": lambda entries: b"\xff\xfe\x00",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults(sound, entries, tmp_path, fault):
    content = FAULTS[fault](entries)
    path = tmp_path / "DARTS_in.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=r"DARTS_in\.json.*nascore data fetch nds"):
        nds_raw.build({**sound, GROUP: path})
