from __future__ import annotations

import torch

import nascore as nc
from nascore.proxies.gennas import GenNAS
from nascore.studies.gennas.arch_search import ProxyFitness, search_by_proxy

SPACE = nc.spaces.NASBench201()
OPTIONS = {"widths": (4, 8), "cells": 1, "stem": 1, "inputs": 1, "reduction": "pooled"}
IMAGES = torch.randn(8, 1, 10, 10, generator=torch.Generator().manual_seed(0))


def fitness(iterations: int = 1) -> ProxyFitness:
    return ProxyFitness(SPACE, GenNAS("combo", iterations, 8), IMAGES, **OPTIONS)


def test_the_best_by_the_proxy_is_found_and_a_killed_run_goes_on(tmp_path):
    log = tmp_path / "log.jsonl"
    first = search_by_proxy(fitness(), budget=6, seed=1, log=log)
    again = search_by_proxy(fitness(), budget=12, seed=1, log=log)
    assert again.history.arch.tolist()[:6] == first.history.arch.tolist() and len(again.history) == 12
    losses = nc.proxies.score(SPACE, [again.best], GenNAS("combo", 1, 8), IMAGES, progress=False, **OPTIONS)
    assert -losses.score[0] == max(again.history.value)


def test_another_search_and_what_the_log_depends_on():
    found = search_by_proxy(fitness(), budget=3, search=nc.search.RandomSearch(SPACE, seed=0))
    assert len(found.history) == 3
    assert fitness(1).identity() != fitness(2).identity()
