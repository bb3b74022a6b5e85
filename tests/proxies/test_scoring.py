"""`score`: rows, seeds, resuming, failures, and what is refused at the door."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
import torch

import nascore as nc
from nascore.benchmarks.digits201 import costs
from nascore.data.cluttered import cluttered_digits
from nascore.errors import ArchitectureError, ResultsError, SettingError
from nascore.proxies import registry
from nascore.proxies.registry import FunctionProxy, Proxy
from nascore.testing.proxies import MIXED, NONE, OPTIONS, OTHER, SKIP, pool

SPACE = nc.spaces.NASBench201()
ARCHS = [MIXED, NONE, SKIP, OTHER]
DIGITS201 = {"widths": (8, 16), "cells": 1, "stem": 1, "inputs": 1, "reduction": "pooled"}


def score(archs=ARCHS, names=("naswot", "parameters"), images=None, **options):
    given = pool() if images is None else images
    return nc.proxies.score(SPACE, archs, list(names), given, progress=False, **{**OPTIONS, "batch": 8, **options})


def own(function, name="own", **options):
    return FunctionProxy(function, name, options.pop("higher", True), options.pop("labels", False), 8)


def test_one_row_for_each_of_all():
    frame = score(names=["naswot", "grad_norm", "gennas-single"][:2], seeds=[3, 1])
    assert list(frame) == ["arch", "proxy", "seed", "score", "good", "seconds", "error"]
    assert len(frame) == 4 * 2 * 2 and not frame.error.any() and (frame.seconds > 0).all()
    assert list(dict.fromkeys(frame.arch)) == [SPACE.format(arch) for arch in ARCHS]
    assert list(dict.fromkeys(frame.seed)) == [3, 1]
    wide = frame.pivot(index="arch", columns=["proxy", "seed"], values="score")
    assert (wide["naswot", 3] != wide["naswot", 1]).any()


def test_names_texts_and_repetitions():
    frame = score([MIXED, SPACE.format(MIXED), list(MIXED)], names=["parameters"])
    assert len(frame) == 1 and frame.score[0] == nc.networks.parameters(SPACE, MIXED, **OPTIONS)


def test_lower_is_better_is_turned():
    lower = own(lambda network, batch, generator: 2.0, higher=False)
    frame = score(names=[lower])
    assert (frame.score == 2.0).all() and (frame.good == -2.0).all()


def test_a_score_does_not_depend_on_what_else_is_asked():
    together = score(names=["snip", "grad_norm", "econas", "fisher", "synflow"][:2] + ["fisher", "synflow"])
    for name in ("snip", "grad_norm", "fisher", "synflow"):
        alone = score([OTHER, MIXED], names=[name])
        for row in alone.itertuples():
            same = together[(together.proxy == name) & (together.arch == row.arch)]
            assert same.score.item() == row.score


def test_first_weights():
    frames = {w: score([MIXED], ["grad_norm"], weights=w).score[0] for w in ("default", "kaiming", "xavier", "own")}
    assert len(set(frames.values())) >= 3
    network = nc.networks.build(SPACE, MIXED, seed=0, **OPTIONS)
    assert nc.proxies.get("grad_norm")(network, pool().draw(8, 0)) == frames["own"]


def test_global_state_is_left_alone():
    torch.manual_seed(1), np.random.seed(1)
    expected = torch.rand(1).item(), np.random.rand()
    torch.manual_seed(1), np.random.seed(1)
    torch.set_num_threads(2)
    try:
        score(names=["naswot", "classification"][:1])
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)
    assert (torch.rand(1).item(), np.random.rand()) == expected


def test_what_fails_is_recorded_and_the_rest_goes_on(tmp_path):
    def picky(network, batch, generator):
        if network.arch == NONE:
            raise RuntimeError("no\nsuch cell")
        return math.nan if network.arch == SKIP else math.inf if network.arch == OTHER else 1.0

    file = tmp_path / "scores.jsonl"
    frame = score(names=[own(picky), "parameters"], file=file)
    mine = frame[frame.proxy == "own"]
    assert mine.error.tolist() == ["", "RuntimeError: no such cell", "the score is nan", "the score is inf"]
    assert mine.score.isna().tolist() == [False, True, True, True]
    assert frame[frame.proxy == "parameters"].score.notna().all()
    called = own(lambda network, batch, generator: 1 / 0)
    pd.testing.assert_frame_equal(score(names=[called, "parameters"], file=file), frame)  # not asked again


class Together(Proxy):
    """Takes three networks side by side; the count of networks seen at once is kept."""

    name, higher_is_better, batch, at_once = "together", True, 4, 3

    def __init__(self, fails=()):
        self.seen, self.fails = [], fails

    def scores(self, networks, batch, generators):
        self.seen.append(len(networks))
        if any(network.arch in self.fails for network in networks):
            raise RuntimeError("one of these")
        return [float(sum(network.arch)) for network in networks]


def test_networks_side_by_side():
    proxy = Together()
    frame = score(names=[proxy, "parameters"], batch=None)
    assert frame[frame.proxy == "together"].score.tolist() == [float(sum(arch)) for arch in ARCHS]
    assert proxy.seen == [3, 1]


def test_one_that_fails_does_not_take_its_neighbours_along():
    frame = score(names=[Together(fails=(NONE,))], batch=None)
    assert frame.error.tolist() == ["", "RuntimeError: one of these", "", ""]


def test_a_stopped_run_goes_on(tmp_path):
    file, calls = tmp_path / "scores.jsonl", []

    def stops(network, batch, generator):
        calls.append(network.arch)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return float(len(calls))

    with pytest.raises(KeyboardInterrupt):
        score(names=[own(stops)], file=file)
    with open(file, "ab") as stream:
        stream.write(b'{"arch": "half a li')
    frame = score(names=[own(stops)], file=file)
    assert calls == [MIXED, NONE, SKIP, SKIP, OTHER]
    assert frame.score.tolist() == [1.0, 2.0, 4.0, 5.0]
    before = file.read_bytes()
    pd.testing.assert_frame_equal(score(names=[own(stops)], file=file), frame)
    assert file.read_bytes() == before and len(before.splitlines()) == 1 + 1 + 4
    more = score(names=[own(stops), "parameters"], file=file, seeds=2)
    assert len(more) == 16 and len(calls) == 9


@pytest.mark.parametrize(
    "change, why",
    [
        ({"classes": 12}, "network"),
        ({"images": nc.proxies.as_batch(torch.zeros(9, 1, 10, 10), torch.arange(9))}, "images"),
        ({"weights": "xavier"}, "weights"),
        ({"batch": 4}, "'naswot'"),
        ({"names": [nc.proxies.get("naswot", batch=8), nc.proxies.get("fisher", each="channel", batch=8)]}, "'fisher'"),
    ],
)
def test_a_file_of_other_scores_is_refused(tmp_path, change, why):
    file = tmp_path / "scores.jsonl"
    score([MIXED], ["naswot", "fisher"], file=file)
    before = file.read_bytes()
    with pytest.raises(ResultsError, match=why):
        score([MIXED], **{"names": ["naswot", "fisher"], "file": file, **change})
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    "content, why",
    [
        (b"hello\n", "no file of scores"),
        (b"hello", "no file of scores"),
        (b'{"a": 1}\n', "no file of scores"),
        (None, "line 3 is no row"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path, content, why):
    file = tmp_path / "scores.jsonl"
    if content is None:
        score([MIXED], ["parameters"], file=file)
        lines = file.read_bytes().splitlines(True)
        content = lines[0] + lines[1] + json.dumps({"arch": 3}).encode() + b"\n"
    file.write_bytes(content)
    with pytest.raises(ResultsError, match=why):
        score([MIXED], ["parameters"], file=file)
    assert file.read_bytes() == content


@pytest.mark.parametrize(
    "change, error, why",
    [
        ({"archs": 3}, SettingError, "archs=3"),
        ({"archs": [(9,) * 6]}, ArchitectureError, "9"),
        ({"names": []}, SettingError, "names"),
        ({"names": ["naswot", "naswot"]}, SettingError, "different"),
        ({"names": ["nowhere"]}, SettingError, "nowhere"),
        ({"seeds": 0}, SettingError, "seeds=0"),
        ({"seeds": [1, 1]}, SettingError, "different seeds"),
        ({"seeds": [-1]}, SettingError, "-1"),
        ({"workers": 0}, SettingError, "workers=0"),
        ({"weights": "good"}, SettingError, "weights='good'"),
        ({"device": "sun"}, SettingError, "device='sun'"),
        ({"seed": 3}, SettingError, "seeds="),
        ({"colour": 3}, SettingError, "colour"),
        ({"classes": 5, "names": ["snip"]}, SettingError, "classes=10"),
        ({"images": torch.zeros(4, 3, 8, 8)}, SettingError, "images"),
        ({"images": torch.zeros(4, 1, 8, 8), "names": ["snip"]}, SettingError, "needs labels"),
        ({"file": 3}, SettingError, "file=3"),
        ({"progress": "yes"}, SettingError, "progress"),
    ],
)
def test_what_is_wrong_for_all_is_said_at_the_door(change, error, why):
    if "progress" in change:
        with pytest.raises(error, match=why):
            nc.proxies.score(SPACE, [MIXED], ["parameters"], pool(), **OPTIONS, **change)
        return
    with pytest.raises(error, match=why):
        score(**change)


def test_no_space_at_all():
    with pytest.raises(SettingError, match="space="):
        nc.proxies.score("nasbench201", [], ["naswot"], pool())


def test_workers_and_a_proxy_of_ones_own(tmp_path):
    made = own(lambda network, batch, generator: float(torch.rand(1, generator=generator)) + float(network.arch[0]))
    options = {"names": [made, "naswot"], "seeds": 2}
    here = score(**options).drop(columns="seconds")
    there = score(**options, workers=2, file=tmp_path / "scores.jsonl").drop(columns="seconds")
    pd.testing.assert_frame_equal(here, there)


def test_digits201_has_scores_and_its_own_costs():
    names = ["parameters", "flops", "naswot", "synflow", "snip"]
    frame = nc.proxies.score(SPACE, ARCHS, names, cluttered_digits("train", 64), progress=False, **DIGITS201)
    assert not frame.error.any() and np.isfinite(frame.score).all()
    expected = costs(np.array(ARCHS))
    wide = frame.pivot(index="arch", columns="proxy", values="score").loc[[SPACE.format(a) for a in ARCHS]]
    assert wide.parameters.tolist() == expected["params"].tolist()
    side = {8: 100, 16: 25}
    pools = np.array([[op == 4 for op in arch] for arch in ARCHS]).sum(1) * sum(9 * w * side[w] for w in side)
    assert wide.flops.tolist() == (expected["flops"] - pools).tolist()  # the table counts poolings too


def test_published_scores_that_need_no_image_agree(real_data):
    """Of NAS-Bench-201's cells, twenty; the scores that depend on data are compared in the study."""
    from nascore.data import download

    table = download.mirrored("nasbench201_zcproxies.parquet", "tables")
    if table is None:
        pytest.skip("needs tables/nasbench201_zcproxies.parquet")
    published = pd.read_parquet(table)
    published = published[published.dataset == "cifar10"].sort_values("index").iloc[::470].head(20)
    texts = pd.read_parquet(download.mirrored("nasbench201.parquet", "tables")).set_index("index").arch
    images = torch.zeros(1, 3, 32, 32)
    frame = nc.proxies.score(
        SPACE, list(texts[published["index"]]), ["synflow", "parameters", "flops"], images, progress=False
    )
    mine = {name: rows.score.to_numpy() for name, rows in frame.groupby("proxy")}
    np.testing.assert_allclose(mine["parameters"] / 1e6, published.params, rtol=1e-6)
    assert (mine["flops"] / 1e6 < published.flops).all()  # these count normalisations and poolings too
    for name, least in (("flops", 0.95), ("synflow", 0.99)):
        assert np.corrcoef(mine[name].argsort().argsort(), published[name].argsort().argsort())[0, 1] > least


def test_the_shelf_is_as_it_was():
    assert "own" not in registry._proxies and "together" not in nc.proxies.available()
