"""A small experiment in temporary folders: eight quick units, with switches for failures."""

from __future__ import annotations

import pytest

from nascore.studies import registry as experiments
from nascore.studies.experiment import Experiment, Unit


@pytest.fixture()
def toy(store_folder, monkeypatch):
    """Factory of the toy experiment; `calls` counts the units run in this process."""
    monkeypatch.setattr(experiments, "_registered", dict(experiments.available()))

    def make(fail=(), version=1, data="toy:1", id="toy/line", extra=None):
        calls = []

        def run(config, seed):
            calls.append((config["method"], seed))
            if (config["method"], seed) in fail:
                raise ValueError(f"no luck with {config['method']}")
            base = {"A": 90.0, "B": 80.0}[config["method"]]
            curve = {"query": [1, 3, 9], "best": [base - 9, base - 3, base + seed], "rank": [90, 30, 10 - seed]}
            return {"metrics": {"best": base + seed, "rank": 10 - seed, "queries": 20, **(extra or {})}, "curve": curve}

        def units(profile):
            seeds = {"smoke": 1, "laptop": 4, "paper": 6}[profile]
            return [Unit({"method": m}, seed, 0.01) for m in "AB" for seed in range(seeds)]

        experiment = Experiment(id, version, "Toy", units, run, lambda config: data, "ganas")
        experiments.register(experiment)
        return experiment, calls

    return make
