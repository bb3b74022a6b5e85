"""The benchmark: naive and batched code give equal numbers, which is what makes its ratios mean something."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch

from nascore import bench, cli
from nascore.bench import adversary, clock, naive, runs, tables
from nascore.companion import store
from nascore.errors import ResultsError
from nascore.spaces import NASBench101, NASBench201, NASBenchMacro
from nascore.studies import registry as experiments
from nascore.studies.experiment import Experiment, Unit


@pytest.fixture(scope="module", params=[NASBench201, NASBench101, NASBenchMacro])
def setting(request):
    return adversary.Setting(request.param(), truth=6, fake=7, many=5, seed=3)


def test_naive_and_batched_agree(setting):
    differences = adversary.differences(setting, cells=24)
    assert set(differences) == {"logits", "gradients", "rewards", "log probabilities"}
    assert max(differences.values()) < adversary.TOLERANCE
    assert torch.isfinite(setting.naive_epoch()).all()


def test_pair_logits_depend_on_both_cells_and_their_order(setting):
    pairs = naive.all_pairs(setting.graphs["truth"], setting.graphs["fake"])
    assert len(pairs) == 6 * 5 + 6 * 7
    with torch.no_grad():
        there = naive.pair_logits(setting.discriminator, pairs)
        back = naive.pair_logits(setting.discriminator, [(b, a) for a, b in pairs])
    assert len(there.unique()) > 60 and (there - back).abs().max() > 1e-3


def test_minibatches_do_not_change_the_epoch(setting):
    whole = setting.naive_epoch(minibatch=1000)
    gradients = [p.grad.clone() for p in setting.discriminator.parameters()]
    assert torch.allclose(setting.naive_epoch(minibatch=5), whole, atol=1e-6)
    for parameter, gradient in zip(setting.discriminator.parameters(), gradients, strict=True):
        assert torch.allclose(parameter.grad, gradient, atol=1e-6)


def test_batched_loss_is_the_mean_over_the_naive_logits(setting):
    logits = setting.naive_epoch()
    target = (torch.arange(len(logits)) < 6 * 5).float()
    expected = torch.nn.functional.binary_cross_entropy_with_logits(logits, target)
    assert torch.allclose(setting.epoch(), expected, atol=1e-6)


def test_naive_generation_draws_from_the_same_policy(setting):
    """First operations drawn one cell at a time follow the batched policy's probabilities."""
    generator, count = setting.generator, 100
    rng = torch.Generator().manual_seed(1)
    drawn = np.bincount(
        [int(naive.generate(generator, rng)[0][1]) for _ in range(count)], minlength=setting.topology.actions
    )
    batch = setting.generate(4_000)
    first = batch.steps.op[batch.steps.node == 1]
    expected = np.bincount(first.numpy(), minlength=setting.topology.actions) / 4_000
    for seen, share in zip(drawn, expected, strict=True):
        assert abs(seen - count * share) < 5 * math.sqrt(count * share * (1 - share)) + 1


def test_a_wrong_batched_number_is_noticed(monkeypatch):
    true = adversary.Setting.reward
    monkeypatch.setattr(adversary.Setting, "reward", lambda self: true(self) + 1e-4)
    with pytest.raises(ResultsError, match="rewards differ by 0.0001"):
        list(adversary.rows(quick=True))


def test_row_compares_the_median_with_the_bar():
    assert clock.row("a", [1.0, 9.0, 3.0], "s", "w", most=3)["met"] is True
    assert clock.row("a", [1.0, 9.0, 3.0], "s", "w", least=3.1)["met"] is False
    row = clock.row("a", [1.0, 9.0], "s", "w", least=4, value=4.5)
    assert (row["value"], row["low"], row["high"], row["repeats"], row["bar"]) == (4.5, 1.0, 9.0, 2, ">= 4")
    assert clock.row("a", [], "s", "w", most=1)["met"] is None
    assert clock.row("a", [1.0], "s", "w")["met"] is None


def test_specifications_are_valid_and_often_unpruned():
    space = NASBench101()
    found = tables.specifications(space, 40, np.random.default_rng(0))
    archs = [space.from_matrix(matrix, ops) for matrix, ops in found]
    assert all(matrix.shape == (7, 7) for matrix, _ in found)
    assert any(len(arch) < 6 for arch in archs)


