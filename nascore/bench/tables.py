"""Speed of the tables and of the NAS-Bench-101 index (bar E4)."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterator

import numpy as np

from nascore.bench.clock import row, seconds
from nascore.benchmarks import Oracle, load
from nascore.errors import ArchitectureError, DataError, ResultsError
from nascore.search import RegularizedEvolution
from nascore.search import run as search
from nascore.spaces import NASBench101
from nascore.spaces.nasbench101.graphs import MAX_VERTICES, NUM_CELLS, NUM_LABELLED, NUM_OPS, LabelledGraphs
from nascore.spaces.nasbench101.hash import all_hashes, module_hash
from nascore.spaces.nasbench101.space import OPS


def rows(quick: bool = False, full: bool = False) -> Iterator[dict]:
    """Rows on NAS-Bench-201 (digits201 where it is absent) and on NAS-Bench-101's space and surrogate."""
    try:
        load("nasbench201")
        name = "nasbench201"
    except DataError:
        name = "digits201"
    repeats = 1 if quick else 7
    yield row("NB-201 load", seconds(lambda: load(name), repeats), "s", f"load({name!r}), table built", most=0.3)
    yield from queries(load(name), repeats, 1_000 if quick else 200_000)
    yield from evolution(load(name), repeats, 200 if quick else 30_000)
    yield from nasbench101(repeats, 20 if quick else 2_000)
    yield from enumeration(full, quick)


def _rate(name: str, times: list[float], n: int, what: str, least: float | None = None, reference: str = "") -> dict:
    return row(name, [n / t for t in times], "1/s", what, least=least, reference=reference)


def queries(table, repeats: int, n: int) -> Iterator[dict]:
    where = np.random.default_rng(0).integers(0, len(table), n)
    archs = np.array(table.archs, np.int64)[where]
    tuples = [tuple(arch) for arch in archs.tolist()]  # new objects: no benefit from identity

    def scalar() -> None:
        value = table.value
        for arch in tuples:
            value(arch)

    for key, work, least, what in (
        ("scalar", scalar, 500e3, f"table.value(tuple), one call each, {n:,} of them"),
        ("integer array", lambda: table.values(archs), 20e6, f"table.values(int64 array ({n:,}, 6))"),
        ("row numbers", lambda: table.values(where), None, f"table.values(int64 array ({n:,},))"),
        ("list of tuples", lambda: table.values(tuples), 2e6, f"table.values(list of {n:,} tuples)"),
    ):
        yield _rate(f"NB-201 {key}", seconds(work, repeats), n, f"{what}; {table.name}", least)


def evolution(table, repeats: int, n: int) -> Iterator[dict]:
    """Regularised evolution with Oracle and loop, as a user runs it."""

    def evolve() -> None:
        told = itertools.count(1)
        found = search(
            RegularizedEvolution(table.space, seed=0), Oracle(table, stall=10 * n), callback=lambda *_: next(told) >= n
        )
        if found.stopped != "callback":
            raise ResultsError(f"evolution ended after fewer than {n} proposals: {found.stopped}")

    yield _rate(
        "NB-201 evolution",
        seconds(evolve, repeats),
        n,
        f"{n:,} proposals of RegularizedEvolution through run() and Oracle; {table.name}",
        50e3,
    )


def specifications(space: NASBench101, n: int, rng: np.random.Generator) -> list[tuple[np.ndarray, list[str]]]:
    """Random 7-vertex matrices and operations that are valid cells, before pruning, as the official API takes them."""
    found = []
    while len(found) < n:
        matrix = np.triu(rng.integers(0, 2, (MAX_VERTICES, MAX_VERTICES)), 1)
        ops = ["input", *(OPS[int(rng.random() * NUM_OPS)] for _ in range(MAX_VERTICES - 2)), "output"]
        try:
            space.from_matrix(matrix, ops)
        except ArchitectureError:
            continue
        found.append((matrix, ops))
    return found


