from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch

import nascore as nc
from nascore.errors import ResultsError, SettingError
from nascore.proxies.gennas import ImageTask, SequenceTask, task
from nascore.studies.gennas.task_search import Evaluated, RankFitness, best_task, search_tasks

SMALL = {"population": 8, "sample": 4, "iterations": 40}


def channels(made) -> float:
    """A made-up fitness: wide targets are good."""
    return sum(part.channels for part in made.parts) / 300


def test_evolution_finds_better_tasks_than_chance():
    found = list(search_tasks(channels, seed=1, **SMALL))
    assert [each.number for each in found] == list(range(48)) and [each.parent for each in found[:8]] == [-1] * 8
    assert all(number - 8 <= each.parent < number for number, each in enumerate(found) if number >= 8)
    first, last = (np.mean([each.fitness for each in part]) for part in (found[:8], found[-8:]))
    assert last > first + 0.1
    assert channels(best_task(found)) == max(each.fitness for each in found)
    assert list(search_tasks(channels, seed=1, **SMALL)) == found != list(search_tasks(channels, seed=2, **SMALL))


def test_a_killed_search_goes_on(tmp_path):
    file, calls = tmp_path / "tasks.jsonl", []

    def counted(made):
        calls.append(made)
        return math.nan if len(calls) % 5 == 0 else channels(made)

    whole = list(search_tasks(counted, seed=1, **SMALL))
    calls.clear()
    part = list(itertools.islice(search_tasks(counted, seed=1, file=file, **SMALL), 20))
    file.write_text(file.read_text() + '{"number": 20, "ta')
    again = list(search_tasks(counted, seed=1, file=file, **SMALL))
    assert len(calls) == 48 and [e.task for e in again] == [e.task for e in whole] and len(part) == 20
    assert len(file.read_text().splitlines()) == 48
    with pytest.raises(ResultsError, match="another search's"):
        list(search_tasks(counted, seed=2, file=file, **SMALL))
    file.write_text("no\n")
    with pytest.raises(ResultsError, match="not a log"):
        list(search_tasks(counted, seed=1, file=file, **SMALL))


def test_failed_tasks_never_win():
    def fitness(made):
        return math.nan if made.noise.kind == "gaussian" else channels(made)

    found = list(search_tasks(fitness, seed=0, kind=SequenceTask, **SMALL))
    assert best_task(found, SequenceTask).noise.kind == "uniform"
    with pytest.raises(SettingError, match="none with a fitness"):
        best_task([Evaluated(0, task("combo").text(), math.nan, -1)])


@pytest.mark.parametrize(
    ("settings", "words"),
    [({"population": 0}, "population=0"), ({"sample": 60}, "sample=60"), ({"iterations": -1}, "iterations=-1")],
)
def test_what_is_wrong_is_named(settings, words):
    with pytest.raises(SettingError, match=words):
        next(search_tasks(channels, **settings))


def test_the_rank_of_few_cells_is_the_fitness():
    space = nc.spaces.NASBench201()
    archs = [space.sample(np.random.default_rng(seed)) for seed in range(4)]
    images = torch.randn(8, 1, 10, 10, generator=torch.Generator().manual_seed(0))
    options = {"widths": (4, 8), "cells": 1, "stem": 1, "inputs": 1, "reduction": "pooled"}
    values = [3.0, 1.0, 2.0, 5.0]
    fitness = RankFitness(space, archs, values, images, iterations=2, batch=8, **options)
    found = fitness(ImageTask.random(np.random.default_rng(0)))
    assert 0 <= found <= 1 and found == fitness(ImageTask.random(np.random.default_rng(0)))
    assert math.isnan(RankFitness(space, archs, [1.0] * 4, images, iterations=1, batch=8, **options)(task("single")))
    with pytest.raises(SettingError, match="expected as many"):
        RankFitness(space, archs, values[:2], images)
