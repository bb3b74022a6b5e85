"""The gates: what they measure, and that no comparison uses their seeds."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from nascore.studies.advantagenas import cifar10, gates, language


@pytest.mark.parametrize("profile", ["smoke", "laptop"])
def test_gates_stand_on_seeds_that_no_comparison_uses(profile):
    units = gates._units(profile)
    assert len({json.dumps([u.config, u.seed], sort_keys=True) for u in units}) == len(units)
    used = {u.seed for study in (cifar10, language) for u in study._units(profile)}
    assert not used & {u.seed for u in units}


def test_a_spread_of_cells_is_told_from_that_of_trainings():
    rows = pd.DataFrame({"cell": [0, 0, 1, 1, 2, 2], "val": [100.0, 102.0, 110.0, 112.0, 120.0, 122.0]})
    found = gates.spread(rows)
    assert found["within"] == pytest.approx(2**0.5)
    assert found["between"] == pytest.approx((100 - 2 / 2) ** 0.5)
    assert found["ratio"] == pytest.approx(found["between"] / found["within"])
    alike = gates.spread(pd.DataFrame({"cell": [0, 0, 1, 1], "val": [100.0, 110.0, 101.0, 109.0]}))
    assert alike["between"] == 0.0


@pytest.mark.parametrize("gate", ["cifar10", "ptb"])
def test_a_smoke_gate_runs_without_a_download_and_repeats(gate, monkeypatch, tmp_path):
    monkeypatch.setenv("NASCORE_CACHE", str(tmp_path))
    monkeypatch.delenv("NASCORE_MIRROR", raising=False)
    unit = next(u for u in gates._units("smoke") if u.config["gate"] == gate)
    first, again = (gates._run(unit.config, unit.seed) for _ in range(2))
    assert first == again and json.dumps(first)
    if gate == "cifar10":
        assert first["curve"]["epoch"] == [1, 2, 3, 4] and -1 <= first["metrics"]["spearman_end"] <= 1