def nasbench101(repeats: int, n: int) -> Iterator[dict]:
    times = seconds(lambda: load("nasbench101-surrogate"), min(repeats, 3))
    yield row("NB-101 surrogate load", times, "s", "load('nasbench101-surrogate'), index of labelled graphs built")
    table = load("nasbench101-surrogate")
    space, rng = table.space, np.random.default_rng(0)
    kinds = {
        "cells": lambda: [space.to_matrix(space.sample(rng)) for _ in range(n)],
        "unpruned": lambda: specifications(space, n, rng),
    }
    official = "the official API: 5.3k/s on another machine (shared/reference/peers.md, E4)"
    for kind, draw in kinds.items():
        draws = [draw() for _ in range(repeats + 1)]  # new ones each time, so that caches gain nothing
        known = {
            module_hash(arch): table.value(arch)
            for matrix, ops in itertools.chain(*draws)
            for arch in [space.from_matrix(matrix, ops)]
        }
        for i in range(NUM_CELLS - len(known)):  # a dictionary of the true size: its look-ups miss the cache
            known[f"{i:032x}"] = 0.0

        def by_hash(draw, known=known) -> None:
            for matrix, ops in draw:
                known[module_hash(space.from_matrix(matrix, ops))]

        def by_index(draw) -> None:
            for matrix, ops in draw:
                table.value(space.from_matrix(matrix, ops))

        what = "uniform cells" if kind == "cells" else "random valid 7x7 matrices, unpruned"
        for key, work, least in (("hash", by_hash, 7e3), ("labelled index", by_index, 50e3)):
            turns = iter(draws)
            times = seconds(lambda work=work, turns=turns: work(next(turns)), repeats)
            through = "official module hash" if key == "hash" else "index of labelled graphs"
            yield _rate(
                f"NB-101 by {key}, {kind}",
                times,
                n,
                f"numpy matrix and operations -> value through the {through}: {what}, {n:,} new ones each time",
                least,
                official,
            )
    times = seconds(LabelledGraphs, min(repeats, 3))
    yield row("NB-101 index build", times, "s", f"index of {NUM_LABELLED:,} labelled graphs in {NUM_CELLS:,} classes")
    yield row(
        "NB-101 index size", [space.graphs.nbytes / 1e6], "MB", "its arrays, in memory; nothing is stored on disk"
    )


def enumeration(full: bool, quick: bool = False) -> Iterator[dict]:
    """The whole space through the official hash: all of it, or whole topologies evenly spread and extrapolated."""
    if full:

        def hash_all() -> None:
            seen = all_hashes(LabelledGraphs())
            if len(seen) != NUM_CELLS or any(len(classes) > 1 for classes in seen.values()):
                raise ResultsError(f"{len(seen):,} hashes, expected {NUM_CELLS:,} with one class each")

        times = seconds(hash_all, 1, warm_up=False)
        yield row(
            "NB-101 full enumeration",
            times,
            "s",
            f"{NUM_LABELLED:,} labelled graphs enumerated and hashed, one class per hash",
            most=300,
        )
        return
    every = 2_000 if quick else 100
    graphs = LabelledGraphs()
    sample = [(vertices, bits) for vertices, masks in graphs.masks.items() for bits in masks[::every].tolist()]
    count = sum(NUM_OPS ** (vertices - 2) for vertices, _ in sample)

    def hash_some() -> None:
        for vertices, bits in sample:
            for ops in itertools.product(range(NUM_OPS), repeat=vertices - 2):
                module_hash((bits, *ops))

    build = statistics.median(seconds(LabelledGraphs, 1))
    times = [build + t * NUM_LABELLED / count for t in seconds(hash_some, 1 if quick else 3)]
    yield row(
        "NB-101 full enumeration",
        times,
        "s",
        f"{NUM_LABELLED:,} labelled graphs enumerated and hashed: "
        f"extrapolated from {count:,}; python -m nascore.bench --full does all",
        most=300,
    )