def test_costs_of_whole_tables_come_from_stored_rows(store_folder, monkeypatch):
    ran = []

    def run(config, seed):
        ran.append(config["method"])
        return {"metrics": {}}

    units = [Unit({"method": method}, seed) for method in ("A", "B") for seed in range(3)]
    monkeypatch.setattr(experiments, "_registered", dict(experiments.available()))
    experiments.register(Experiment("toy/cost", 1, "Toy", lambda profile: units, run, lambda config: "d:1"))

    def stored(method, seed, cpu):
        config = {"method": method}
        store.append(
            store.path("toy/cost", "laptop"),
            {
                "experiment": "toy/cost",
                "version": 1,
                "profile": "laptop",
                "config": config,
                "seed": seed,
                "fingerprint": store.fingerprint("toy/cost", 1, config, seed, "d:1"),
                "metrics": {},
                "provenance": {"data": "d:1", "cpu_s": cpu},
            },
        )

    for seed, cpu in enumerate((60, 120, 240)):
        stored("A", seed, cpu)
    assert runs._whole("t", "toy/cost", lambda c: c["method"] == "A", 4, True)["value"] == 3.5  # minutes on two cores
    empty = runs._whole("t", "toy/cost", lambda c: True, 4, True)
    assert empty["value"] is None and empty["met"] is None and "B" in empty["reference"]
    stored("B", 0, 20)
    row = runs._whole("t", "toy/cost", lambda c: True, 3.9, True)
    assert row["value"] == pytest.approx((420 + 3 * 20) / 120) and row["met"] is False
    assert "4 of 6" in row["reference"]
    one = runs._one("t", "toy/cost", lambda c: c["method"] == "A", 130, "w", quick=True)
    assert (one["value"], one["low"], one["high"], one["met"]) == (120, 60, 240, True)
    assert not ran


def test_an_absent_run_is_measured_once(store_folder, monkeypatch):
    ran = []
    units = [Unit({"method": "A"}, seed) for seed in range(3)]
    monkeypatch.setattr(experiments, "_registered", dict(experiments.available()))
    experiments.register(
        Experiment(
            "toy/absent",
            1,
            "Toy",
            lambda profile: units,
            lambda config, seed: ran.append(seed) or {},
            lambda config: "d:1",
        )
    )
    one = runs._one("t", "toy/absent", lambda c: True, 30, "w", quick=False)
    whole = runs._whole("t", "toy/absent", lambda c: True, 30, quick=False)
    assert ran == [0] and one["met"] and whole["met"]
    assert whole["value"] == pytest.approx(3 * one["value"] / 120)


@pytest.fixture(scope="module")
def quick_rows():
    threads = torch.get_num_threads()
    rows = bench.run(quick=True, progress=False)
    assert torch.get_num_threads() == threads
    return rows


def test_rows_have_the_schema(quick_rows):
    names = [row["name"] for row in quick_rows]
    assert len(names) == len(set(names)) == bench.EXPECTED
    for row in quick_rows:
        assert tuple(row) == bench.FIELDS
        assert row["unit"] and row["what"] and row["threads"] == 1
        assert row["value"] is None or row["value"] > 0
        assert row["met"] is None  # tiny sizes mean nothing
    bars = {row["name"]: row["bar"] for row in quick_rows if row["bar"]}
    for space in ("NB-201", "NB-101"):
        assert bars[f"{space} D epoch"] == bars[f"{space} reward"] == ">= 30"
        assert bars[f"{space} generation"] == ">= 25"
    assert bars["NB-201 GA-NAS run"] == "<= 30" and bars["NB-201 load"] == "<= 0.3"


def test_command_prints_json_and_text(quick_rows, monkeypatch, capsys):
    monkeypatch.setattr(bench, "run", lambda **settings: quick_rows)
    assert cli.main(["bench", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == quick_rows
    assert cli.main(["bench"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1 + len(quick_rows)


def test_document_says_where_it_was_measured(quick_rows):
    document = json.loads(json.dumps(bench.document(quick_rows, "python -m x", 2.0, 1.0)))
    assert document["bench"] == quick_rows and document["command"] == "python -m x"
    assert document["provenance"]["threads"] == 1 and document["provenance"]["commit"]
