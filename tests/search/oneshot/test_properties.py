"""Table 1: the declared properties are those of the draws, and the observation can tell strategies apart."""

from __future__ import annotations

import pytest
import torch

from nascore.companion.papers import paper_value
from nascore.errors import SettingError
from nascore.networks.choices import Choices, Draw
from nascore.search import oneshot
from nascore.search.oneshot.strategies.properties import Properties, observed
from nascore.studies.advantagenas.properties import METHODS, PROPERTIES

CHOICES = Choices(4, ("a", "b", "c", "d", "e"))


def strategy(name: str, **settings):
    made = getattr(oneshot, name)(CHOICES, seed=3, **settings)
    with torch.no_grad():
        made.theta.copy_(torch.rand(made.theta.shape, generator=torch.Generator().manual_seed(1)))
    made.progress = 0.5
    return made


@pytest.mark.parametrize("name", oneshot.available())
def test_declared_properties_are_observed(name):
    made = strategy(name)
    found = observed(made)
    for key in ("propagation", "weight_step", "architecture", "stochastic"):
        assert found[key] == getattr(made.properties, key), key
    assert found["total"] < 1e-5  # Equation 1


@pytest.mark.parametrize("method", METHODS)
def test_rows_of_table_1(method):
    found = PROPERTIES.run({"method": method}, 0)["metrics"]
    for key in ("propagation", "architecture", "stochastic", "guarantee"):
        assert found[key] == paper_value("advantagenas", f"table1.{found['row']}.{key}").value
    assert found["as_declared"] is True


def test_settings_that_leave_the_table_are_seen():
    assert observed(strategy("ProxylessNAS", mixing="gate"))["architecture"] == "1-hot"
    assert observed(strategy("ProxylessNAS", mixing="sum"))["total"] == pytest.approx(1.0)
    assert observed(strategy("ProxylessNAS"))["computed"] == 2.0
    assert observed(strategy("NASP"))["computed"] == 5.0 and observed(strategy("NASP"))["computed_weight_step"] == 1.0


def test_a_false_declaration_would_show():
    class Fixed(oneshot.DARTS):
        properties = Properties("sparse", "1-hot", stochastic=True)

        def draw(self):
            return Draw(torch.full((4, 5), 0.3), self.all_active())

    found = observed(Fixed(CHOICES))
    assert (found["propagation"], found["architecture"], found["stochastic"]) == ("dense", "n-hot", False)
    assert found["total"] == pytest.approx(0.5)
    with pytest.raises(SettingError, match="draws=1"):
        observed(Fixed(CHOICES), draws=1)
