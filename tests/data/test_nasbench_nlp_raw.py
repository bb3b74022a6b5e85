"""The NAS-Bench-NLP reader refuses what is not its files."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest

from nascore.data import nasbench_nlp_raw as raw
from nascore.data import upstream
from nascore.errors import DataError


@pytest.fixture(scope="module")
def sound(real_data):
    keys = ("logs", "RNN_results", "RNN_parameters", "doc2vec_features_lowdim")
    return {key: real_data / "raw" / upstream.file("nasbench-nlp", key).path for key in keys}


@pytest.fixture(scope="module")
def logs(sound):
    with zipfile.ZipFile(sound["logs"]) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_arrays(sound):
    arrays = raw.build(sound)
    assert arrays["losses"].shape == (345, 3, 50) and np.isnan(arrays["losses"]).any((1, 2)).sum() == 4
    assert (np.diff(arrays["recipes"]) >= 0).all() and arrays["archs"].min() == -1
    assert np.isnan(arrays["ptb_loss"]).sum() == 2_310 and arrays["ptb_params"].min() > 10**6
    assert arrays["features"].shape == (14_322, 10) and arrays["feature_recipes"].shape == (14_322,)
    assert np.isfinite(arrays["ptb_scores"]).all(1).sum() == raw.RESULTS


def changed(**parts):
    def make(name, log):
        return json.dumps({**json.loads(log), **parts}).encode()

    return make


LOG_FAULTS = {
    "cut": lambda name, log: log[:-100],
    "empty": lambda name, log: b"",
    "a list": lambda name, log: b"[]",
    "deep": lambda name, log: b"[" * 100_000,
    "large": lambda name, log: b" " * (raw.LARGEST + 1),
    "another recipe": changed(recepie='{"a": 1}'),
    "another number": changed(recepie_id=5),
    "no whole number": changed(num_params=1.5),
    "a short curve": changed(test_losses=[5.0]),
    "a long curve": changed(test_losses=[5.0] * 51),
    "no curve": changed(test_losses="5"),
    "NaN in a good one": changed(val_losses=[float("nan")] * 50),
    "infinite": changed(train_losses=[float("inf")] * 50),
    "negative": changed(train_losses=[-5.0] * 50),
}


@pytest.mark.parametrize("fault", LOG_FAULTS)
def test_bad_logs(sound, logs, tmp_path, fault):
    path, first = tmp_path / "logs.zip", sorted(logs)[0]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED if fault != "large" else zipfile.ZIP_DEFLATED) as archive:
        for name, log in logs.items():
            archive.writestr(name, LOG_FAULTS[fault](name, log) if name == first else log)
    with pytest.raises(DataError, match=r"logs\.zip.*nascore data fetch nasbench-nlp"):
        raw.wikitext(path)


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: b"", lambda data: data[100:]])
def test_bad_zips(sound, tmp_path, damage):
    path = tmp_path / "logs.zip"
    path.write_bytes(damage(sound["logs"].read_bytes()))
    with pytest.raises(DataError, match=r"logs\.zip"):
        raw.wikitext(path)


@pytest.mark.parametrize("key", ["RNN_results", "RNN_parameters"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: text[: len(text) // 2],
        lambda text: text.replace(",9174800", "", 1) if ",9174800" in text else text.replace(",-71.", ",x", 1),
        lambda text: text.replace(",4.", ",inf", 1),
        lambda text: text.replace(",4.", ",-4.", 1),
        lambda text: text.replace("log_stats_model_1000075", "log_stats_model_7", 1)[:-9],
        lambda text: text + "\n\x00",
    ],
)
def test_bad_tables(sound, tmp_path, key, damage):
    path = tmp_path / f"{key}.csv"
    text = damage(sound[key].read_text(encoding="utf-8-sig"))
    path.write_text(text)
    try:
        raw.treebank(*({**sound, key: path}[each] for each in ("RNN_results", "RNN_parameters")))
    except DataError as error:
        assert "nascore data fetch nasbench-nlp" in str(error)
    else:
        assert text.endswith("\x00")  # a last line that names no log is passed over


def test_bad_features(sound, tmp_path):
    path, text = tmp_path / "features.csv", sound["doc2vec_features_lowdim"].read_text()
    for content in ("", text[:-500], text.replace("0.", "nan", 1), text + text.splitlines()[1], "a,b\n1"):
        path.write_text(content)
        with pytest.raises(DataError, match="features.csv"):
            raw.features(path)
