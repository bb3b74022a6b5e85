"""A list of architectures as a space."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import nascore as nc
from nascore.errors import ArchitectureError, SettingError
from nascore.spaces import NASBench201, NASBenchNLP, PoolSpace
from nascore.spaces.graph_features import PLACES, graph_features
from nascore.testing import SpaceConformance

BASE = NASBench201()


@cache
def archs(count, space=BASE, seed=0):
    rng = np.random.default_rng(seed)
    return list({space.key(arch): arch for arch in (space.sample(rng) for _ in range(2 * count))}.values())[:count]


def pool(count=60, **settings):
    return PoolSpace(BASE, archs(count), **settings)


class TestPool(SpaceConformance):
    def make(self):
        return pool()


class TestPoolOfRecurrentCells(SpaceConformance):
    draws = 20

    def make(self):
        space = NASBenchNLP()
        return PoolSpace(space, archs(40, space))


def line(**settings):
    """Eleven cells on a line: the distance is how far apart they stand."""
    return PoolSpace(BASE, archs(11), np.arange(11.0)[:, None], **settings)


def test_the_nearest():
    space = line(candidates=10_000)
    at = space.archs
    rng = np.random.default_rng(0)
    assert space.closest(at[4], 3) == [at[3], at[5], at[2]]
    assert space.closest(at[0], 2, seen=[at[1], at[3]]) == [at[2], at[4]]
    assert space.neighbours(at[0]) == list(at[1:]) and PoolSpace(BASE, at, nearest=1).size == 11
    assert space.mutate(at[10], rng) == at[9] and space.mutate(at[10], rng, seen=at[8:]) == at[7]
    assert space.mutate(at[10], rng, seen=at) == at[9]  # everything has been seen


def test_few_candidates_give_other_children():
    space = pool()
    assert space.candidates == 6
    rng = np.random.default_rng(0)
    assert len({space.mutate(space.archs[0], rng) for _ in range(100)}) > 5


def test_equal_graphs_have_distance_zero():
    space = NASBenchNLP()
    rng = np.random.default_rng(0)
    cells = [space.sample(rng) for _ in range(30)]
    found = graph_features(map(space.dag, cells))
    assert found.shape == (30, PLACES) and found.dtype == np.float32
    assert np.array_equal(found, graph_features([space.dag(space.canonical(cell)) for cell in cells]))
    assert len(np.unique(found, axis=0)) == len(set(cells))


def test_a_pool_is_searched_like_any_space():
    space = pool(100)
    table = nc.benchmarks.from_table(space, {arch: float(row) for row, arch in enumerate(space.archs)})
    for search in (nc.search.RandomSearch(space, seed=0), nc.search.RegularizedEvolution(space, seed=0)):
        result = nc.run(search, nc.Oracle(table, budget=60))
        assert len(result.history) == 60 and result.history["best"].iloc[-1] > 90


@pytest.mark.parametrize(
    "arguments, why",
    [
        ((BASE, []), "at least one"),
        ((BASE, archs(3) + archs(1)), "twice"),
        ((BASE, 3), "a list of architectures"),
        (("nasbench201", archs(3)), "a space such as"),
        ((BASE, archs(3), np.zeros((2, 1))), r"shape \(3, features\)"),
        ((BASE, archs(3), np.zeros(3)), r"shape \(3, features\)"),
        ((BASE, archs(3), [[1.0], [float("nan")], [2.0]]), "finite"),
        ((BASE, archs(3), [["a"], ["b"], ["c"]]), "expected numbers"),
    ],
)
def test_bad_pools(arguments, why):
    with pytest.raises(SettingError, match=why):
        PoolSpace(*arguments)


def test_what_is_not_in_the_pool():
    space = pool(5)
    outside = next(arch for arch in archs(50, seed=1) if arch not in space.archs)
    for door in (space.validate, space.dag, space.key, space.neighbours, lambda a: space.mutate(a, None)):
        with pytest.raises(ArchitectureError, match="is not in nasbench201-pool-5"):
            door(outside)
    assert outside not in space and space.archs[0] in space
    with pytest.raises(ArchitectureError, match="one architecture only"):
        pool(1).mutate(archs(1)[0], np.random.default_rng(0))


def test_hostile_architectures():
    """What equals an architecture or cannot be hashed is none, and `seen` is a list or a set of them."""
    space = pool(5)
    for arch in ((True,) * 6, ([0],) * 6, (1.0,) * 6, [[0]] * 6):
        with pytest.raises(ArchitectureError):
            space.validate(arch)
    for seen in (3, "abc", len):
        with pytest.raises(SettingError, match="seen="):
            space.closest(space.archs[0], seen=seen)
    assert space.closest(space.archs[0], 1, seen={space.archs[1]}) == space.closest(
        space.archs[0], 1, seen=iter(space.archs[1:2])
    )


def test_identity():
    same, other = pool(), PoolSpace(BASE, archs(60, seed=1))
    assert same == pool() != other and same != pool(59) and same != pool(candidates=3)
    assert line() != PoolSpace(BASE, archs(11), np.arange(11.0)[:, None] ** 2) and line() == line()
