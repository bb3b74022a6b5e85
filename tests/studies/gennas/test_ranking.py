"""The numbers of Tables 3 and 4 from scores and ranks: against hand-made cases and scipy's own."""

from __future__ import annotations

import numpy as np
import pytest

from nascore.studies.gennas import ranking, samples


def test_agreement_knows_the_two_extremes_and_what_ties_and_gaps_do():
    rank = np.arange(1, 21)
    same = ranking.agreement(-rank.astype(float), rank, "x")
    assert same == {"tau_x": 1.0, "rho_x": 1.0, "top_x": 1.0}
    assert ranking.agreement(rank.astype(float), rank, "x") == {"tau_x": -1.0, "rho_x": -1.0, "top_x": 0.0}
    gap = -rank.astype(float)
    gap[0] = np.nan  # the best cell has no score: it counts as the worst
    found = ranking.agreement(gap, rank, "x")
    assert found["top_x"] == 0.5 and found["tau_x"] == pytest.approx(1 - 2 * 19 / 190)
    assert ranking.agreement([np.nan] * 19 + [1.0], rank, "x")["top_x"] < 0.2


@pytest.mark.parametrize(("score", "rate"), [([9, 8, 1, 1], 1.0), ([1, 1, 1, 1], 0.5), ([0, 9, 9, 9], 1 / 3)])
def test_equal_scores_at_the_border_share_the_places(score, rate):
    better = np.array([4.0, 3.0, 2.0, 1.0])
    assert ranking.retrieved(np.array(score, float), better, 0.5) == pytest.approx(rate)


def test_groups_are_disjoint_and_the_same_for_every_proxy():
    sample = samples.SAMPLES["digits201"]
    first, second = (list(samples.group("digits201", number).values()) for number in (0, 1))
    assert len(first) == len(second) == sample.cells and not set(first) & set(second)
    assert len(samples.order("digits201")) == 5044  # functions, not strings
    bench = sample.first
    values = bench.values(first)
    assert samples.ranks("digits201", "digits201", first[:5]) == [bench.rank(value) for value in values[:5]]


def test_the_plan_asks_every_proxy_about_the_same_groups():
    units = ranking.RANKING.units("laptop")
    asked = {}
    for unit in units:
        asked.setdefault((unit.config["sample"], unit.config["proxy"]), set()).add(unit.seed)
    cheap = {frozenset(asked["nasbench201", proxy]) for proxy in ranking.CHEAP}
    assert len(cheap) == 1 and len(next(iter(cheap))) == samples.SAMPLES["nasbench201"].cheap
    assert asked["nasbench201", "gennas-combo"] < next(iter(cheap))
    assert max(unit.seconds for unit in units) < 1800


def test_a_group_knows_its_rows():
    bench = samples.SAMPLES["digits201"].first
    assert {row: bench.index(arch) for row, arch in samples.group("digits201", 3).items()} == {
        row: row for row in samples.group("digits201", 3)
    }
