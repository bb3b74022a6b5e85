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


def test_the_deciding_setting_is_shown_once_every_sparse_method_has_enough_searches():
    from nascore.studies.advantagenas.cell_search import SPARSE
    from nascore.studies.advantagenas.report import images

    small = [{"method": method, "seed": 0, "size": "laptop"} for method in SPARSE]
    large = [{"method": method, "seed": seed, "size": "deciding"} for method in SPARSE for seed in range(5)]
    assert set(images.decided(pd.DataFrame(small))["size"]) == {"laptop"}
    assert set(images.decided(pd.DataFrame(small + large[:-1]))["size"]) == {"laptop"}
    assert set(images.decided(pd.DataFrame(small + large))["size"]) == {"deciding"}


def test_the_gate_is_repeated_by_the_searches_that_share_weights_at_random():
    from nascore.studies.advantagenas.report import images

    found = cifar10.searched({"method": "RandomSharing", "zero": False, "size": "smoke", "learning_rate": 0.01}, 0)
    rows = pd.DataFrame([{"method": "RandomSharing", "size": "smoke", "seed": 0, **found}])
    shown = images.gate(pd.DataFrame(columns=["gate"]), rows)
    assert shown["epoch"].tolist() == [1, 2, 3, 4] and shown["value"].tolist() == found["curve"]["spearman"]
    assert found["metrics"]["spearman_end"] == found["curve"]["spearman"][-1]
