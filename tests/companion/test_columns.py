"""No name stands for two columns of an experiment's table."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nascore.companion import columns, compute, plans, store, stored
from nascore.errors import ResultsError
from nascore.studies import registry
from nascore.studies.experiment import Unit


@pytest.mark.parametrize(
    "name", [*columns.OURS, "digest", "fingerprint", "metrics", "config", "curve", "provenance.cpu_s"]
)
def test_a_parameter_under_a_name_of_ours_is_refused_before_anything_runs(toy, name):
    experiment, calls = toy()
    experiment = replace(experiment, units=lambda profile: [Unit({"method": "A", name: 1}, 0)])
    with pytest.raises(ResultsError, match=f"parameter '{name}' has a name of ours"):
        plans.plan(experiment, "smoke")
    assert not calls


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"metrics": {"seed": 1}}, "'seed' is ours"),
        ({"metrics": {"digest": 1}}, "'digest' is ours"),
        ({"metrics": {"provenance.cpu_s": 1}}, "is ours"),
        ({"metrics": {"method": 1}}, "'method' is used twice"),
        ({"metrics": {"curve": 1}, "curve": {"query": [1], "best": [1]}}, "'curve' is used twice"),
        ({"metrics": {"best": 1}, "best": 2}, "'best' is used twice"),
        ({"metrics": {"best": 1}, "fingerprint": 2}, "'fingerprint' is ours"),
    ],
)
def test_a_result_that_takes_a_name_twice_is_not_stored(toy, changes, words):
    experiment, _ = toy()
    experiment = replace(experiment, run=lambda config, seed: changes)
    with pytest.raises(ResultsError, match=words):
        compute.compute(experiment, "smoke", progress=False)
    assert store.read(store.path(experiment.id, "smoke")) == []


def test_every_stored_row_keeps_to_this():
    for name in registry.available():
        for row in stored.stored(name):
            beside = {key: value for key, value in row.items() if key not in store.REQUIRED}
            columns.check_config(name, row["config"])
            columns.check_result(row["config"], {"metrics": row["metrics"], **beside})
