"""Every proxy on the shelf passes the shipped suite, and faulty ones do not."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

import nascore as nc
from nascore.proxies.gennas import GenNAS
from nascore.testing import ProxyConformance
from nascore.testing.proxies import SAME_FOR

QUICK = {"classification": {"steps": 3}, "econas": {"steps": 3, "minibatch": 8}}
# what draws numbers in the order of weights or images, or splits the images; the others depend on none of SAME_FOR
LESS = {
    "zen": ("wrapped",),
    "zico": ("wrapped", "renumbered"),
    "gennas": ("wrapped", "renumbered"),
}
NAMES = nc.proxies.available()


@pytest.mark.parametrize("name", NAMES)
class TestProxies(ProxyConformance):
    @pytest.fixture(autouse=True)
    def _which_proxy(self, name):
        self.name = name
        self.same_for = LESS.get(name.split("-")[0], SAME_FOR)

    def make(self):
        if self.name.startswith("gennas-"):
            return GenNAS(self.name.removeprefix("gennas-"), iterations=2)
        return nc.proxies.get(self.name, **QUICK.get(self.name, {}))


FAULTY = """
import torch
import nascore as nc
from nascore.testing import ProxyConformance

@nc.proxies.proxy("unseeded", higher_is_better=True)
def unseeded(network, batch, generator):
    return float(torch.rand(1, generator=torch.Generator().manual_seed(torch.seed() % 2**31)))

@nc.proxies.proxy("dirty", higher_is_better=True)
def dirty(network, batch, generator):
    batch.images.mul_(2)
    return 1.0

@nc.proxies.proxy("nan", higher_is_better=True)
def nan(network, batch, generator):
    return float((network.stages[0][0](torch.zeros(2, 4, 4, 4)) / 0).sum() * 0)

class TestUnseeded(ProxyConformance):
    def make(self):
        return unseeded

class TestDirty(ProxyConformance):
    def make(self):
        return dirty

class TestNan(ProxyConformance):
    def make(self):
        return nan
"""


def test_faulty_ones_do_not_pass(tmp_path):
    file = tmp_path / "test_faulty.py"
    file.write_text(textwrap.dedent(FAULTY))
    wanted = "again or behind or emptiest"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(file)]
        + ["-k", wanted],
        capture_output=True,
        text=True,
    )
    failed = {line.split("::", 1)[1].split(" - ")[0] for line in done.stdout.splitlines() if line.startswith("FAILED")}
    assert failed >= {
        "TestUnseeded::test_the_same_again_from_the_same_seed",
        "TestDirty::test_nothing_is_left_behind",
        "TestNan::test_a_number_for_every_cell_also_the_emptiest[none]",
    }, done.stdout
