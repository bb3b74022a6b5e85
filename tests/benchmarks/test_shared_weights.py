"""A supernet as a benchmark: its own measures, remembered while the weights stay, asked through an Oracle."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

import nascore as nc
from nascore.benchmarks import SharedWeights
from nascore.errors import ArchitectureError, ResultsError, SettingError
from nascore.networks.choices import one_hot
from nascore.networks.supernets.cell import digits201_supernet, without_none

SPACE = nc.spaces.NASBench201()
ARCHS = [(1, 2, 3, 4, 0, 1), (3, 3, 3, 3, 3, 3)]


def batches(count: int = 2, size: int = 12) -> list:
    generator = torch.Generator().manual_seed(3)
    images = torch.randn(count, size, 1, 6, 6, generator=generator)
    return [(part, torch.randint(10, (size,), generator=generator)) for part in images]


@pytest.fixture
def shared() -> SharedWeights:
    return SharedWeights(digits201_supernet(widths=(2, 3), seed=0), batches())


@pytest.mark.parametrize(("measure", "sign"), [("accuracy", 1), ("loss", -1)])
def test_the_answer_is_the_mean_measure_higher_is_better(measure, sign):
    net, given = digits201_supernet(widths=(2, 3), seed=0), batches(3)
    shared = SharedWeights(net, given, measure=measure)
    for arch in ARCHS:
        mean = np.mean([net.measures(batch, one_hot(arch, 5))[measure] for batch in given])
        assert shared.value(arch) == pytest.approx(sign * mean, rel=1e-6)
    assert shared.values(ARCHS) == [shared.value(arch) for arch in ARCHS]


def test_a_repeat_costs_nothing_until_the_weights_change(shared):
    before, identity = shared.value(ARCHS[0]), shared.identity()
    shared.value(list(ARCHS[0]))
    assert (shared.evaluations, shared.passes) == (1, 2)
    assert shared.identity() == identity
    with torch.no_grad():
        shared.supernet.head.bias[4] += 50.0  # everything is now class 4
    share = 100 * np.mean([float((labels == 4).float().mean()) for _, labels in shared.batches])
    assert shared.value(ARCHS[0]) == pytest.approx(share) and share != before
    assert (shared.evaluations, shared.passes) == (2, 4)
    changed = {name for name, part in shared.identity().items() if part != identity[name]}
    assert changed == {"weights"}


def test_the_identity_says_what_the_answer_depends_on(shared):
    other = SharedWeights(shared.supernet, batches(1))
    assert {n for n, part in other.identity().items() if part != shared.identity()[n]} == {"batches"}
    loss = SharedWeights(shared.supernet, batches(), measure="loss")
    assert {n for n, part in loss.identity().items() if part != shared.identity()[n]} == {"measure"}


def test_a_space_names_its_operations_in_another_order():
    """The same cells written with other numbers have the same values."""
    turned = nc.spaces.CellSpace(4, SPACE.ops[::-1])
    net = digits201_supernet(widths=(2, 3), seed=0)
    plain, renamed = SharedWeights(net, batches()), SharedWeights(net, batches(), turned)
    for arch in ARCHS:
        assert renamed.value(tuple(4 - op for op in arch)) == plain.value(arch)


def test_asking_changes_nothing(shared):
    before = shared.weights()
    modes = [part.training for part in shared.supernet.modules()]
    shared.values(ARCHS)
    assert shared.weights() == before and [part.training for part in shared.supernet.modules()] == modes


@pytest.mark.parametrize(
    "make",
    [
        lambda space: nc.search.RandomSearch(space, seed=0),
        lambda space: nc.search.RegularizedEvolution(space, seed=0),
        lambda space: nc.search.LocalSearch(space, seed=0),
        lambda space: nc.search.GANAS(space, seed=0, initial=6, base=4, iterations=1, truth=3, rounds=1, episodes=8),
    ],
)
def test_every_search_runs_on_it(shared, make):
    oracle = nc.Oracle(shared, budget=10)
    result = nc.run(make(shared.space), oracle)
    assert result.queries == shared.evaluations == 10
    assert result.best_value == max(map(shared.value, result.history["arch"]))


def test_the_same_run_again_has_the_same_log():
    def log():
        shared = SharedWeights(digits201_supernet(widths=(2, 3), seed=0), batches())
        return nc.run(nc.search.RegularizedEvolution(shared.space, seed=1), nc.Oracle(shared, budget=15)).history

    assert log()[["arch", "value"]].equals(log()[["arch", "value"]])


def test_a_log_belongs_to_the_weights_that_answered(shared, tmp_path):
    """Another supernet's answers are not taken for this one's; the same one's are."""
    log = tmp_path / "log.jsonl"
    value = nc.Oracle(shared, log=log)(ARCHS[0])
    again = SharedWeights(digits201_supernet(widths=(2, 3), seed=0), batches())
    assert nc.Oracle(again, log=log)(ARCHS[0]) == value and again.evaluations == 0
    with pytest.raises(ResultsError, match="another search"):
        nc.Oracle(SharedWeights(digits201_supernet(widths=(2, 3), seed=1), batches()), log=log)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"supernet": 3}, "supernet=3"),
        ({"batches": []}, "batches is empty"),
        ({"batches": [3]}, "tuple of tensors"),
        ({"batches": 7}, "batches=7"),
        ({"measure": "speed"}, "measure='speed'"),
        ({"space": "cells"}, "space='cells'"),
        ({"space": nc.spaces.CellSpace(3, SPACE.ops)}, "6 edges"),
        ({"space": nc.spaces.CellSpace(4, ("none", "sep_conv_3x3"))}, "no operation 'sep_conv_3x3'"),
        ({"batches": [(torch.zeros(2, 1, 6, 6), torch.tensor([3, 12]))]}, "classes 0 to 9"),
    ],
)
def test_what_is_wrong_is_said_at_the_door(given, words):
    settings = {"supernet": digits201_supernet(widths=(2, 3), seed=0), "batches": batches(), **given}
    with pytest.raises(SettingError, match=words.replace("(", r"\(")):
        SharedWeights(**settings)


def test_a_space_may_not_ask_for_what_the_supernet_lacks_or_forbids():
    net = digits201_supernet(widths=(2, 3), space=without_none(), seed=0)
    with pytest.raises(SettingError, match="no operation 'none'"):
        SharedWeights(net, batches(), SPACE)
    rows = [["none", "skip_connect"]] + [list(SPACE.ops)] * 5
    narrow = digits201_supernet(widths=(2, 3), space=nc.spaces.CellSpace(4, SPACE.ops, "narrow", rows), seed=0)
    with pytest.raises(SettingError, match="does not allow 'nor_conv_1x1' on edge 0"):
        SharedWeights(narrow, batches(), SPACE)
    assert SharedWeights(narrow, batches()).space == narrow.space


@pytest.mark.parametrize("arch", [(0, 1), (9,) * 6, "cell", None])
def test_no_architecture_of_the_space(shared, arch):
    with pytest.raises(ArchitectureError):
        shared.value(arch)


def test_it_says_what_it_is(shared):
    shared.value(ARCHS[0])
    assert "accuracy on 2 fixed batches" in repr(shared) and "1 evaluations" in repr(shared)
    assert "SharedWeights" in nc.benchmarks.__all__


def test_listing_the_benchmarks_loads_no_torch():
    code = "import sys, nascore as nc; nc.benchmarks.available(); print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "False"
