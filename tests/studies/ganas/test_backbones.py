"""The two backbones as printed, and the search for multiply-adds within a number of weights."""

from __future__ import annotations

import numpy as np
import pytest

from nascore.companion import papers
from nascore.spaces import EfficientNetMacro, ProxylessNASMacro
from nascore.studies.ganas import backbones, backbones_report


@pytest.mark.parametrize("name, space", [("table12", EfficientNetMacro()), ("table13", ProxylessNASMacro())])
def test_the_space_is_the_printed_table(name, space):
    printed = papers.table("ganas", name)
    rows = [printed[f"tbs{position + 1}"] for position in range(space.positions)]
    assert [row["channels"] for row in rows] == [stage.outputs for stage in space.backbone.stages]
    strides = [stage.stride for stage in space.backbone.stages]
    sides = 112 // np.cumprod([1, *strides[:-1]])
    assert [row["resolution"] for row in rows] == sides.tolist()
    assert printed["conv"]["channels"] == space.backbone.stem and f"tbs{space.positions + 1}" not in printed
    assert space.backbone.head == printed["output" if name == "table12" else "pooling"]["channels"]
    short = {"table12": "efficientnet", "table13": "proxyless"}[name]
    assert papers.paper_value("ganas", f"prose.{short}_positions").value == space.positions
    assert papers.paper_value("ganas", f"prose.{short}_candidates").value == len(space.ops)


def test_where_the_print_is_blank_or_cannot_be():
    lines = backbones_report.printed_beside_here(*(papers.table("ganas", name) for name in ("table12", "table13")))
    assert [(line["table"], line["printed"], line["here"]) for line in lines] == [
        ("12", "layers: blank", "layers: 1"),
        ("12", "layers: blank", "layers: 4"),
        ("12", "layers: blank", "layers: 1"),
        ("13", "identity: Yes", "identity: No"),
    ]


def test_counts_and_optima():
    counts = backbones.counts()
    assert counts["b0_params"] == 5_288_548 and counts["networks"] == 6**7
    table = backbones.table()
    for task, share in backbones.TASKS.items():
        within = table.costs["params"] <= share * counts["b0_params"]
        assert (
            counts[f"{task}_allowed"] == within.sum()
            and (task == "printed") == (within[table.index((0, 4, 5, 4, 5, 5, 4))])
        )
        assert counts[f"{task}_optimum_M"] == pytest.approx(table.array[within].max(), abs=1e-4)
    assert {line["published"] for line in backbones_report.count_lines(counts)} == {
        "5,288,548",
        "7,119,848",
        "4,080,512",
        "–",
    }
    for line in backbones_report.count_lines(counts)[:3]:
        assert line["parameters"] == line["published"]


@pytest.mark.parametrize("method", backbones.METHODS)
@pytest.mark.parametrize("task", backbones.TASKS)
def test_a_run_stays_within_the_limit(method, task):
    config = {"what": "search", "task": task, "method": method, "small": True}
    row = backbones._run(config, 1)
    found, bench = row["metrics"], backbones.table()
    best = bench.space.parse(found["best_arch"])
    assert bench.cost(best, "params") == found["params"] <= found["limit"]
    assert bench.value(best) == pytest.approx(found["best"], abs=1e-4)
    within = bench.array[bench.costs["params"] <= found["limit"]]
    assert found["rank"] == (within > found["best"] + 1e-4).sum() + 1 == row["curve"]["rank"][-1]
    assert found["gap"] == pytest.approx(within.max() - found["best"], abs=1e-3)
    assert 60 <= found["queries"] <= 80 and (found["to_optimum"] is None) == (found["reached"] == 0)
    assert backbones._run(config, 1) == row


def test_units():
    units = backbones._units("laptop")
    assert len({(str(unit.config), unit.seed) for unit in units}) == len(units) == 1 + 3 * (10 + 10)
    assert max(unit.seed for unit in units) < 1000
