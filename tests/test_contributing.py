"""CONTRIBUTING's templates work as shown: each runs, and passes the suite that it names."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
BUILT = """
def test_the_network_and_the_operation_are_known():
    images = torch.randn(2, 1, 8, 8)
    assert nc.networks.build(Ring(), (0, 1, 2, 0, 1, 2), width=4)(images).shape == (2, 10)
    cell = nc.spaces.CellSpace(4, ("skip_connect", "nor_conv_1x1", "max_pool_3x3"))
    assert nc.networks.build(cell, (2, 1, 0, 2, 2, 1), channels=4, cells=1, inputs=1)(images).shape == (2, 10)


def test_the_colours_are_of_the_palette():
    from nascore.companion.palette import COLOURS

    assert {colour for colour, _ in METHODS.values()} <= set(COLOURS)
"""


def test_the_templates_pass_their_suites(tmp_path):
    blocks = re.findall(r"(?ms)^```python\n(.*?)^```$", TEXT)
    assert len(blocks) == 6, "a space, a network and an operation, a search, a strategy, the suites, a style"
    blocks.append(BUILT)
    file = tmp_path / "test_mine.py"
    file.write_text("\n\n".join(blocks))
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(file)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    for name in ("TestRing", "TestClimb", "TestGreedy"):
        assert name in file.read_text()
    passed = int(re.search(r"(\d+) passed", done.stdout)[1])
    assert passed > 60


def test_what_it_names_exists():
    for place in re.findall(r"`((?:nascore|tests|notebooks|data)/[\w/.-]*)`", TEXT):
        assert (ROOT / place).exists() or "<" in place or "/_" in place, place
    rows = re.findall(r"(?m)^\| `(\w+)/`", TEXT)
    assert {"studies", "search", "proxies", "benchmarks", "networks", "data", "spaces"} <= set(rows)
    assert all((ROOT / "nascore" / row).is_dir() for row in rows)
