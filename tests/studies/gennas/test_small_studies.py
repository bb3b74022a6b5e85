"""Seeds, first weights, batches; searches for tasks and for architectures; cost: what their units ask and return."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest
import torch

from nascore import paths
from nascore.errors import SettingError
from nascore.networks import build
from nascore.proxies.gennas import GenNAS, ImageTask
from nascore.spaces import NASBench101
from nascore.studies.gennas import arch_searches, cost, sensitivity, small, task_searches


def test_what_the_tables_need_is_asked():
    units = sensitivity.SENSITIVITY.units("laptop")
    parts = Counter(unit.config["part"] for unit in units)
    ours = small.found() + small.RANDOM
    assert parts["weights"] == 6 * ours and parts["seeds"] == 10  # Tables 2 and 1
    assert {unit.config["batch"] for unit in units} == {1, 16, 64, 256}
    keys = [json.dumps([unit.config, unit.seed], sort_keys=True) for unit in units]
    assert len(set(keys)) == len(keys) and max(unit.seconds for unit in units) <= 1800


def test_one_seed_gives_one_row_and_first_weights_matter():
    units = sensitivity.SENSITIVITY.units("smoke")
    chosen = [unit for unit in units if unit.config["part"] == "weights"]
    first, again, other = (sensitivity._run(unit.config, unit.seed) for unit in (chosen[0], chosen[0], chosen[1]))
    assert first["curve"] == again["curve"] and first["curve"]["score"] != other["curve"]["score"]
    assert first["curve"]["row"] == other["curve"]["row"] and sorted(first["curve"]["rank"])[0] == 1


def test_tasks_by_name():
    assert small.task("random-0") == small.task("random-0") != small.task("random-1")
    assert small.task("combo").text() == GenNAS("combo").task.text()
    with pytest.raises(SettingError, match="searched-99"):
        small.task("searched-99")


def test_tasks_that_we_found_are_those_of_the_stored_searches():
    rows = paths.results() / "gennas" / "task_search.jsonl"
    stored = {}
    for line in rows.read_text().splitlines() if rows.exists() else ():
        row = json.loads(line)
        if row["config"] == {"method": "evolution", "size": "small"}:
            stored[row["seed"]] = ImageTask.parse(row["metrics"]["task"])
    found = small.searched()
    if not found:
        pytest.skip("no searched tasks are stored yet")
    assert found == tuple(stored[seed] for seed in range(len(found)))


def test_a_search_for_tasks_says_what_evolution_added():
    unit = task_searches.TASK_SEARCHES.units("smoke")[0]
    row = task_searches._run(unit.config, unit.seed)
    metrics, curve = row["metrics"], row["curve"]
    assert metrics["fitness"] == max(curve["best"]) >= metrics["fitness_half"]
    assert ImageTask.parse(metrics["task"]).asks() and len(curve["fitness"]) == len(curve["number"])
    assert np.all(np.diff(curve["best"]) >= 0)


def test_a_search_for_architectures_follows_the_scores_favourite():
    unit = next(u for u in arch_searches.ARCH_SEARCHES.units("smoke") if u.config["judge"] == "synflow")
    metrics, curve = (lambda row: (row["metrics"], row["curve"]))(arch_searches._run(unit.config, unit.seed))
    table = arch_searches.PLACES["smoke"].table()
    assert metrics["asked"] == 8 and metrics["rank"] == curve["rank"][-1] >= metrics["asked_rank"]
    assert table.rank(table.value(table.space.parse(metrics["arch"]))) == metrics["rank"]
    assert max(unit.seconds for unit in arch_searches.ARCH_SEARCHES.units("laptop")) <= 1800


def test_memory_grows_with_the_batch_and_counts_what_backward_needs():
    space = NASBench101()
    arch = space.sample(np.random.default_rng(0))
    network = build(space, arch, channels=8, cells=1)
    proxy = GenNAS("combo", 2, 4)
    four, eight = (cost.kept(network, proxy, batch) for batch in (4, 8))
    weights = 3 * sum(each.numel() * 4 for each in network.parameters()) / 2**30
    assert eight - weights == pytest.approx(2 * (four - weights)) and four > weights
    features = sum(each.numel() * 4 for each in network.features(torch.zeros(4, 3, 32, 32))) / 2**30
    assert four - weights > features  # a stage's output is only the last of what is kept


def test_spaces_of_table_6():
    for name in cost.SPACES:
        made, options = cost.space(name)
        assert made.sample(np.random.default_rng(0)) is not None and options
    assert {unit.config["space"] for unit in cost.COST.units("laptop")} == set(cost.SPACES)
