"""NAS-Bench-201 as loaded equals the verified table, and every number says what it is."""

from __future__ import annotations

import time

import numpy as np
import pytest

import nascore as nc
from nascore.benchmarks.nasbench201 import ABOUT, costs
from nascore.data import built, nasbench201_raw
from nascore.errors import DataError, SettingError

SHORT = {"cifar10": "c10", "cifar100": "c100", "imagenet16-120": "in16"}


@pytest.fixture(scope="module")
def bench(mirror):
    return nc.benchmarks.load("nasbench201")


@pytest.fixture(scope="module")
def table(real_data):
    import pandas as pd

    return pd.read_parquet(real_data / "tables" / "nasbench201.parquet")


def test_values_equal_the_table_in_official_order(bench, table):
    assert [bench.space.format(arch) for arch in bench.archs] == table["arch"].tolist()
    for dataset, short in SHORT.items():
        for split in ("val", "test"):
            for epochs in (12, 200):
                got = bench.select(dataset=dataset, split=split, epochs=epochs).array
                assert np.array_equal(got, table[f"{short}_{split}_{epochs}"].to_numpy(np.float32))
    assert np.array_equal(bench.select(split="test-25k").array, table["c10valid_test_200"].to_numpy(np.float32))


def test_maxima(bench):
    found = [
        [round(bench.select(dataset=dataset, split=split).best()[1], 4) for dataset in SHORT]
        for split in ("test", "val")
    ]
    assert found == [[94.3733, 73.5133, 47.3111], [91.6067, 73.4933, 46.7333]]


def test_costs_equal_the_table(bench, table):
    assert np.array_equal(bench.costs["params"], table["params"])
    assert np.allclose(bench.costs["flops_naslib"], table["flops_M_naslib"], rtol=1e-6)


def test_both_counts_of_flops_are_named(bench):
    cell = bench.space.parse(
        "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|"
    )
    assert list(bench.costs) == ["params", "flops_official", "flops_naslib"]
    assert (round(bench.cost(cell, "flops_official"), 2), round(bench.cost(cell, "flops_naslib"), 2)) == (
        113.95,
        116.69,
    )
    # the first cell of the official index, as the benchmark's own API prints it
    assert bench.cost(bench.arch(0), "flops_official") == pytest.approx(15.64736, abs=1e-9)
    with pytest.raises(SettingError, match="cost 'flops': nasbench201 has params, flops_official, flops_naslib"):
        bench.cost(cell, "flops")


def test_the_official_count_is_that_of_the_network():
    """Needs no data: multiply-accumulates of convolutions and head, counted by torch."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    space = nc.spaces.NASBench201()
    for arch in [(0,) * 6, (2, 1, 3, 4, 1, 2), (3,) * 6]:
        network = nc.networks.build(space, arch)
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            network(torch.zeros(2, 3, 32, 32))
        counted = counter.get_total_flops() / 2 / 2 / 1e6
        expected = float(costs(np.array([arch]))["flops_official"][0])
        assert counted == pytest.approx(expected, abs=1e-9)


def test_scalar_list_and_array_queries_agree(bench):
    rows = np.random.default_rng(0).integers(0, 15_625, 300)
    archs = [bench.archs[row] for row in rows]
    assert np.array_equal(bench.values(archs), bench.values(rows))
    assert [bench.value(arch) for arch in archs] == bench.values(rows).tolist()
    assert [bench.index(arch) for arch in archs] == rows.tolist()


def test_every_question_is_explained(bench):
    asked = 0
    for dataset in bench.axes["dataset"]:
        for split in bench.axes["split"]:
            for epochs in bench.axes["epochs"]:
                if (dataset, split, epochs) in ABOUT:
                    view = bench.select(dataset=dataset, split=split, epochs=epochs)
                    assert "percent" in view.about and str(epochs) in view.about and not np.isnan(view.array).any()
                    asked += 1
                else:
                    with pytest.raises(SettingError):
                        bench.select(dataset=dataset, split=split, epochs=epochs)
    assert asked == 13
    assert "25,000-image half" in bench.select(split="test-25k").about


def test_names_and_aliases(bench, real_data):
    assert nc.benchmarks.load("nasbench201", dataset="ImageNet16-120").dataset == "imagenet16-120"
    for question in ({"dataset": "svhn"}, {"split": "train"}, {"epochs": 90}, {"dataset": 3}, {"seed": 777}):
        with pytest.raises(SettingError, match=str(next(iter(question.values())))):
            nc.benchmarks.load("nasbench201", **question)


def test_loads_quickly(bench):
    times = []
    for _ in range(3):
        start = time.process_time()
        nc.benchmarks.load("nasbench201", dataset="cifar100")
        times.append(time.process_time() - start)
    assert min(times) <= 0.3


def test_without_data_the_error_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("NASCORE_CACHE", str(tmp_path))
    monkeypatch.delenv("NASCORE_MIRROR", raising=False)
    with pytest.raises(DataError, match="nascore data fetch nasbench201.*digits201"):
        nc.benchmarks.load("nasbench201")


def test_builder_refuses_other_formats(real_data, tmp_path):
    from nascore.data import upstream

    files = {
        key: real_data / "raw" / upstream.file("nasbench201", key).path for key in built.BUILDERS["nasbench201"].keys
    }
    readers = {
        "test-200": nasbench201_raw._test_200,
        "cifar10-25k-200": lambda p: nasbench201_raw._float_block(p, 567, 5),
        "accuracies-12": lambda p: nasbench201_raw._float_block(p, 573, 6),
    }
    for key, file in files.items():
        read = readers.get(key, nasbench201_raw._val_200)
        read(file)
        data = file.read_bytes()
        for bad in (b"", data[: len(data) // 3], data.replace(b"~", b"_").replace(b"[", b"(")[7:]):
            other = tmp_path / file.name
            other.write_bytes(bad)
            with pytest.raises(DataError, match=f"{other}.*nascore data"):
                read(other)
